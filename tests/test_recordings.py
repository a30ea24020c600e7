import hashlib
import json
import os
import shutil
import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile
from scipy.signal.windows import blackman

from rnnsound import check, recordings
from rnnsound.dsp.sound import Sound

FILES = [name for name in recordings.NAMES if name != "sine440"]
PIANOS = ["piano", "piano_low", "piano_high"]
HELD = [name for name in FILES if name not in PIANOS]
KEYS = {
    "instrument", "note_name", "note", "frequency", "description", "package", "version", "source", "seconds",
    "file", "sha256",
}  # fmt: skip
MANIFEST = json.loads((recordings._DATA / "recordings.json").read_text(encoding="utf-8"))


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    """A copy of the data folder that a test may damage."""
    folder = shutil.copytree(recordings._DATA, tmp_path / "data")
    monkeypatch.setattr(recordings, "_DATA", folder)
    return folder


def level(samples):
    return 20 * np.log10(np.sqrt(np.mean(np.square(samples))) + 1e-12)


def cents(frequency, reference):
    return 1200 * np.log2(frequency / reference)


def one_sentence(error):
    text = str(error.value)
    return "\n" not in text and not text.endswith(".")


def test_names_files_and_manifest_list_the_same_recordings():
    assert list(MANIFEST) == FILES
    assert {entry["file"] for entry in MANIFEST.values()} == {p.name for p in recordings._DATA.glob("*.flac")}
    assert all(set(entry) == KEYS for entry in MANIFEST.values())


def test_where_the_recordings_are_described_their_authors_and_license_are_named():
    project = recordings._DATA.parent
    pages = ["data/README.md", "data/LICENSE.CC-BY-3.0.txt", "README.md", "docs/index.md"]
    for page in [*pages, "notebooks/00_start_here.ipynb"]:
        text = " ".join((project / page).read_text(encoding="utf-8").split())
        for due in ("CC BY 3.0", "N. Brosowsky", "tonejs-instruments", "Alexander Holm", "Salamander Grand"):
            assert due in text, (page, due)


def test_the_readme_lists_the_sums_of_the_files():
    readme = (recordings._DATA / "README.md").read_text(encoding="utf-8")
    for name in FILES:
        content = (recordings._DATA / f"{name}.flac").read_bytes()
        assert f"{hashlib.sha256(content).hexdigest()}  {name}.flac" in readme


def test_the_recordings_stay_small_enough_to_clone_in_a_classroom():
    kept = [p for p in recordings._DATA.rglob("*") if p.is_file() and ".rnnsound-cache" not in p.parts]
    assert sum(p.stat().st_size for p in kept) < 12_000_000


@pytest.mark.parametrize("name", FILES)
def test_a_recording_is_mono_of_the_listed_length_and_level(name):
    raw, sample_rate = soundfile.read(recordings._DATA / f"{name}.flac", always_2d=True)
    assert raw.shape[1] == 1
    sound = recordings.load(name)
    assert sound.sample_rate == sample_rate == 44100
    np.testing.assert_array_equal(sound.samples, raw[:, 0])
    assert sound.label == name
    assert 4 <= len(raw) / 44100 <= 13
    assert len(raw) / 44100 == pytest.approx(recordings.describe(name)["seconds"], abs=0.001)
    assert np.abs(raw).max() == pytest.approx(0.4, abs=1 / 32768)  # the one gain rule, to one 16-bit step


@pytest.mark.parametrize("name", FILES)
def test_a_recording_begins_with_its_attack_and_without_a_click(name):
    samples = recordings.load(name).samples
    windows = np.lib.stride_tricks.sliding_window_view(samples, 88)[::22]  # 2 ms each, every half
    loud = np.array([level(window) for window in windows])
    onset = np.flatnonzero(loud > loud.max() - (20 if "piano" in name else 45))[0] * 22 / 44100
    assert onset < (0.01 if "piano" in name else 0.03)
    assert np.abs(samples[:5]).max() < 0.01


@pytest.mark.parametrize("name", FILES)
def test_a_recording_ends_in_near_silence_and_without_a_click(name):
    samples = recordings.load(name).samples
    loudest = max(level(block) for block in np.array_split(samples, len(samples) // 882))
    assert level(samples[-882:]) < loudest - (30 if name in HELD else 40)  # the last 20 ms
    assert level(samples[-44:]) < loudest - 50  # and the last one
    assert np.abs(np.diff(samples[-220:])).max() < 0.004


@pytest.mark.parametrize("name", FILES)
def test_a_recording_is_in_tune_with_its_listed_note(name):
    entry, samples = recordings.describe(name), recordings.load(name).samples
    assert entry["frequency"] == pytest.approx(librosa.midi_to_hz(entry["note"]), abs=0.001)
    assert entry["note_name"] == librosa.midi_to_note(entry["note"], unicode=False)
    assert entry["description"].startswith(f"{entry['instrument'].capitalize()}, {entry['note_name']}: ")
    # The strongest peak near the fundamental over 2 s; the long window averages vibrato (up to 20 cents) out.
    segment = samples[22050 : 22050 + 88200]
    spectrum = np.abs(np.fft.rfft(segment * blackman(len(segment)), 2**20))
    frequencies = np.fft.rfftfreq(2**20, 1 / 44100)
    near = np.abs(cents(np.maximum(frequencies, 1), entry["frequency"])) < 80
    assert abs(cents(frequencies[near][spectrum[near].argmax()], entry["frequency"])) < 20
    heard = librosa.yin(
        segment, fmin=entry["frequency"] / 1.5, fmax=entry["frequency"] * 1.5, sr=44100, frame_length=4096
    )
    assert abs(cents(np.median(heard), entry["frequency"])) < 20


@pytest.mark.parametrize("name", HELD)
def test_a_wind_or_bowed_note_is_steady_until_it_ends(name):
    samples = recordings.load(name).samples
    held = samples[22050 : int(0.85 * len(samples))]
    blocks = [level(block) for block in np.array_split(held, len(held) // 11907)]  # 0.27 s each
    assert max(blocks) - min(blocks) < 6  # dB: a player's breath and bow


@pytest.mark.parametrize("name", PIANOS)
def test_a_piano_note_dies_away_from_its_stroke_and_no_damper_falls(name):
    samples = recordings.load(name).samples
    at = {time: level(samples[int(time * 44100) :][:8820]) for time in (0.02, 1.0, 4.0, 11.0)}  # 0.2 s each
    assert at[0.02] > at[1.0] + 6 > at[4.0] + 8 > at[11.0] + 14  # dB
    blocks = [level(block) for block in np.array_split(samples[:-4410], 24)]  # half a second each
    assert min(np.diff(blocks[2:])) > -12  # a damper takes 40 dB in half a second


def test_sine440_is_the_sine_it_says():
    sound = recordings.load("sine440")
    expected = 0.125 * np.sin(2 * np.pi * 440 * np.arange(441_000) / 44100)
    np.testing.assert_allclose(sound.samples, expected, atol=1e-9)
    known = recordings.describe("sine440")
    assert (known["frequency"], known["seconds"]) == (440.0, sound.duration)


def test_a_flipped_bit_is_noticed(own_data):
    path = own_data / "piano.flac"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"piano\.flac: .* SHA-256 sum differs") as error:
        recordings.load("piano")
    assert one_sentence(error)
    recordings.load("clarinet")  # the others are as good as before


def test_a_missing_file_is_one_sentence(own_data):
    (own_data / "flute.flac").unlink()
    with pytest.raises(ValueError, match=r"flute\.flac: .*missing") as error:
        recordings.load("flute")
    assert one_sentence(error)


@pytest.mark.parametrize("damage", ["missing file", "damaged file", "missing list"])
@pytest.mark.parametrize(
    ("beside", "advice"),
    [
        (".git", r"git checkout -- data, in "),
        ("pyproject.toml", r"get the project's data folder again and put it into "),
        ("numpy", r"come with the project's folder, not with the installed package: run .* of your own"),
    ],
)
def test_the_advice_is_that_for_a_clone_a_copy_of_the_project_or_the_package_alone(
    own_data, beside, advice, damage
):
    (own_data.parent / beside).touch()
    if damage == "missing file":
        (own_data / "flute.flac").unlink()
    elif damage == "damaged file":
        (own_data / "flute.flac").write_bytes(b"noise")
    else:
        (own_data / "recordings.json").unlink()
    with pytest.raises(ValueError, match=advice) as error:
        recordings.load("flute")
    assert one_sentence(error)
    assert ("git" in str(error.value).partition("; ")[2]) == (beside == ".git")
    (found,) = [finding for finding in check._recordings() if finding.name == "recording flute"]
    assert str(found).count(recordings.remedy()) == 1


def test_the_package_without_the_project_says_where_the_recordings_are(tmp_path):
    """As a wheel brings it: without the data."""
    shutil.copytree(recordings._DATA.parent / "rnnsound", tmp_path / "site-packages" / "rnnsound")
    done = subprocess.run(
        [sys.executable, "-m", "rnnsound", "analyze", "clarinet"], cwd=tmp_path, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(tmp_path / "site-packages")}, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "not with the installed package" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("content", [None, "{", "{}", "[]"])
def test_a_missing_or_damaged_list_is_one_sentence(own_data, content):
    (own_data / "recordings.json").unlink()
    if content is not None:
        (own_data / "recordings.json").write_text(content)
    with pytest.raises(ValueError, match=r"recordings\.json: .*missing or damaged") as error:
        recordings.load("piano")
    assert one_sentence(error)


def test_the_corpus_is_listed_by_sums_that_others_compute_too():
    folder = recordings.corpus_folder()
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == len(list(folder.glob("*/*.mp3"))) == 21
    for line in lines:
        sha256, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize(
    ("damage", "words"),
    [("flip", r"A4\.mp3: the file is not the one"), ("remove", "are missing"), ("sums", "are missing")],
)
def test_a_damaged_or_missing_note_of_the_corpus_is_one_sentence(own_data, damage, words):
    path = own_data / "corpus" / "flute" / "A4.mp3"
    if damage == "flip":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "remove":
        path.unlink()
    else:
        (own_data / "corpus" / "SHA256SUMS").write_text("nonsense")
    with pytest.raises(ValueError, match=words) as error:
        recordings.corpus_folder()
    assert one_sentence(error)


def test_an_unknown_name_is_told_the_known_ones():
    with pytest.raises(ValueError, match="'trumpet' is not a bundled recording") as error:
        recordings.load("trumpet")
    assert one_sentence(error)
    assert all(name in str(error.value) for name in recordings.NAMES)


def test_find_takes_a_bundled_name_or_a_file(tmp_path):
    np.testing.assert_array_equal(recordings.find("violin").samples, recordings.load("violin").samples)
    path = tmp_path / "mine.flac"
    soundfile.write(path, np.full(100, 0.25), 8000)
    for given in (path, str(path)):
        sound = recordings.find(given)
        assert isinstance(sound, Sound)
        assert (sound.sample_rate, len(sound.samples)) == (8000, 100)
        np.testing.assert_allclose(sound.samples, 0.25)


def test_find_names_both_possibilities_when_it_finds_neither(tmp_path):
    with pytest.raises(
        ValueError, match=r"no\.wav: neither a bundled recording .*nor an audio file"
    ) as error:
        recordings.find(tmp_path / "no.wav")
    assert one_sentence(error)
    assert all(name in str(error.value) for name in recordings.NAMES)
