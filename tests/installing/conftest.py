"""The wheel, installed as users install it: away from the checkout."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import run_to_end
from tests.live import ROOT, LiveServer


class Installed(LiveServer):
    """`walletsvc serve` of a wheel in an environment of its own, run in the folder of its data."""

    def __init__(self, environment: Path, **settings: str) -> None:
        """Take an environment with the wheel. The server has no database and no secret until `walletsvc setup`."""
        super().__init__(database_url="")
        self.binary = environment / "bin" / "walletsvc"
        self._variables = {"PORT": str(self.port), "LIVE_PORT": "0", "SPT_NOENV": "1", **settings}

    def run(self, *arguments: str) -> str:
        """Run `walletsvc` in the folder, and return its output."""
        return run_to_end(str(self.binary), *arguments, folder=self.folder, environment=self._environment())

    def _arguments(self) -> list[str]:
        return ["serve"]

    def _environment(self) -> dict[str, str]:
        return {**bare_environment(), **self._variables}


def bare_environment() -> Mapping[str, str]:
    """Return an environment without any setting of ours, and without the modules of the checkout."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment in which pip has installed the wheel.

    What the wheel depends on is that of this environment: to install it anew would take minutes, and say nothing of
    the wheel.
    """
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)]
    run_to_end(*pip, *build, folder=folder)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "100%"
    run_to_end(sys.executable, "-m", "venv", "--without-pip", str(environment), folder=folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = ["--python", str(environment / "bin" / "python")]
    run_to_end(*pip, *python, "install", "--no-deps", "--no-index", str(wheel), folder=folder)
    return environment
