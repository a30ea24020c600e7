"""What the network hears in training in place of the recording: scheduled sampling, and noise.

Source: Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks", 2015.
Notebook: 06_clarinet.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnnsound.nn.mdn import sample
from rnnsound.nn.network import SoundRNN, State


class InputCorruption(NamedTuple):
    """What the network hears in training: the recording, its own draws in part, and noise.

    Running freely, it hears nothing but its own draws.

    Args:
        scheduled_sampling: the part of the frames that the network draws itself.
        noise: standard deviation of the noise.
        generator: of the random numbers.
    """

    scheduled_sampling: float
    noise: float
    generator: torch.Generator

    def corrupt(self, frames: Tensor, conditions: Tensor, network: SoundRNN, state: State | None) -> Tensor:
        """Make what takes the place of the recording's frames.

        Args:
            frames: of the recording, (batch, time, n_features).
            conditions: of the frame after each, (batch, time, n_conditions).
            network: as it is now.
            state: its memory before the first frame.
        """
        if self.scheduled_sampling:
            with torch.no_grad():
                mixture = network(frames, conditions, state)[0]
                drawn = sample(mixture, generator=self.generator)[:, :-1].clamp(network.low, network.high)
            chance = torch.rand(drawn.shape[:2], device=drawn.device, generator=self.generator)
            own = chance.unsqueeze(-1) < self.scheduled_sampling
            frames = torch.cat([frames[:, :1], torch.where(own, drawn, frames[:, 1:])], dim=1)
        if self.noise:
            noise = torch.randn(frames.shape, device=frames.device, generator=self.generator)
            frames = frames + self.noise * noise
        return frames
