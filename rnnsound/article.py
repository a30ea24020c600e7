"""Figures printed in the article that this tutorial follows, and the way its software drew, to compare.

Source: John Glover, "Generating sound with recurrent neural networks", 2015.
"""

import numpy as np

from rnnsound.nn.generate import FastSteps
from rnnsound.nn.network import SoundRNN

#: A typical analyzed frame of the 440 Hz tone: magnitude and frequency (Hz), shape (10 components, 2).
SINE_FRAME = np.array(
    [
        [0.0000, 0.0000],
        [0.0288, 73.1652],
        [0.0626, 90.0327],
        [0.2284, 94.5254],
        [6.7281, 439.9791],
        [15.8478, 440.0076],
        [9.3078, 439.9927],
        [0.3617, 440.1625],
        [0.0839, 785.0665],
        [0.0329, 785.5969],
    ]
)

#: A frame that the article's trained model drew, same layout; its magnitudes may be below zero.
SINE_SAMPLED = np.array(
    [
        [0.0225, 27.8832],
        [0.3056, 68.0510],
        [-0.1558, -2.1814],
        [0.0021, 79.9063],
        [6.6045, 445.7344],
        [15.9591, 439.5001],
        [9.3758, 436.5928],
        [0.4158, 381.9936],
        [0.0173, 780.6247],
        [-0.0879, 777.9229],
    ]
)


def draw_as_the_original(
    model: SoundRNN,
    n_frames: int,
    warm_up: np.ndarray,
    seed: int = 0,
    conditions: np.ndarray | None = None,
) -> np.ndarray:
    """Let the model run freely as the article's software did: with sqrt(sigma), from the heaviest component.

    It took the deviation that the network had learned for a variance.

    Args:
        model: trained.
        n_frames: how many to draw.
        warm_up: vectors that the model hears first, (n, n_features).
        seed: start of the random numbers.
        conditions: what the model is told of each frame, (n_frames, n_conditions), if it is told anything.

    Returns:
        float32, (n_frames, n_features).

    Notebook: 06_clarinet.
    """
    steps, rng = FastSteps(model), np.random.default_rng(seed)
    conditions = np.zeros((n_frames, 0)) if conditions is None else conditions
    steps.conditions[:, 0] = conditions[0]
    for vector in warm_up[:-1]:
        steps.x[:, 0] = vector
        steps.advance()
    steps.x[:, 0] = warm_up[-1]
    drawn = np.empty((n_frames, model.n_features), dtype=np.float32)
    for t in range(n_frames):
        steps.conditions[:, 0] = conditions[t]
        steps.advance()
        mean, sigma = steps.bell(gumbel=np.zeros((model.n_mixtures, 1)))
        steps.x[:] = mean + np.sqrt(sigma) * rng.standard_normal(mean.shape)
        drawn[t] = steps.x[:, 0]
    return drawn
