"""Serve the metrics of all processes at /metrics, in the supervisor: it outlives them, and answers when they cannot.

This module is loaded without Django.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells prometheus-client where the processes keep their values."""

_ANSWER_SECONDS = 1.0
_PID = re.compile(r"_(\d+)\.db\Z")


@dataclass(frozen=True, slots=True)
class MetricsServer:
    """Where metrics are served, the folder of the values, and granian's own exporters, by the server's name.

    `is_own` tells that nobody else has chosen the folder, so that it goes with the server.
    """

    host: str
    port: int
    folder: str
    is_own: bool
    exporters: Mapping[str, int]


def plan_metrics(host: str, port: int, servers: Iterable[str]) -> MetricsServer:
    """Return where metrics will be served, of these granian servers. Lets this program and its children keep values.

    Raises `OSError` if the port cannot be had.
    """
    with socket.create_server((host, port)):
        pass
    chosen = os.environ.get(FOLDER)
    folder = os.environ[FOLDER] = chosen or tempfile.mkdtemp(prefix="walletsvc-metrics-")
    Path(folder).mkdir(parents=True, exist_ok=True)
    return MetricsServer(host, port, folder, not chosen, {name: _free_port() for name in servers})


def granian_options(planned: MetricsServer | None, server: str) -> list[str]:
    """Return the arguments of granian for its own metrics."""
    if planned is None:
        return []
    return ["--metrics", "--metrics-address", "127.0.0.1", "--metrics-port", str(planned.exporters[server])]


@contextmanager
def serve_metrics(planned: MetricsServer | None) -> Iterator[None]:
    """Serve them meanwhile. Values of earlier processes are removed first. Raises `OSError`."""
    if planned is None:
        yield
        return
    # Here, so that a server without metrics loads nothing for them.
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    folder = Path(planned.folder)
    for left in folder.glob("*.db"):
        left.unlink()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_DeadProcesses(folder))
    MultiProcessCollector(registry, path=planned.folder)  # type: ignore[no-untyped-call]
    registry.register(_Exporters(planned.exporters))
    server, thread = start_http_server(planned.port, planned.host, registry=registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        if planned.is_own:
            shutil.rmtree(folder, ignore_errors=True)


class _DeadProcesses:
    """Has the states of processes that have ended forgotten. It is asked first; what they have counted stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Any]:
        """Return no metrics."""
        from prometheus_client.multiprocess import mark_process_dead

        for path in self._folder.glob("gauge_live*.db"):
            found = _PID.search(path.name)
            if found and not _is_alive(int(found[1])):
                mark_process_dead(int(found[1]), path=str(self._folder))  # type: ignore[no-untyped-call]
        return []


class _Exporters:
    """granian's own metrics, with a label for the server."""

    def __init__(self, exporters: Mapping[str, int]) -> None:
        self._exporters = exporters

    def collect(self) -> Iterable[Any]:
        """Return the metrics of the servers that answer."""
        from prometheus_client.parser import text_string_to_metric_families

        families: dict[str, Any] = {}
        for name, port in self._exporters.items():
            try:
                with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=_ANSWER_SECONDS) as answer:
                    text = answer.read().decode()
            except (URLError, OSError):
                # It starts, or ends; its own metrics are missing meanwhile.
                continue
            for family in text_string_to_metric_families(text):
                kept = families.setdefault(family.name, family)
                samples = [each._replace(labels={"server": name, **each.labels}) for each in family.samples]
                kept.samples = samples if kept is family else [*kept.samples, *samples]
        return families.values()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
