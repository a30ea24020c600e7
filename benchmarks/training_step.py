"""One training step of the clarinet's model against the forward and backward pass of its bare LSTM."""

import numpy as np
import torch
from torch import nn

from benchmarks.common import Row, medians
from rnnsound.model import SoundRNN
from rnnsound.training import train

BATCH, LENGTH, STEPS = 10, 20, 50


def rows() -> list[Row]:
    torch.manual_seed(0)
    before = torch.get_num_threads()
    vectors = np.random.default_rng(0).standard_normal((BATCH * LENGTH * STEPS + 1, 40))
    model = SoundRNN(40, hidden_size=100, num_layers=2, n_mixtures=3)
    lstm = nn.LSTM(40, 100, 2, batch_first=True)
    piece = torch.randn(BATCH, LENGTH, 40)

    def ours():
        train(model, vectors, epochs=1, sequence_length=LENGTH, batch_size=BATCH, progress=False)

    def bare():
        torch.set_num_threads(1)  # as train does for steps this small
        for _ in range(STEPS):
            lstm(piece)[0].sum().backward()
        torch.set_num_threads(before)

    name = f"{STEPS} training steps, clarinet, vs the bare LSTM's"
    return [Row(name, *medians(ours, bare, repeats=11), goal=1.8)]
