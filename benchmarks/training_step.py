"""Training: one step against the bare LSTM's, and learning the tone against the article's recipe."""

from functools import partial

import numpy as np
import torch
from torch import nn

from benchmarks.common import Row, medians
from rnnsound import presets, recordings
from rnnsound.config import TrainConfig
from rnnsound.features.sequence import Sequence
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.train import train
from rnnsound.sound_model import SoundModel

BATCH, LENGTH, STEPS = 10, 20, 50


def rows() -> list[Row]:
    torch.manual_seed(0)
    before = torch.get_num_threads()
    vectors = np.random.default_rng(0).standard_normal((BATCH * LENGTH * STEPS + 1, 40))
    sequence = Sequence(vectors)
    config = TrainConfig(epochs=1, sequence_length=LENGTH, batch_size=BATCH)
    model = SoundRNN(40, hidden_size=100, num_layers=2, n_mixtures=3)
    lstm = nn.LSTM(40, 100, 2, batch_first=True)
    piece = torch.randn(BATCH, LENGTH, 40)

    def ours():
        train(model, [sequence], config, progress=False)

    def bare():
        torch.set_num_threads(1)  # as train does for steps this small
        for _ in range(STEPS):
            lstm(piece)[0].sum().backward()
        torch.set_num_threads(before)

    name = f"{STEPS} training steps, clarinet, vs the bare LSTM's"
    learn = [
        partial(SoundModel.fit, recordings.load("sine440"), settings, progress=False)
        for settings in (presets.SINE, presets.ARTICLE_SINE)
    ]
    return [
        Row(name, *medians(ours, bare, repeats=11), goal=1.6),
        Row("learning the tone, vs the article's recipe", *medians(*learn, repeats=3), goal=0.5),
    ]
