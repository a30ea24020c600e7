"""One rule for every file that is written."""

import errno
import os
import stat
import subprocess
import sys

import pytest
from judges import posix

from rnnsound import Sound, sine
from rnnsound.dsp import outputs
from rnnsound.dsp.outputs import check_output, replacing

NEVER = 10**9 - 1  # no system counts its processes that far


def write(path, text="new"):
    with replacing(path) as part:
        part.write_text(text)


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    real, link = tmp_path / "deep" / "real.txt", tmp_path / "link.txt"
    real.parent.mkdir()
    real.write_text("old")
    try:
        link.symlink_to(real)
    except OSError:
        pytest.skip("this user may not make links")
    write(link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    dangling = tmp_path / "dangling.txt"
    dangling.symlink_to(tmp_path / "deep" / "not yet.txt")
    write(dangling)
    assert (tmp_path / "deep" / "not yet.txt").read_text() == "new"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_permissions_of_a_file_that_is_replaced_stay(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "new"


@posix
def test_folders_devices_and_pipes_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/null"):
        before = os.stat(path).st_mode
        for use in (write, check_output):
            with pytest.raises(OSError, match="a folder, a device or a pipe, not a file"):
                use(path)
        assert os.stat(path).st_mode == before
    assert [p.name for p in tmp_path.iterdir()] == ["pipe"]


@posix
def test_a_read_only_file_is_not_replaced_even_by_root(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o444)
    for use in (write, check_output):
        with pytest.raises(PermissionError, match=r"a\.txt: this file is read-only"):
            use(path)
    assert path.read_text() == "old"


def test_what_cannot_be_written_is_found_out_before_and_named_as_it_was_asked_for(tmp_path):
    for path, kind, sentence in (
        (tmp_path / "no" / "a.wav", FileNotFoundError, "does not exist; make it first"),
        (tmp_path / "file" / "a.wav", FileNotFoundError, "does not exist"),
    ):
        (tmp_path / "file").write_text("")
        with pytest.raises(kind, match=sentence) as error:
            check_output(path)
        assert str(error.value).startswith(f"{path}: ")
        assert ".part" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@posix
def test_a_name_that_is_too_long_is_found_out_before_and_the_longest_is_not(tmp_path):
    path = tmp_path / ("n" * 300 + ".wav")
    with pytest.raises(OSError, match="cannot be written") as error:
        check_output(path)
    assert str(error.value).startswith(f"{path}: ")
    assert ".part" not in str(error.value)
    almost = tmp_path / ("n" * 250)  # longer names than this one's are what a file system may refuse
    check_output(almost)
    write(almost)
    assert almost.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == [almost.name]


def test_an_input_is_not_replaced_whatever_it_is_called(tmp_path):
    recording = tmp_path / "a.wav"
    recording.write_text("old")
    os.link(recording, tmp_path / "same.wav")
    for path in (recording, tmp_path / "." / "a.wav", tmp_path / "same.wav"):
        with pytest.raises(ValueError, match="would replace the recording or model"):
            check_output(path, keep=[tmp_path / "nothing.wav", recording])
    check_output(tmp_path / "b.wav", keep=[recording])
    assert recording.read_text() == "old"


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(outputs.os, "fsync", full)
    with pytest.raises(OSError, match=r"a\.txt: this file cannot be written \(No space left on device\)"):
        write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


WRITES_FOR_EVER = """
import pathlib, sys, time
from rnnsound.dsp.outputs import replacing
with replacing(pathlib.Path(sys.argv[1])) as part:
    part.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def writer(path):
    """A process that is in the midst of writing."""
    code = [sys.executable, "-c", WRITES_FOR_EVER, str(path)]
    process = subprocess.Popen(code, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    return process


def parts(folder):
    return sorted(folder.glob(".rnnsound-*"))


@posix
@pytest.mark.parametrize("use", [write, check_output])
def test_what_a_killed_process_left_is_swept_and_what_a_live_one_writes_is_not(tmp_path, use):
    killed, live = writer(tmp_path / "a.txt"), writer(tmp_path / "b.txt")
    (mine,) = [part for part in parts(tmp_path) if f"-{live.pid}-" in part.name]
    killed.kill()
    killed.communicate()
    assert len(parts(tmp_path)) == 2
    use(tmp_path / "c.txt")
    assert parts(tmp_path) == [mine]
    live.kill()
    live.communicate()
    use(tmp_path / "c.txt")
    assert parts(tmp_path) == []


def test_what_another_computer_or_an_older_version_left_is_swept_after_a_day(tmp_path):
    for name in (f".rnnsound-{'0' * 12}-{NEVER}-abc.part", ".rnnsound-abcdefgh.part"):
        left = tmp_path / name
        left.touch()
        write(tmp_path / "a.txt")
        assert left.exists()
        before = left.stat().st_mtime - 25 * 3600
        os.utime(left, (before, before))
        write(tmp_path / "a.txt")
        assert not left.exists()


def test_only_temporary_files_of_this_package_are_swept(tmp_path):
    for name in (".rnnsound-notes.txt", "a.part", ".other-x.part"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    write(tmp_path / "a.txt")
    assert len(list(tmp_path.iterdir())) == 4


def test_where_the_system_does_not_say_which_process_is_meant_only_age_counts(tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("on Windows this would end the process")

    def unknown(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(outputs.os, "readlink", unknown)
    monkeypatch.setattr(outputs.Path, "read_text", unknown)
    monkeypatch.setattr(outputs.sys, "platform", "win32")
    monkeypatch.setattr(outputs.os, "kill", never)
    part, _ = outputs._part(tmp_path / "a.txt")
    other, _ = outputs._part(tmp_path / "b.txt")
    assert parts(tmp_path) == sorted([part, other])


@posix
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".pt"])
def test_a_full_disk_is_not_taken_for_a_format_that_cannot_hold_the_sound(tmp_path, ending):
    """A limit on the size of files, which a process can set for itself, stands for the disk."""
    code = (
        "import resource, signal, sys, rnnsound\n"
        "tone, settings = rnnsound.sine(440.0, 5.0), rnnsound.presets.SINE.replace(epochs=1, hidden_size=4)\n"
        "learn = sys.argv[1].endswith('.pt')\n"
        "write = rnnsound.SoundModel.fit(tone, settings).save if learn else tone.write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "try: write(sys.argv[1])\nexcept OSError as error: print(error)"
    )
    path = tmp_path / f"tone{ending}"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{path}: this file cannot be written")
    assert ".part" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_temporary_file_is_closed_before_it_takes_the_others_place(tmp_path, monkeypatch):
    """Windows does not let an open file be moved."""
    opened, replaced = [], []
    real_mkstemp, real_replace = outputs.tempfile.mkstemp, os.replace

    def mkstemp(*arguments):
        handle, name = real_mkstemp(*arguments)
        opened.append(handle)
        return handle, name

    def replace(part, target):
        for handle in opened:
            with pytest.raises(OSError, match=r"Bad file descriptor|handle is invalid"):
                os.fstat(handle)
        replaced.append(part)
        real_replace(part, target)

    monkeypatch.setattr(outputs.tempfile, "mkstemp", mkstemp)
    monkeypatch.setattr(outputs.os, "replace", replace)
    sine(440.0, seconds=0.1).write(tmp_path / "a.wav")
    assert len(opened) == len(replaced) == 1
    assert Sound.read(tmp_path / "a.wav").duration == 0.1
