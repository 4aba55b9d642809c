from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.mariadb import MariaDBServer
from tests.servers.process import ServerError, free_ports

_PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so")
_ACCOUNT = "nobody"
"""Who runs the nodes if root starts them: rsync, which copies the data to a node that joins, refuses to as root."""
SYNCED = "4"
SUSPECT_SECONDS = 2.0
"""How long the others wait for a node that has fallen silent."""


class GaleraNode(MariaDBServer):
    """One node of a `GaleraCluster`. It joins when it starts, and is ready once it has all data."""

    account = _ACCOUNT if os.geteuid() == 0 else None
    start_seconds = 120

    def __init__(self, *, in_memory: bool = True) -> None:
        super().__init__(in_memory=in_memory)
        self.group_port, self._transfer_port, self._increment_port = free_ports(3)
        self._cluster_address = "gcomm://"

    @property
    def group_address(self) -> str:
        """Return where the other nodes reach this one."""
        return f"{self.host}:{self.group_port}"

    def bootstrap(self) -> None:
        """Start as the first node of a new cluster."""
        self._cluster_address = "gcomm://"
        self.start()

    def join(self, nodes: Sequence[GaleraNode]) -> None:
        """Start, and take all data from one of `nodes`."""
        self._cluster_address = "gcomm://" + ",".join(node.group_address for node in nodes)
        self.start()

    def start(self) -> None:
        super().start()
        self.wait_until_synced()

    def status(self, name: str) -> str:
        """Return a status variable, or an empty text while the node does not answer."""
        import MySQLdb

        try:
            rows = self.run(f"SHOW GLOBAL STATUS LIKE '{name}'")
        except MySQLdb.Error:
            return ""
        return str(rows[0][1]) if rows else ""

    def wait_until_synced(self, *, timeout_seconds: float = 60) -> None:
        """Wait until the node takes part in the cluster and has all data. Raises ServerError."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if self.status("wsrep_local_state") == SYNCED and self.status("wsrep_ready") == "ON":
                return
            time.sleep(0.05)
        raise self._error(f"was not in sync within {timeout_seconds} s")

    def _initialize(self) -> None:
        # A node that joins takes the data from another one.
        if self._cluster_address == "gcomm://":
            super()._initialize()
        else:
            self._data_folder.mkdir()
            self._own(self._data_folder)

    def _arguments(self) -> list[str]:
        is_first = self._cluster_address == "gcomm://"
        provider = next((each for each in _PROVIDERS if Path(each).exists()), None)
        if provider is None:
            raise ServerError("galera-4 is not installed")
        options = {
            "gmcast.listen_addr": f"tcp://{self.host}:{self.group_port}",
            "ist.recv_addr": f"{self.host}:{self._increment_port}",
            "gcache.size": "32M",
            "evs.keepalive_period": "PT0.5S",
            "evs.inactive_check_period": "PT0.25S",
            "evs.join_retrans_period": "PT0.3S",
            "evs.suspect_timeout": f"PT{SUSPECT_SECONDS:g}S",
            "evs.inactive_timeout": f"PT{2 * SUSPECT_SECONDS:g}S",
            "evs.install_timeout": f"PT{2 * SUSPECT_SECONDS:g}S",
        }
        # The file runs before the node has joined, which is too early to write anything.
        shared = [each for each in super()._arguments() if is_first or not each.startswith("--init-file=")]
        return [
            *shared,
            "--innodb-autoinc-lock-mode=2",
            "--binlog-format=ROW",
            "--wsrep-on=ON",
            f"--wsrep-provider={provider}",
            "--wsrep-provider-options=" + ";".join(f"{name}={value}" for name, value in options.items()),
            f"--wsrep-cluster-address={self._cluster_address}",
            f"--wsrep-node-address={self.host}",
            f"--wsrep-node-incoming-address={self.host}:{self.port}",
            f"--wsrep-node-name=node-{self.port}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address={self.host}:{self._transfer_port}",
            "--wsrep-slave-threads=2",
            *(["--wsrep-new-cluster"] if is_first else []),
        ]


class GaleraCluster:
    """MariaDB nodes that replicate to each other and agree at each COMMIT (https://galeracluster.com/library/)."""

    def __init__(self, *, nodes: int = 3, in_memory: bool = True) -> None:
        self._stack = ExitStack()
        self.nodes: list[GaleraNode] = []
        for _ in range(nodes):
            node = GaleraNode(in_memory=in_memory)
            self._stack.callback(node.close)
            self.nodes.append(node)

    def __enter__(self) -> Self:
        try:
            first, *others = self.nodes
            first.bootstrap()
            # One after the other: a node can give its data to one at a time.
            for node in others:
                node.join(self.nodes)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Return the address of all nodes, the first one first."""
        return self.url_of(*self.nodes)

    def url_of(self, *nodes: GaleraNode) -> str:
        """Return the address of some nodes, in this order of preference."""
        hosts = ",".join(f"{node.host}:{node.port}" for node in nodes)
        return f"mysql://{MariaDBServer.user}:{MariaDBServer.password}@{hosts}/{MariaDBServer.database}"

    def restart(self, node: GaleraNode) -> None:
        """Start a node again, which joins the ones that run."""
        node.join(self.nodes)


def is_installed() -> bool:
    """Tell whether everything that a cluster needs is installed."""
    return any(Path(each).exists() for each in _PROVIDERS) and all(
        map(shutil.which, ("rsync", "wsrep_sst_rsync", "lsof"))
    )
