"""Ratios: where a struck string's partials lie, so that harmonic frames serve it, too.

Notebook: 10_scaling_up.
"""

import numpy as np

from rnnsound.dsp.harmonics import HARMONIC, HIGHEST, N_PARTIALS
from rnnsound.dsp.partials import partials
from rnnsound.dsp.sound import Sound

_FITTED_FROM = 4  # the first partial that says how stiff a string is; lower ones hardly move
_EVEN = 0.05  # of the fundamental: a partial farther from where the step before leads is noise


def measure_ratios(sound: Sound, pitch: float) -> tuple[np.ndarray, float]:
    """Find where the partials of a struck string lie beside its first, for analyze_harmonics.

    Those that can be heard below HIGHEST are measured, up to the first that is none; the others follow from
    how stiff the string is.

    Args:
        sound: one note.
        pitch: of its first partial in Hz, known within 3 %.

    Returns:
        Frequency of every partial at pitch 1, (N_PARTIALS,), and the first partial's frequency in Hz.

    Raises:
        ValueError: the sound is too short, or fewer than 4 partials lie below HIGHEST.

    Source: Fletcher, "Normal Vibration Frequencies of a Stiff Piano String", 1964: partial k lies at
    k sqrt(1 + B k²). Tests: against strings of known stiffness. Notebook: 10_scaling_up.
    """
    count = min(N_PARTIALS, int(min(HIGHEST, sound.sample_rate / 2) / (1.03 * pitch)))
    if count < _FITTED_FROM:
        raise ValueError(
            f"{sound.label}: only {count} partials of {pitch:g} Hz lie below {HIGHEST:g} Hz, too few to tell "
            "how a string is stretched; take its partials as multiples"
        )
    found = partials(sound, pitch, count)
    ratios = found / found[0]
    uneven = np.flatnonzero(np.abs(np.diff(ratios, 2)) > _EVEN)
    count = max(int(uneven[0]) + 2, _FITTED_FROM) if len(uneven) else count
    ratios, k = ratios[:count], HARMONIC[_FITTED_FROM - 1 : count]
    stiffness = max(float(np.median(((ratios[_FITTED_FROM - 1 :] / k) ** 2 - 1) / k**2)), 0.0)
    stretched = HARMONIC * np.sqrt((1 + stiffness * HARMONIC**2) / (1 + stiffness))
    return np.concatenate([ratios, stretched[count:]]), float(found[0])
