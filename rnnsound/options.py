"""Options of the command line that are made from the configs: one for every setting.

What a setting means stands in its config's docstring only.
"""

import argparse
from dataclasses import fields

from rnnsound.config import Config, explain


def add_options(command: argparse.ArgumentParser, part: type[Config]) -> None:
    """Add an option for every setting of a config: its name, its type and what its docstring says."""
    group = command.add_argument_group(part.__doc__.partition("\n")[0].rstrip("."))
    meanings = explain(part)
    for setting in fields(part):
        meaning = meanings[setting.name].rstrip(".").replace("%", "%%")
        if setting.type is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        else:
            kind = {"type": setting.type, "metavar": {int: "N", float: "X", str: "WORD"}[setting.type]}
        group.add_argument(option_name(setting.name), dest=setting.name, default=None, help=meaning, **kind)


def option_name(setting: str) -> str:
    """Return the option that sets a setting: --components for n_components, --layers for num_layers."""
    return "--" + setting.removeprefix("n_").removeprefix("num_").replace("_", "-")


def given(options: argparse.Namespace, *parts: type[Config]) -> dict:
    """Return the settings that were given on the command line."""
    names = [setting.name for part in parts for setting in fields(part)]
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}
