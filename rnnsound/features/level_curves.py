"""How the level of every component falls: a curve for each, measured, taken out to learn, and put back.

A string that was struck dies away, a tone that is no longer blown ends. Neither is a straight line on a dB
scale, but both only ever fall: that is all that is assumed. Notebooks: 06_clarinet, 07_piano.
"""

from dataclasses import replace

import numpy as np

from rnnsound.dsp.frames import Frames

_QUIET = 1e-4  # of the loudest magnitude: -80 dB; nothing below is followed, so no noise has to be known
_SMOOTH = 0.5  # how much a knot is asked to lie between its neighbors, against the frames around it
_LARGEST = 1e3  # logarithms: no measured one comes near


class LevelCurves:
    """One falling curve per component: straight lines between knots in time, the same knots for all.

    A level is log(1 + magnitude / floor), with a floor 80 dB below the loudest magnitude: a logarithm where
    something is heard, and 0 where nothing is.

    Args:
        floor: magnitude at which levels leave off.
        knots: where the lines meet, in any measure of time, ascending, (n_knots,).
        levels: of every component at every knot, falling, (n_knots, n_components).

    Raises:
        ValueError: shapes, order or values are others.

    Notebook: 07_piano.
    """

    def __init__(self, floor: float, knots: np.ndarray, levels: np.ndarray):
        if not 0 < floor < np.inf or np.ndim(knots) != 1 or np.ndim(levels) != 2 or len(knots) != len(levels):
            raise ValueError("the level curves have the wrong shapes")
        in_order = len(knots) > 1 and np.isfinite(knots).all() and (np.diff(knots) > 0).all()
        if not in_order or not (np.abs(levels) < _LARGEST).all():
            raise ValueError("the level curves have knots out of order, or levels that are too large")
        self.floor, self.knots, self.levels = float(floor), np.asarray(knots), np.asarray(levels)

    @classmethod
    def fit(cls, floor: float, knots: np.ndarray, at: np.ndarray, magnitude: np.ndarray) -> "LevelCurves":
        """Draw curves through magnitudes: least squares, then made to fall.

        Where few frames lie between two knots, a small weight on the bend at each keeps the curve from
        swinging. A curve that falls and is nearest to what was found is that of isotonic regression: each
        knot gets the lowest, over all that begin at it or before, of the highest means up to it or behind.

        Args:
            floor: as for the curves.
            knots: as for the curves.
            at: time of every frame, in the measure of the knots, (n_frames,).
            magnitude: (n_frames, n_components).

        Source: Barlow, Bartholomew, Bremner and Brunk, "Statistical Inference under Order Restrictions",
        1972.
        """
        weights = hats(at, knots)
        bends = np.diff(np.eye(len(knots)), 2, axis=0)
        # A knot that no frame is near takes the level of its neighbors.
        normal = weights.T @ weights + _SMOOTH * bends.T @ bends + 1e-6 * np.eye(len(knots))
        levels = np.linalg.solve(normal, weights.T @ np.log1p(magnitude / floor))
        return cls(floor, knots, _falling(levels, weights.sum(axis=0) + 1e-6))

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """Return the levels at some times, (n_times, n_components); before and behind the knots they stay."""
        return hats(at, self.knots) @ self.levels

    def moved(self, frames: Frames, by: np.ndarray) -> Frames:
        """Return frames at other levels; none falls below 0, where magnitudes are 0.

        Args:
            frames: of as many components.
            by: what is added to every level, (n_frames, n_components).
        """
        levels = np.maximum(np.log1p(np.maximum(frames.magnitude, 0.0) / self.floor) + by, 0.0)
        return replace(frames, magnitude=self.floor * np.expm1(levels))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return floor, knots and levels by name, to be kept in a file: LevelCurves(**arrays) is the same."""
        return {"floor": np.array([self.floor]), "knots": self.knots, "levels": self.levels}

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray], n_components: int) -> "LevelCurves":
        """Take back what arrays gave.

        Raises:
            ValueError: the arrays are not those of curves of so many components.
        """
        if set(arrays) != {"floor", "knots", "levels"} or arrays["floor"].shape != (1,):
            raise ValueError("the level curves have the wrong names or shapes")
        curves = cls(float(arrays["floor"][0]), arrays["knots"], arrays["levels"])
        if curves.levels.shape[1] != n_components or (np.diff(curves.levels, axis=0) > 1e-9).any():
            raise ValueError("the level curves are of another number of components, or rise")
        return curves


def quiet(magnitude: np.ndarray) -> float:
    """Return the magnitude that lies 80 dB below the loudest; never 0."""
    return float(_QUIET * max(magnitude.max(), np.finfo(np.float32).tiny))


def hats(at: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return how much of each knot's value there is at some times, (n_times, n_knots)."""
    return np.stack([np.interp(at, knots, one) for one in np.eye(len(knots))], axis=1)


def _falling(levels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the falling columns that are nearest to these, by weighted least squares."""
    n = len(levels)
    total = np.concatenate([np.zeros((1, levels.shape[1])), np.cumsum(weights[:, None] * levels, axis=0)])
    weight = np.concatenate([[0.0], np.cumsum(weights)])
    falling = np.full_like(levels, np.inf)
    for first in range(n):
        means = (total[first + 1 :] - total[first]) / (weight[first + 1 :] - weight[first])[:, None]
        highest = np.maximum.accumulate(means[::-1])[::-1]  # of the means that end at a knot or behind it
        falling[first:] = np.minimum(falling[first:], highest)
    return falling
