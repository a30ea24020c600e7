"""What the network hears in training in place of the recording: scheduled sampling, noise, another moment.

Source: Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural Networks", 2015.
Notebook: 06_clarinet.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnnsound.features.sequence import Share
from rnnsound.nn.mdn import Mixture, sample
from rnnsound.nn.network import SoundRNN, State
from rnnsound.nn.streams import Batch

_WHOLE = Share()
_FARTHEST = 20
"""Frames that what is heard may be away from what is told: with hops of 12 ms, more than a vibrato's turn."""


class InputCorruption(NamedTuple):
    """What the network hears in training: the recording, in part its own draws or another moment, and noise.

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

    def moved(self, batch: Batch) -> Tensor:
        """Return what streams hear, some of them earlier or later than what they are told of.

        Out of step with what it is told is where a network may get to that runs freely. From there it has to
        be led back, whatever it has heard.

        Args:
            batch: the streams, and how likely each is to be moved.

        Returns:
            (batch, length, n_features).
        """
        frames, device = batch.frames, batch.frames.device
        if batch.moved is None:
            return frames
        chosen = torch.rand(len(frames), device=device, generator=self.generator) < batch.moved
        away = torch.randint(
            -_FARTHEST, _FARTHEST + 1, (len(frames),), device=device, generator=self.generator
        )
        at = torch.arange(frames.shape[1], device=device) + (chosen * away)[:, None]
        at = torch.minimum(at.clamp(min=0), batch.lengths[:, None] - 1)
        return frames.gather(1, at[..., None].expand_as(frames))

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
