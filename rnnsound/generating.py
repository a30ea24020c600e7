"""The command `generate`: a trained network makes sound, of one recording or as an instrument."""

import argparse
from pathlib import Path

from rnnsound.container import read_kind
from rnnsound.dsp import recordings
from rnnsound.dsp.harmonics import to_hertz
from rnnsound.dsp.note_names import note_frequency
from rnnsound.dsp.sound import Sound
from rnnsound.terminal import UnusableArgument, check_outputs, write_and_tell


def add_to(commands) -> None:
    """Add the command.

    Args:
        commands: what ArgumentParser.add_subparsers gave.
    """
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
    group = command.add_argument_group("A model of one recording")
    group.add_argument("--resets-per-second", type=float, metavar="R", help="how often (0)")
    group.add_argument("--reset-source", metavar="SOUND", help="recording whose frames the resets put in")
    group = command.add_argument_group("A model of instruments, trained on a folder")
    group.add_argument(
        "--pitch", metavar="NOTE|HZ", help="such as F4, F#4 or 349.2 (the middle of the instrument's range)"
    )
    group.add_argument(
        "--instrument",
        metavar="NAME",
        help="its name (the first); or several, and how much of each: clarinet=0.5,flute=0.5",
    )
    command.set_defaults(run=_generate)


def _curve(text: str) -> list[float]:
    """Read the points of a curve: 1,4,0.1."""
    try:
        return [float(point) for point in text.split(",")]
    except ValueError:
        message = f"{text!r} is not a number, nor numbers with commas between them, such as 1,4,0.1"
        raise argparse.ArgumentTypeError(message) from None


def _generate(options: argparse.Namespace) -> int:
    source = [options.reset_source] if options.reset_source else []
    check_outputs(options.output, [options.model, *source])
    # PyTorch takes seconds to start: it is loaded only where it is needed.
    from rnnsound.instrument_model import KIND

    play = _play_instrument if read_kind(options.model) == KIND else _run_freely
    write_and_tell(play(options), options.output)
    return 0


def _run_freely(options: argparse.Namespace) -> Sound:
    """Let a model of one recording make sound."""
    from rnnsound.sound_model import SoundModel

    model = SoundModel.load(options.model)
    if options.pitch or options.instrument:
        raise UnusableArgument(
            f"{options.model}: this model learned one sound, so --pitch and --instrument are of no use; "
            "leave them out, or train a model on a folder of notes"
        )
    source = recordings.find(options.reset_source) if options.reset_source else None
    resets = options.resets_per_second or 0.0
    try:
        return model.generate(options.seconds, options.variance_scale, options.seed, resets, source)
    except ValueError as error:
        raise UnusableArgument(error) from error


def _play_instrument(options: argparse.Namespace) -> Sound:
    """Let a model of instruments play a note."""
    from rnnsound.instrument_model import InstrumentModel

    model = InstrumentModel.load(options.model)
    if options.reset_source or options.resets_per_second is not None:
        raise UnusableArgument(
            f"{options.model}: this model plays instruments, so --resets-per-second and --reset-source are "
            "of no use; leave them out"
        )
    instrument = _instrument(options.instrument, model.ranges)
    pitch = _middle(instrument, model.ranges) if options.pitch is None else _hertz(options.pitch)
    try:
        return model.generate(options.seconds, pitch, instrument, options.variance_scale, options.seed)
    except ValueError as error:
        raise UnusableArgument(error) from error


def _instrument(text: str | None, known: dict[str, tuple[float, float]]) -> dict[str, float]:
    """Return how much there is to be of each instrument, by name."""
    if text is None or text in known:
        return {text or next(iter(known)): 1.0}
    if "=" not in text:
        return {text: 1.0}  # the model says which names it knows
    try:
        pairs = [part.rpartition("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, _, share in pairs}
    except ValueError:
        raise UnusableArgument(
            f"--instrument {text}: this is no name, nor names and shares; write clarinet=0.5,flute=0.5"
        ) from None


def _middle(instrument: dict[str, float], known: dict[str, tuple[float, float]]) -> float:
    """Return the frequency of the note in the middle of the instruments' ranges."""
    ends = [end for name in instrument for end in known.get(name, (69.0, 69.0))]
    return float(to_hertz(round((min(ends) + max(ends)) / 2)))


def _hertz(text: str) -> float:
    """Return the frequency that a note's name or a number means."""
    if (frequency := note_frequency(text)) is not None:
        return frequency
    try:
        return float(text)
    except ValueError:
        raise UnusableArgument(
            f"--pitch {text}: this is neither a note nor a frequency; write F4, F#4, Bb3 or 349.2"
        ) from None
