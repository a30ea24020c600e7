"""The files around the package agree: pyproject.toml is the truth, the others are compared with it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from judges import posix
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = [Requirement(line) for lines in PROJECT["optional-dependencies"].values() for line in lines]
CONDA_NAMES = {"pytorch": "torch", "pysoundfile": "soundfile", "soxr-python": "soxr"}

# What a reader's machine may be: every Python that the lock serves, on the three systems.
MACHINES = [
    {
        "python_version": f"3.{minor}",
        "python_full_version": f"3.{minor}.1",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "os_name": "nt" if platform == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for minor in range(10, 15)
    for platform in ("linux", "darwin", "win32")
]


def locked() -> list[Requirement]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines]


def hashed() -> dict[str, list[str]]:
    """Hashes in hashes.lock by what they belong to, markers included."""
    text = (ROOT / "hashes.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [line.partition("--hash=") for line in text.splitlines()]
    return {str(Requirement(pin)): [equals, *rest.split()] for pin, equals, rest in pins}


def conda() -> dict[str, Requirement]:
    """Requirements of environment.yml that conda installs, by the name that pip knows them by."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    requirements = [Requirement(line) for line in lines if isinstance(line, str)]
    return {CONDA_NAMES.get(requirement.name, requirement.name): requirement for requirement in requirements}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


def test_environment_yml_asks_for_the_runtime_dependencies_with_their_ranges_and_for_nothing_else():
    wanted = {requirement.name: requirement.specifier for requirement in RUNTIME}
    asked = {name: requirement.specifier for name, requirement in conda().items()}
    assert asked.pop("python") == PROJECT["requires-python"]
    assert not asked.pop("pip")
    assert asked == wanted


def test_environment_yml_installs_the_project_itself_and_nothing_else_with_pip():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert [line for line in lines if not isinstance(line, str)] == [{"pip": ["-e ."]}]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['python_version']}-{m['sys_platform']}")
def test_the_lock_pins_every_dependency_once_within_its_range(machine):
    pins = {}
    for requirement in locked():
        if requirement.marker is None or requirement.marker.evaluate(machine):
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            assert canonicalize_name(requirement.name) not in pins, f"{requirement.name} is pinned twice"
            pins[canonicalize_name(requirement.name)] = Version(pin.version)
    for requirement in RUNTIME + EXTRAS:
        if requirement.marker is None or requirement.marker.evaluate(machine):
            assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_lock_pins_the_torch_that_the_makefile_names_whatever_the_build():
    (torch,) = [requirement for requirement in locked() if requirement.name == "torch"]
    assert str(torch) == "torch==2.13.0"
    assert re.search(r"^TORCH := 2\.13\.0$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)


def test_the_lock_demands_no_cuda_and_names_no_place_to_download_from():
    names = [requirement.name for requirement in locked()]
    assert not [name for name in names if re.match("nvidia|cuda|triton", name)]
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://| @ |^-", text, flags=re.M)


def test_the_lock_serves_all_patch_releases_of_a_python_alike_so_that_one_bundle_fits_them():
    markers = [str(requirement.marker) for requirement in locked() if requirement.marker]
    versions = {
        version for marker in markers for version in re.findall(r'python_full_version \S+ "(.+?)"', marker)
    }
    assert versions
    assert [version for version in versions if not re.fullmatch(r"3\.\d+(\.\*)?", version)] == []


def test_every_pin_but_that_of_torch_whose_builds_differ_has_hashes():
    pins = {str(requirement) for requirement in locked()}
    assert hashed().keys() == pins - {"torch==2.13.0"}
    for pin, (first, *others) in hashed().items():
        assert first == "--hash=", pin
        assert others, pin
        assert [h for h in others if not re.fullmatch("(--hash=)?sha256:[0-9a-f]{64}", h)] == [], pin


def test_pre_commit_uses_the_locked_versions_of_ruff_and_nbstripout():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    used = {
        line for repo in config["repos"] for hook in repo["hooks"] for line in hook["additional_dependencies"]
    }
    pinned = {str(requirement) for requirement in locked() if requirement.name in ("ruff", "nbstripout")}
    assert len(pinned) == 2
    assert pinned <= used


@pytest.mark.parametrize("page", ["README.md", "docs/instructor.md", "docs/architecture.md", ".ci/run"])
def test_every_make_target_that_a_page_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^\s*|\$ )make ([a-z]+)|^step ([a-z]+)", text, flags=re.M))
    named = {target for pair in named for target in pair if target}
    assert named, f"{page} names no target: the pattern that looks for them may be wrong"
    assert named <= make_targets()


@posix
def test_make_without_a_target_lists_all_of_them():
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+) +\S", printed, flags=re.M)) == make_targets()


def test_the_tables_of_notebooks_list_each_notebook_that_exists_and_no_other():
    exist = {path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\)", readme, flags=re.M)) == exist
    guide = (ROOT / "docs/instructor.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d\d_\w+) \|", guide, flags=re.M)) == exist


def test_the_tables_give_the_minutes_that_each_notebook_gives():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    guide = (ROOT / "docs/instructor.md").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        opening = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        minutes = re.search(
            r"about (\d+)\s+minutes\s+to\s+read\s+and\s+run,\s+(\d+)\s+to\s+teach", opening
        ).groups()
        for page, name in ((readme, rf"\[{path.stem}\]"), (guide, rf"\| {path.stem}")):
            row = re.search(rf"^.*{name}.*\| (\d+) min \| (\d+) min \|$", page, flags=re.M)
            assert row.groups() == minutes, path.stem


def test_files_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_workflows_name_actions_by_their_commits_and_beside_them_their_versions():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        used = re.findall(r"uses: *(.*)", path.read_text(encoding="utf-8"))
        assert used
        assert [
            line for line in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
        ] == []


def test_the_windows_job_installs_as_the_readme_says():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    commands = [step.get("run", "") for step in workflow["jobs"]["windows"]["steps"]]
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("**Windows.**")[2].split("```")[1]
    installs = re.findall(r"^python (-m pip .*)", readme, flags=re.M)
    assert len(installs) == 2
    assert [install for install in installs if f".venv\\Scripts\\python {install}" not in commands] == []


def test_citation_has_the_version_and_the_license_of_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert "CC-BY-4.0" in (ROOT / "LICENSE-TEXT.md").read_text(encoding="utf-8")
