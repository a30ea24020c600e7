"""What the network hears in training in place of the recording: scheduled sampling, and noise.

Source: Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks", 2015.
Notebook: 06_clarinet.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnnsound.features.sequence import Share
from rnnsound.nn.mdn import Mixture, sample
from rnnsound.nn.network import SoundRNN, State

_WHOLE = Share()


class InputCorruption(NamedTuple):
    """What the network hears in training: the recording, its own draws in part, and noise.

    Running freely, it hears nothing but its own draws. Of several processes each draws random numbers for all
    rows of a batch and uses those of its own: however many processes there are, the rows hear the same.

    Args:
        scheduled_sampling: the part of the frames that the network draws itself.
        noise: standard deviation of the noise.
        generator: of the random numbers.
    """

    scheduled_sampling: float
    noise: float
    generator: torch.Generator

    def corrupt(
        self,
        frames: Tensor,
        conditions: Tensor,
        network: SoundRNN,
        state: State | None,
        share: Share = _WHOLE,
    ) -> Tensor:
        """Make what takes the place of the recording's frames.

        Args:
            frames: of the recording, (batch, time, n_features).
            conditions: of the frame after each, (batch, time, n_conditions).
            network: as it is now.
            state: its memory before the first frame.
            share: which rows of a batch these are.
        """
        own, n_rows = share.rows, share.total or len(frames)
        if self.scheduled_sampling:
            with torch.no_grad():
                mixture = network(frames, conditions, state)[0]
                if len(frames) < n_rows:
                    mixture = Mixture(*(_among_all(part, share) for part in mixture))
                drawn = sample(mixture, generator=self.generator)[own, :-1].clamp(network.low, network.high)
            chance = torch.rand((n_rows, drawn.shape[1]), device=drawn.device, generator=self.generator)[own]
            replaced = chance.unsqueeze(-1) < self.scheduled_sampling
            frames = torch.cat([frames[:, :1], torch.where(replaced, drawn, frames[:, 1:])], dim=1)
        if self.noise:
            shape = (n_rows, *frames.shape[1:])
            noise = torch.randn(shape, device=frames.device, generator=self.generator)[own]
            frames = frames + self.noise * noise
        return frames


def _among_all(part: Tensor, share: Share) -> Tensor:
    """Put a process's rows where they are in the whole batch; the others are not looked at."""
    whole = part.new_zeros(share.total, *part.shape[1:])
    whole[share.rows] = part
    return whole
