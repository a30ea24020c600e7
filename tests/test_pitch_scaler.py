"""One pitch for all components."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import PhaseVocoder, PitchScaler, Sound


def vibrato_tone(depth=20.0, partials=(1, 2, 3, 5, 9)):
    """Partials that rise and fall together by depth cents, 5 times a second, and the frequency over time."""
    at = np.arange(2 * RATE) / RATE
    frequency = 300 * 2 ** (depth / 1200 * np.sin(2 * np.pi * 5 * at))
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    return Sound(sum(np.sin(k * phase) / k for k in partials) * 0.1, RATE), frequency


def test_one_pitch_is_found_for_all_partials():
    tone, frequency = vibrato_tone()
    frames = PhaseVocoder(2048, 512, 200).analyze(tone)[1:-1]
    scaler = PitchScaler().fit(frames)
    vectors = scaler.transform(frames)
    pitch = np.exp(vectors[:, -1] * scaler.std[-1] + scaler.mean[-1])
    true = np.interp(frames.times, np.arange(len(frequency)) / RATE, frequency)
    away = 1200 * np.log2(pitch / true)  # frames are 46 ms long, which smooths the vibrato a little
    assert np.std(away) < 4
    assert np.corrcoef(pitch, true)[0, 1] > 0.97
    for partial, at in ((1, 14), (5, 70)):
        assert scaler.reference_frequency[at] == pytest.approx(300 * partial, rel=0.002)


def test_magnitudes_survive_the_way_there_and_back():
    frames = PhaseVocoder(2048, 512, 200).analyze(vibrato_tone()[0])[1:-1]
    scaler = PitchScaler().fit(frames)
    vectors = scaler.transform(frames)
    assert vectors.shape == (len(frames), 201)
    back = scaler.inverse_transform(vectors, bounded=True)
    np.testing.assert_allclose(back.magnitude, frames.magnitude, rtol=1e-5, atol=scaler.floor * 1e-4)
    again = PitchScaler().restore(scaler.arrays(), frames[:1])
    np.testing.assert_array_equal(again.inverse_transform(vectors).frequency, back.frequency)
    wild = scaler.inverse_transform(vectors * 1e3, bounded=True)
    assert np.isfinite(wild.magnitude).all()
    assert wild.magnitude.max() < 10 * frames.magnitude.max()
