"""Free running: how a frame is drawn from the mixture, fed back, and the next one drawn.

Source: Graves, "Generating Sequences With Recurrent Neural Networks", 2013. Notebook: 04_sine_model.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from rnnsound.nn.network import SoundRNN
from rnnsound.nn.stepper import NumpyStepper

Draw = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Mean and standard deviation of a frame, and normal noise times sqrt(variance scale) -> a frame; each of
shape (n_features, n_voices)."""


def draw_learned(mean: np.ndarray, std: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Draw from the normal distribution that was learned: mean + std * noise."""
    return mean + std * noise


def generate(
    network: SoundRNN,
    n_frames: int,
    variance_scale: float | np.ndarray = 1.0,
    seed: int | Sequence[int] = 0,
    primer: np.ndarray | None = None,
    conditions: np.ndarray | None = None,
    forced_frames: dict[int, np.ndarray] | None = None,
    draw: Draw = draw_learned,
) -> np.ndarray:
    """Let the network run freely from what it last heard.

    A mixture component is drawn by its weight, then a frame from its Gaussian. What is drawn is kept within
    the network's range (SoundRNN.keep_within) before it is fed back.

    Args:
        network: trained on standardized vectors of n_features numbers.
        n_frames: how many to draw.
        variance_scale: s, one number or one per frame; standard deviations are multiplied by sqrt(s). 1 draws
            as learned.
        seed: start of the random numbers. Several seeds give as many voices, which are faster together than
            one by one; each is what its seed gives alone, up to rounding.
        primer: vectors that the network hears first, (n, n_features), n at least 1; None starts from the
            average frame.
        conditions: what the network is told of each frame before it draws it, (n_frames, n_conditions); what
            is told of the first one also goes with the primer.
        forced_frames: vectors that take the place of what was drawn, by frame: the network hears them instead
            and goes on from there.
        draw: how a frame is drawn from its Gaussian.

    Returns:
        float32, (n_frames, n_features), the frames after the primer; for several seeds (n_seeds, n_frames,
        n_features).

    Raises:
        ValueError: n_frames, variance_scale, seed, primer, conditions or forced_frames do not fit.

    Notebook: 04_sine_model.
    """
    seeds = np.atleast_1d(seed)
    _check(network, n_frames, variance_scale, seeds, primer)
    conditions, forced_frames = _check_given(network, n_frames, conditions, forced_frames)
    scale = np.broadcast_to(np.asarray(variance_scale, dtype=np.float64), (n_frames,))
    noise, gumbel = _random_numbers(seeds, n_frames, network.n_features, network.n_mixtures)
    noise *= np.sqrt(scale)[:, None, None].astype(np.float32)
    stepper = NumpyStepper(network, len(seeds))
    stepper.conditions[:] = conditions[0][:, None]
    if primer is not None:
        for vector in primer[:-1]:
            stepper.x[:] = vector[:, None]
            stepper.advance()
        stepper.x[:] = primer[-1][:, None]
    low, high = (edge.cpu().numpy()[:, None] for edge in (network.low, network.high))
    bounded = np.isfinite(low).any() or np.isfinite(high).any()
    vectors = np.empty((n_frames, network.n_features, len(seeds)), dtype=np.float32)
    with _blas().limit(limits=1):  # products this small only lose by a second thread, most on a busy computer
        for t, vector in enumerate(vectors):
            stepper.conditions[:] = conditions[t][:, None]
            stepper.advance()
            vector[:] = draw(*stepper.gaussian(gumbel[t]), noise[t])
            if bounded:
                np.maximum(vector, low, out=vector)
                np.minimum(vector, high, out=vector)
            if t in forced_frames:
                vector[:] = forced_frames[t][:, None]
            stepper.x[:] = vector
    vectors = np.ascontiguousarray(vectors.transpose(2, 0, 1))
    return vectors if np.ndim(seed) else vectors[0]


@cache
def _blas() -> ThreadpoolController:
    """Find NumPy's linear algebra, which is done once."""
    return ThreadpoolController().select(user_api="blas")


def _random_numbers(
    seeds: np.ndarray, n_frames: int, n_features: int, n_mixtures: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw all random numbers at once.

    Returns:
        Normal ones, (n_frames, n_features, n_voices), and Gumbel ones, (n_frames, n_mixtures, n_voices).
    """
    normal = np.empty((n_frames, n_features, len(seeds)), dtype=np.float32)
    gumbel = np.empty((n_frames, n_mixtures, len(seeds)), dtype=np.float32)
    for voice, seed in enumerate(seeds):
        rng = np.random.default_rng(int(seed))
        normal[..., voice] = rng.standard_normal((n_frames, n_features), dtype=np.float32)
        gumbel[..., voice] = rng.gumbel(size=(n_frames, n_mixtures))
    return normal, gumbel


def _check(network, n_frames, variance_scale, seeds, primer) -> None:
    """Raise a ValueError for what cannot be generated."""
    if n_frames < 1:
        raise ValueError(f"n_frames={n_frames} is nothing to generate; use 1 or more")
    if seeds.ndim != 1 or len(seeds) == 0 or seeds.dtype.kind not in "iu" or (seeds < 0).any():
        raise ValueError(f"seed={seeds.tolist()} cannot start random numbers; use whole numbers from 0 up")
    scale = np.asarray(variance_scale)
    if scale.shape not in ((), (n_frames,)):
        raise ValueError(
            f"variance_scale has shape {scale.shape}; use one number or one per frame, ({n_frames},)"
        )
    if not (np.isfinite(scale).all() and (scale >= 0).all()):
        raise ValueError("variance_scale holds a negative number, NaN or infinity; use numbers from 0 up")
    if primer is not None and (
        np.ndim(primer) != 2 or len(primer) < 1 or np.shape(primer)[1] != network.n_features
    ):
        raise ValueError(f"primer has shape {np.shape(primer)}; use (n, {network.n_features}), n at least 1")


def _check_given(network, n_frames, conditions, forced_frames) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Return conditions and forced frames as arrays, or raise a ValueError for what does not fit."""
    shape = (n_frames, network.n_conditions)
    conditions = np.zeros(shape) if conditions is None and not network.n_conditions else conditions
    if np.shape(conditions) != shape:
        raise ValueError(f"conditions have shape {np.shape(conditions)}; use {shape}, one row per frame")
    for t, vector in (forced_frames or {}).items():
        if not 0 <= t < n_frames or np.shape(vector) != (network.n_features,):
            raise ValueError(
                f"forced_frames[{t}] has shape {np.shape(vector)}; use frames 0 to {n_frames - 1} and "
                f"vectors of ({network.n_features},)"
            )
    return np.asarray(conditions), forced_frames or {}
