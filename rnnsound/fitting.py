"""What it takes to learn recordings: note and scaler are measured, the network is made, sequences are cut.

SoundModel.fit does it all. Notebook: 04_sine_model.
"""

import warnings
from collections.abc import Iterable
from collections.abc import Sequence as Listed
from dataclasses import replace

import numpy as np
import torch

from rnnsound.checkpoint import HIGHEST_RATE, Parts, keep_in_range, make_network
from rnnsound.config import ModelConfig, check_resumable
from rnnsound.dsp.frames import Frames
from rnnsound.dsp.phase import phases_before
from rnnsound.dsp.prepare import prepare
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder
from rnnsound.features import Excerpt, Scaler, make_note, make_scaler, note_kind
from rnnsound.features.pitch_scaler import PitchScaler
from rnnsound.features.sequence import Sequence
from rnnsound.nn.history import History

_LOUDEST = 1000.0  # 60 dB above full scale: its frames are still numbers that a model file takes
_TOO_LITTLE = 0.01  # of the energy: -20 dB
_FAMILIAR = 5.0  # standard deviations; the recording that was learned has 1


class UnfamiliarRecording(UserWarning):
    """A model is to go on learning from a recording that is far from anything it knows."""


def prepared(sounds: Iterable[Sound]) -> list[Sound]:
    """Return the notes in recordings, and warn of whatever was done to get them."""
    notes = []
    for sound in sounds:
        note, preparation = prepare(sound)
        for step in preparation.steps:
            warnings.warn(f"{sound.label}: {step}", stacklevel=3)
        notes.append(note)
    return notes


def make_vocoder(config: ModelConfig) -> PhaseVocoder:
    """Make the vocoder that a config asks for."""
    sizes = config.vocoder
    return PhaseVocoder(sizes.fft_size, sizes.hop_size, sizes.n_components)


def make_parts(
    sounds: Listed[Sound],
    held_out: Listed[Sound],
    config: ModelConfig,
    resume: Parts | None = None,
    note: Excerpt | None = None,
) -> tuple[Parts, list[Frames]]:
    """Make all parts of a model but what training learns.

    Args:
        sounds: recordings to learn.
        held_out: recordings that are only listened to.
        config: all that can be decided.
        resume: parts of a model to learn on from; its note, scaler and parameters are taken over, as copies.
        note: a kind of note of your own; None takes the one that the config names.

    Returns:
        The parts, and of each recording the frames that the network is to learn.

    Raises:
        ValueError: as for SoundModel.fit.
    """
    rate = _sample_rate([*sounds, *held_out])
    if note is not None and note_kind(note) != config.features.note:
        raise ValueError(
            f"note={note} is not of the kind note={config.features.note!r}; use one made from that"
        )
    vocoder = make_vocoder(config)
    for sound in sounds:
        _check_sound(sound, vocoder)
    if resume is not None:
        check_resumable(resume.config, config)
        if rate != resume.primer.sample_rate:
            raise ValueError(
                f"the recording has {rate} samples per second, but the model to go on from "
                f"{resume.primer.sample_rate}; resample the recording"
            )
        note, scaler = resume.note, resume.scaler
    else:
        note, scaler = note or make_note(config.features), make_scaler(config.features)
    recordings = [note.analyze(sound, vocoder) for sound in sounds]
    if resume is None:
        note.fit(sounds, recordings)
    pairs = zip(recordings, sounds, strict=True)
    learned = [note.remove_decay(frames, sound.duration) for frames, sound in pairs]
    if resume is None:
        scaler.fit(*learned)
    else:
        _warn_of_the_unfamiliar(scaler, sounds, learned)
    torch.manual_seed(config.train.seed)
    network = make_network(config, scaler, note)
    keep_in_range(network, config, scaler)
    if resume is not None:
        network.load_state_dict(resume.network.state_dict())
    primer, peak = learned[0][: config.render.primer], max(sound.peak for sound in sounds)
    if note.whole and note.onset is None and isinstance(scaler, PitchScaler):
        primer = replace(primer, first_phase=phases_before(learned[0], scaler.reference_frequency))
    return Parts(config, scaler, network, primer, note, History(), peak), learned


def make_sequence(parts: Parts, sound: Sound, frames: Frames | None = None) -> Sequence:
    """Return what the network learns, or hears, of a recording.

    Args:
        parts: of the model.
        sound: the recording.
        frames: of it, as make_parts gives them; None measures them.
    """
    if frames is None:
        measured = parts.note.analyze(sound, make_vocoder(parts.config))
        frames = parts.note.remove_decay(measured, sound.duration)
    conditions = parts.note.conditions(frames.times, sound.duration)
    moved = parts.note.led_back if parts.note.n_conditions else 0.0  # told nothing, it cannot be led back
    return Sequence(parts.scaler.transform(frames), conditions, sound.label, moved=moved)


def _check_sound(sound: Sound, vocoder: PhaseVocoder) -> None:
    """Refuse a recording that cannot be learned; warn of one of which nearly nothing would be."""
    if sound.sample_rate > HIGHEST_RATE:
        raise ValueError(
            f"{sound.label}: {sound.sample_rate} samples per second are more than any recording's; resample "
            f"it to at most {HIGHEST_RATE}"
        )
    if sound.peak == 0:
        raise ValueError(
            f"{sound.label} is silent: there is nothing to learn; use a recording with some sound"
        )
    if sound.peak > _LOUDEST:
        raise ValueError(
            f"{sound.label}: samples reach {sound.peak:.0f}, where full scale is 1; divide by their full "
            "scale, such as 32768 for 16-bit numbers"
        )
    energy = np.cumsum(np.abs(np.fft.rfft(sound.samples)) ** 2)  # up to each of a fine row of frequencies
    per_hertz = vocoder.fft_size / sound.sample_rate
    hertz = (vocoder.n_components - 0.5) / per_hertz
    kept = energy[min(round(hertz * sound.duration), len(energy) - 1)] / energy[-1]
    if kept < _TOO_LITTLE:
        highest = np.searchsorted(energy, 0.95 * energy[-1]) / sound.duration
        needed = min(round(highest * per_hertz) + 2, vocoder.fft_size // 2 + 1)
        warnings.warn(
            f"{sound.label}: the {vocoder.n_components} components that are kept end at {hertz:.0f} Hz and "
            f"hold {100 * kept:.1f} % of its energy; n_components={needed} would hold 95 %",
            stacklevel=4,
        )


def _warn_of_the_unfamiliar(scaler: Scaler, sounds: Listed[Sound], learned: Listed[Frames]) -> None:
    """Warn of recordings that would undo what a model has learned."""
    for sound, frames in zip(sounds, learned, strict=True):
        away = float(np.sqrt(np.mean(scaler.transform(frames).astype(np.float64) ** 2)))
        if away > _FAMILIAR:
            warnings.warn(
                f"{sound.label} is far from what the model has learned ({away:.0f} standard deviations, 1 is "
                "usual): it would unlearn that; use the recording that it knows, or train a new model",
                UnfamiliarRecording,
                stacklevel=4,
            )


def _sample_rate(sounds: Listed[Sound]) -> int:
    """Return the one sample rate of recordings that are learned together."""
    rates = {sound.sample_rate for sound in sounds}
    if len(rates) != 1:
        named = ", ".join(f"{sound.label} {sound.sample_rate} Hz" for sound in sounds)
        raise ValueError(f"recordings learned together need one sample rate, not {named or 'none'}")
    return rates.pop()
