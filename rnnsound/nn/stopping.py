"""Stop: a signal ends a training cleanly, from the first moment on, however often it comes.

Python turns Ctrl-C, and a notebook's stop button, into an exception that may strike anywhere. Here it only
sets a flag, which the training looks at before each step. Notebook: 04_sine_model.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stop:
    """Whether training should end, and which signal said so.

    Args:
        signal: its number; None: go on.
    """

    def __init__(self):
        self.signal: int | None = None

    def __bool__(self):
        return self.signal is not None


_active: list[Stop] = []


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Offer a Stop that signals set, instead of interrupting; one inside another is the same.

    Only the main thread can be asked to stop in this way; in another the Stop is never set.
    """
    if _active or threading.current_thread() is not threading.main_thread():
        yield _active[0] if _active else Stop()
        return
    stop = Stop()

    def set_stop(number, frame):
        stop.signal = number

    _active.append(stop)
    # What is ignored, such as SIGHUP under nohup, stays ignored; None is a handler that Python did not set.
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, set_stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _active.clear()
