"""SoundRNN: an LSTM that reads frames and says, as a mixture density, what the next frame may be.

Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; with a mixture for output: Graves,
"Generating Sequences With Recurrent Neural Networks", 2013. Notebook: 02_lstm.
"""

import numpy as np
import torch
from torch import Tensor, nn

from rnnsound.nn.mdn import Mixture

State = tuple[Tensor, Tensor]


class SoundRNN(nn.Module):
    """Stacked LSTM layers and one linear layer that puts out the parameters of a mixture.

    Args:
        n_features: numbers in one frame, D: what a scaler makes of magnitudes and frequencies.
        hidden_size: units in each LSTM layer.
        num_layers: LSTM layers, each reading the one below.
        n_mixtures: Gaussians in the mixture, K; the linear layer has K * (1 + 2 * D) outputs.
        n_conditions: numbers that the network is told beside each frame and does not predict, such as where
            in the note the next frame is.

    Attributes:
        low, high: the range in which frames drawn from the mixture are kept, both (n_features,); infinite
            until keep_within sets it.

    Raises:
        ValueError: a size is not a positive whole number.

    Source: Graves, 2013; forget gates that begin open: Gers, Schmidhuber and Cummins, "Learning to Forget",
    2000.
    Notebook: 02_lstm.
    """

    def __init__(
        self,
        n_features: int,
        hidden_size: int = 100,
        num_layers: int = 1,
        n_mixtures: int = 1,
        n_conditions: int = 0,
    ):
        super().__init__()
        sizes = {
            "n_features": n_features,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "n_mixtures": n_mixtures,
        }
        for name, size in sizes.items():
            if size != int(size) or size < 1:
                raise ValueError(f"{name}={size} is not a size; use a whole number from 1 up")
        if n_conditions != int(n_conditions) or n_conditions < 0:
            raise ValueError(f"n_conditions={n_conditions} is not a number of inputs; use 0 or more")
        self.n_features = n_features
        self.n_mixtures = n_mixtures
        self.n_conditions = n_conditions
        self.lstm = nn.LSTM(n_features + n_conditions, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, n_mixtures * (1 + 2 * n_features))
        self._open_forget_gates()
        infinite = torch.full((n_features,), torch.inf)
        self.register_buffer("low", -infinite, persistent=False)
        self.register_buffer("high", infinite, persistent=False)

    def forward(
        self, x: Tensor, conditions: Tensor | None = None, state: State | None = None
    ) -> tuple[Mixture, State]:
        """Read frames; after each, say what the next one may be.

        Args:
            x: standardized frames, shape (batch, time, n_features).
            conditions: what the network is told of the frame after each, shape (batch, time, n_conditions);
                None if it is told nothing.
            state: what the layers remember, (hidden, cell), each (num_layers, batch, hidden_size); None
                forgets.

        Returns:
            The mixture for the frame after each that was read (log_weights (batch, time, K), means and
            log_stds (batch, time, K, n_features)), and the state after the last.
        """
        if self.n_conditions:
            x = torch.cat([x, conditions], dim=-1)
        hidden, state = self.lstm(x, state)
        outputs = self.head(hidden).to(x.dtype)  # under autocast they are of fewer digits than a loss needs
        return Mixture.from_outputs(outputs, self.n_mixtures), state

    def keep_within(self, low: np.ndarray, high: np.ndarray) -> None:
        """Keep every frame that is drawn from the mixture within a range, in training and afterwards.

        A Gaussian has tails, and one frame far from everything in the recording sends the network where it
        never was in training, from where it may not come back.

        Args:
            low: smallest value of every feature, (n_features,).
            high: largest.

        Raises:
            ValueError: the shapes are others, or a low is above its high.

        Notebook: 04_sine_model.
        """
        low, high = (torch.as_tensor(edge, dtype=torch.float32) for edge in (low, high))
        if low.shape != (self.n_features,) or high.shape != low.shape or (low > high).any():
            raise ValueError(
                f"bounds have shapes {tuple(low.shape)} and {tuple(high.shape)}; use two of "
                f"({self.n_features},), the lower one first"
            )
        self.low, self.high = low.to(self.head.bias.device), high.to(self.head.bias.device)

    @property
    def n_parameters(self) -> int:
        """How many numbers training adjusts."""
        return sum(p.numel() for p in self.parameters())

    @torch.no_grad()
    def _open_forget_gates(self):
        """Start with memory that keeps what it has: the forget gates' two biases add up to 1.

        PyTorch stacks the gates' biases as input, forget, cell, output.
        """
        size = self.lstm.hidden_size
        for layer in range(self.lstm.num_layers):
            getattr(self.lstm, f"bias_ih_l{layer}")[size : 2 * size] = 1.0
            getattr(self.lstm, f"bias_hh_l{layer}")[size : 2 * size] = 0.0
