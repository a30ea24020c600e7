"""Free running: draw a frame, feed it back, draw the next.

One step of a small network is a few microseconds of arithmetic, and asking PyTorch for it takes ten times as
long. So the steps are taken in NumPy, with the weights packed for them. Source: Graves, "Generating Sequences
With Recurrent Neural Networks", 2013. Notebook: 04_sine_model.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from rnnsound.nn.mdn import LOG_STD_LIMIT
from rnnsound.nn.network import SoundRNN


def generate(
    model: SoundRNN,
    n_frames: int,
    variance_scale: float | np.ndarray = 1.0,
    seed: int | Sequence[int] = 0,
    warm_up: np.ndarray | None = None,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    conditions: np.ndarray | None = None,
    replaced: dict[int, np.ndarray] | None = None,
) -> np.ndarray:
    """Let the model run freely from what it last heard.

    Args:
        model: trained on standardised vectors of n_features numbers.
        n_frames: how many to draw.
        variance_scale: s, one number or one per frame; standard deviations are multiplied by sqrt(s). 1 draws
            as learned.
        seed: start of the random numbers. Several seeds give as many voices, which are faster together than
            one by one; each is what its seed gives alone, up to rounding.
        warm_up: vectors that the model hears first, (n, n_features), n at least 1; None starts from the
            average frame.
        bounds: lowest and highest value of every feature, each (n_features,). A draw beyond them is put on
            them before it is fed back: a Gaussian has tails, and one frame far from everything in the
            recording sends the network where it never was in training, from where it may not come back. None
            leaves draws alone.
        conditions: what the model is told of each frame before it draws it, (n_frames, n_conditions); what is
            told of the first one also goes with warm_up.
        replaced: vectors that take the place of what was drawn, by frame: the model hears them instead and
            goes on from there.

    Returns:
        float32, (n_frames, n_features), the frames after warm_up; for several seeds (n_seeds, n_frames,
        n_features).

    Raises:
        ValueError: n_frames, variance_scale, warm_up, bounds, conditions or replaced do not fit.

    Notebook: 04_sine_model.
    """
    seeds = np.atleast_1d(seed)
    _check(model, n_frames, variance_scale, seeds, warm_up, bounds)
    conditions, replaced = _check_told(model, n_frames, conditions, replaced)
    scale = np.broadcast_to(np.asarray(variance_scale, dtype=np.float64), (n_frames,))
    noise, gumbel = _draw(seeds, n_frames, model.n_features, model.n_mixtures)
    noise *= np.sqrt(scale)[:, None, None].astype(np.float32)
    steps = FastSteps(model, len(seeds))
    steps.conditions[:] = conditions[0][:, None]
    if warm_up is not None:
        for vector in warm_up[:-1]:
            steps.x[:] = vector[:, None]
            steps.advance()
        steps.x[:] = warm_up[-1][:, None]
    low, high = (None, None) if bounds is None else (np.float32(b)[:, None] for b in bounds)
    vectors = np.empty((n_frames, model.n_features, len(seeds)), dtype=np.float32)
    with _blas().limit(limits=1):  # products this small only lose by a second thread, most on a busy computer
        for t, (vector, normal, chance) in enumerate(zip(vectors, noise, gumbel, strict=True)):
            steps.conditions[:] = conditions[t][:, None]
            steps.advance()
            steps.draw(normal, chance)
            if low is not None:
                np.maximum(steps.x, low, out=steps.x)
                np.minimum(steps.x, high, out=steps.x)
            if t in replaced:
                steps.x[:] = replaced[t][:, None]
            vector[:] = steps.x
    vectors = np.ascontiguousarray(vectors.transpose(2, 0, 1))
    return vectors if np.ndim(seed) else vectors[0]


class FastSteps:
    """The model, one frame at a time, for several voices at once.

    All that a step reads lies in one column per voice: [frame, conditions, 1, hidden 1, 1, hidden 2, 1 ...].
    A layer's input and its own last output are then neighbours and need one matrix product, biases included
    (they meet the ones), written in place. A logistic gate is a tanh, since
    sigmoid(a) = (tanh(a / 2) + 1) / 2, so one tanh serves all four gates. Its halves are not computed: those
    inside the tanh are packed into the weights, as is the one after the output gate.

    Args:
        model: its weights are copied.
        n_voices: columns.
    """

    def __init__(self, model: SoundRNN, n_voices: int = 1):
        lstm, size = model.lstm, model.lstm.hidden_size
        weights = {name: p.detach().cpu().double().numpy() for name, p in model.named_parameters()}
        n_inputs = model.n_features + model.n_conditions
        starts = n_inputs + 1 + (size + 1) * np.arange(lstm.num_layers)  # of each layer's hidden part
        column = np.zeros((starts[-1] + size + 1, n_voices), dtype=np.float32)
        column[[n_inputs, *(starts + size)]] = 1.0
        self.x, self.conditions = column[: model.n_features], column[model.n_features : n_inputs]
        self.layers, below = [], 0
        for layer, start in enumerate(starts):
            end = start + size
            self.layers.append(_Layer(_pack(weights, layer), column[below:end], column[start:end]))
            below = start
        k, d = model.n_mixtures, model.n_features
        head = np.hstack([weights["head.weight"] * 0.5, weights["head.bias"][:, None]])
        head[k + k * d :] /= LOG_STD_LIMIT
        self.head = np.asfortranarray(head, dtype=np.float32)
        self.top = column[starts[-1] :]
        self.outputs = np.empty((len(head), n_voices), dtype=np.float32)
        self._log_weights = self.outputs[:k]
        self._means, self._log_stds = self.outputs[k:].reshape(2, k, d, n_voices)
        self._std = np.empty((d, n_voices), dtype=np.float32)
        self._voices = np.arange(n_voices)

    def advance(self) -> None:
        """Read the frame in x: new cells, new hidden values, new mixture in outputs."""
        for layer in self.layers:
            layer.step()
        np.dot(self.head, self.top, out=self.outputs)

    def draw(self, normal: np.ndarray, gumbel: np.ndarray) -> None:
        """Draw the next frame into x.

        The component with the largest log-weight plus Gumbel noise is component k with the probability of k.

        Args:
            normal: standard normal numbers times sqrt(variance scale), (n_features, n_voices).
            gumbel: standard Gumbel numbers, (n_mixtures, n_voices).
        """
        mean, std = self.bell(gumbel)
        std *= normal
        np.add(mean, std, out=self.x)

    def bell(self, gumbel: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation that the next frame is drawn with, both (n_features, n_voices).

        Args:
            gumbel: as for draw; None takes component 0, for models that have no other.
        """
        if self._log_weights.shape[0] == 1 or gumbel is None:
            mean, log_std = self._means[0], self._log_stds[0]
        else:
            chosen = (self._log_weights + gumbel).argmax(axis=0)
            if len(chosen) == 1:
                mean, log_std = self._means[chosen[0]], self._log_stds[chosen[0]]
            else:
                mean, log_std = (p[chosen, :, self._voices].T for p in (self._means, self._log_stds))
        std = np.tanh(log_std, out=self._std)
        std *= _LIMIT
        return mean, np.exp(std, out=std)


_ONE, _HALF, _LIMIT = np.float32(1.0), np.float32(0.5), np.float32(LOG_STD_LIMIT)


class _Layer:
    """One LSTM layer: its weights, and the places in memory that a step works on, some of them overlapping.

    Args:
        weights: from _pack.
        read: input, 1 and own hidden values.
        hidden: where the new hidden values go, twice as large as they are.
    """

    def __init__(self, weights: np.ndarray, read: np.ndarray, hidden: np.ndarray):
        size = len(hidden)
        work = np.zeros((5 * size, hidden.shape[1]), dtype=np.float32)
        self.weights, self.read, self.hidden = weights, read, hidden
        self.gates = work[: 4 * size]  # input, forget and output gate, candidate
        self.logistic = work[: 3 * size]  # the three that are gates
        self.input_forget = work[: 2 * size]
        self.candidate_cell = work[3 * size :]  # what input and forget gate let through
        self.input, self.forget, self.output, _, self.cell = work.reshape(5, size, -1)
        self.squashed = np.empty_like(hidden)

    def step(self) -> None:
        """Take one step of time: cell = forget * cell + input * candidate; hidden = output * tanh(cell)."""
        np.dot(self.weights, self.read, out=self.gates)
        np.tanh(self.gates, out=self.gates)
        np.add(self.logistic, _ONE, out=self.logistic)  # twice the gates
        np.multiply(self.input_forget, self.candidate_cell, out=self.input_forget)
        np.add(self.input, self.forget, out=self.cell)
        np.multiply(self.cell, _HALF, out=self.cell)
        np.tanh(self.cell, out=self.squashed)
        np.multiply(self.output, self.squashed, out=self.hidden)


def _pack(weights: dict[str, np.ndarray], layer: int) -> np.ndarray:
    """Put a layer's weights in one matrix: for the input, for the 1 (biases), for its own hidden values.

    PyTorch stacks input, forget, candidate, output; here the candidate is last. The columns that meet hidden
    values are halved, because those are kept doubled, and so are the rows of logistic gates.
    """
    w = {kind: weights[f"lstm.{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    below = w["weight_ih"] * (0.5 if layer else 1.0)
    stacked = np.hstack([below, (w["bias_ih"] + w["bias_hh"])[:, None], w["weight_hh"] * 0.5])
    i, f, g, o = np.split(stacked, 4)
    return np.asfortranarray(np.vstack([i / 2, f / 2, o / 2, g]), dtype=np.float32)


@cache
def _blas() -> ThreadpoolController:
    """Find NumPy's linear algebra, which is done once."""
    return ThreadpoolController().select(user_api="blas")


def _draw(
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


def _check(model, n_frames, variance_scale, seeds, warm_up, bounds) -> None:
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
    if warm_up is not None and (
        np.ndim(warm_up) != 2 or len(warm_up) < 1 or np.shape(warm_up)[1] != model.n_features
    ):
        raise ValueError(
            f"warm_up has shape {np.shape(warm_up)}; use (n, {model.n_features}), at least one vector"
        )
    if bounds is not None and any(np.shape(b) != (model.n_features,) for b in bounds):
        raise ValueError(
            f"bounds have shapes {[np.shape(b) for b in bounds]}; use two of ({model.n_features},): low, high"
        )


def _check_told(model, n_frames, conditions, replaced) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Return conditions and replaced frames as arrays, or raise a ValueError for what does not fit."""
    shape = (n_frames, model.n_conditions)
    conditions = np.zeros(shape) if conditions is None and not model.n_conditions else conditions
    if np.shape(conditions) != shape:
        raise ValueError(f"conditions have shape {np.shape(conditions)}; use {shape}, one row per frame")
    for t, vector in (replaced or {}).items():
        if not 0 <= t < n_frames or np.shape(vector) != (model.n_features,):
            raise ValueError(
                f"replaced[{t}] has shape {np.shape(vector)}; use frames 0 to {n_frames - 1} and vectors of "
                f"({model.n_features},)"
            )
    return np.asarray(conditions), replaced or {}
