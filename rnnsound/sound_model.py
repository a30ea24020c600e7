"""SoundModel: vocoder, scaler and network under one roof.

Notebook: 04_sine_model.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
import torch

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.phase import hush, lock_phases, settle_phases
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features.frame_scaler import FrameScaler
from rnnsound.features.notes import frame_times, in_silence, lead, learn_notes, measured
from rnnsound.features.pitch_scaler import PitchScaler
from rnnsound.model_parts import Note, load_parts, make_network, make_note, make_scaler, save_parts
from rnnsound.nn.generate import generate
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.resets import Resets
from rnnsound.nn.train import History, train
from rnnsound.presets import SINE, Settings


class SoundModel:
    """A recording learned: everything that it takes to make more of it.

    Args:
        settings: how it was learned.
        scaler: fitted to the recording's frames.
        model: trained on the vectors made of them.
        start: frames of the recording that the model hears before it runs freely.
        note: what is known of a whole note, if settings.note says that it is one.
        history: of the training; empty for a model from a file.

    Notebook: 04_sine_model.
    """

    def __init__(
        self,
        settings: Settings,
        scaler: FrameScaler | PitchScaler,
        model: SoundRNN,
        start: Frames,
        note: Note | None = None,
        history: History | None = None,
    ):
        self.settings = settings
        self.vocoder = _vocoder(settings)
        self.scaler = scaler
        self.model = model
        self.start = start
        self.note = note
        self.history = history or History()

    def __repr__(self):
        count, rate = f"{self.model.n_parameters:,}", self.start.sample_rate
        return f"SoundModel({count} parameters, {rate} Hz, {self.settings})"

    @classmethod
    def fit(
        cls,
        sound: Sound | Sequence[Sound],
        settings: Settings = SINE,
        resume: "SoundModel | None" = None,
        note: Note | None = None,
        device: str = "cpu",
        on_epoch: Callable[[History], None] | None = None,
        progress: bool = True,
    ) -> "SoundModel":
        """Learn a recording.

        Args:
            sound: one recording, or several of the same sample rate, learned one after the other.
            settings: all that can be decided.
            resume: a model of the same shape to learn on from, with its scaler, instead of a new one.
            note: a kind of note of your own, made from the one that settings.note names; None takes that one.
            device: where to train: "cpu", "cuda", "mps" ...
            on_epoch: called with the history after each epoch.
            progress: show a progress bar.

        Raises:
            ValueError: a recording is too short, sample rates differ, resume has another shape, or note is of
                another kind than settings.note.
            TrainingDiverged: the loss stopped being a number.
        """
        sounds = [sound] if isinstance(sound, Sound) else list(sound)
        if len({s.sample_rate for s in sounds}) != 1:
            rates = ", ".join(f"{s.label} {s.sample_rate} Hz" for s in sounds)
            raise ValueError(
                f"recordings learned together need one sample rate, not {rates or 'none at all'}"
            )
        if resume is not None:
            _check_same_shape(resume, settings, sounds[0].sample_rate)
        vocoder = _vocoder(settings)
        usual = make_note(settings)
        if note is not None and (usual is None or not isinstance(note, type(usual))):
            raise ValueError(f"note={note} is not of the kind settings.note={settings.note!r}; use that kind")
        note = resume.note if resume else note or usual
        if note is None:
            recordings, places = [measured(vocoder, s) for s in sounds], None
        else:
            recordings, places = learn_notes(note, sounds, vocoder, fit=resume is None)
        if resume is None:
            scaler = make_scaler(settings).fit(*recordings)
            torch.manual_seed(settings.seed)
            model = make_network(settings)
        else:
            scaler, model = resume.scaler, resume.model
        vectors = np.concatenate([scaler.transform(frames) for frames in recordings])
        history = train(
            model,
            vectors,
            settings.epochs,
            settings.sequence_length,
            settings.batch_size,
            settings.optimizer,
            settings.learning_rate,
            conditions=places,
            own_draws=settings.own_draws,
            input_noise=settings.input_noise,
            loss=settings.loss,
            final_rate=settings.final_rate,
            seed=settings.seed,
            memory=resume.history.memory if resume else None,
            device=device,
            on_epoch=on_epoch,
            progress=progress,
        )
        start = recordings[0][: settings.warm_up]
        return cls(settings, scaler, model.cpu(), start, note, history)

    def generate_frames(
        self,
        n_frames: int,
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
        resets: Resets | None = None,
        n_samples: int | None = None,
    ) -> Frames:
        """Let the model run freely, from the recording's first frames on.

        Args:
            n_frames: how many to draw.
            variance_scale: s, one number or one per frame; standard deviations are multiplied by sqrt(s).
            seed: start of the random numbers.
            resets: when to replace the running frame, and by what.
            n_samples: for a model of a whole note, the note's length, whose first frame ends with its onset;
                None makes it as long as the frames reach.

        Returns:
            Frames: whose phases go on from the recording's; within the scaler's bounds if settings.bounded.
        """
        bounded, heard = self.settings.bounded, self.scaler.transform(self.start)
        places = None
        if self.note is not None:
            size, hop, rate = self.vocoder.fft_size, self.vocoder.hop_size, self.start.sample_rate
            n_samples = max((n_frames - 1) * hop - size, 1) if n_samples is None else n_samples
            times = frame_times(n_frames, -size, self.vocoder, rate)
            places = self.note.places(times, n_samples / rate)
        vectors = generate(
            self.model,
            n_frames,
            variance_scale,
            seed,
            heard,
            self.scaler.bounds if bounded else None,
            places,
            None if resets is None else resets.vectors(self.scaler),
        )
        if resets is not None and self.settings.representation == "delta":
            return resets.add_up(self.scaler, vectors, self.start[-1:], bounded)
        frames = self.scaler.inverse_transform(vectors, self.start[-1:], bounded)
        return frames if self.note is None else self.note.sounding(frames, times, n_samples / rate)

    def generate(
        self,
        seconds: float,
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
        resets_per_second: float = 0.0,
        reset_source: Sound | None = None,
    ) -> Sound:
        """Make more of the recording's sound; if settings.note says so, a note of this length.

        Args:
            seconds: how long, at least one frame.
            variance_scale: s, one number or as many as are spread evenly over the sound; standard deviations
                are multiplied by sqrt(s).
            seed: start of the random numbers; another one gives another take.
            resets_per_second: how often, on average, the running frame is replaced.
            reset_source: by frames from the middle of this recording; needed for resets.

        Raises:
            ValueError: seconds, variance_scale, seed, resets_per_second or reset_source is out of range.
        """
        size, hop, rate = self.settings.fft_size, self.settings.hop_size, self.start.sample_rate
        if not size <= seconds * rate < np.inf:
            raise ValueError(f"seconds={seconds} is less than one frame; use {size / rate:.3f} or more")
        n_samples = round(seconds * rate)
        silence = size if self.note else 0  # before the onset; what comes after the end is cut
        n_frames = 1 + -(-(silence + n_samples - size) // hop)
        if np.ndim(variance_scale) == 1 and len(variance_scale):
            given = np.linspace(0, 1, len(variance_scale))
            variance_scale = np.interp(np.linspace(0, 1, n_frames), given, variance_scale)
        resets = None
        if resets_per_second or reset_source is not None:
            resets = self.draw_resets(n_frames, resets_per_second, reset_source, seed)
        frames = self.generate_frames(n_frames, variance_scale, seed, resets, n_samples)
        sound = self.synthesize(frames)
        return Sound(sound.samples[silence : silence + n_samples], rate, f"generated, seed {seed}")

    def synthesize(self, frames: Frames) -> Sound:
        """Make generated frames sound, as the settings ask: phases locked, phases settled.

        Before the stroke of a struck note there is silence.
        """
        onset = 0
        if self.note is not None and self.note.strike is not None:
            onset = self.vocoder.fft_size + round(self.note.strike * frames.sample_rate)
        if self.settings.lock_phases:
            frames = lock_phases(frames)
        frames = settle_phases(frames, self.vocoder, self.settings.phase_rounds, onset)
        return hush(self.vocoder.synthesize(frames), onset)

    def resynthesize(self, sound: Sound) -> Sound:
        """Send a recording through the model's frames and back: the best that the model could do.

        Returns:
            Sound: as long as the recording, with its true phases.
        """
        whole = self.vocoder.analyze(in_silence(sound, self.vocoder) if self.note else sound)
        start = lead(self.vocoder) if self.note else 0
        samples = self.vocoder.synthesize(whole).samples[start : start + len(sound)]
        label = f"{sound.label}, {self.settings.n_components} components"
        return Sound(samples, sound.sample_rate, label)

    def draw_resets(self, n_frames: int, per_second: float, source: Sound | None, seed: int = 0) -> Resets:
        """Draw when to reset, and to which frames from the middle of a recording.

        Raises:
            ValueError: per_second is out of range, or there is no source of the model's sample rate.
        """
        if source is None or source.sample_rate != self.start.sample_rate:
            raise ValueError(
                f"reset_source={source} cannot be reset from; use a recording of {self.start.sample_rate} "
                "samples per second, such as the one learned"
            )
        return Resets.draw(n_frames, per_second, measured(self.vocoder, source), seed)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to a file: settings and tensors, with a checksum.

        An old file stays until the new one is whole.

        Raises:
            OSError: the folder is missing or cannot be written to.
        """
        save_parts(path, self.settings, self.scaler, self.model, self.start, self.note, self.history)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "SoundModel":
        """Read a model from a file. Nothing in the file is executed, whoever made it.

        Raises:
            OSError: the file is missing or cannot be read.
            ValueError: it is not a model file, or a damaged one.
        """
        return cls(*load_parts(path))


def _vocoder(settings: Settings) -> PhaseVocoder:
    return PhaseVocoder(settings.fft_size, settings.hop_size, settings.n_components)


def _check_same_shape(resume: SoundModel, settings: Settings, sample_rate: int) -> None:
    """Raise a ValueError where a model cannot go on learning with other settings."""
    training = ("sequence_length", "batch_size", "optimizer", "learning_rate", "epochs", "seed", "own_draws",
                "input_noise", "loss", "final_rate")  # fmt: skip
    same = replace(resume.settings, **{name: getattr(settings, name) for name in training})
    for name, value in asdict(settings).items():
        if getattr(same, name) != value:
            raise ValueError(
                f"{name}={value}, but the model to go on from has {getattr(same, name)}; use that"
            )
    if sample_rate != resume.start.sample_rate:
        raise ValueError(
            f"the recording has {sample_rate} samples per second, but the model to go on from "
            f"{resume.start.sample_rate}; resample the recording"
        )
