"""The commands `corpus` and `train`: a network learns a sound, or all notes in a folder."""

import argparse
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnnsound import terminal
from rnnsound.config import PARTS, CorpusConfig, FeatureConfig, ModelConfig, RenderConfig, VocoderConfig
from rnnsound.container import read_kind
from rnnsound.dsp import recordings
from rnnsound.features.corpus import LISTING, audio_files, can_be_listed, list_corpus, write_corpus
from rnnsound.features.corpus_cache import measure_corpus
from rnnsound.options import add_options, given, option_name
from rnnsound.presets import INSTRUMENTS, PRESETS
from rnnsound.terminal import UnusableArgument, check_outputs, say

if TYPE_CHECKING:
    from rnnsound.features.note_table import NoteTable
    from rnnsound.instrument_model import InstrumentModel
    from rnnsound.nn.team import Team
    from rnnsound.sound_model import SoundModel

_SECONDS = 2.0  # between two checkpoints of a training, at least
_OF_ONE_SOUND = VocoderConfig, FeatureConfig, RenderConfig


def add_to(commands) -> None:
    """Add the commands.

    Args:
        commands: what ArgumentParser.add_subparsers gave.
    """
    command = commands.add_parser(
        "corpus",
        help="list a folder's notes in corpus.json, their pitches measured",
        epilog="A note's instrument is the name of the folder it is in, such as flute for "
        "FOLDER/flute/F4.wav; corpus.json may be corrected by hand.",
    )
    command.add_argument("folder", metavar="FOLDER", type=Path, help="that holds recordings of single notes")
    command.set_defaults(run=_corpus)

    command = commands.add_parser(
        "train",
        help="teach a network a sound, or the notes in a folder",
        epilog="With a folder, --preset and the options of frames and rendering are not used: its notes are "
        "all analyzed alike.",
    )
    known = f"audio files, or of {', '.join(recordings.NAMES)}; or one folder of recorded notes"
    command.add_argument("sounds", metavar="SOUND|FOLDER", nargs="+", help=known)
    command.add_argument(
        "-o", "--output", metavar="MODEL.pt", type=Path, required=True, help="where to keep it"
    )
    command.add_argument("--preset", choices=PRESETS, help="settings to start from (sine)")
    for part in PARTS:
        add_options(command, part)
    command.add_argument("--device", default="cpu", help="where to train: cpu, cuda, mps (cpu)")
    command.add_argument(
        "--resume", action="store_true", help="go on with the model that is there, up to --epochs in all"
    )
    command.set_defaults(run=_train)


def _corpus(options: argparse.Namespace) -> int:
    _list(options.folder)
    return 0


def _list(folder: Path) -> None:
    """Measure a folder's notes, write corpus.json, and say what was found."""
    can_be_listed(folder)
    listing = list_corpus(folder)
    write_corpus(folder, listing.entries)
    for sentence in (*listing.remarks, *listing.left_out):
        say(sentence)
    names = [entry.instrument for entry in listing.entries]
    counts = ", ".join(f"{names.count(name)} of {name}" for name in sorted(set(names)))
    n_left = len(listing.left_out)
    left_out = f"; {n_left} of {len(names) + n_left} recordings left out" if n_left else ""
    say(f"{folder / LISTING}: {len(names)} notes, {counts}{left_out}", sys.stdout)


def _train(options: argparse.Namespace) -> int:
    # PyTorch takes seconds to start: it is loaded only where it is needed.
    from rnnsound.nn.team import ProcessLost, is_launched, joined

    folders = [name for name in options.sounds if name not in recordings.NAMES and Path(name).is_dir()]
    if folders and len(options.sounds) > 1:
        raise UnusableArgument(
            f"{folders[0]}: a folder is learned by itself; name one that holds all notes, or only files"
        )
    if not folders:
        if is_launched():
            return _refuse_launch(options.sounds[0])
        return _train_sounds(options)
    try:
        with joined(options.device) as team:
            return _train_folder(options, Path(folders[0]), team)
    except ProcessLost as error:
        raise OSError(str(error)) from error


def _refuse_launch(sound: str) -> int:
    """Say once that several processes cannot share one recording."""
    if os.environ.get("RANK", "0") != "0":
        return 2
    raise UnusableArgument(
        f"{sound}: one recording is learned by one process; leave out torchrun, or name a folder of notes"
    )


def _train_sounds(options: argparse.Namespace) -> int:
    """Teach a network one recording, or several that belong together."""
    from rnnsound.fitting import UnfamiliarRecording
    from rnnsound.nn.stopping import stoppable
    from rnnsound.sound_model import SoundModel

    check_outputs(options.output, options.sounds)
    resume = SoundModel.load(_resumable(options.output, "")) if options.resume else None
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
    return _tell(options.output, model)


def _train_folder(options: argparse.Namespace, folder: Path, team: "Team") -> int:
    """Teach a network the notes in a folder, together with the other processes of a team."""
    from rnnsound.instrument_model import InstrumentModel
    from rnnsound.nn.stopping import stoppable

    if not team.leads:
        warnings.simplefilter("ignore")  # the first process says it
    table, config, resume = _in_turn(team, lambda: _prepared(options, folder, team.leads))
    learned, held_out = table.split(config.train.seed)
    keep = _Checkpoints(options.output)
    with stoppable():
        try:
            model = InstrumentModel.fit(learned, config, held_out, resume, options.device, on_epoch=keep)
        except ValueError:
            keep.save_last()
            if not team.leads:
                raise SystemExit(1) from None
            raise
        if team.leads:
            model.save(options.output)
    if team.leads:
        return _tell(options.output, model)
    return 128 + model.history.stopped_by if model.history.interrupted else 0


def _prepared(
    options: argparse.Namespace, folder: Path, leads: bool
) -> "tuple[NoteTable, CorpusConfig, InstrumentModel | None]":
    """Return a folder's notes, and how they are to be learned; the first process measures and lists them."""
    from rnnsound.instrument_model import KIND, InstrumentModel

    useless = ["--preset"] if options.preset else []
    useless += [option_name(name) for name in given(options, *_OF_ONE_SOUND)]
    if useless:
        raise UnusableArgument(
            f"{useless[0]} is for single recordings: a folder's notes are all analyzed alike; leave it out"
        )
    if leads:
        check_outputs(options.output, [folder / LISTING, *audio_files(folder)])
    resume = InstrumentModel.load(_resumable(options.output, KIND)) if options.resume else None
    try:
        config = (resume.config if resume else INSTRUMENTS).replace(**given(options, *PARTS))
    except ValueError as error:
        raise UnusableArgument(error) from error
    if leads and not (folder / LISTING).exists():
        _list(folder)
    return measure_corpus(folder, progress=leads), config, resume


def _in_turn(team: "Team", do: Callable):
    """Let the first process of a team do something, then the others; if one fails, it says why; all end."""
    failed, result = None, None
    for leads in (True, False):
        if team.leads == leads:
            try:
                result = do()
            except (OSError, ValueError, UnusableArgument) as error:
                failed = error
        if team.largest(int(failed is not None)):
            raise failed or SystemExit(1)
    return result


def _resumable(path: Path, kind: str) -> Path:
    """Return the path of a model, once it is known to have learned the same kind of thing."""
    found = read_kind(path)
    if found != kind:
        has = "the notes of a folder; name that folder" if found else "single sounds; name those"
        raise UnusableArgument(f"{path}: this model learned {has}, or leave out --resume")
    return path


def _tell(output: Path, model: "SoundModel | InstrumentModel") -> int:
    """Say what a training came to; return the exit status."""
    history = model.history
    if history.interrupted:
        terminal.ignore_interrupts()
    said = f"{len(history.losses)} epochs in {history.seconds:.1f} s"
    if history.losses:
        said += f", loss {history.losses[-1]:.2f} ({history.unit}), error {history.errors[-1]:.3f}"
    if history.validation:
        said += f", loss on held-out notes {history.validation[-1]:.2f}"
    say(f"{output}: {model.network.n_parameters:,} parameters, {said}", sys.stdout)
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
                    say(f"{error}; training goes on, and the last checkpoint stays")
                self.failed = True
            self.saved = time.monotonic()

    def save_last(self):
        if self.model is not None:
            self.model.save(self.path)


def _config(options: argparse.Namespace, resumed: ModelConfig | None) -> ModelConfig:
    """Return the preset's config, or that of the model to go on from, with the settings that were given."""
    start = resumed if resumed and not options.preset else PRESETS[options.preset or "sine"]
    try:
        return start.replace(**given(options, *PARTS))
    except ValueError as error:
        raise UnusableArgument(error) from error
