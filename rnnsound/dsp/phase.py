"""Phase locking: the bins of one partial stay in step.

A steady partial fills four bins or more. Generated frames give each a frequency with an error of its own;
accumulated on their own, their phases wander apart, and bins that should add up cancel: the tone beats and
goes rough. So the bins around a peak advance together.

Source: Laroche and Dolson, "Improved Phase Vocoder Time-Scale Modification of Audio", 1999. They let the peak
alone advance and copy the phases around it from the recording. Here all bins of the peak have a say in how
far it advances, weighted by their energy, which averages out part of their errors (3 dB less noise for a tone
whose bins err independently); and there is no recording to copy from, but the window's transform knows the
phases.

What lies between the partials is noise, whose phases no partial tells. griffin_lim finds phases that agree
with each other: Griffin and Lim, "Signal Estimation from Modified Short-Time Fourier Transform", 1984.
Notebooks: 04_sine_model, 06_clarinet.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames
from rnnsound.dsp.sound import Sound
from rnnsound.dsp.vocoder import PhaseVocoder

_MAIN_LOBE = 2.0  # bins from the middle of a Hann window's transform to its first zero
_SILENT = 1e-6  # of the loudest frame's power, -60 dB: where no partial is to be seen yet
_SPOKEN = 1.0  # seconds in which a note has spoken


def lock_phases(frames: Frames) -> Frames:
    """Let the bins around a spectral peak advance with it.

    In the frame of a steady partial, bin k has the phase theta - pi * k * (N - 1) / N, where theta is the
    partial's phase in the middle of the frame: the window is symmetric about it, so its transform is real.
    Where that is negative, in every other side lobe, half a turn is added. One number, theta, thus holds the
    phases of all bins of a partial, and it advances by their mean frequency. A bin that reads 785 Hz
    beside a tone of 440 Hz, because its phase went round once too often, is only one more bin of that tone.
    In the silence before a sound there are no peaks, and each bin advances by itself.

    Args:
        frames: measured or generated; their first phase gives the partials' phases in frame 0.

    Returns:
        Frames of the same magnitudes, with the frequencies (within ± sample_rate / (2 * hop_size) of the
        bin's center, as if measured) and first phase that make PhaseVocoder.synthesize arrive at the locked
        phases.

    Notebook: 04_sine_model.
    """
    bins = np.arange(frames.n_components)
    peak = regions_of_influence(frames.magnitude)
    power = (frames.magnitude**2).sum(axis=1)
    peak[: int(np.argmax(power > _SILENT * power.max()))] = bins
    turns_per_hz = frames.hop_size / frames.sample_rate
    advance = _shared_advance(frames.frequency * turns_per_hz, peak, frames.magnitude**2)
    tilt = bins * ((frames.fft_size - 1) / (2 * frames.fft_size))  # how far bin k lies behind theta, in turns
    theta = np.empty_like(advance)
    theta[0] = (frames.first_phase / (2 * np.pi) + tilt)[peak[0]]
    for t in range(1, len(frames)):
        theta[t] = theta[t - 1, peak[t]] + advance[t]  # a bin takes over the phase of where its peak was
    partial = np.take_along_axis(frames.frequency, peak, axis=1) * (frames.fft_size / frames.sample_rate)
    phase = theta - tilt + 0.5 * _is_negative(bins - partial)
    center = frames.bin_centers * turns_per_hz
    beyond = np.diff(phase, axis=0, prepend=phase[:1]) - center
    beyond -= np.rint(beyond)
    return replace(frames, frequency=(center + beyond) / turns_per_hz, first_phase=2 * np.pi * phase[0])


def phases_before(frames: Frames, frequency: np.ndarray) -> np.ndarray:
    """Return phases for frame 0 with which partials come to lie beside each other as they do in a recording.

    A note that comes out of silence has no phases to begin with. If all began with the same, they would add
    up to a pulse, with a far higher peak than the recording's.

    Args:
        frames: of the recording.
        frequency: that each component keeps to on the way, in Hz, (n_components,).

    Returns:
        In radians, (n_components,), such that the phases are the recording's in its loudest frame of the
        first second.
    """
    n = max(round(_SPOKEN * frames.sample_rate / frames.hop_size), 1)
    loudest = int((frames.magnitude[:n] ** 2).sum(axis=1).argmax())
    turns = frequency * (loudest * frames.hop_size / frames.sample_rate)
    return frames[loudest:].first_phase - 2 * np.pi * (turns % 1)


def griffin_lim(frames: Frames, vocoder: PhaseVocoder, n_iter: int = 4, onset: int = 0) -> Frames:
    """Let the phases of overlapping frames agree on a sound that has these magnitudes.

    Frames overlap, so a sample belongs to several; where their phases contradict each other the overlap
    cancels, and the sound has other magnitudes than the frames asked for. Analyzing that sound gives phases
    that belong together; with the magnitudes that were asked for they give the next sound, which is nearer.

    Args:
        frames: generated, phases locked: partials are then nearly right from the start.
        vocoder: of these frames.
        n_iter: how many times; a few do most of the work.
        onset: sample before which there is silence, if it is known. A frame that holds a hammer's stroke
            says how loud it is, not when it comes, and the phases of a partial spread it over the whole
            frame. Muting what comes too early, in every iteration, leaves phases that let it begin on time.

    Returns:
        Frames of the same magnitudes.

    Source: Griffin and Lim, 1984. Notebooks: 06_clarinet, 07_piano.
    """
    for _ in range(n_iter):
        heard = vocoder.analyze(mute_before(vocoder.synthesize(frames), onset))
        frames = replace(frames, frequency=heard.frequency, first_phase=heard.first_phase)
    return frames


def mute_before(sound: Sound, onset: int) -> Sound:
    """Silence everything before the sample onset; the sound fades in over the millisecond before it."""
    onset = min(onset, len(sound))
    rise = min(round(0.001 * sound.sample_rate), onset)
    gain = np.ones(len(sound))
    gain[: onset - rise] = 0.0
    gain[onset - rise : onset] = np.arange(rise) / max(rise, 1)
    return Sound(sound.samples * gain, sound.sample_rate, sound.label) if onset else sound


def regions_of_influence(magnitude: np.ndarray, reach: int = 2) -> np.ndarray:
    """For every bin, the peak that it belongs to: the one it comes to by always going uphill.

    Args:
        magnitude: (n_frames, n_components); its sign does not matter.
        reach: a step goes to the largest of this many bins to either side, so that a ripple is no peak.

    Returns:
        Index of the peak's bin, (n_frames, n_components); a peak's is its own.

    Notebook: 04_sine_model.
    """
    heights = np.pad(np.abs(magnitude), ((0, 0), (reach, reach)), constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(heights, 2 * reach + 1, axis=1)
    uphill = around.argmax(axis=2) + (np.arange(magnitude.shape[1]) - reach)
    while True:
        further = np.take_along_axis(uphill, uphill, axis=1)
        if np.array_equal(further, uphill):
            return uphill
        uphill = further


def _shared_advance(advance: np.ndarray, peak: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Average the phase advance over the bins of each peak, weighted by energy, as distances from the peak's.

    Args:
        advance: in turns, of every bin, (n_frames, n_components).
        peak: bin of the peak that each belongs to, same shape.
        energy: same shape.

    Returns:
        The same for all bins of a peak, same shape.
    """
    at_peak = np.take_along_axis(advance, peak, axis=1)
    distance = advance - at_peak
    distance -= np.rint(distance)  # 785 Hz and 440 Hz are the same advance, but for a whole turn
    group = (peak + peak.shape[1] * np.arange(len(peak))[:, None]).ravel()
    total = np.bincount(group, energy.ravel())[group]
    moment = np.bincount(group, (energy * distance).ravel())[group]
    return at_peak + (moment / np.maximum(total, np.finfo(float).tiny)).reshape(peak.shape)


def _is_negative(distance: np.ndarray) -> np.ndarray:
    """Say where a Hann window's transform is negative: in every other side lobe, each one bin wide."""
    lobe = np.floor(np.abs(distance) - _MAIN_LOBE)
    return (lobe >= 0) & (lobe % 2 == 0)
