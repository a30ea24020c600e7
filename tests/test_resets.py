"""When the running frame is replaced, and by what."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import Frames
from rnnsound.nn.resets import Resets


def ramp(n_frames=600):
    """Frames that tell their own number by their magnitude."""
    magnitude = np.tile(np.arange(n_frames, dtype=float)[:, None], (1, 4))
    frequency = 100 + np.random.default_rng(0).standard_normal((n_frames, 4))
    return Frames(magnitude, frequency, RATE, 512, 128)


def test_resets_come_as_often_as_asked_from_the_middle_and_again_with_the_same_seed():
    resets = Resets.draw(344 * 100, 4.0, ramp(), seed=3)
    assert len(resets.frames) == pytest.approx(400, abs=60)  # 3 standard deviations of a random count
    assert resets.chosen.min() >= 150
    assert resets.chosen.max() < 450
    np.testing.assert_array_equal(resets.times, Resets.draw(34_400, 4.0, ramp(), seed=3).times)
    assert len(Resets.draw(1000, 0.0, ramp()).frames) == 0
    with pytest.raises(ValueError, match="resets_per_second"):
        Resets.draw(1000, -1.0, ramp())
