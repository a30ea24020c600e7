"""Analysis and synthesis of a minute of sound against the same work put together from librosa's pieces."""

from functools import partial

import librosa
import numpy as np

from benchmarks.common import Row, medians, peak_memory
from rnnsound import PhaseVocoder, Sound

SECONDS, RATE = 60, 44_100


def minute() -> Sound:
    return Sound(0.1 * np.random.default_rng(0).standard_normal(SECONDS * RATE), RATE)


def ours(sound: Sound, fft_size: int, hop_size: int) -> np.ndarray:
    vocoder = PhaseVocoder(fft_size, hop_size, dc=True)
    return vocoder.synthesize(vocoder.analyze(sound)).samples


def peer(sound: Sound, fft_size: int, hop_size: int) -> np.ndarray:
    """Magnitude and frequency of every bin, then back: what one would write with librosa."""
    spectrum = librosa.stft(sound.samples, n_fft=fft_size, hop_length=hop_size, center=False)
    magnitude, phase = np.abs(spectrum), np.angle(spectrum)
    center = 2 * np.pi * hop_size / fft_size * np.arange(len(spectrum))[:, None]
    beyond = np.diff(phase, axis=1) - center
    beyond -= 2 * np.pi * np.round(beyond / (2 * np.pi))
    frequency = (center + beyond) * RATE / (2 * np.pi * hop_size)
    advance = frequency * 2 * np.pi * hop_size / RATE
    phase = np.cumsum(np.concatenate([phase[:, :1], advance], axis=1), axis=1)
    return librosa.istft(magnitude * np.exp(1j * phase), n_fft=fft_size, hop_length=hop_size, center=False)


def rows() -> list[Row]:
    sound = minute()
    table = []
    for fft_size, hop_size in ((512, 128), (2048, 512)):
        mine, theirs = ours(sound, fft_size, hop_size), peer(sound, fft_size, hop_size)
        inside = slice(fft_size, len(sound) - fft_size)
        np.testing.assert_allclose(mine[inside], theirs[inside], atol=1e-6)  # the same work indeed
        calls = partial(ours, sound, fft_size, hop_size), partial(peer, sound, fft_size, hop_size)
        memory = "peak memory {:.0f} MB vs {:.0f} MB".format(*map(peak_memory, calls))
        name = f"60 s through the vocoder, {fft_size}/{hop_size}, vs librosa"
        table.append(Row(name, *medians(*calls), goal=0.8, note=memory))
    return table
