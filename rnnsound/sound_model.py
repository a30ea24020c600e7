"""SoundModel: vocoder, scaler and network under one roof.

Notebook: 04_sine_model.
"""

import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from rnnsound.checkpoint import Parts, load_checkpoint, save_checkpoint
from rnnsound.config import ModelConfig
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.phase import griffin_lim, lock_phases, mute_before
from rnnsound.dsp.sound import LOUDER, Sound, turned_down
from rnnsound.features import Excerpt, Scaler, make_note
from rnnsound.fitting import make_parts, make_sequence, make_vocoder, prepared
from rnnsound.nn.generate import Draw, draw_learned, generate
from rnnsound.nn.history import History
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.resets import Resets
from rnnsound.nn.stopping import stoppable
from rnnsound.nn.train import train
from rnnsound.presets import SINE

_LONGEST = 3600  # seconds in one take: an hour takes minutes and gigabytes


class SoundModel:
    """A recording learned: everything that it takes to make more of it.

    Args:
        config: how it was learned.
        scaler: fitted to the recording's frames.
        network: trained on the vectors made of them.
        primer: frames of the recording that the network hears before it runs freely.
        note: what the recording was taken for; None: what the config says.
        history: of the training.
        peak: largest sample of the recording; what is generated reaches at most 6 dB more. inf: no limit.

    Notebook: 04_sine_model.
    """

    def __init__(
        self,
        config: ModelConfig,
        scaler: Scaler,
        network: SoundRNN,
        primer: Frames,
        note: Excerpt | None = None,
        history: History | None = None,
        peak: float = np.inf,
    ):
        self.config = config
        self.vocoder = make_vocoder(config)
        self.scaler = scaler
        self.network = network
        self.primer = primer
        self.note = note or make_note(config.features)
        self.history = history or History()
        self.peak = peak

    def __repr__(self):
        count, rate = f"{self.network.n_parameters:,}", self.primer.sample_rate
        return f"SoundModel({count} parameters, {rate} Hz, {self.config})"

    @classmethod
    def fit(
        cls,
        sound: Sound | Iterable[Sound],
        config: ModelConfig = SINE,
        validation: Sound | Iterable[Sound] = (),
        resume: "SoundModel | None" = None,
        note: Excerpt | None = None,
        device: str = "cpu",
        on_epoch: Callable[["SoundModel"], None] | None = None,
        progress: bool = True,
    ) -> "SoundModel":
        """Learn a recording.

        Args:
            sound: one recording, or several of the same sample rate, each learned by itself. What is before
                and after the note is cut off, and an offset taken out (dsp.prepare); a warning says so.
            config: all that can be decided.
            validation: recordings that are only listened to: history.validation is the loss on them.
            resume: a model of the same shape to learn on from, up to config.train.epochs in all. It stays as
                it is; the new one has its scaler.
            note: a kind of note of your own, made from the one that config.features.note names; None takes
                that one.
            device: where to train: "cpu", "cuda", "mps" ...
            on_epoch: called with the model after each epoch, to draw its history, to listen or to save.
            progress: show a progress bar.

        Raises:
            ValueError: a recording is too short, sample rates differ, resume has another shape or has done
                all epochs, or note is of another kind than config.features.note.
            TrainingDiverged: the loss stopped being a number.
        """
        with stoppable():  # also while the recording is analyzed: whenever it is stopped, there is a model
            recorded = _listed(sound)
            sounds, held_out = prepared(recorded), prepared(_listed(validation))
            old = None if resume is None else resume.parts
            parts, frames = make_parts(sounds, held_out, config, old, note)
            model = cls(*parts)
            model.peak = min(model.peak, max(one.peak for one in recorded))

            def after_epoch(history: History) -> None:
                model.history = history
                if on_epoch is not None:
                    on_epoch(model)

            learned = [make_sequence(parts, s, f) for s, f in zip(sounds, frames, strict=True)]
            validation = [make_sequence(parts, s) for s in held_out]
            history = None if resume is None else resume.history
            model.history = train(
                model.network, learned, config.train, validation, history, device, after_epoch, progress
            )
        model.network.cpu()
        if model.history.interrupted:
            done = f"{len(model.history.losses)} of {config.train.epochs}"
            warnings.warn(f"stopped after {done} epochs; the model keeps what it learned", stacklevel=2)
        return model

    def generate_frames(
        self,
        n_frames: int,
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
        resets: Resets | None = None,
        n_samples: int | None = None,
        draw: Draw = draw_learned,
    ) -> Frames:
        """Let the network run freely, from the recording's first frames on.

        Args:
            n_frames: how many to draw.
            variance_scale: s, one number or one per frame; standard deviations are multiplied by sqrt(s).
            seed: start of the random numbers.
            resets: when to replace the running frame, and by what.
            n_samples: for a model of a whole note, the note's length; None makes it as long as the frames
                reach.
            draw: how a frame is drawn from its Gaussian.

        Returns:
            Frames: whose phases go on from the recording's. Of a whole note the first ends where the note
            begins; otherwise the first begins at 0.
        """
        bounded, first = self.config.render.bounded, replace(self.primer[-1:], start=self._start)
        if n_samples is None:
            n_samples = max((n_frames - 1) * self.vocoder.hop_size + first.start, 1)
        seconds = n_samples / first.sample_rate
        vectors = generate(
            self.network,
            n_frames,
            variance_scale,
            seed,
            self.scaler.transform(self.primer),
            self.note.conditions(first.time_of(np.arange(n_frames)), seconds),
            None if resets is None else resets.vectors(self.scaler),
            draw,
        )
        if resets is not None and self.scaler.adds_up:
            return resets.add_up(self.scaler, vectors, first, bounded)
        return self.note.apply_decay(self.scaler.inverse_transform(vectors, first, bounded), seconds)

    def generate(
        self,
        seconds: float,
        variance_scale: float | np.ndarray = 1.0,
        seed: int = 0,
        resets_per_second: float = 0.0,
        reset_source: Sound | None = None,
        draw: Draw = draw_learned,
    ) -> Sound:
        """Make more of the recording's sound; if it was learned as a whole note, a note of this length.

        Args:
            seconds: how long, from one frame to an hour.
            variance_scale: s, one number or as many as are spread evenly over the sound; standard deviations
                are multiplied by sqrt(s).
            seed: start of the random numbers; another one gives another take.
            resets_per_second: how often, on average, the running frame is replaced.
            reset_source: by frames from the middle of this recording; needed for resets.
            draw: as for generate_frames.

        Raises:
            ValueError: seconds, variance_scale, seed, resets_per_second or reset_source is out of range.
        """
        size, hop, rate = self.vocoder.fft_size, self.vocoder.hop_size, self.primer.sample_rate
        if not size / rate <= seconds <= _LONGEST:
            raise ValueError(
                f"seconds={seconds} is out of range; use {size / rate:.3f}, one frame, to {_LONGEST}"
            )
        n_samples = round(seconds * rate)
        silence = -self._start
        n_frames = 1 + -(-(silence + n_samples - size) // hop)
        if np.ndim(variance_scale) == 1 and len(variance_scale):
            given = np.linspace(0, 1, len(variance_scale))
            variance_scale = np.interp(np.linspace(0, 1, n_frames), given, variance_scale)
        resets = None
        if resets_per_second or reset_source is not None:
            resets = self.draw_resets(n_frames, resets_per_second, reset_source, seed)
        frames = self.generate_frames(n_frames, variance_scale, seed, resets, n_samples, draw)
        samples = self._render(frames).samples[silence : silence + n_samples]
        return self._limited(Sound(samples, rate, f"generated, seed {seed}"), n_frames * hop - silence)

    def synthesize(self, frames: Frames) -> Sound:
        """Make sound of generated frames, as the config asks: phases locked, then made to agree.

        Before the stroke of a struck note there is silence. What would be more than 6 dB louder than the
        recording is turned down, and the sound's remark says so; single samples that stick out of the end,
        where frames overlap no longer, are cut off.
        """
        return self._limited(self._render(frames), len(frames) * self.vocoder.hop_size)

    def resynthesize(self, sound: Sound) -> Sound:
        """Send a recording through the model's frames and back: the best that the model could do.

        The sound is as long as the recording, and has its true phases.
        """
        whole = self.vocoder.analyze(self.note.surround(sound, self.vocoder))
        start = self.note.lead(self.vocoder)
        samples = self.vocoder.synthesize(whole).samples[start : start + len(sound)]
        return Sound(samples, sound.sample_rate, f"{sound.label}, {self.vocoder.n_components} components")

    def draw_resets(self, n_frames: int, per_second: float, source: Sound | None, seed: int = 0) -> Resets:
        """Draw when to reset, and to which frames from the middle of a recording.

        Raises:
            ValueError: per_second is out of range, or there is no source of the model's sample rate.
        """
        if source is None or source.sample_rate != self.primer.sample_rate:
            raise ValueError(
                f"reset_source={source} cannot be reset from; use a recording of {self.primer.sample_rate} "
                "samples per second, such as the one learned"
            )
        return Resets.draw(n_frames, per_second, Excerpt().analyze(source, self.vocoder), seed)

    def save(self, path: str | os.PathLike) -> None:
        """Write the model to a file. An old file stays until the new one is whole.

        Raises:
            OSError: the folder is missing or cannot be written to.
        """
        save_checkpoint(path, self.parts)

    @classmethod
    def load(cls, path: str | os.PathLike) -> "SoundModel":
        """Read a model from a file. Nothing in the file is executed, whoever made it.

        Raises:
            OSError: the file is missing or cannot be read.
            ValueError: it is not a model file, or a damaged one.
        """
        return cls(*load_checkpoint(path))

    @property
    def parts(self) -> Parts:
        """What the model is made of: SoundModel(*parts) is the same model."""
        made_of = self.config, self.scaler, self.network, self.primer, self.note, self.history, self.peak
        return Parts(*made_of)

    def _render(self, frames: Frames) -> Sound:
        onset = 0
        if self.note.onset is not None:
            onset = round(self.note.onset * frames.sample_rate) - self._start
        if self.config.render.lock_phases:
            frames = lock_phases(frames)
        frames = griffin_lim(frames, self.vocoder, self.config.render.griffin_lim_iterations, onset)
        return mute_before(self.vocoder.synthesize(frames), onset)

    def _limited(self, sound: Sound, end: int) -> Sound:
        """Turn a sound down that swings too far in its first `end` samples, where frames overlap in full.

        Later ones are divided by ever less; of a clean tone out of step a few stick out, and are cut off.
        """
        limit = LOUDER * self.peak
        if np.abs(sound.samples[:end]).max() <= limit:
            return replace(sound, samples=sound.samples.clip(-limit, limit))
        return turned_down(sound, self.peak, "its recording")

    @property
    def _start(self) -> int:
        """Sample where generated frames begin, counted from the note's beginning; of an excerpt, 0."""
        return self.primer.start + len(self.primer) * self.vocoder.hop_size if self.note.whole else 0


def _listed(sound: Sound | Iterable[Sound]) -> list[Sound]:
    return [sound] if isinstance(sound, Sound) else list(sound)
