"""Stretching and shifting: time and distance from the truth, against Rubber Band (pedalboard) and librosa."""

from functools import partial
from statistics import mean

import librosa
import numpy as np
import pedalboard

from benchmarks.common import Row, medians
from rnnsound import Sound, recordings
from rnnsound.dsp.measures import level, log_mel_distance
from rnnsound.dsp.onsets import find_onsets
from rnnsound.dsp.stretch import stretch
from rnnsound.dsp.transforms import shift
from tests import truth

FACTORS = (0.5, 2.0, 4.0)
SEMITONES = (-12, -7, 7, 12)
VOICE = 130.8  # Hz
HOP, FRAME = 512, 2048  # samples, at which source and stretched sound are compared


def rubber_band(sound: Sound, factor: float = 1.0, semitones: float = 0.0, keep_formants=True) -> Sound:
    """Stretch or shift by pedalboard.time_stretch, cut or filled up to the exact length."""
    samples = pedalboard.time_stretch(
        sound.samples.astype(np.float32),
        float(sound.sample_rate),
        1 / factor,
        float(semitones),
        preserve_formants=keep_formants,
    )[0].astype(np.float64)
    n = round(len(sound) * factor)
    return Sound(np.pad(samples, (0, max(n - len(samples), 0)))[:n], sound.sample_rate)


def with_librosa(sound: Sound, factor: float) -> Sound:
    return Sound(librosa.effects.time_stretch(sound.samples, rate=1 / factor), sound.sample_rate)


def anew(sound: Sound, factor: float) -> Sound:
    """Stretch a sound as if for the first time: its onsets are looked for."""
    find_onsets.forget()
    return stretch(sound, factor)


def frame_by_frame(stretched: Sound, sound: Sound, factor: float) -> float:
    """Return how far a stretched recording's frames are from its own at the same place, in dB.

    Where no truth is known: a frame of the stretched sound should sound as the source did there.
    """
    ours = _mel_db(stretched.samples, np.arange(FRAME, len(stretched) - FRAME, HOP))
    theirs = _mel_db(sound.samples, np.arange(FRAME, len(stretched) - FRAME, HOP) / factor)
    least = theirs.max() - 70
    return float(np.mean(np.abs(np.maximum(ours, least) - np.maximum(theirs, least))))


def _mel_db(samples: np.ndarray, centers: np.ndarray) -> np.ndarray:
    padded = np.pad(samples, FRAME)
    frames = np.stack([padded[c + FRAME // 2 : c + FRAME + FRAME // 2] for c in np.rint(centers).astype(int)])
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2
    bands = librosa.filters.mel(sr=truth.RATE, n_fft=FRAME)
    return 10 * np.log10(power @ bands.T + 1e-20)


def rows() -> list[Row]:
    table = _speed()
    for name, make in (truth.TUNED_ON | truth.NEW).items():
        sound = make()
        for factor in FACTORS:
            expected = make(factor)
            pair = (
                log_mel_distance(made, expected)
                for made in (stretch(sound, factor), rubber_band(sound, factor))
            )
            table.append(_distance(f"{name} x {factor:g}, from the truth, vs Rubber Band", *pair))
    notes = [recordings.load(name) for name in recordings.NAMES if name != "sine440"]
    for factor in FACTORS:
        pairs = [
            [frame_by_frame(way(sound, factor), sound, factor) for way in (stretch, rubber_band)]
            for sound in notes
        ]
        means = map(mean, zip(*pairs, strict=True))
        table.append(_distance(f"recordings x {factor:g}, frame by frame, vs Rubber Band", *means))
    return table + _shifts()


def _speed() -> list[Row]:
    sound = recordings.load("clarinet")
    table = []
    for factor in FACTORS:
        calls = (partial(way, sound, factor) for way in (anew, rubber_band, with_librosa))
        ours, band, peer = medians(*calls, repeats=3)
        note = f"{sound.duration / ours:.0f} x real time"
        table.append(Row(f"clarinet x {factor:g}, vs Rubber Band", ours, band, goal=0.5, note=note))
        table.append(Row(f"clarinet x {factor:g}, vs librosa", ours, peer, goal=2.0))
    return table


def _shifts() -> list[Row]:
    table, sound = [], truth.vowel(VOICE)
    for semitones in SEMITONES:
        expected = truth.vowel(VOICE * 2 ** (semitones / 12))
        both = (shift(sound, semitones, True), rubber_band(sound, semitones=semitones, keep_formants=True))
        pair = (log_mel_distance(_as_loud_as(made, expected), expected) for made in both)
        table.append(_distance(f"vowel {semitones:+d} semitones, formants kept, vs Rubber Band", *pair))
    return table


def _as_loud_as(sound: Sound, other: Sound) -> Sound:
    return Sound(sound.samples * 10 ** ((level(other) - level(sound)) / 20), sound.sample_rate)


def _distance(name: str, ours: float, peer: float) -> Row:
    return Row(name, ours, peer, goal=1.0, unit="dB")
