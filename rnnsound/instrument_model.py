"""InstrumentModel: one network that plays many notes of several instruments.

Notebook: 10_scaling_up.
"""

import os
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import torch

from rnnsound.checkpoint import learned_groups, restore_learned
from rnnsound.config import CorpusConfig, check_resumable
from rnnsound.container import LARGEST_NUMBER, reading_container, write_container
from rnnsound.dsp.harmonics import (
    N_BANDS,
    N_PARTIALS,
    RATE,
    HarmonicFrames,
    n_frames_for,
    synthesize_harmonics,
    to_hertz,
    to_midi,
)
from rnnsound.dsp.sound import Sound, faded_out, turned_down
from rnnsound.features.corpus import LONGEST_NAME, MOST_INSTRUMENTS
from rnnsound.features.harmonic_scaler import HarmonicScaler
from rnnsound.features.note_table import N_VALUES, NoteTable
from rnnsound.features.variations import SHORTEST, HeldOut, Variations, follow, n_conditions, tell
from rnnsound.nn.generate import generate
from rnnsound.nn.history import History
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.stopping import stoppable
from rnnsound.nn.team import current_team
from rnnsound.nn.train import train
from rnnsound.presets import INSTRUMENTS

_SHORTEST, _LONGEST = 0.1, 600.0  # seconds of a note
_BEYOND = 12.0  # semitones that a note may lie beyond those learned
KIND = "instruments"
"""What a file says it holds; see container.read_kind."""
_FADE, _FADE_PART = 0.03, 0.1  # seconds, and at most that part of a note: frames are 46 ms long, ends are not
_GROUPS = ("scaler", "network", "history", "optimizer", "ranges")
# Chance in the partials and the pitch only: a band of noise is random already, and chance in the logarithm
# of its strength would make it louder.
_CHANCE = np.concatenate([np.ones(N_PARTIALS), np.zeros(N_BANDS), [1.0]])[:, None].astype(np.float32)


class InstrumentModel:
    """Instruments learned from many of their notes: any pitch, any length, and what lies between instruments.

    Args:
        config: how it was learned.
        scaler: fitted to the notes.
        network: trained on the vectors made of them.
        ranges: lowest and highest pitch of each instrument's notes by its name, as MIDI numbers.
        history: of the training.
        peak: largest sample of the notes; what is generated reaches at most 6 dB more.

    Notebook: 10_scaling_up.
    """

    def __init__(
        self,
        config: CorpusConfig,
        scaler: HarmonicScaler,
        network: SoundRNN,
        ranges: dict[str, tuple[float, float]],
        history: History | None = None,
        peak: float = np.inf,
    ):
        self.config, self.scaler, self.network = config, scaler, network
        self.ranges, self.history, self.peak = ranges, history or History(), peak

    def __repr__(self):
        return f"InstrumentModel({self.network.n_parameters:,} parameters: {', '.join(self.ranges)})"

    @classmethod
    def fit(
        cls,
        table: NoteTable,
        config: CorpusConfig = INSTRUMENTS,
        validation: NoteTable | None = None,
        resume: "InstrumentModel | None" = None,
        device: str = "cpu",
        on_epoch: Callable[["InstrumentModel"], None] | None = None,
        progress: bool = True,
    ) -> "InstrumentModel":
        """Learn a corpus; where processes have joined a team, each learns its share of every batch.

        Args:
            table: its notes.
            config: all that can be decided.
            validation: notes of the same instruments that are only listened to, after each epoch, as they
                were recorded; table.split gives both.
            resume: a model of the same instruments and shape to learn on from, up to config.train.epochs in
                all; it stays as it is.
            device: where to train: "cpu", "cuda", "mps" ...
            on_epoch: called with the model after each epoch; of several processes only the first calls it.
            progress: show a progress bar.

        Raises:
            ValueError: resume has another shape or other instruments, or has done all epochs; or the
                processes that train together were given different things.
            TrainingDiverged: the loss stopped being a number.
            ProcessLost: one of several processes is gone.
        """
        team = current_team()
        with stoppable():
            _check_same(table, config, resume)
            model = cls._begin(table, config, resume)

            def after_epoch(history: History) -> None:
                model.history = history
                if on_epoch is not None:
                    on_epoch(model)

            names, settings = tuple(model.ranges), config.train
            lessons = Variations(table, model.scaler, names, settings.batch_size, settings.seed)
            model.network.keep_within(model.scaler.low, model.scaler.high)
            held_out = () if validation is None else HeldOut(validation, model.scaler, names)
            history = None if resume is None else resume.history
            model.history = train(
                model.network, lessons, settings, held_out, history, device, after_epoch, progress
            )
        model.network.cpu()
        if model.history.interrupted and team.leads:
            done = f"{len(model.history.losses)} of {settings.epochs}"
            warnings.warn(f"stopped after {done} epochs; the model keeps what it learned", stacklevel=2)
        return model

    @classmethod
    def _begin(cls, table: NoteTable, config: CorpusConfig, resume: "InstrumentModel | None"):
        """Return the model as it is before training, or a copy of the one that it goes on from."""
        ranges = {}
        for name in table.instruments:
            midi = [table.notes[i].midi for i in table.of_instrument(name)]
            ranges[name] = (midi[0], midi[-1])
        if resume is None:
            scaler = HarmonicScaler().fit(table)
            torch.manual_seed(config.train.seed)
            return cls(config, scaler, _make_network(config, len(ranges)), ranges, History(), table.peak)
        check_resumable(resume.config, config)
        if ranges.keys() != resume.ranges.keys():
            new, old = ", ".join(ranges), ", ".join(resume.ranges)
            raise ValueError(
                f"the corpus has {new}, the model to go on from {old}; use a corpus of the same instruments"
            )
        network = _make_network(config, len(ranges))
        network.load_state_dict(resume.network.state_dict())
        return cls(config, resume.scaler, network, ranges, resume.history, max(resume.peak, table.peak))

    def generate(
        self,
        seconds: float,
        pitch: float,
        instrument: str | dict[str, float],
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
    ) -> Sound:
        """Play a note.

        Args:
            seconds: how long.
            pitch: in Hz, at most an octave beyond the instrument's notes.
            instrument: its name; or several with how much there is to be of each, which sum to 1.
            variance_scale: s, one number or as many as are spread evenly over the note; standard deviations
                are multiplied by sqrt(s). Noise is drawn at its mean strength: it is random already.
            seed: start of the random numbers; another one gives another take.

        Raises:
            ValueError: seconds, pitch, instrument, variance_scale or seed is out of range.
        """
        sound = synthesize_harmonics(
            self.generate_frames(seconds, pitch, instrument, variance_scale, seed), seed
        )
        name = instrument if isinstance(instrument, str) else " and ".join(instrument)
        sound = Sound(sound.samples[: round(seconds * RATE)], RATE, f"{name}, {pitch:.1f} Hz, seed {seed}")
        sound = faded_out(sound, min(_FADE, _FADE_PART * seconds))
        return turned_down(sound, self.peak, "its notes")

    def generate_frames(
        self,
        seconds: float,
        pitch: float,
        instrument: str | dict[str, float],
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
    ) -> HarmonicFrames:
        """Let the network run freely through one note; see generate."""
        shares = self._shares(instrument)
        midi = self._check_asked(seconds, pitch, shares)
        played = max(seconds, SHORTEST)
        n_frames = n_frames_for(played)
        if np.ndim(variance_scale) == 1 and len(variance_scale):
            given = np.linspace(0, 1, len(variance_scale))
            variance_scale = np.interp(np.linspace(0, 1, n_frames - 1), given, variance_scale)
        told = tell(np.array([midi]), shares[None], n_frames, played)[0]
        silence = self.scaler.silence(midi)[None]
        self.network.keep_within(*self.scaler.bounds(midi))
        try:
            vectors = generate(
                self.network, n_frames - 1, variance_scale, seed, silence, told[1:], draw=_draw
            )
        finally:  # it may still be in training
            self.network.keep_within(self.scaler.low, self.scaler.high)
        at = follow(seconds, n_frames) if seconds < played else slice(None)
        return self.scaler.inverse_transform(np.vstack([silence, vectors])[at], midi)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to a file. An old file stays until the new one is whole.

        Raises:
            OSError: the folder is missing or cannot be written to.
        """
        description = {"kind": KIND, "settings": self.config.flat(), "instruments": list(self.ranges)}
        numbers = {"ends": np.array(list(self.ranges.values())), "peak": np.array([self.peak])}
        groups = {"scaler": self.scaler.arrays(), "ranges": numbers}
        write_container(path, description, groups | learned_groups(self.network, self.history))

    @classmethod
    def load(cls, path: str | os.PathLike) -> "InstrumentModel":
        """Read a model from a file. Nothing in the file is executed, whoever made it.

        Raises:
            OSError: the file is missing or cannot be read.
            ValueError: it is not a model file, a damaged one, or one of a single sound.
        """
        with reading_container(path, _GROUPS) as (description, groups):
            names, numbers = description["instruments"], groups["ranges"]
            if description["kind"] != KIND or not 1 <= len(names) <= MOST_INSTRUMENTS:
                raise ValueError("this is no model of instruments")
            if any(type(name) is not str or not 0 < len(name) <= LONGEST_NAME for name in names):
                raise ValueError("an instrument has no name")
            ends, peak = numbers["ends"], float(numbers["peak"][0])
            if ends.shape != (len(set(names)), 2) or (ends[:, 0] > ends[:, 1]).any() or not peak > 0:
                raise ValueError("the instruments' ranges are out of order")
            config = INSTRUMENTS.replace(**description["settings"])
            scaler = HarmonicScaler().restore(groups["scaler"])
            with torch.device("meta"):
                network = _make_network(config, len(names))
            history = restore_learned(network, groups, config.train)
            ranges = {name: (float(low), float(high)) for name, (low, high) in zip(names, ends, strict=True)}
            return cls(config, scaler, network.eval(), ranges, history, min(peak, LARGEST_NUMBER))

    def _shares(self, instrument: str | dict[str, float]) -> np.ndarray:
        """Return how much there is to be of each instrument, (n_instruments,)."""
        asked = {instrument: 1.0} if isinstance(instrument, str) else instrument
        unknown = [name for name in asked if name not in self.ranges]
        if unknown or not asked:
            raise ValueError(
                f"instrument={instrument!r} is not known; this model has {', '.join(self.ranges)}"
            )
        shares = np.array([asked.get(name, 0.0) for name in self.ranges], dtype=np.float64)
        if not (np.isfinite(shares).all() and (shares >= 0).all() and abs(shares.sum() - 1) < 1e-6):
            raise ValueError(f"instrument={instrument!r}: shares must be 0 or more, and sum to 1")
        return shares

    def _check_asked(self, seconds: float, pitch: float, shares: np.ndarray) -> float:
        """Return the MIDI number of a note that can be played."""
        if not _SHORTEST <= seconds <= _LONGEST:
            raise ValueError(f"seconds={seconds} is out of range; use {_SHORTEST} to {_LONGEST:.0f}")
        ends = np.array(list(self.ranges.values()))[shares > 0]
        low, high = ends[:, 0].min() - _BEYOND, ends[:, 1].max() + _BEYOND
        midi = to_midi(pitch) if np.isfinite(pitch) and pitch > 0 else np.nan
        if not low <= midi <= high:
            first, last = to_hertz([low, high])
            raise ValueError(
                f"pitch={pitch} Hz is too far from the notes that were learned; use {first:.0f} to {last:.0f}"
            )
        return float(midi)


def _check_same(table: NoteTable, config: CorpusConfig, resume: InstrumentModel | None) -> None:
    """Check that all processes of a training were given the same notes, settings and model."""
    done = 0 if resume is None else len(resume.history.losses)
    given = [note[:2] for note in table.notes], list(map(int, table.lengths)), config.flat(), done
    if not current_team().agrees(zlib.crc32(repr(given).encode())):
        raise ValueError(
            "the processes of this training have different notes, settings or models to go on from; give "
            "each machine the same folder, options and model file"
        )


def _make_network(config: CorpusConfig, n_instruments: int) -> SoundRNN:
    sizes = config.network
    conditions = n_conditions(n_instruments)
    return SoundRNN(N_VALUES, sizes.hidden_size, sizes.num_layers, sizes.n_mixtures, conditions)


def _draw(mean: np.ndarray, std: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return mean + std * noise * _CHANCE
