"""The phase vocoder: windows, magnitudes and frequencies of a sound, and back to the very same samples.

Source: Flanagan and Golden, "Phase Vocoder", 1966; Portnoff, "Implementation of the Digital Phase Vocoder
Using the Fast Fourier Transform", 1976. Notebook: 01_sine_and_phase_vocoder.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnnsound.dsp.frames import TURN, Frames, accumulate
from rnnsound.dsp.sound import Sound

_BLOCK = 256  # frames worked on at a time: they stay in the processor's cache, whatever the sound's length
_LARGEST_BLOCK = 2**22  # samples in them at most: of very long frames there are fewer
_LARGEST_FFT = 2**20  # 24 s in one frame at 44.1 kHz


class PhaseVocoder:
    """Turns a Sound into Frames and Frames into a Sound.

    Args:
        fft_size: samples in one frame, even, at most 2**20. Longer frames tell close frequencies apart,
            shorter ones follow quick changes.
        hop_size: samples from one frame to the next; must divide fft_size. A bin can tell frequencies within
            ± sample_rate / (2 * hop_size) of its center.
        n_components: keep this many bins, from bin 0 up, and drop the rest: a low-pass. None keeps all
            fft_size // 2 + 1.
        dc: keep bin 0, the sound's constant part. The article's vocoder sets it to zero, and so does the
            default.

    Raises:
        ValueError: a setting is outside its range; the message says which and what would do.

    Notebook: 01_sine_and_phase_vocoder.
    """

    def __init__(
        self, fft_size: int = 512, hop_size: int = 128, n_components: int | None = None, dc: bool = False
    ):
        if n_components is None:
            n_components = fft_size // 2 + 1
        check_sizes(fft_size, hop_size, n_components)
        self.fft_size = fft_size
        self.hop_size = hop_size
        self.n_components = n_components
        self.dc = dc
        self.window = _window(fft_size, hop_size)
        self._block = max(min(_BLOCK, _LARGEST_BLOCK // fft_size), 1)

    def __repr__(self):
        dc = ", dc=True" if self.dc else ""
        sizes = f"fft_size={self.fft_size}, hop_size={self.hop_size}"
        return f"PhaseVocoder({sizes}, n_components={self.n_components}{dc})"

    def analyze(self, sound: Sound) -> Frames:
        """Measure magnitude and frequency of every kept component, frame by frame.

        Frame t begins at sample t * hop_size; the last one is filled up with silence. Frequency comes from
        how far a bin's phase advanced since the frame before, so it is known only within
        ± sample_rate / (2 * hop_size) of the bin's center; beyond that it wraps. Frame 0 has no frame before
        it and reports the bin centers.

        Args:
            sound: mono, at least fft_size samples long.

        Returns:
            Frames: magnitude (n_frames, n_components), linear, as |FFT|; frequency, same shape, in Hz.

        Raises:
            ValueError: the sound is shorter than one frame.

        Source: Flanagan and Golden, "Phase Vocoder", 1966. Notebook: 01_sine_and_phase_vocoder.
        """
        if len(sound) < self.fft_size:
            raise ValueError(
                f"{sound.label}: {sound.duration:.3f} s of sound is shorter than one {self.fft_size}-sample "
                f"frame ({self.fft_size / sound.sample_rate:.3f} s); use a longer sound or a smaller FFT size"
            )
        n_frames = 1 + -(-(len(sound) - self.fft_size) // self.hop_size)
        last = (n_frames - 1) * self.hop_size + self.fft_size
        samples = np.pad(sound.samples, (0, last - len(sound)))
        steps = sliding_window_view(samples, self.fft_size)[:: self.hop_size]

        magnitude = np.empty((n_frames, self.n_components))
        advance = np.empty((n_frames, self.n_components))  # turns, beyond what the bin's center would advance
        center = np.arange(self.n_components) * (self.hop_size / self.fft_size)  # turns per hop
        first_phase = previous = None
        for start in range(0, n_frames, self._block):
            block = slice(start, start + self._block)
            spectrum = np.fft.rfft(steps[block] * self.window)[:, : self.n_components]
            np.abs(spectrum, out=magnitude[block])
            turns = np.angle(spectrum) / (2 * np.pi)
            if first_phase is None:
                first_phase = 2 * np.pi * turns[0]
                previous = turns[0] - center
            advance[block] = np.diff(turns, axis=0, prepend=previous[None]) - center
            previous = turns[-1]
        advance -= np.rint(advance)  # a phase is known only up to whole turns: take the nearest
        frequency = advance
        frequency += center
        frequency *= sound.sample_rate / self.hop_size
        if not self.dc:
            magnitude[:, 0] = frequency[:, 0] = 0.0
        return Frames(magnitude, frequency, sound.sample_rate, self.fft_size, self.hop_size, first_phase)

    def analyze_blocks(self, blocks: Iterable[np.ndarray], sample_rate: int, label: str) -> Iterator[Frames]:
        """Measure a sound of any length, of which only a piece is in memory at a time.

        Args:
            blocks: its samples, in arrays of shape (n,) of any length.
            sample_rate: samples per second.
            label: what messages call it.

        Returns:
            Frames, in pieces: together what analyze gives of the whole.

        Raises:
            ValueError: the sound is shorter than one frame.
        """
        waiting, first, at_once = np.empty(0), 0, self._block * self.hop_size
        for block in blocks:
            waiting = np.concatenate([waiting, block])
            if len(waiting) > self.fft_size + at_once:
                # The last whole frame waits: the next one's frequencies are counted from it.
                end = (len(waiting) - self.fft_size) // self.hop_size * self.hop_size
                yield self._piece(Sound(waiting[: end + self.fft_size], sample_rate), first)
                waiting, first = waiting[end:], first + end // self.hop_size
        if not first or len(waiting) > self.fft_size:
            yield self._piece(Sound(waiting, sample_rate, label), first)

    def _piece(self, sound: Sound, first: int) -> Frames:
        """Return a piece's frames; any piece but the very first begins with a frame that is known already."""
        frames = self.analyze(sound)
        return replace(frames[1:], start=(first + 1) * self.hop_size) if first else frames

    def synthesize(self, frames: Frames) -> Sound:
        """Turn frames into sound: accumulate phases, inverse FFT, window, overlap and add.

        With all components and bin 0 kept, this gives back the samples that were analyzed, away from the
        first and the last window. Frames measured at another hop size are read out at this vocoder's: the
        sound is stretched in time by the ratio of the two, at the same pitch.

        Args:
            frames: of the same fft_size; any number of components.

        Returns:
            Sound: (n_frames - 1) * hop_size + fft_size samples.

        Raises:
            ValueError: the frames are of another fft_size, or there are none.

        Source: Portnoff, 1976, for the FFT form; Griffin and Lim, "Signal Estimation from Modified
        Short-Time Fourier Transform", 1984, for dividing by the summed squared window.
        Notebook: 01_sine_and_phase_vocoder.
        """
        if frames.fft_size != self.fft_size:
            raise ValueError(
                f"the frames were measured with fft_size={frames.fft_size}; "
                f"use a PhaseVocoder with the same, not {self.fft_size}"
            )
        if len(frames) == 0:
            raise ValueError("there are no frames to make a sound of; analyze or generate at least one")
        n_frames, overlap = len(frames), self.fft_size // self.hop_size
        phase = np.zeros(frames.n_components, dtype=np.uint64)
        output = np.zeros((n_frames + overlap - 1, self.hop_size))  # one row per hop
        power = np.zeros_like(output)
        squared_window = (self.window**2).reshape(overlap, self.hop_size)
        for start in range(0, n_frames, self._block):
            stop = start + self._block
            magnitude, frequency = (a[start:stop] for a in (frames.magnitude, frames.frequency))
            turns = frequency * (self.hop_size / frames.sample_rate)
            if start == 0:
                turns[0] = frames.first_phase / (2 * np.pi)  # no frame before it to advance from
            phases = accumulate(turns, phase)
            phase = phases[-1]
            angle = phases.view(np.int64) * (2 * np.pi / TURN)  # -pi to pi
            spectrum = np.empty(angle.shape, dtype=np.complex128)
            np.multiply(magnitude, np.cos(angle), out=spectrum.real)
            np.multiply(magnitude, np.sin(angle), out=spectrum.imag)
            pieces = np.fft.irfft(spectrum, self.fft_size) * self.window
            pieces = pieces.reshape(-1, overlap, self.hop_size)
            for row in range(overlap):
                output[start + row : start + row + len(pieces)] += pieces[:, row]
                power[start + row : start + row + len(pieces)] += squared_window[row]
        # The first and last window have fewer neighbors; dividing by almost nothing there would click.
        floor = 0.1 * squared_window.sum(axis=0).max()
        output /= np.maximum(power, floor)
        label = f"{frames.n_components} components, resynthesized"
        return Sound(output.ravel(), frames.sample_rate, label)


def check_sizes(fft_size: int, hop_size: int, n_components: int) -> None:
    """Check that an FFT size, a hop size and a number of components fit each other.

    Raises:
        ValueError: a size is outside its range; the message says which and what would do.
    """
    if not 2 <= fft_size <= _LARGEST_FFT or fft_size % 2:
        raise ValueError(
            f"fft_size={fft_size} is not an even number from 2 to {_LARGEST_FFT}; 512 or 2048 would do"
        )
    if not 1 <= hop_size <= fft_size or fft_size % hop_size:
        raise ValueError(
            f"hop_size={hop_size} does not divide fft_size={fft_size}; try {max(fft_size // 4, 1)}"
        )
    n_bins = fft_size // 2 + 1
    if not 1 <= n_components <= n_bins:
        raise ValueError(
            f"n_components={n_components} is out of range: a {fft_size}-point FFT has {n_bins} bins; "
            f"use 1 to {n_bins}"
        )


def _window(fft_size: int, hop_size: int) -> np.ndarray:
    """Symmetric Hann, as the article used; rectangular where its overlapped squares would leave gaps."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(fft_size) / (fft_size - 1))
    overlapped = (hann**2).reshape(-1, hop_size).sum(axis=0)
    return hann if overlapped.min() > 0.1 * overlapped.max() else np.ones(fft_size)
