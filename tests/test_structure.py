"""The house itself: which way imports point, what one place decides, and how large anything may get."""

import ast
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import nbformat
import pytest

import rnnsound
from rnnsound import config, features, presets, show
from rnnsound.nn import history, mdn, train

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "rnnsound"

spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
architecture = importlib.util.module_from_spec(spec)
spec.loader.exec_module(architecture)
MODULES, ORDER = architecture.modules(), architecture.ORDER
imports, own, room = architecture.imports, architecture.name_of, architecture.room


@pytest.mark.parametrize("path", MODULES, ids=own)
def test_imports_point_one_way(path):
    here = ORDER.index(room(own(path)))
    there = {name: ORDER.index(room(name)) for name in imports(path) if name.startswith("rnnsound")}
    assert {name: place for name, place in there.items() if place > here} == {}


def test_the_arrow_is_held_by_the_test_above():
    """It sees imports, those inside functions too, and not those for types only."""
    assert "rnnsound.sound_model" in imports(PACKAGE / "learning.py")
    assert "rnnsound.sound_model" not in imports(PACKAGE / "evaluate.py")
    assert "rnnsound.show.plots" in imports(PACKAGE / "show" / "live.py")
    assert "rnnsound.dsp.frames" in imports(PACKAGE / "dsp" / "vocoder.py")


def test_the_page_on_the_architecture_is_drawn_from_today():
    page = architecture.PAGE.read_text(encoding="utf-8")
    assert page == architecture.redrawn(page), "make house draws it anew"


@pytest.mark.parametrize("path", MODULES, ids=own)
def test_only_show_imports_what_shows_and_only_nn_and_what_stands_on_it_imports_torch(path):
    names = {name.partition(".")[0] for name in imports(path)}
    if room(own(path)) != "show":
        assert not names & {"IPython", "matplotlib", "ipywidgets", "pandas"}
    if room(own(path)) not in ("nn", "checkpoint", "fitting", "sound_model", "instrument_model"):
        assert "torch" not in names


def test_the_set_up_check_analysis_and_an_import_do_without_torch():
    code = (
        "import sys, rnnsound, rnnsound.show\nfrom rnnsound.__main__ import main\n"
        "main(['check']); main(['analyze', 'sine440', '--csv', '--frame', '1'])\n"
        "assert 'torch' not in sys.modules\nrnnsound.SoundModel\nassert 'torch' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("order", ["import torch, rnnsound", "import rnnsound; rnnsound.train; import torch"])
def test_a_notebooks_own_pytorch_uses_one_thread_whichever_comes_first(order):
    code = f"{order}\nassert torch.get_num_threads() == 1, torch.get_num_threads()"
    several = os.environ | {"OMP_NUM_THREADS": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=several
    )
    assert done.returncode == 0, done.stderr


def test_all_that_the_package_exports_is_there():
    for name in rnnsound.__all__:
        assert getattr(rnnsound, name) is not None
        assert name in dir(rnnsound)
    with pytest.raises(AttributeError, match="nothing_such"):
        rnnsound.nothing_such  # noqa: B018


def test_choices_are_those_of_the_registries():
    choices = {
        known.name: known.metadata["choices"]
        for part in config.PARTS
        for known in fields(part)
        if known.metadata.get("choices")
    }
    assert choices == {
        "representation": tuple(features.SCALERS),
        "magnitude_scale": ("linear", "log"),
        "note": tuple(features.NOTES),
        "optimizer": tuple(train.OPTIMIZERS),
        "loss": tuple(mdn.LOSSES),
    }
    assert config.LOSS_UNITS.keys() == mdn.LOSSES.keys()
    assert history.OPTIMIZER_STATE.keys() == train.OPTIMIZERS.keys()


def test_no_config_has_more_than_ten_settings_and_no_two_share_a_name():
    names = [known.name for part in config.PARTS for known in fields(part)]
    assert len(set(names)) == len(names) == len(presets.SINE.flat())
    assert max(len(fields(part)) for part in (*config.PARTS, config.ModelConfig)) <= 10


def test_every_setting_is_explained_in_its_configs_docstring():
    for part in config.PARTS:
        assert list(config.explain(part)) == [known.name for known in fields(part)]


def signatures():
    """Public functions and methods of the whole package, by name."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                yield f"{own(path)}.{node.name}", [name for name in names if name not in ("self", "cls")]


def test_no_public_signature_has_more_than_eight_parameters():
    assert [name for name, parameters in signatures() if len(parameters) > 8] == []
    assert len(list(signatures())) > 50


def test_plot_functions_take_data_an_optional_ax_and_at_most_four_options():
    for name in show.__all__:
        if name.startswith("plot_"):
            parameters = inspect.signature(getattr(show, name)).parameters.values()
            options = [p for p in parameters if p.default is not p.empty and p.name != "ax"]
            assert len(options) <= 4, name


def test_no_module_is_longer_than_300_lines():
    lengths = {own(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_has_at_most_four_import_lines_from_the_package(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    lines = re.findall(r"^\s*(?:from|import) rnnsound.*$", code, flags=re.M)
    assert 1 <= len(lines) <= 4
