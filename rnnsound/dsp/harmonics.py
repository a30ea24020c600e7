"""Harmonic frames: a frame as the partials of one pitch and as bands of noise, and sound made of them.

Where the phase vocoder says how strong every bin is, harmonic frames say how strong every partial is,
wherever the pitch puts it: the same number means the same thing in every note. What no partial explains is
noise, of which only the strength in bands matters. Phases are not kept: partials start in step and stay so.

Source: Serra and Smith, "Spectral Modeling Synthesis", 1990. Notebook: 10_scaling_up.
"""

from dataclasses import dataclass

import numpy as np

from rnnsound.dsp.sound import Sound

RATE = 44_100
"""Samples per second of every sound that harmonic frames come from."""
FFT_SIZE, HOP = 2048, 512
N_PARTIALS, N_BANDS = 50, 32
HARMONIC = np.arange(1.0, N_PARTIALS + 1)
"""Frequencies of the partials at pitch 1 where they are whole multiples."""
HIGHEST = 16_000.0
"""Hz: partials above, and noise, are left out."""
LEAD = FFT_SIZE + HOP
"""Samples of silence before a note, in which its frame 0 lies."""

_BIN = RATE / FFT_SIZE  # Hz
_WINDOW = np.hanning(FFT_SIZE + 1)[:-1]
_TO_MIDDLE = (-1.0) ** np.arange(FFT_SIZE // 2 + 1)  # counts phases from the frame's middle
_FITTED, _SUBTRACTED, _PLACED = 2, 6, 4  # bins on either side of a partial
_ROUNDS = 3  # of fitting: each partial without what the others leave in its bins
_TUNED = 12  # partials that say what the pitch is
_TUNED_BELOW = 6000.0  # Hz
_SILENT = 1e-5  # of the energy: a frame that has less keeps the pitch it was given
_SMOOTH = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0  # over frames: noise is known by its mean only
_BLOCK = 1000  # frames that are made sound at a time
_TINY = 1e-20


@dataclass(frozen=True, eq=False)
class HarmonicFrames:
    """Strength of every partial and of every band of noise, and the pitch, frame by frame.

    Args:
        amplitude: of the partials, as of a sine, (n_frames, N_PARTIALS); 0 above HIGHEST.
        noise: root-mean-square strength of what is between the partials, in bands of equal width on the mel
            scale up to HIGHEST: white noise of deviation 1 has 1, (n_frames, N_BANDS).
        pitch: in Hz, (n_frames,).
        ratios: frequency of every partial at pitch 1: 1, 2, 3 ... where they are harmonic, (N_PARTIALS,).

    Raises:
        ValueError: the shapes do not fit, a value is not finite, or a pitch or ratio is not above 0.

    Notebook: 10_scaling_up.
    """

    amplitude: np.ndarray
    noise: np.ndarray
    pitch: np.ndarray
    ratios: np.ndarray

    def __post_init__(self):
        n = len(self.pitch)
        shapes = {"amplitude": (n, N_PARTIALS), "noise": (n, N_BANDS), "pitch": (n,), "ratios": (N_PARTIALS,)}
        for name, shape in shapes.items():
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape != shape or not np.isfinite(values).all():
                raise ValueError(
                    f"{name} has shape {values.shape} or holds NaN or infinity; use finite {shape}"
                )
            object.__setattr__(self, name, values)
        if not ((self.pitch > 0).all() and (self.ratios > 0).all()):
            raise ValueError("a pitch or a ratio is not above 0 Hz; use frequencies")

    def __len__(self):
        return len(self.pitch)

    def __repr__(self):
        return f"HarmonicFrames({len(self)} frames, pitch {np.median(self.pitch):.1f} Hz)"

    @property
    def times(self) -> np.ndarray:
        """Times of the frames' middles in seconds after the note's beginning, (n_frames,)."""
        return frame_times(len(self))


def frame_times(n_frames: int) -> np.ndarray:
    """Return the times of frames' middles, in seconds after the note's beginning; the first lie before it."""
    return (HOP * np.arange(n_frames) - LEAD + FFT_SIZE / 2) / RATE


def n_frames_for(seconds: float) -> int:
    """Return how many frames a note of this length has: from silence to silence."""
    return -(-(LEAD + round(seconds * RATE)) // HOP) + 1


def seconds_of(n_frames: int) -> float:
    """Return how long a note of so many frames is."""
    return ((n_frames - 1) * HOP - LEAD) / RATE


def to_midi(hertz: np.ndarray) -> np.ndarray:
    """Return frequencies as MIDI numbers, fractions of semitones included: 440 Hz is 69."""
    return 69 + 12 * np.log2(np.asarray(hertz) / 440)


def to_hertz(midi: np.ndarray) -> np.ndarray:
    """Return the frequencies that MIDI numbers stand for."""
    return 440 * 2 ** ((np.asarray(midi, dtype=np.float64) - 69) / 12)


def analyze_harmonics(sound: Sound, pitch: float, ratios: np.ndarray = HARMONIC) -> HarmonicFrames:
    """Measure the partials and the noise of one note.

    Args:
        sound: a note that begins at its first sample; silence is added around it.
        pitch: about its pitch, in Hz, give or take a third of a semitone, and 30 Hz at most. Below 60 Hz the
            partials lie too close to be told apart.
        ratios: frequency of every partial at pitch 1, (N_PARTIALS,).

    Returns:
        As many frames as n_frames_for the sound's duration.

    Raises:
        ValueError: the sound has another sample rate than RATE, or the pitch is none.

    Notebook: 10_scaling_up.
    """
    spectra, followed = _followed(sound, pitch, ratios)
    amplitude, rest = _fit_partials(spectra, followed, ratios)
    return HarmonicFrames(amplitude, _bands(rest, followed, ratios), followed, ratios)


def follow_pitch(sound: Sound, pitch: float) -> np.ndarray:
    """Return the pitch of every frame of one harmonic note in Hz, (n_frames,); see analyze_harmonics."""
    return _followed(sound, pitch, HARMONIC)[1]


def synthesize_harmonics(frames: HarmonicFrames, seed: int = 0) -> Sound:
    """Make sound of harmonic frames: each partial's lobe into each spectrum, noise beside it, and back.

    Args:
        frames: whose frame 0 lies in the silence before the note.
        seed: start of the random numbers that the noise is made of.

    Returns:
        A sound that begins where the note does, at RATE.

    Notebook: 10_scaling_up.
    """
    turns = np.concatenate([[0.0], np.cumsum((frames.pitch[1:] + frames.pitch[:-1]) / 2)]) * HOP / RATE
    white = np.random.default_rng(seed).standard_normal(len(frames) * HOP + FFT_SIZE)
    samples = np.zeros_like(white)
    for first in range(0, len(frames), _BLOCK):
        block = slice(first, first + _BLOCK)
        spectra = _noise_spectra(white[first * HOP :], frames.noise[block])
        _add_partials(spectra, frames.amplitude[block], frames.pitch[block], turns[block], frames.ratios)
        pieces = np.fft.irfft(spectra * _TO_MIDDLE) * _WINDOW / 1.5  # squared windows add up to 1.5
        for t, piece in enumerate(pieces, first):
            samples[t * HOP : t * HOP + FFT_SIZE] += piece
    return Sound(samples[LEAD:], RATE, f"{np.median(frames.pitch):.0f} Hz, from harmonic frames")


def lobe(distance: np.ndarray) -> np.ndarray:
    """Return what a sine of amplitude 2 puts into a bin so many bins away: the Hann window's transform.

    Notebook: 10_scaling_up.
    """
    near_one = np.abs(1 - distance**2) < 1e-6  # both factors go through 0 there
    return FFT_SIZE / 2 * np.where(near_one, 0.5, np.sinc(distance) / np.where(near_one, 1, 1 - distance**2))


def band_centers() -> np.ndarray:
    """Return the middles of the noise bands in Hz, (N_BANDS,)."""
    edges = _band_edges()
    return (edges[1:] + edges[:-1]) / 2


def _band_edges() -> np.ndarray:
    highest = 2595 * np.log10(1 + HIGHEST / 700)
    return 700 * (10 ** (np.linspace(0, highest, N_BANDS + 1) / 2595) - 1)


def _spectra(samples: np.ndarray, n_frames: int) -> np.ndarray:
    """Return the windowed spectra of frames every HOP samples, phases from their middles, complex."""
    missing = (n_frames - 1) * HOP + FFT_SIZE - len(samples)
    padded = np.pad(samples, (0, max(missing, 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[::HOP][:n_frames]
    return np.fft.rfft(frames * _WINDOW) * _TO_MIDDLE


def _followed(sound: Sound, pitch: float, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectra of a note's frames, and the pitch of each."""
    if sound.sample_rate != RATE:
        raise ValueError(f"{sound.label}: {sound.sample_rate} samples per second; resample it to {RATE}")
    if not 0 < pitch < HIGHEST:
        raise ValueError(f"pitch={pitch} Hz is no pitch; use one between 0 and {HIGHEST:.0f} Hz")
    spectra = _spectra(np.pad(sound.samples, (LEAD + HOP, FFT_SIZE)), n_frames_for(sound.duration) + 1)
    return spectra[1:], _follow_pitch(spectra, pitch, ratios)[1:]  # the first has no frame before it


def _follow_pitch(spectra: np.ndarray, pitch: float, ratios: np.ndarray) -> np.ndarray:
    """Return the pitch of every frame, (n_frames,): the partials' frequencies by their phases' advance.

    Each bin near a partial says how fast its phase turns; the energy decides how much it counts.
    """
    bins = np.arange(spectra.shape[1])
    phase = np.angle(spectra) / (2 * np.pi)
    expected = bins * HOP / FFT_SIZE
    advance = np.diff(phase, axis=0, prepend=phase[:1]) - expected
    frequency = (advance - np.rint(advance) + expected) * RATE / HOP
    energy, rows = np.abs(spectra) ** 2, np.arange(len(spectra))
    found = np.full(len(spectra), float(pitch))
    for tolerance in (0.06, 0.03, 0.03):
        heard, weight = np.zeros((2, len(spectra)))
        for ratio in ratios[: max(int(min(_TUNED, _TUNED_BELOW / pitch)), 1)]:
            middle = np.rint(ratio * found / _BIN).astype(int)
            for bin_ in (middle - 1, middle, middle + 1):
                near, strength = frequency[rows, bin_], energy[rows, bin_]
                counts = strength * (np.abs(near - ratio * found) < tolerance * ratio * found)
                heard += counts * near
                weight += counts * ratio
        silence = max(_SILENT * weight.max(), _TINY)
        found = (heard + silence * pitch) / (weight + silence)
    return found


def _fit_partials(
    spectra: np.ndarray, pitch: np.ndarray, ratios: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the partials' amplitudes (n_frames, N_PARTIALS), and the spectra that remain without them."""
    rest, rows = spectra.copy(), np.arange(len(spectra))[:, None]
    around = np.arange(-_SUBTRACTED, _SUBTRACTED + 1)
    core = np.abs(around) <= _FITTED
    strength = np.zeros((len(spectra), N_PARTIALS), dtype=complex)
    for _ in range(_ROUNDS):
        for k, ratio in enumerate(ratios):
            place = ratio * pitch / _BIN
            bins = np.rint(place).astype(int)[:, None] + around
            inside = (bins >= 0) & (bins < rest.shape[1])
            shape = lobe(bins - place[:, None]) * inside
            bins = np.clip(bins, 0, rest.shape[1] - 1)
            fitted = (shape * core * rest[rows, bins]).sum(axis=1) / (shape**2 * core + _TINY).sum(axis=1)
            fitted *= ratio * pitch < HIGHEST
            strength[:, k] += fitted
            np.subtract.at(rest, (rows, bins), fitted[:, None] * shape)
    return 2 * np.abs(strength), rest


def _bands(rest: np.ndarray, pitch: np.ndarray, ratios: np.ndarray) -> np.ndarray:
    """Return the strength of noise in bands, (n_frames, N_BANDS), told by bins away from the partials."""
    bins = np.arange(rest.shape[1])
    between = np.ones(rest.shape, dtype=bool)
    for ratio in ratios:
        between &= np.abs(bins - (ratio * pitch / _BIN)[:, None]) >= 2
    power, edges = np.abs(rest) ** 2, _band_edges() / _BIN
    bands = np.full((len(rest), N_BANDS), np.nan)
    for band in range(N_BANDS):
        inside = (bins >= edges[band]) & (bins < edges[band + 1]) & (bins > 0)
        count = between[:, inside].sum(axis=1)
        total = (power[:, inside] * between[:, inside]).sum(axis=1)
        bands[count > 0, band] = total[count > 0] / count[count > 0]
    centers = band_centers()
    for row in bands:  # a band without a bin of its own: as its neighbors are
        known = np.isfinite(row)
        row[~known] = np.exp(np.interp(centers[~known], centers[known], np.log(row[known] + _TINY)))
    padded = np.pad(bands, ((2, 2), (0, 0)))
    smooth = sum(share * padded[i : i + len(bands)] for i, share in enumerate(_SMOOTH))
    return np.sqrt(smooth / (_WINDOW**2).sum())


def _add_partials(
    spectra: np.ndarray, amplitude: np.ndarray, pitch: np.ndarray, turns: np.ndarray, ratios: np.ndarray
) -> None:
    """Add to spectra the lobe of every partial below HIGHEST, its phase where the turns have brought it."""
    rows, around = np.arange(len(spectra))[:, None], np.arange(-_PLACED, _PLACED + 1)
    for k, ratio in enumerate(ratios):
        place = ratio * pitch / _BIN
        bins = np.rint(place).astype(int)[:, None] + around
        inside = (bins >= 0) & (bins < spectra.shape[1])
        phase = np.exp(2j * np.pi * ((0.25 * (k + 1) + ratio * turns) % 1))
        strength = 0.5 * amplitude[:, k] * (ratio * pitch < HIGHEST) * phase
        np.add.at(
            spectra,
            (rows, np.clip(bins, 0, spectra.shape[1] - 1)),
            strength[:, None] * lobe(bins - place[:, None]) * inside,
        )


def _noise_spectra(white: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return spectra of white noise, shaped by the bands' strengths, (n_frames, n_bins)."""
    bins = np.arange(FFT_SIZE // 2 + 1) * _BIN
    log_bands = np.log(noise + _TINY)
    centers = band_centers()
    shape = np.exp(np.stack([np.interp(bins, centers, row) for row in log_bands]))
    shape[:, bins > HIGHEST] = 0.0
    return _spectra(white, len(noise)) * shape
