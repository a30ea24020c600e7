"""The command line: the same engine as the notebooks', for scripts and servers.

Exit status 0: done; 1: failed; 2: unusable arguments. An error is one sentence on standard error.
"""

import argparse
import csv
import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from rnnsound.check import check
from rnnsound.dsp import recordings
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.measures import level
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.presets import PRESETS, Settings

# Options of the train command -> fields of Settings.
_SETTINGS = {
    "fft-size": "fft_size",
    "hop-size": "hop_size",
    "components": "n_components",
    "hidden-size": "hidden_size",
    "layers": "num_layers",
    "mixtures": "n_mixtures",
    "sequence-length": "sequence_length",
    "batch-size": "batch_size",
    "representation": "representation",
    "magnitude": "magnitude",
    "optimizer": "optimizer",
    "learning-rate": "learning_rate",
    "epochs": "epochs",
    "seed": "seed",
}


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
    command = commands.add_parser("train", help="teach a network a sound")
    command.add_argument(
        "sounds", metavar="SOUND", nargs="+", help=f"audio files, or of {', '.join(recordings.NAMES)}"
    )
    command.add_argument(
        "-o", "--output", metavar="MODEL.pt", type=Path, required=True, help="where to keep it"
    )
    command.add_argument("--preset", choices=PRESETS, help="settings to start from (sine)")
    for name, field in _SETTINGS.items():
        kind = Settings.__dataclass_fields__[field].type
        command.add_argument(f"--{name}", dest=field, type=kind, metavar="N" if kind is not str else "WORD")
    command.add_argument("--device", default="cpu", help="where to train: cpu, cuda, mps (cpu)")
    command.add_argument("--resume", action="store_true", help="go on with the model that is there")
    command.set_defaults(run=_train)

    command = commands.add_parser("generate", help="let a trained network make sound")
    command.add_argument("model", metavar="MODEL.pt", type=Path)
    command.add_argument(
        "-o", "--output", metavar="OUT.wav", type=Path, required=True, help="the sound to write"
    )
    command.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long (5)")
    command.add_argument(
        "--variance-scale", type=float, default=1.0, metavar="S", help="1 draws as learned (1)"
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="another seed is another take (0)")
    command.add_argument("--resets-per-second", type=float, default=0.0, metavar="R", help="how often (0)")
    command.add_argument("--reset-source", metavar="SOUND", help="recording whose frames the resets put in")
    command.set_defaults(run=_generate)
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


def _train(options: argparse.Namespace) -> int:
    from rnnsound.sound_model import SoundModel  # PyTorch takes seconds to start: only where it is needed

    if not options.output.parent.is_dir() or options.output.is_dir():
        raise UnusableArgument(
            f"{options.output}: no model can be kept there; name a file in a folder that exists"
        )
    if any(
        Path(name).exists() and options.output.exists() and options.output.samefile(name)
        for name in options.sounds
    ):
        raise UnusableArgument(f"{options.output}: the model would replace the recording; name another file")
    resume = SoundModel.load(options.output) if options.resume else None
    start = resume.settings if resume and not options.preset else PRESETS[options.preset or "sine"]
    given = {field: getattr(options, field) for field in _SETTINGS.values()}
    try:
        settings = replace(start, **{field: value for field, value in given.items() if value is not None})
        PhaseVocoder(settings.fft_size, settings.hop_size, settings.n_components)
    except ValueError as error:
        raise UnusableArgument(error) from error
    sounds = [recordings.find(name) for name in options.sounds]
    sound_model = SoundModel.fit(sounds, settings, resume=resume, device=options.device)
    sound_model.save(options.output)
    history = sound_model.history
    unit = " nats per frame" if settings.loss == "mixture" else ""
    print(
        f"{options.output}: {sound_model.model.n_parameters:,} parameters, "
        f"{len(history.losses)} epochs in {history.seconds:.1f} s"
        + (f", loss {history.losses[-1]:.2f}{unit}" if history.losses else "")
        + (", interrupted: kept what was learned" if history.interrupted else "")
    )
    return 0


def _generate(options: argparse.Namespace) -> int:
    from rnnsound.sound_model import SoundModel

    sound_model = SoundModel.load(options.model)
    source = recordings.find(options.reset_source) if options.reset_source else None
    try:
        sound = sound_model.generate(
            options.seconds, options.variance_scale, options.seed, options.resets_per_second, source
        )
    except ValueError as error:
        raise UnusableArgument(error) from error
    sound.write(options.output)
    print(f"{options.output}: {sound.duration:.3f} s at {sound.sample_rate} Hz, level {level(sound):.1f} dB")
    return 0


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
