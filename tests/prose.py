"""Numbers in a notebook's prose: which of them no cell prints.

A number that depends on a run is printed by the run. So each number with a unit in the prose must stand in
what a cell prints, in its code (a setting), or in the notebook's allow-list, tests/prose/<notebook>.txt, each
line of which is a number with its unit, a colon, and where it comes from.
"""

import re
from pathlib import Path

ALLOWED = Path(__file__).parent / "prose"
UNITS = (
    "Hz|kHz|dB|ms|s|seconds?|minutes?|cents?|%|percent|times|nats?|epochs?|frames?|cells?|samples?|"
    "bins?|components?|parameters|steps?|partials?|turns?|degrees|octaves?|semitones?|"
    "standard deviations?|deviations?"
)
NUMBER = re.compile(rf"(?<![\w.,/^])(\d[\d,]*(?:\.\d+)?)(?:\s|-|\u00a0)?({UNITS})(?![\w^])")
NO_PROSE = (
    r"```.*?```",  # code
    r"`[^`]*`",
    r"\$\$.*?\$\$",  # formulas
    r"\$[^$]*\$",
    r"\]\([^)]*\)",  # addresses
    r"\*\*Time\*\*[^\n]*\n?[^\n]*",
    r"\(\d+ minutes?, [^)]*\)",  # an exercise's
    r"\*\*Sources?\*\*.*",
    r"<[^>]+>",
)
NO_NUMBERS = r'src="data:[^"]*"|<style.*?</style>|id="[^"]*"|class="[^"]*"'  # of HTML


def prose(notebook) -> str:
    """All text of the notebook's markdown cells but code, formulas, addresses, minutes and sources."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for pattern in NO_PROSE:
        text = re.sub(
            pattern, " ", text, flags=re.DOTALL if pattern.startswith(("```", r"\$\$", r"\*\*So")) else 0
        )
    return text


def numbers_in_prose(notebook) -> list[tuple[str, str]]:
    """Numbers with their units, as they are written."""
    return [(number, unit) for number, unit in NUMBER.findall(prose(notebook))]


def shown(notebook) -> list[float]:
    """All numbers that code holds or a cell shows: in text, tables and pictures' alternative texts."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        texts = [cell.source]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            html = re.sub(NO_NUMBERS, "", data.get("text/html", ""), flags=re.DOTALL)
            texts += [output.get("text", ""), html, data.get("text/plain", "")]
        for digits in re.findall(r"\d[\d,_]*(?:\.\d+)?(?:e-?\d+)?", "\n".join(texts)):
            found.append(float(digits.replace(",", "").replace("_", "")))
    return found


def allowed(name: str) -> set[tuple[str, str]]:
    """Numbers with units of a notebook's allow-list."""
    path = ALLOWED / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    entries = set()
    for line in lines:
        written, colon, reason = line.partition(":")
        assert colon, f"{path.name}: {line!r} has no reason"
        assert reason.strip(), f"{path.name}: {line!r} has no reason"
        entries |= set(NUMBER.findall(written))
    return entries


def unprinted(notebook, name: str) -> list[str]:
    """Numbers in the prose that no cell prints and no allow-list names."""
    there, known = shown(notebook), allowed(name)
    missing = []
    for number, unit in numbers_in_prose(notebook):
        digits = len(number.partition(".")[2])
        value = float(number.replace(",", ""))
        near = any(abs(value - round(n, digits)) < 1e-9 for n in there)
        if not near and (number, unit) not in known:
            missing.append(f"{number} {unit}")
    return missing
