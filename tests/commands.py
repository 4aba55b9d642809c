"""Programs that tests run to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def run_to_end(
    *command: str, folder: Path, environment: Mapping[str, str] = os.environ, timeout_seconds: float = 120
) -> str:
    """Run a program in a folder and return its output. If it fails, fail the test with its output."""
    finished = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout
