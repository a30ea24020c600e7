"""Free running of a clarinet-sized model: against nn.LSTM step by step, and its bare matrix products."""

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.common import Row, medians
from rnnsound.nn.generate import generate
from rnnsound.nn.mdn import sample
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.stepper import NumpyStepper

N_FRAMES, FRAMES_PER_SECOND = 1_000, 44_100 / 128


def clarinet() -> SoundRNN:
    torch.manual_seed(0)
    return SoundRNN(40, hidden_size=100, num_layers=2, n_mixtures=3).eval()


@torch.no_grad()
def step_by_step(model: SoundRNN, n_frames: int) -> None:
    """Draw frames the way one would with PyTorch alone."""
    generator = torch.Generator().manual_seed(0)
    frame, state = torch.zeros(1, 1, model.n_features), None
    for _ in range(n_frames):
        mixture, state = model(frame, None, state)
        frame = sample(mixture, 1.0, generator)


def matrix_products(model: SoundRNN, n_frames: int) -> None:
    """Only multiply, with the same weights: all that a step needs at the very least."""
    steps = NumpyStepper(model)
    pairs = [(layer.weights, layer.read, layer.gates) for layer in steps.layers]
    pairs.append((steps.head, steps.top, steps.outputs))
    with threadpool_limits(1, user_api="blas"):
        for _ in range(n_frames):
            for weights, vector, result in pairs:
                np.dot(weights, vector, out=result)


def rows() -> list[Row]:
    model = clarinet()
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # a step this small only loses by a second one
    wide = np.full(model.n_features, 10.0)
    model.keep_within(-wide, wide)
    single, stepped, bare, together, apart = medians(
        lambda: generate(model, N_FRAMES),
        lambda: step_by_step(model, N_FRAMES),
        lambda: matrix_products(model, N_FRAMES),
        lambda: generate(model, N_FRAMES, seed=range(16)),
        lambda: [generate(model, N_FRAMES, seed=voice) for voice in range(16)],
    )
    torch.set_num_threads(before)
    sound = N_FRAMES / FRAMES_PER_SECOND
    return [
        Row("1,000 clarinet frames, vs nn.LSTM step by step", single, stepped, goal=1 / 5),
        Row("the same, vs its bare matrix products", single, bare, goal=3.0),
        Row(
            "the same, vs the sound they make",
            single,
            sound,
            goal=1 / 50,
            note=f"{sound / single:.0f} x real time",
        ),
        Row("16 voices at once, vs one by one", together, apart, goal=1.0),
    ]
