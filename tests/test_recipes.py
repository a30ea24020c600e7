"""The recipes of docs/architecture.md, followed in a copy of the package: one file, and its registration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rnnsound"

LAPLACE = '''

def laplace_loss(mixture: Mixture, target: Tensor) -> Tensor:
    """Mean negative log-likelihood of a Laplace density, from the first Gaussian's numbers."""
    mean, log_scale = mixture.means[..., 0, :], mixture.log_stds[..., 0, :]
    return ((target - mean).abs() * torch.exp(-log_scale) + log_scale + math.log(2)).sum(-1).mean()
'''

PLUCKED = '''
from dataclasses import replace

import numpy as np

from rnnsound.features.notes import WholeNote


class PluckedNote(WholeNote):
    """A note all of whose components lose the same number of decibels every second."""

    condition_names = ("since_stroke",)

    def fit(self, sounds, recordings):
        level = 20 * np.log10(recordings[0].magnitude.max(axis=1) + 1e-9)
        times = recordings[0].times
        inside = (times > 0.1) & (times < sounds[0].duration - 0.1)
        self.rate = max(-np.polyfit(times[inside], level[inside], 1)[0], 0.0)
        return self

    def remove_decay(self, frames, seconds):
        return self._louder(frames, self.rate)

    def apply_decay(self, frames, seconds):
        return self._louder(frames, -self.rate)

    def arrays(self):
        return {"rate": np.array([self.rate])}

    def restore(self, arrays, n_components):
        self.rate = float(arrays["rate"][0])
        return self

    def _louder(self, frames, rate):
        gain = 10 ** (rate * np.maximum(frames.times, 0) / 20)
        return replace(frames, magnitude=frames.magnitude * gain[:, None])
'''

SQUARE_ROOT = '''
from dataclasses import replace

import numpy as np

from rnnsound.features.scaler import Scaler


class RootScaler(Scaler):
    """Square roots of magnitudes, and nothing else: every component sounds at the center of its bin."""

    def _learn(self, recordings):
        values = np.concatenate([self._values(frames) for frames in recordings])
        self.mean, self.std = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
        edges = values.min(axis=0), values.max(axis=0)
        self.bounds = tuple(((edge - self.mean) / self.std).astype(np.float32) for edge in edges)

    def _values(self, frames):
        return np.sqrt(frames.magnitude)

    def _frames(self, vectors, first, bounded):
        magnitude = (vectors * self.std + self.mean) ** 2
        return replace(first, magnitude=magnitude, frequency=np.tile(first.bin_centers, (len(vectors), 1)))

    def _size(self, name, n_components):
        return 1 if name == "floor" else n_components
'''

# What is new, what is registered (file, old text, new text), and settings that use it.
RECIPES = {
    "loss": (
        ("nn/mdn.py", "\n\nLOSSES = {", LAPLACE + '\n\nLOSSES = {"laplace": laplace_loss, '),
        [("config.py", 'LOSS_UNITS = {"mdn"', 'LOSS_UNITS = {"laplace": "nats per frame", "mdn"')],
        "loss='laplace'",
    ),
    "note": (
        ("features/plucked_note.py", None, PLUCKED),
        [
            ("features/__init__.py", "\nNOTES = {", "\nNOTES = {'plucked': PluckedNote, "),
            (
                "features/__init__.py",
                "from rnnsound.features.scaler",
                "from rnnsound.features.plucked_note import PluckedNote\nfrom rnnsound.features.scaler",
            ),
            ("config.py", '("none", "sustained"', '("none", "plucked", "sustained"'),
        ],
        "note='plucked', primer=1",
    ),
    "condition": (
        (
            "features/conditions.py",
            "CONDITIONS = {",
            'CONDITIONS = {\n    "length": Condition(1, '
            "lambda times, seconds: np.full((len(times), 1), seconds)),",
        ),
        [("features/sustained_note.py", '= ("clock",)', '= ("clock", "length")')],
        "note='sustained', primer=1",
    ),
    "scaler": (
        ("features/root_scaler.py", None, SQUARE_ROOT),
        [
            ("features/__init__.py", "\nSCALERS = {", "\nSCALERS = {'root': RootScaler, "),
            (
                "features/__init__.py",
                "from rnnsound.features.scaler",
                "from rnnsound.features.root_scaler import RootScaler\nfrom rnnsound.features.scaler",
            ),
            ("config.py", '("absolute", "delta"', '("root", "absolute", "delta"'),
        ],
        "representation='root'",
    ),
}

USE = """
import numpy as np, rnnsound
from rnnsound import SoundModel, presets, sine
config = presets.SINE.replace(epochs=3, batch_size=2, hidden_size=8, {settings})
model = SoundModel.fit(sine(440.0, seconds=0.5), config, progress=False)
model.save("model.pt")
again = SoundModel.load("model.pt").generate(0.3, seed=1).samples
assert np.array_equal(again, model.generate(0.3, seed=1).samples)
assert np.isfinite(again).all() and len(model.history.losses) == 3
print(rnnsound.__file__, model.network.n_conditions, model.history.errors)
"""


def edit(package, name, old, new):
    path = package / name
    text = "" if old is None else path.read_text(encoding="utf-8")
    assert old is None or text.count(old) == 1, f"{name} has changed: mend the recipe and its test"
    path.write_text(new if old is None else text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_touches_one_file_beside_its_registration_and_works(tmp_path, name):
    one, registration, settings = RECIPES[name]
    shutil.copytree(PACKAGE, tmp_path / "rnnsound", ignore=shutil.ignore_patterns("__pycache__"))
    edit(tmp_path / "rnnsound", *one)
    for change in registration:
        edit(tmp_path / "rnnsound", *change)
    done = subprocess.run(
        [sys.executable, "-c", USE.format(settings=settings)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))
