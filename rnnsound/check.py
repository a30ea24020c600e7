"""The set-up check: what is installed, what is wrong, how to mend it. Notebook: 00_start_here."""

import importlib
import importlib.metadata
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from packaging.requirements import Requirement

from rnnsound.dsp import recordings
from rnnsound.dsp.sound import sine
from rnnsound.dsp.vocoder import PhaseVocoder


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what was looked at.
        found: what was found.
        remedy: what to do about it; empty if all is well.
    """

    name: str
    found: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.remedy

    def __str__(self):
        return f"{'ok   ' if self.ok else 'WRONG'} {self.name}: {self.found}" + f"; {self.remedy}" * (
            not self.ok
        )


def check() -> Iterator[Finding]:
    """Look at Python, packages, bundled recordings, audio files and the vocoder, one after the other."""
    yield _python()
    yield from _packages()
    yield from _recordings()
    yield _audio_files()
    yield _vocoder()


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    ok = sys.version_info >= (3, 10)
    return Finding("Python", version, "" if ok else "install Python 3.10 or later")


def _packages() -> Iterator[Finding]:
    """Compare what is installed with what the project asks for; PyTorch, which takes seconds, comes last."""
    try:
        requirements = importlib.metadata.requires("rnnsound") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("rnnsound", "not installed", "run 'make lab' (or pip install -e .) in its folder")
        return
    wanted = map(Requirement, requirements)
    for requirement in sorted(wanted, key=lambda requirement: requirement.name == "torch"):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield _package(requirement)


def _package(requirement: Requirement) -> Finding:
    name = {"ipython": "IPython"}.get(requirement.name, requirement.name)
    try:
        version = importlib.metadata.version(requirement.name)
        _start(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(requirement.name, "not installed", _reinstall(requirement))
    except (ImportError, OSError) as error:  # a broken library inside a package raises OSError
        return Finding(requirement.name, f"cannot start ({error})", _reinstall(requirement))
    fits = requirement.specifier.contains(version, prereleases=True)
    return Finding(requirement.name, version, "" if fits else _reinstall(requirement))


def _start(name: str) -> None:
    """Import a package; PyTorch in a process of its own, so that this one stays as small as it is."""
    if name != "torch":
        importlib.import_module(name)
        return
    done = subprocess.run([sys.executable, "-c", "import torch"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImportError((done.stderr.strip().splitlines() or ["it failed without a message"])[-1])


def _reinstall(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier} is needed: run 'make clean lab', or pip install it"


def _recordings() -> Iterator[Finding]:
    for name in recordings.NAMES:
        try:
            yield Finding(f"recording {name}", f"{recordings.load(name).duration:.1f} s")
        except (OSError, ValueError) as error:
            found = str(error).removesuffix(f"; {recordings.remedy()}")
            yield Finding(f"recording {name}", found, recordings.remedy())


def _audio_files() -> Finding:
    """Write and read back a tone in the format the players use."""
    tone = sine(440.0, seconds=0.1)
    memory = io.BytesIO()
    soundfile.write(memory, tone.samples, tone.sample_rate, format="FLAC", subtype="PCM_16")
    memory.seek(0)
    error = float(np.abs(soundfile.read(memory)[0] - tone.samples).max())
    ok = error < 2**-14
    found = f"libsndfile {soundfile.__libsndfile_version__}, a FLAC tone came back within {error:.1e}"
    return Finding("audio files", found, "" if ok else "reinstall soundfile")


def _vocoder() -> Finding:
    """Send a second of tone through the vocoder and back."""
    tone = sine(440.0, seconds=1.0)
    vocoder = PhaseVocoder(fft_size=512, hop_size=128, dc=True)
    back = vocoder.synthesize(vocoder.analyze(tone)).samples
    inside = slice(512, len(tone) - 512)
    error = float(np.abs(back[inside] - tone.samples[inside]).max())
    return Finding(
        "phase vocoder", f"a tone came back within {error:.1e}", "" if error < 1e-8 else "reinstall numpy"
    )
