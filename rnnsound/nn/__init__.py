"""The network: mixture density, LSTM, training, generation. Needs PyTorch.

Steps as small as these are over before a second thread has woken, and on a busy computer two threads wait for
each other; so PyTorch gets one thread, in notebooks, too. Training takes more where steps are large.
"""

import torch

torch.set_num_threads(1)
