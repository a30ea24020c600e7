"""The command line: the same engine as the notebooks', for scripts and servers.

Exit status 0: done; 1: failed; 2: unusable arguments. An error is one sentence on standard error.
"""

import argparse
import csv
import os
import sys
import warnings

import numpy as np

from rnnsound import recordings
from rnnsound.check import check
from rnnsound.frames import Frames
from rnnsound.measures import level
from rnnsound.vocoder import PhaseVocoder


class UnusableArgument(Exception):
    """An argument that cannot work, whatever the files hold."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UnusableArgument(f"{message}; '{self.prog} --help' shows what can be asked for")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    warnings.showwarning = lambda message, *_: print(f"rnnsound: {message}", file=sys.stderr)
    try:
        options = _parser().parse_args(arguments)
        status = options.run(options)
        sys.stdout.flush()
        return status
    except UnusableArgument as error:
        print(f"rnnsound: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError) as error:
        print(f"rnnsound: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print("rnnsound: out of memory; use a shorter sound or a larger --hop-size", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("rnnsound: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rnnsound", description="Teach a small recurrent network to make sound.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    command = commands.add_parser("check", help="what is installed, what is wrong, how to mend it")
    command.set_defaults(run=_check)

    command = commands.add_parser("analyze", help="magnitude and frequency of a sound's components")
    command.add_argument(
        "sound", metavar="SOUND", help=f"an audio file, or one of {', '.join(recordings.NAMES)}"
    )
    _add_vocoder_options(command)
    command.add_argument("--frame", type=int, metavar="K", help="only this frame, counted from 0")
    command.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    command.set_defaults(run=_analyze)
    return parser


def _add_vocoder_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--fft-size", type=int, default=512, metavar="N", help="samples in a frame (512)")
    command.add_argument("--hop-size", type=int, metavar="N", help="samples between frames (a quarter frame)")
    command.add_argument("--components", type=int, metavar="N", help="bins kept, from 0 up (all)")


def _vocoder(options: argparse.Namespace) -> PhaseVocoder:
    """Make the vocoder the options ask for; what it refuses is an unusable argument."""
    try:
        hop_size = options.fft_size // 4 if options.hop_size is None else options.hop_size
        return PhaseVocoder(options.fft_size, hop_size, options.components)
    except ValueError as error:
        raise UnusableArgument(error) from error


def _check(options: argparse.Namespace) -> int:
    findings = check()
    for finding in findings:
        print(finding)
    wrong = sum(not finding.ok for finding in findings)
    print("all is well: open the first notebook" if not wrong else f"{wrong} to mend, see WRONG above")
    return 1 if wrong else 0


def _analyze(options: argparse.Namespace) -> int:
    vocoder = _vocoder(options)
    sound = recordings.find(options.sound)
    frames = vocoder.analyze(sound)
    if options.frame is not None and not 0 <= options.frame < len(frames):
        raise UnusableArgument(
            f"--frame {options.frame}: {options.sound} has {len(frames)} frames; use 0 to {len(frames) - 1}"
        )
    if options.csv:
        _write_csv(frames, options.frame)
    else:
        print(f"{sound.label}: {sound.duration:.3f} s at {sound.sample_rate} Hz, level {level(sound):.1f} dB")
        print(frames)
        _print_table(frames, _loudest(frames) if options.frame is None else options.frame)
    return 0


def _write_csv(frames: Frames, only: int | None) -> None:
    """Write one frame, or all of them with a column that counts them."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["component", "magnitude", "frequency"]
    writer.writerow(columns if only is not None else ["frame", *columns])
    for t in range(len(frames)) if only is None else [only]:
        for k in range(frames.n_components):
            row = [k, f"{frames.magnitude[t, k]:.6f}", f"{frames.frequency[t, k]:.6f}"]
            writer.writerow(row if only is not None else [t, *row])


def _loudest(frames: Frames) -> int:
    return int(np.argmax(np.sum(frames.magnitude**2, axis=1)))


def _print_table(frames: Frames, frame: int) -> None:
    print(f"frame {frame}, {frames.times[frame]:.3f} s")
    print(f"{'component':>9}  {'center (Hz)':>12}  {'magnitude':>12}  {'frequency (Hz)':>14}")
    for k, center in enumerate(frames.bin_centers):
        values = frames.magnitude[frame, k], frames.frequency[frame, k]
        print(f"{k:9d}  {center:12.2f}  {values[0]:12.4f}  {values[1]:14.4f}")


if __name__ == "__main__":
    sys.exit(main())
