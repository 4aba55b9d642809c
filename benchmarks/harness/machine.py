"""The machine and the software of a measurement."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import MySQLdb

from benchmarks.harness.dataset import scalar
from benchmarks.harness.servers import ROOT
from tests.servers import RedisServer, find_binary

_PACKAGES = (
    "django",
    "djangorestframework",
    "djangorestframework-jsonapi",
    "strawberry-graphql",
    "strawberry-graphql-django",
    "mysqlclient",
    "redis",
    "orjson",
    "granian",
    "fastapi",
    "pydantic",
    "sqlalchemy",
    "asyncmy",
    "uvloop",
)


def describe_machine() -> dict[str, str]:
    """Return a description of the machine."""
    memory_kib = int(_field(Path("/proc/meminfo"), "MemTotal").split()[0])
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name"),
        "cores": str(os.cpu_count()),
        "memory": f"{memory_kib / 2**20:.0f} GiB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
    }


def describe_software(connection: MySQLdb.Connection) -> dict[str, str]:
    """Return the version of each component."""
    return {
        "Python": platform.python_version(),
        "database": scalar(connection, "SELECT VERSION()"),
        "Redis": _first_line(str(find_binary(*RedisServer.binaries)), "--version"),
        "wrk": _first_line("wrk", "--version"),
        **{name: version(name) for name in _PACKAGES},
    }


def describe_commit() -> str:
    """Return the commit, and whether the checkout has uncommitted changes."""
    commit = _first_line("git", "rev-parse", "HEAD")
    own_output = (":!benchmarks/RESULTS.md", ":!benchmarks/results.json", ":!benchmarks/profiles")
    changes = _first_line("git", "status", "--porcelain", "--", *own_output)
    return f"{commit} with uncommitted changes" if changes else commit


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _first_line(*command: str) -> str:
    try:
        finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return next(iter(finished.stdout.splitlines()), "")
