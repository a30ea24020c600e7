"""The command `transform`: a sound stretched, shifted or held, or two made into one, as a new file."""

import argparse
from pathlib import Path

from rnnsound.dsp import recordings
from rnnsound.dsp.crossing import cross, morph
from rnnsound.dsp.stretch import LARGEST, SMALLEST, stretch
from rnnsound.dsp.transforms import freeze, shift
from rnnsound.terminal import UnusableArgument, check_outputs, write_and_tell


def add_to(commands) -> None:
    """Add the command, and one below it for every way to transform a sound.

    Args:
        commands: what ArgumentParser.add_subparsers gave.
    """
    parser = commands.add_parser("transform", help="stretch, shift, hold, morph or cross recordings")
    ways = parser.add_subparsers(metavar="WAY", required=True)

    way = _way(ways, "stretch", "let it last longer or shorter at the same pitch", 1)
    meaning = f"times as long, {SMALLEST:g} to {LARGEST:g}"
    way.add_argument("--factor", type=float, required=True, metavar="A", help=meaning)
    way.set_defaults(make=lambda options, sound: stretch(sound, options.factor))

    way = _way(ways, "shift", "change its pitch; it stays as long", 1)
    meaning = "up, or down if below 0; -24 to 24"
    way.add_argument("--semitones", type=float, required=True, metavar="N", help=meaning)
    way.add_argument("--keep-formants", action="store_true", help="leave the spectral envelope where it is")
    way.set_defaults(make=lambda options, sound: shift(sound, options.semitones, options.keep_formants))

    way = _way(ways, "freeze", "hold one moment of it", 1)
    way.add_argument("--at", type=float, required=True, metavar="T", help="the moment, in seconds")
    way.add_argument("--seconds", type=float, required=True, metavar="S", help="how long, up to 600")
    way.set_defaults(make=lambda options, sound: freeze(sound, options.at, options.seconds))

    way = _way(ways, "morph", "go part of the way from the first to the second", 2)
    meaning = "0 is the first, 1 the second (0.5)"
    way.add_argument("--amount", type=float, default=0.5, metavar="X", help=meaning)
    way.set_defaults(make=lambda options, *sounds: morph(*sounds, options.amount))

    way = _way(ways, "cross", "put the changes of the second on the first", 2)
    meaning = "0 is the first as it is, 1 has all of the second's changes (1)"
    way.add_argument("--amount", type=float, default=1.0, metavar="X", help=meaning)
    way.set_defaults(make=lambda options, *sounds: cross(*sounds, options.amount))


def _way(ways, name: str, meaning: str, n_sounds: int) -> argparse.ArgumentParser:
    way = ways.add_parser(
        name,
        help=meaning,
        epilog="Two sounds are brought to the sample rate of the first." if n_sounds > 1 else None,
    )
    known = f"an audio file, or one of {', '.join(recordings.NAMES)}"
    way.add_argument("sounds", metavar="SOUND", nargs=n_sounds, help=known)
    way.add_argument("-o", "--output", metavar="OUT.wav", type=Path, required=True, help="the sound to write")
    way.set_defaults(run=_transform)
    return way


def _transform(options: argparse.Namespace) -> int:
    check_outputs(options.output, options.sounds)
    sounds = [recordings.find(name) for name in options.sounds]
    rate = sounds[0].sample_rate
    sounds = [sound.resample(rate) for sound in sounds]
    try:
        made = options.make(options, *sounds)
    except ValueError as error:
        raise UnusableArgument(error) from error
    if len(made) == 0:
        raise UnusableArgument(f"{options.output}: not a single sample would be left; use a longer sound")
    write_and_tell(made, options.output)
    return 0
