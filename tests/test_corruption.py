"""What the network hears in training in place of the recording."""

import numpy as np
import torch

from rnnsound import SoundRNN
from rnnsound.nn.corruption import InputCorruption


def test_own_draws_are_heard_in_training_and_the_first_frame_is_the_recordings():
    torch.manual_seed(0)
    model = SoundRNN(3, 8)
    frames = 5 + torch.randn(2, 50, 3)
    model.keep_within(np.full(3, 4.0), np.full(3, 6.0))
    heard = InputCorruption(0.5, 0.0, torch.Generator().manual_seed(0))
    x = heard.corrupt(frames, torch.zeros(2, 50, 0), model, None)
    kept = (x == frames).all(dim=-1)
    assert kept[:, 0].all()
    assert 0.3 < kept[:, 1:].float().mean() < 0.7
    assert ((x[~kept] >= 4.0) & (x[~kept] <= 6.0)).all()  # a new network draws around 0
