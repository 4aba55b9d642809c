"""The peer on Node: Fastify, mysql2, mercurius and ioredis, locked, from npm."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.harness.contenders import NODE, NODE_UNCACHED
from benchmarks.harness.row import Row
from benchmarks.harness.servers import ROOT
from tests.npm import install

FOLDER = ROOT / "benchmarks" / "peers" / "node"
OLDEST = 20
"""What Fastify 5 needs (https://fastify.dev/docs/latest/Reference/LTS/)."""


def is_possible() -> bool:
    """Tell whether a Node is there that is new enough."""
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True, timeout=30)
    return int(asked.stdout.removeprefix("v").split(".")[0]) >= OLDEST


def prepare() -> None:
    """Install its packages. Raises CalledProcessError."""
    install(FOLDER)


def left_out(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without it."""
    return [
        replace(row, contenders=[name for name in row.contenders if name not in (NODE, NODE_UNCACHED)])
        for row in rows
    ]
