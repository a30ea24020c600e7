"""NumpyStepper: the network's arithmetic, one frame at a time, in NumPy; generate draws with it.

One step of a small network is a few microseconds of arithmetic, and asking PyTorch for it takes ten times as
long. So the steps are taken in NumPy, with the weights packed for them. Notebook: 04_sine_model.
"""

import numpy as np

from rnnsound.nn.mdn import LOG_STD_LIMIT
from rnnsound.nn.network import SoundRNN

_ONE, _HALF, _LIMIT = np.float32(1.0), np.float32(0.5), np.float32(LOG_STD_LIMIT)


class NumpyStepper:
    """The network, one frame at a time, for several voices at once.

    All that a step reads lies in one column per voice: [frame, conditions, 1, hidden 1, 1, hidden 2, 1 ...].
    A layer's input and its own last output are then neighbors and need one matrix product, biases included
    (they meet the ones), written in place. A logistic gate is a tanh, since
    sigmoid(a) = (tanh(a / 2) + 1) / 2, so one tanh serves all four gates. Its halves are not computed: those
    inside the tanh are packed into the weights, as is the one after the output gate.

    Args:
        network: its weights are copied.
        n_voices: columns.

    Attributes:
        x: the frame to read, (n_features, n_voices); write into it, then advance.
        conditions: what the network is told of the frame after it, (n_conditions, n_voices).
    """

    def __init__(self, network: SoundRNN, n_voices: int = 1):
        lstm, size = network.lstm, network.lstm.hidden_size
        weights = {name: p.detach().cpu().double().numpy() for name, p in network.named_parameters()}
        n_inputs = network.n_features + network.n_conditions
        starts = n_inputs + 1 + (size + 1) * np.arange(lstm.num_layers)  # of each layer's hidden part
        column = np.zeros((starts[-1] + size + 1, n_voices), dtype=np.float32)
        column[[n_inputs, *(starts + size)]] = 1.0
        self.x, self.conditions = column[: network.n_features], column[network.n_features : n_inputs]
        self.layers, below = [], 0
        for layer, start in enumerate(starts):
            end = start + size
            self.layers.append(_Layer(_pack(weights, layer), column[below:end], column[start:end]))
            below = start
        k, d = network.n_mixtures, network.n_features
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

    def gaussian(self, gumbel: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the next frame, both (n_features, n_voices).

        Args:
            gumbel: standard Gumbel numbers, (n_mixtures, n_voices). The mixture component with the largest
                log-weight plus Gumbel number is component k with the probability of k. None takes component
                0, for networks that have no other.
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
