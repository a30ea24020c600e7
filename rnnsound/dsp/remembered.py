"""Measures that remember their last sounds: a slider asks again and again about the same one."""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b

import numpy as np

from rnnsound.dsp.sound import Sound

_KEPT = 16  # results


def remembered(measure: Callable) -> Callable:
    """Let a measure of a sound keep its last results.

    A sound is known again by its samples and their rate, so that one that was changed is measured anew.

    Args:
        measure: a Sound, and settings that can be hashed -> an array, or several in a tuple.

    Returns:
        Callable: the same; the arrays are the caller's own. Its forget() forgets all results.

    Tests: tests/test_remembered.py.
    """
    known: dict[tuple, tuple[np.ndarray, ...] | np.ndarray] = {}

    @wraps(measure)
    def asked(sound: Sound, *settings, **named):
        samples = blake2b(np.ascontiguousarray(sound.samples), digest_size=16).digest()
        key = (samples, len(sound), sound.sample_rate, settings, *sorted(named.items()))
        if (found := known.get(key)) is None:
            found = measure(sound, *settings, **named)
            known[key] = found
            for old in list(known)[:-_KEPT]:  # dicts keep the order
                known.pop(old, None)
        return tuple(one.copy() for one in found) if isinstance(found, tuple) else found.copy()

    asked.forget = known.clear
    return asked
