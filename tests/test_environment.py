"""How `make env` goes about it, with a Python that only notes what it is asked to do."""

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from judges import posix

ROOT = Path(__file__).parent.parent
FILES = ("Makefile", "requirements.lock", "hashes.lock", "pyproject.toml")
WAITS = "Another make is at work on the environment in this folder; waiting until it has finished\n"

# Its `-m venv` copies it to where the environment's Python belongs; its pip waits while there is a "slow".
STAND_IN = f"""#!/bin/sh
case "$*" in
  "-m venv "*) echo venv >> asked; mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  "-m pip "*)
    echo "pip begins: $*" >> asked
    n=0; while [ -e slow ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done
    echo "pip ends" >> asked;;
  "-c import pip") ;;
  *) exec '{sys.executable}' "$@";;
esac
"""

pytestmark = posix


def project(folder):
    folder.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    python = folder / "stand-in"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    return folder


def make_env(folder, **options):
    """Start `make env`; a make that runs these tests is not to be seen by it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "env", "PYTHON=./stand-in"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, env=clean, **streams, **options)


def finish(process):
    out, _ = process.communicate(timeout=20)
    return process.returncode, out


def asked(folder):
    return (folder / "asked").read_text() if (folder / "asked").exists() else ""


def until(true):
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


def test_the_environment_is_made_with_hashes_and_then_left_alone(tmp_path):
    folder = project(tmp_path / "project")
    assert finish(make_env(folder))[0] == 0
    calls = re.findall("pip begins: (.*)", asked(folder))
    assert [call.removeprefix("-m pip install ") for call in calls] == [
        "--no-deps --require-hashes -r hashes.lock",
        "-r requirements.lock",
        "--no-deps -e .",
    ]
    before = asked(folder)
    assert finish(make_env(folder))[0] == 0
    assert asked(folder) == before


def test_with_a_bundles_own_wheels_no_hash_is_asked_for(tmp_path):
    folder = project(tmp_path / "project")
    (folder / "wheels").mkdir()
    tag = f"python{sys.version_info[0]}.{sys.version_info[1]}-{platform.system()}-{platform.machine()}"
    (folder / "wheels" / "made-for.txt").write_text(f"{tag}\n")
    assert finish(make_env(folder))[0] == 0
    assert "hashes" not in asked(folder)
    assert asked(folder).count("pip begins") == 2


def test_of_two_at_once_the_second_waits_and_then_finds_nothing_to_do(tmp_path):
    folder = project(tmp_path / "project")
    (folder / "slow").touch()
    first = make_env(folder)
    until(lambda: "pip begins" in asked(folder))
    second = make_env(folder)
    assert second.stdout.readline() == WAITS
    before = asked(folder)
    (folder / "slow").unlink()
    assert finish(first)[0] == 0
    assert finish(second) == (0, "")
    assert before.count("pip begins") == 1
    assert re.findall("venv|begins|ends", asked(folder)) == ["venv", *["begins", "ends"] * 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_one_that_was_ended_keeps_nobody_waiting(tmp_path, number):
    folder = project(tmp_path / "project")
    (folder / "slow").touch()
    first = make_env(folder, start_new_session=True)
    until(lambda: "pip begins" in asked(folder))
    os.killpg(first.pid, number)
    assert finish(first)[0] != 0
    (folder / "slow").unlink()
    code, out = finish(make_env(folder))
    assert code == 0
    assert WAITS not in out


@pytest.mark.parametrize("character", ['"', "$", "`", "\\", ":"])
def test_a_path_that_an_environment_cannot_live_in_is_named_before_anything_is_done(tmp_path, character):
    folder = project(tmp_path / f"my{character}sounds")
    before = sorted(folder.iterdir())
    code, out = finish(make_env(folder))
    assert code != 0
    assert out.count("\n") == 2  # the sentence, and make's own line that it stops
    sentence = (
        'The scripts of an environment break where the path has one of " $ ` \\ : in it, as here; rename'
    )
    assert out.startswith(sentence)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["my sounds", "Ada's sounds", "100% (new) & #2; done!", "Klänge"])
def test_other_paths_are_none_of_its_business(tmp_path, name):
    folder = project(tmp_path / name)
    assert finish(make_env(folder))[0] == 0
    assert (folder / ".venv" / ".installed").read_text() == f"{folder.resolve()}\n"
