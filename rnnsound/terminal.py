"""Where the command line says things and puts what it made: harmless text, clean ends, streams that hold."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rnnsound.dsp import recordings
from rnnsound.dsp.measures import level
from rnnsound.dsp.outputs import check_output
from rnnsound.dsp.sound import Sound


class UnusableArgument(Exception):
    """An argument that cannot work, whatever the files hold."""


def say(text: object, stream: TextIO | None = None) -> None:
    """Print one line: on standard error, after the program's name, or on another stream as it is.

    File names may hold anything; what is not printable is written as Python would write it in a string.
    """
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    print(line if stream else f"rnnsound: {line}", file=stream or sys.stderr)


def check_outputs(output: Path, inputs: list[str | Path]) -> None:
    """Check that an output can be written and replaces neither an input nor a bundled recording.

    Raises:
        UnusableArgument: it cannot, or it would.
    """
    try:
        check_output(output, [*inputs, *recordings.files()])
    except (OSError, ValueError) as error:
        raise UnusableArgument(error) from error


def write_and_tell(sound: Sound, output: Path) -> None:
    """Write a sound that was made, and print how long and how loud it is, and what was done to it.

    Raises:
        OSError, ValueError: as for Sound.write.
    """
    if sound.remark:
        say(sound.remark)
    sound.write(output)
    said = f"{sound.duration:.3f} s at {sound.sample_rate} Hz, level {level(sound):.1f} dB"
    say(f"{output}: {said}", sys.stdout)


class _Unbreakable(io.TextIOBase):
    """Standard error that never fails: what can no longer be said is left unsaid, and the work goes on."""

    def __init__(self, stream: TextIO | None):
        self.stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.write(text)
            self.stream.flush()
        return len(text)

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Give the program a standard error that never fails, and a standard output even where there is none.

    Letters that the terminal does not know are written as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with contextlib.ExitStack() as stack:
        if sys.stdout is None:
            stack.enter_context(contextlib.redirect_stdout(stack.enter_context(open(os.devnull, "w"))))
        stack.enter_context(contextlib.redirect_stderr(_Unbreakable(sys.stderr)))
        yield


@contextlib.contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let signals that end the program run its clean-up, so that no temporary file is left.

    After a first Ctrl-C the program is ending, and further ones are ignored.
    """

    def end(number, frame):
        raise SystemExit(128 + number)

    def interrupt(number, frame):
        ignore_interrupts()
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {"SIGTERM": end, "SIGHUP": end, "SIGINT": interrupt}
        for name, handler in handlers.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in (
                signal.SIG_DFL,
                signal.default_int_handler,
            ):
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, handler)


def ignore_interrupts() -> None:
    """Pay no attention to further Ctrl-C: one ends the program, and its end is not to be cut off."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
