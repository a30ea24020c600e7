"""A curve drawn with sliders: one for each of a few breakpoints, spread evenly over the sound."""

from collections.abc import Sequence

import ipywidgets
import traitlets

_HEIGHT = "150px"


class Breakpoints(ipywidgets.HBox):
    """Upright sliders side by side that have one value together: a tuple of theirs.

    It goes where a single slider would, as in explore.

    Args:
        values: where the sliders stand at first, one for each breakpoint.
        low: the sliders' lower end.
        high: the upper one.
        step: from one place of a slider to the next.
        description: what the sliders turn.

    Raises:
        ValueError: there are no values, or one is not between low and high.

    Notebook: 08_transformations.
    """

    value = traitlets.Tuple()

    def __init__(
        self, values: Sequence[float], low: float, high: float, step: float = 0.5, description: str = "curve"
    ):
        values = tuple(float(value) for value in values)
        self._check(values, low, high)
        self._low, self._high = low, high
        self.description = description
        self.sliders = [
            ipywidgets.FloatSlider(
                value,
                min=low,
                max=high,
                step=step,
                description=str(n),
                orientation="vertical",
                continuous_update=False,
                readout_format=".1f",
                layout=ipywidgets.Layout(height=_HEIGHT, width="60px"),
            )
            for n, value in enumerate(values, start=1)
        ]
        super().__init__([ipywidgets.Label(description), *self.sliders])
        self.value = values
        for slider in self.sliders:
            slider.observe(self._gather, names="value")

    def _gather(self, change) -> None:
        self.value = tuple(slider.value for slider in self.sliders)

    @traitlets.validate("value")
    def _within(self, proposal):
        values = tuple(float(value) for value in proposal["value"])
        if values and len(values) != len(self.sliders):
            raise ValueError(f"value={values} is not one number for each of {len(self.sliders)} sliders")
        self._check(values, self._low, self._high)
        return values

    @traitlets.observe("value")
    def _spread(self, change) -> None:
        for slider, value in zip(self.sliders, change["new"], strict=True):
            if slider.value != value:
                slider.unobserve(self._gather, names="value")  # heard once, not once for each slider
                slider.value = value
                slider.observe(self._gather, names="value")

    @staticmethod
    def _check(values: Sequence[float], low: float, high: float) -> None:
        if not values or not all(low <= value <= high for value in values):
            raise ValueError(f"values={tuple(values)} must be one or more, each between {low:g} and {high:g}")
