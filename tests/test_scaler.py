"""What every scaler promises."""

import numpy as np
import pytest

from rnnsound import Frames, FrameScaler, PitchScaler

EVERY = [
    FrameScaler,
    lambda: FrameScaler("delta", "log"),
    lambda: FrameScaler(per_component=False),
    PitchScaler,
]


def random_frames(n_frames=40, n_components=5, seed=0):
    rng = np.random.default_rng(seed)
    magnitude = rng.lognormal(0, 1, (n_frames, n_components))
    frequency = 100 * np.arange(1, n_components + 1) * rng.normal(1, 0.01, (n_frames, 1))
    magnitude[:, 0] = frequency[:, 0] = 0.0  # bin 0 never changes: its bounds are one and the same
    return Frames(magnitude, frequency, 44_100, 512, 128, rng.uniform(-3, 3, n_components), start=640)


@pytest.mark.parametrize("make", EVERY)
def test_a_scaler_that_was_kept_is_the_same(make):
    frames = random_frames()
    scaler = make().fit(frames)
    again = make().restore(scaler.arrays(), frames[:1])
    vectors = scaler.transform(frames)
    np.testing.assert_array_equal(again.transform(frames), vectors)
    for bounded in (True, False):
        ours, theirs = (s.inverse_transform(3 * vectors, bounded=bounded) for s in (scaler, again))
        np.testing.assert_array_equal(ours.magnitude, theirs.magnitude)
        np.testing.assert_array_equal(ours.frequency, theirs.frequency)
    assert again.n_features == scaler.n_features == vectors.shape[1]
    np.testing.assert_array_equal(again.bounds, scaler.bounds)


@pytest.mark.parametrize("make", EVERY)
def test_what_is_no_scalers_is_refused(make):
    frames = random_frames()
    good = make().fit(frames).arrays()
    wrong = [{name: good[name] for name in list(good)[1:]}, good | {"more": good["mean"]}]
    wrong += [good | {name: array[:-1]} for name, array in good.items() if len(array) > 1]
    for arrays in wrong:
        with pytest.raises(ValueError, match="wrong names or shapes"):
            make().restore(arrays, frames[:1])
    for name in ("floor", "std"):
        for value in (0.0, np.nan):
            with pytest.raises(ValueError, match="a deviation is not above 0"):
                make().restore(good | {name: np.full_like(good[name], value)}, frames[:1])
    with pytest.raises(ValueError, match="a lower bound is above the upper one"):
        make().restore(good | {"low": good["high"] + 1}, frames[:1])


def test_bounds_of_frames_are_checked_too():
    frames = random_frames()
    good = FrameScaler().fit(frames).arrays()
    with pytest.raises(ValueError, match="a lower bound is above the upper one"):
        FrameScaler().restore(good | {"frame_low": good["frame_high"] + 1}, frames[:1])


@pytest.mark.parametrize("make", EVERY)
def test_one_that_is_not_fitted_says_so(make):
    for use in (lambda s: s.transform(random_frames()), lambda s: s.n_features):
        with pytest.raises(ValueError, match=r"this \w+Scaler is not fitted yet; call fit"):
            use(make())


@pytest.mark.parametrize("make", EVERY)
def test_two_frames_are_enough_and_one_is_not(make):
    assert make().fit(random_frames(2)).transform(random_frames(2)).shape[0] == 2
    for recordings in ((), (random_frames(1),), (random_frames(9), random_frames(1))):
        with pytest.raises(ValueError, match="fewer than two frames"):
            make().fit(*recordings)


@pytest.mark.parametrize("make", EVERY)
def test_frames_and_vectors_of_another_size_are_refused(make):
    scaler = make().fit(random_frames())
    with pytest.raises(ValueError, match="the frames have 4 components, the scaler was fitted to 5"):
        scaler.transform(random_frames(n_components=4))
    for vectors in (np.zeros((3, scaler.n_features + 1)), np.zeros(scaler.n_features)):
        with pytest.raises(ValueError, match=rf"use \(n_frames, {scaler.n_features}\)"):
            scaler.inverse_transform(vectors)


@pytest.mark.parametrize("make", EVERY)
def test_the_floor_is_80_db_below_the_loudest_of_all_recordings(make):
    loud, soft = random_frames(seed=1), random_frames(seed=2)
    loudest = max(loud.magnitude.max(), soft.magnitude.max())
    assert make().fit(soft, loud).floor == pytest.approx(loudest * 1e-4)


@pytest.mark.parametrize("make", EVERY)
def test_silence_is_scaled_without_a_word(make):
    silent = Frames(np.zeros((5, 3)), np.tile([0.0, 100.0, 200.0], (5, 1)), 44_100, 512, 128)
    scaler = make().fit(silent)
    vectors = scaler.transform(silent)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(scaler.inverse_transform(vectors).magnitude, 0, atol=1e-30)


@pytest.mark.parametrize("make", EVERY)
def test_the_first_frame_given_lends_its_phases_and_its_time(make):
    frames, other = random_frames(seed=1), random_frames(seed=2)[7:]
    scaler = make().fit(frames)
    back = scaler.inverse_transform(scaler.transform(frames), first=other)
    np.testing.assert_array_equal(back.first_phase, other.first_phase)
    assert back.start == other.start == 640 + 7 * 128
    assert scaler.inverse_transform(scaler.transform(frames)).start == 640
