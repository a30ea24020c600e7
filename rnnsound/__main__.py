"""The command line: the same engine as the notebooks', for scripts and servers.

Exit status 0: done; 1: failed; 2: unusable arguments. An error is one sentence on standard error.
"""

import argparse
import math
import os
import sys
import time
import warnings
from dataclasses import fields
from pathlib import Path

from rnnsound import terminal, transforming
from rnnsound.check import check
from rnnsound.config import PARTS, Config, ModelConfig, VocoderConfig, explain
from rnnsound.dsp import recordings
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.presets import PRESETS
from rnnsound.tabulate import FrameOutOfRange, tabulate
from rnnsound.terminal import UnusableArgument

_OUT_OF_MEMORY = "out of memory; use a shorter sound, a smaller network, or a computer with more of it"
_SECONDS = 2.0  # between two checkpoints of a training, at least


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
    _add_options(command, VocoderConfig)
    command.add_argument("--frame", type=int, metavar="K", help="only this frame, counted from 0")
    command.add_argument("--csv", action="store_true", help="comma-separated values instead of a table")
    command.set_defaults(run=_analyze)

    command = commands.add_parser("train", help="teach a network a sound")
    command.add_argument(
        "sounds", metavar="SOUND", nargs="+", help=f"audio files, or of {', '.join(recordings.NAMES)}"
    )
    command.add_argument(
        "-o", "--output", metavar="MODEL.pt", type=Path, required=True, help="where to keep it"
    )
    command.add_argument("--preset", choices=PRESETS, help="settings to start from (sine)")
    for part in PARTS:
        _add_options(command, part)
    command.add_argument("--device", default="cpu", help="where to train: cpu, cuda, mps (cpu)")
    command.add_argument(
        "--resume", action="store_true", help="go on with the model that is there, up to --epochs in all"
    )
    command.set_defaults(run=_train)

    command = commands.add_parser("generate", help="let a trained network make sound")
    command.add_argument("model", metavar="MODEL.pt", type=Path)
    command.add_argument(
        "-o", "--output", metavar="OUT.wav", type=Path, required=True, help="the sound to write"
    )
    command.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long (5)")
    command.add_argument(
        "--variance-scale",
        type=_curve,
        default=[1.0],
        metavar="S[,S…]",
        help="1 draws as learned (1); several are a curve, spread evenly over the sound",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="another seed is another take (0)")
    command.add_argument("--resets-per-second", type=float, default=0.0, metavar="R", help="how often (0)")
    command.add_argument("--reset-source", metavar="SOUND", help="recording whose frames the resets put in")
    command.set_defaults(run=_generate)

    transforming.add_to(commands)
    return parser


def _curve(text: str) -> list[float]:
    """Read the points of a curve: 1,4,0.1."""
    try:
        return [float(point) for point in text.split(",")]
    except ValueError:
        message = f"{text!r} is not a number, nor numbers with commas between them, such as 1,4,0.1"
        raise argparse.ArgumentTypeError(message) from None


def _add_options(command: argparse.ArgumentParser, part: type[Config]) -> None:
    """Add an option for every setting of a config: its name, its type and what its docstring says."""
    group = command.add_argument_group(part.__doc__.partition("\n")[0].rstrip("."))
    meanings = explain(part)
    for setting in fields(part):
        meaning = meanings[setting.name].rstrip(".").replace("%", "%%")
        if setting.type is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        else:
            kind = {"type": setting.type, "metavar": {int: "N", float: "X", str: "WORD"}[setting.type]}
        group.add_argument(option_name(setting.name), dest=setting.name, default=None, help=meaning, **kind)


def option_name(setting: str) -> str:
    """Return the option that sets a setting: --components for n_components, --layers for num_layers."""
    return "--" + setting.removeprefix("n_").removeprefix("num_").replace("_", "-")


def _given(options: argparse.Namespace, *parts: type[Config]) -> dict:
    """Return the settings that were given on the command line."""
    names = [setting.name for part in parts for setting in fields(part)]
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _check(options: argparse.Namespace) -> int:
    wrong = 0
    for finding in check():
        print(finding, flush=True)
        wrong += not finding.ok
    print("all is well: open the first notebook" if not wrong else f"{wrong} to mend, see WRONG above")
    return 1 if wrong else 0


def _analyze(options: argparse.Namespace) -> int:
    try:
        given = {"fft_size": VocoderConfig.fft_size} | _given(options, VocoderConfig)
        vocoder = PhaseVocoder(**{"hop_size": given["fft_size"] // 4} | given)  # all components, unless given
    except ValueError as error:
        raise UnusableArgument(error) from error
    try:
        tabulate(options.sound, vocoder, options.frame, options.csv)
    except FrameOutOfRange as error:
        raise UnusableArgument(error) from error
    return 0


def _train(options: argparse.Namespace) -> int:
    # PyTorch takes seconds to start: it is loaded only where it is needed.
    from rnnsound.fitting import UnfamiliarRecording
    from rnnsound.nn.stopping import stoppable
    from rnnsound.sound_model import SoundModel

    terminal.check_outputs(options.output, options.sounds)
    resume = SoundModel.load(options.output) if options.resume else None
    config = _config(options, resume.config if resume else None)
    sounds = [recordings.find(name) for name in options.sounds]
    keep = _Checkpoints(options.output)
    warnings.simplefilter("error", UnfamiliarRecording)
    with stoppable():  # a signal neither cuts off the training nor the saving of what it learned
        try:
            model = SoundModel.fit(sounds, config, resume=resume, device=options.device, on_epoch=keep)
        except UnfamiliarRecording as error:
            raise UnusableArgument(error) from error
        except ValueError:  # a training that diverged is as it was after its last good epoch
            keep.save_last()
            raise
        model.save(options.output)
    history = model.history
    if history.interrupted:
        terminal.ignore_interrupts()
    said = f"{len(history.losses)} epochs in {history.seconds:.1f} s"
    if history.losses:
        said += f", loss {history.losses[-1]:.2f} ({history.unit}), error {history.errors[-1]:.3f}"
    terminal.say(f"{options.output}: {model.network.n_parameters:,} parameters, {said}", sys.stdout)
    return 128 + history.stopped_by if history.interrupted else 0


class _Checkpoints:
    """Saves a model while it is trained, after its first epoch and then every few seconds."""

    def __init__(self, path: Path):
        self.path, self.saved, self.model, self.failed = path, -math.inf, None, False

    def __call__(self, model):
        self.model = model
        if time.monotonic() - self.saved > _SECONDS:
            try:
                model.save(self.path)
            except OSError as error:
                if self.saved < 0:  # the very first: better to know now than after the training
                    raise
                if not self.failed:
                    terminal.say(f"{error}; training goes on, and the last checkpoint stays")
                self.failed = True
            self.saved = time.monotonic()

    def save_last(self):
        if self.model is not None:
            self.model.save(self.path)


def _config(options: argparse.Namespace, resumed: ModelConfig | None) -> ModelConfig:
    """Return the preset's config, or that of the model to go on from, with the settings that were given."""
    start = resumed if resumed and not options.preset else PRESETS[options.preset or "sine"]
    try:
        return start.replace(**_given(options, *PARTS))
    except ValueError as error:
        raise UnusableArgument(error) from error


def _generate(options: argparse.Namespace) -> int:
    from rnnsound.sound_model import SoundModel

    terminal.check_outputs(
        options.output, [options.model, *([options.reset_source] if options.reset_source else [])]
    )
    model = SoundModel.load(options.model)
    source = recordings.find(options.reset_source) if options.reset_source else None
    try:
        sound = model.generate(
            options.seconds, options.variance_scale, options.seed, options.resets_per_second, source
        )
    except ValueError as error:
        raise UnusableArgument(error) from error
    terminal.write_and_tell(sound, options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
