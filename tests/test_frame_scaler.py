import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnsound import Frames, PhaseVocoder, sine
from rnnsound.features.frame_scaler import FrameScaler

EVERY = [
    (representation, magnitude, per_component)
    for representation in ("absolute", "delta")
    for magnitude in ("linear", "log")
    for per_component in (True, False)
]


def random_frames(seed=0, n_frames=50, n_components=6):
    rng = np.random.default_rng(seed)
    magnitude = rng.lognormal(0, 2, (n_frames, n_components))
    frequency = rng.normal(400, 100, (n_frames, n_components))
    magnitude[:, 0] = frequency[:, 0] = 0.0
    return Frames(magnitude, frequency, 44_100, 512, 128, rng.uniform(-3, 3, n_components))


@pytest.mark.parametrize(("representation", "magnitude", "per_component"), EVERY)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_there_and_back_gives_the_same_frames(representation, magnitude, per_component, seed):
    frames = random_frames(seed)
    scaler = FrameScaler(representation, magnitude, per_component).fit(frames)
    vectors = scaler.transform(frames)
    assert vectors.dtype == np.float32
    assert vectors.shape == (50, 12)
    for bounded in (False, True):
        back = scaler.inverse_transform(vectors, bounded=bounded)
        # float32 carries seven digits of the spread, and 50 rounded changes add up
        np.testing.assert_allclose(
            back.magnitude, frames.magnitude, rtol=2e-5, atol=2e-5 * frames.magnitude.max()
        )
        np.testing.assert_allclose(back.frequency, frames.frequency, atol=2e-2 if not per_component else 1e-2)
        np.testing.assert_array_equal(back.first_phase, frames.first_phase)


@pytest.mark.parametrize("representation", ["absolute", "delta"])
def test_vectors_are_standardized_component_by_component(representation):
    frames = random_frames()
    vectors = FrameScaler(representation).fit(frames).transform(frames)
    learned = vectors[1:] if representation == "delta" else vectors
    changing = [k for k in range(12) if k not in (0, 6)]
    np.testing.assert_allclose(learned.mean(axis=0)[changing], 0, atol=1e-5)
    np.testing.assert_allclose(learned.std(axis=0)[changing], 1, rtol=1e-5)
    assert (vectors[:, [0, 6]] == 0).all()  # bin 0 never changes


def test_the_articles_way_takes_one_mean_and_deviation_for_each_kind():
    frames = random_frames()
    vectors = FrameScaler(per_component=False).fit(frames).transform(frames)
    for kind, values in ((slice(6), frames.magnitude), (slice(6, 12), frames.frequency)):
        expected = (values - values.mean()) / values.std()
        np.testing.assert_allclose(vectors[:, kind], expected, rtol=1e-5, atol=1e-6)


def test_deltas_are_changes_since_the_frame_before_and_begin_with_none():
    frames = random_frames()
    scaler = FrameScaler("delta").fit(frames)
    changes = scaler.transform(frames) * scaler.std + scaler.mean
    np.testing.assert_allclose(changes[0], 0, atol=1e-4)
    np.testing.assert_allclose(changes[1:, 6:], np.diff(frames.frequency, axis=0), atol=1e-3)


def test_deltas_start_from_the_frame_given():
    frames, other = random_frames(0), random_frames(1)
    scaler = FrameScaler("delta").fit(frames)
    back = scaler.inverse_transform(scaler.transform(frames), first=other[3:])
    shift = other.frequency[3] - frames.frequency[0]
    np.testing.assert_allclose(back.frequency, frames.frequency + shift, atol=1e-2)
    np.testing.assert_array_equal(back.first_phase, other[3:].first_phase)


@pytest.mark.parametrize(("representation", "magnitude", "per_component"), EVERY)
def test_bounded_frames_never_leave_the_recordings_range_and_margin(representation, magnitude, per_component):
    frames = random_frames()
    scaler = FrameScaler(representation, magnitude, per_component, margin=0.25).fit(frames)
    wild = np.random.default_rng(1).normal(0, 50, (200, 12)).astype(np.float32)
    out = scaler.inverse_transform(wild, bounded=True)
    for values, learned in ((out.frequency, frames.frequency), (out.magnitude, frames.magnitude)):
        low, high = learned.min(axis=0), learned.max(axis=0)
        if values is out.magnitude and magnitude == "log":
            low, high = np.log1p(low / scaler.floor), np.log1p(high / scaler.floor)
            values = np.log1p(values / scaler.floor)
        margin = 0.25 * (high - low) + 1e-9 * (1 + abs(high))
        assert (values >= low - margin).all()
        assert (values <= high + margin).all()
    assert (out.magnitude >= 0).all()


def test_changes_that_push_beyond_a_bound_are_forgotten_there():
    frames = random_frames()
    scaler = FrameScaler("delta").fit(frames)
    change = np.ptp(frames.frequency[:, 3]) / 2
    changes = np.zeros((101, 12))
    changes[:, 9] = [change] * 100 + [-change]
    out = scaler.inverse_transform((changes - scaler.mean) / scaler.std, bounded=True).frequency[:, 3]
    _, high = scaler.frame_bounds
    np.testing.assert_allclose(out[50:100], high[9])
    np.testing.assert_allclose(out[100], high[9] - change)


def test_without_a_margin_frames_stay_where_the_recording_was():
    frames = random_frames()
    scaler = FrameScaler(margin=0).fit(frames)
    wild = np.random.default_rng(1).normal(0, 50, (200, 12)).astype(np.float32)
    out = scaler.inverse_transform(wild, bounded=True)
    np.testing.assert_allclose(out.frequency.max(axis=0), frames.frequency.max(axis=0))
    np.testing.assert_allclose(out.magnitude.min(axis=0), frames.magnitude.min(axis=0))


def test_bounds_on_vectors_hold_all_that_the_recording_did():
    for representation, magnitude, per_component in EVERY:
        frames = random_frames()
        scaler = FrameScaler(representation, magnitude, per_component).fit(frames)
        vectors = scaler.transform(frames)
        low, high = scaler.bounds
        assert (vectors >= low).all()
        assert (vectors <= high).all()


def test_a_steady_tones_ripple_is_seen_component_by_component_and_lost_with_all_together():
    frames = PhaseVocoder(512, 128, 10).analyze(sine(440, 2))[1:-1]
    apart, together = (FrameScaler(per_component=p).fit(frames).transform(frames) for p in (True, False))
    assert apart[:, 15].std() == pytest.approx(1, rel=1e-3)  # frequency of bin 5
    assert together[:, 15].std() < 1e-4


def test_several_recordings_are_fitted_together_without_a_jump_between_them():
    high, low = random_frames(0), random_frames(1)
    low = Frames(low.magnitude, low.frequency - 10_000, 44_100, 512, 128)
    scaler = FrameScaler("delta").fit(high, low)
    changes = np.concatenate([np.diff(f.frequency, axis=0) for f in (high, low)])
    np.testing.assert_allclose(scaler.std[6:][1:], changes.std(axis=0)[1:])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FrameScaler("relative"), "representation='relative'"),
        (lambda: FrameScaler(magnitude_scale="dB"), "magnitude_scale='dB'"),
        (lambda: FrameScaler(margin=-1), "margin=-1"),
        (lambda: FrameScaler().fit(random_frames(n_frames=1)), "fewer than two frames"),
        (lambda: FrameScaler().fit(random_frames()).transform(random_frames(n_components=3)), "3 components"),
        (lambda: FrameScaler().fit(random_frames()).inverse_transform(np.zeros((5, 3))), r"\(5, 3\)"),
    ],
)
def test_what_cannot_be_scaled_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()
