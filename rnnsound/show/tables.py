"""Tables for a notebook's page: captioned, with units, four decimals as in the article."""

import html
from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import HTML
from pandas.io.formats.style import Styler

from rnnsound.check import Finding
from rnnsound.dsp.frames import Frames

_DECIMALS = 4
_NAMED = ("Python", "numpy", "torch", "jupyterlab")  # whose versions stand in the set-up check's one line


def table(columns: dict, caption: str, decimals: int = _DECIMALS) -> Styler:
    """Show columns of numbers or words side by side.

    Args:
        columns: heading, with its unit -> values, all of one length.
        caption: what the table shows.
        decimals: digits after the point of what is not a whole number.
    """
    data = pd.DataFrame(columns)
    fractions = data.select_dtypes("floating").columns
    data[fractions] = data[fractions].round(decimals) + 0.0  # no "-0.0000"
    words = [name for name in data.columns if not pd.api.types.is_numeric_dtype(data[name])]
    style = data.style.hide(axis="index").set_caption(html.escape(caption))
    style = style.format(precision=decimals, na_rep="-", escape="html").format_index(escape="html", axis=1)
    style = style.set_properties(subset=words, **{"text-align": "left"})
    return style.set_table_styles(
        [
            {"selector": "caption", "props": "caption-side: top; text-align: left; font-weight: bold"},
            {"selector": "th, td", "props": "text-align: right; font-variant-numeric: tabular-nums"},
        ]
    )


def component_table(frames: Frames, frame: int, compare: np.ndarray | None = None) -> Styler:
    """Show every component of one frame.

    Args:
        frames: what the vocoder measured.
        frame: which frame, counted from 0.
        compare: printed figures to stand beside ours, magnitude and frequency, (n_components, 2).

    Raises:
        ValueError: compare has another shape.

    Notebook: 01_sine_and_phase_vocoder.
    """
    ours = np.column_stack([frames.magnitude[frame], frames.frequency[frame]])
    columns = {
        "component": np.arange(frames.n_components),
        "bin center (Hz)": frames.bin_centers,
        "magnitude": ours[:, 0],
        "frequency (Hz)": ours[:, 1],
    }
    if compare is not None:
        if np.shape(compare) != ours.shape:
            raise ValueError(f"compare has shape {np.shape(compare)}; {ours.shape} would fit these frames")
        difference = ours - compare
        columns |= {"printed magnitude": compare[:, 0], "printed frequency (Hz)": compare[:, 1]}
        columns |= {"magnitude difference": difference[:, 0], "frequency difference (Hz)": difference[:, 1]}
    return table(columns, f"Frame {frame}, centered at {frames.times[frame]:.3f} s")


def check_table(findings: Iterable[Finding]) -> HTML:
    """Show what the set-up check found: one line, what is wrong below it, and all of it folded.

    Args:
        findings: as check() gives them.

    Notebook: 00_start_here.
    """
    findings = list(findings)
    wrong = [finding for finding in findings if not finding.ok]
    versions = [
        f"{finding.name} {finding.found}" for finding in findings if finding.name in _NAMED and finding.ok
    ]
    verdict = f"{len(wrong)} of {len(findings)} WRONG" if wrong else f"ok, all {len(findings)}"
    line = f"<p><b>{verdict}</b>: {html.escape(', '.join(versions))}</p>"
    mend = _findings(wrong, "What is wrong, and what to do").to_html() if wrong else ""
    everything = _findings(findings, "Set-up check").to_html()
    return HTML(
        f"{line}{mend}<details><summary>Everything that was looked at</summary>{everything}</details>"
    )


def _findings(findings: list[Finding], caption: str) -> Styler:
    columns = {
        "": ["ok" if finding.ok else "WRONG" for finding in findings],
        "what": [finding.name for finding in findings],
        "found": [finding.found for finding in findings],
        "what to do": [finding.remedy for finding in findings],
    }
    return table(columns, caption)
