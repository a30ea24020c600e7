"""Figures printed in the article that this tutorial follows, to compare.

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
