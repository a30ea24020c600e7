"""Figures printed in the article that this tutorial follows, to compare ours with.

Source: John Glover, "Generating sound with recurrent neural networks", 2015.
"""

import numpy as np

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
