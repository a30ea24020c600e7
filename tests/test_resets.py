"""When the running frame is replaced, and by what."""

import numpy as np
import pytest
from judges import RATE

from rnnsound import Frames, FrameScaler
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
    drawn = Resets.draw(40_000, 100.0, ramp(), seed=1).chosen
    assert (drawn.min(), drawn.max()) == (150, 449)  # the middle half of 600 frames, all of it
    assert Resets.draw(50, 40.0, ramp(1), seed=1).chosen.max() == 0
    assert len(Resets.draw(100, RATE / 128, ramp()).frames) == 100  # at most every frame
    with pytest.raises(ValueError, match="use 0 to 345"):
        Resets.draw(1000, 345.0, ramp())


def test_the_time_of_a_reset_is_the_middle_of_its_frame_wherever_the_source_began():
    resets = Resets(np.array([0, 10]), np.array([3, 4]), ramp()[5:])
    np.testing.assert_allclose(resets.times, [256 / RATE, (1280 + 256) / RATE])


def test_changes_are_added_up_from_the_frame_put_in():
    """By hand, one frame after the other; a reset at frame 0, two in a row, and one at the end."""
    source, first = ramp(40), ramp(1)
    scaler = FrameScaler("delta").fit(source)
    rng = np.random.default_rng(0)
    resets = Resets(np.array([0, 4, 5, 11]), np.array([20, 30, 0, 7]), source)
    heard = resets.vectors(scaler)
    vectors = rng.standard_normal((12, 8)).astype(np.float32)
    for t, vector in heard.items():
        vectors[t] = vector
    frames = resets.add_up(scaler, vectors, first, bounded=False)
    changes = vectors.astype(float) * scaler.std + scaler.mean
    running = np.hstack([first.magnitude[0], first.frequency[0]])
    whole = np.hstack([source.magnitude, source.frequency])
    chosen = dict(zip(resets.frames.tolist(), resets.chosen.tolist(), strict=True))
    for t in range(12):
        running = whole[chosen[t]] if t in chosen else running + changes[t]
        ours = np.hstack([frames.magnitude[t], frames.frequency[t]])
        np.testing.assert_allclose(ours, running, atol=1e-3)
    assert sorted(heard) == [0, 4, 5, 11]


def test_without_a_seed_it_is_0():
    ours, zero = Resets.draw(500, 20.0, ramp()), Resets.draw(500, 20.0, ramp(), seed=0)
    np.testing.assert_array_equal(ours.frames, zero.frames)
    assert not np.array_equal(ours.chosen, Resets.draw(500, 20.0, ramp(), seed=1).chosen[: len(ours.chosen)])
