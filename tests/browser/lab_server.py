"""A real JupyterLab server that neither knows nor changes the settings of whoever runs the tests."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SERVER_ARGS = [
    "--allow-root",
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.expose_app_in_browser=True",  # tests wait for what JupyterLab itself knows
]
START_SECONDS, STOP_SECONDS = 90, 20

# News and newer versions would be asked for over the network; JupyterLab's own saves could cross a test's.
PAGE_CONFIG = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
SETTINGS = {"@jupyterlab/docmanager-extension:plugin": {"autosave": False}}


class Lab:
    """A `jupyter lab` process on a copy of the notebooks, in a temporary folder."""

    def __init__(self, folder: Path):
        self.notebooks = folder / "notebooks"
        shutil.copytree(NOTEBOOKS, self.notebooks, ignore=shutil.ignore_patterns(".*"))
        config = folder / "config" / "labconfig"
        config.mkdir(parents=True)
        (config / "page_config.json").write_text(json.dumps(PAGE_CONFIG), encoding="utf-8")
        (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        self.token = secrets.token_hex(16)
        mine = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
        temporary = {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_TOKEN": self.token,
        }
        self.url = None
        self._log, self._started = [], threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *SERVER_ARGS, f"--ServerApp.root_dir={self.notebooks}"],
            env=mine | temporary,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._log.append(line)
            if self.url is None and (found := re.search(r"http://127\.0\.0\.1:\d+/", line)):
                self.url = found[0]
                self._started.set()
        self._started.set()  # the process has ended: nothing to wait for

    @property
    def log(self) -> str:
        return "".join(self._log)

    def __enter__(self):
        self._started.wait(START_SECONDS)
        if self.url is None:
            self.__exit__()
            raise RuntimeError(f"JupyterLab did not start; it said:\n{self.log}")
        return self

    def __exit__(self, *_):
        """Ask the server to end, which ends its kernels too; insist if it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()  # a kernel whose server is gone ends by itself
            self._process.wait()
        self._reader.join(STOP_SECONDS)
