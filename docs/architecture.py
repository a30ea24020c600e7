"""Redraw the package's plan in docs/architecture.md from its modules: make house.

What a module is for is the first sentence of its docstring; which way imports point is read from the imports.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rnnsound"
ORDER = ("dsp", "config", "presets", "suggestion", "features", "nn", "container", "checkpoint")
ORDER += ("fitting", "sound_model", "instrument_model")
ORDER += (
    "article",
    "check",
    "evaluate",
    "terminal",
    "options",
    "tabulate",
    "transforming",
    "learning",
    "generating",
)
ORDER += ("__init__", "exercises", "show", "__main__")
"""The rooms, and the modules beside them: each imports only from itself and from those before it."""
PAGE = ROOT / "docs" / "architecture.md"


def modules() -> list[Path]:
    """Return the package's modules, by name, a room's own page (__init__.py) before what is in it."""
    return sorted(PACKAGE.rglob("*.py"), key=lambda path: path.with_suffix("").parts)


def name_of(path: Path) -> str:
    """Return a module's dotted name: rnnsound.dsp.sound; of a room, rnnsound.dsp."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> list[str]:
    """Return what a module imports when loaded or running, without what is for types only."""
    tree, found = ast.parse(path.read_text(encoding="utf-8")), []
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    known = {name_of(module) for module in modules()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in known else node.module for name in inner]
    return sorted(set(found))


def purpose(path: Path) -> str:
    """Return the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.split(r"\.(?:\s|$)", text.replace("\n", " "))[0]


def tree() -> str:
    """Return the plan: every room and module, and what it is for."""
    lines = []
    for path in modules():
        depth = len(path.relative_to(PACKAGE).parts)
        if path.name == "__init__.py":
            indent, label = "  " * (depth - 1), path.parent.name + "/"
        else:
            indent, label = "  " * depth, path.name
        lines.append(f"{indent}{label}".ljust(24) + purpose(path))
    return "```\n" + "\n".join(lines) + "\n```"


def room(name: str) -> str:
    """Return the room that a module's dotted name belongs to: dsp of rnnsound.dsp.sound."""
    return name.split(".")[1] if "." in name else "__init__"


def arrows() -> str:
    """Return a table of the rooms, and of the modules beside them, that each imports from."""
    found = {}
    for path in modules():
        there = {room(name) for name in imports(path) if name.startswith("rnnsound")}
        here = room(name_of(path))
        found[here] = found.get(here, set()) | there - {here}
    rows = [f"| {here} | {', '.join(sorted(found[here])) or 'nothing'} |" for here in ORDER]
    return "\n".join(["| | imports from |", "| --- | --- |", *rows])


def redrawn(page: str) -> str:
    """Return the page with the plan and the arrows of today."""
    for mark, text in (("plan", tree()), ("arrows", arrows())):
        begin, end = f"<!-- {mark}: make house -->", f"<!-- end of {mark} -->"
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
