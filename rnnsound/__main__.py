"""The command line: the same engine as the notebooks', for scripts and servers.

Exit status 0: done; 1: failed; 2: unusable arguments. An error is one sentence on standard error.
"""

import argparse
import os
import sys
import warnings

from rnnsound import generating, learning, terminal, transforming
from rnnsound.check import check
from rnnsound.config import VocoderConfig
from rnnsound.dsp import recordings
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.options import add_options, given
from rnnsound.tabulate import FrameOutOfRange, tabulate
from rnnsound.terminal import UnusableArgument

_OUT_OF_MEMORY = "out of memory; use a shorter sound, a smaller network, or a computer with more of it"


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UnusableArgument(f"{message}; '{self.prog} --help' lists what there is")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    with terminal.streams(), terminal.ending_cleanly():
        warnings.showwarning = lambda message, *_: terminal.say(message)
        try:
            options = _parser().parse_args(arguments)
            status = options.run(options)
            sys.stdout.flush()
            return status
        except UnusableArgument as error:
            terminal.say(error)
            return 2
        except BrokenPipeError:  # the reader of our output, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (OSError, ValueError) as error:
            terminal.say(error)
            return 1
        except MemoryError:
            terminal.say(_OUT_OF_MEMORY)
            return 1
        except RuntimeError as error:
            if "allocate memory" not in str(error) and "out of memory" not in str(
                error
            ):  # as PyTorch says it
                raise
            terminal.say(_OUT_OF_MEMORY)
            return 1
        except KeyboardInterrupt:
            terminal.say("interrupted")
            return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rnnsound", description="Teach a small recurrent network to make sound.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    command = commands.add_parser("check", help="what is installed, what is wrong, how to mend it")
    command.set_defaults(run=_check)

    command = commands.add_parser(
        "analyze",
        help="magnitude and frequency of a sound's components",
        epilog="Unless said otherwise, frames are 512 samples, a quarter of that apart, and keep all bins.",
    )
    command.add_argument(
        "sound", metavar="SOUND", help=f"an audio file, or one of {', '.join(recordings.NAMES)}"
    )
    add_options(command, VocoderConfig)
    command.add_argument("--frame", type=int, metavar="K", help="only this frame, counted from 0")
    command.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    command.set_defaults(run=_analyze)

    learning.add_to(commands)
    generating.add_to(commands)
    transforming.add_to(commands)
    return parser


def _check(options: argparse.Namespace) -> int:
    wrong = 0
    for finding in check():
        print(finding, flush=True)
        wrong += not finding.ok
    print("all is well: open the first notebook" if not wrong else f"{wrong} to mend, see WRONG above")
    return 1 if wrong else 0


def _analyze(options: argparse.Namespace) -> int:
    try:
        sizes = {"fft_size": VocoderConfig.fft_size} | given(options, VocoderConfig)
        vocoder = PhaseVocoder(**{"hop_size": sizes["fft_size"] // 4} | sizes)  # all components, unless given
    except ValueError as error:
        raise UnusableArgument(error) from error
    try:
        tabulate(options.sound, vocoder, options.frame, options.csv)
    except FrameOutOfRange as error:
        raise UnusableArgument(error) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
