"""The locked npm packages that tests run on node."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path


def install(folder: Path) -> Path:
    """Install a folder's packages, unless they are newer than the lock; return the folder."""
    with (folder / "package-lock.json").open() as lock:
        # Several workers of pytest-xdist may come at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = folder / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < Path(lock.name).stat().st_mtime:
            # No package here needs its install script.
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, timeout=240)
    return folder
