"""Several hosts of one database: which of them connections go to.

All servers write to the same host while it is ready: writes to one wallet at several nodes of a cluster would collide
at COMMIT. So connections go to the first host of the list that is ready. Once it is not any more, the next one is
taken, and kept until an earlier one has been ready again for some time; then each connection goes back between two
requests.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from MySQLdb import Error, OperationalError
from MySQLdb.constants import CR, ER

from walletsvc.db.mysql.packets import PacketConnection
from walletsvc.db.mysql.session import Cluster

logger = logging.getLogger(__name__)

Host = tuple[str, int]
"""A name or address, and a port."""
Open = Callable[[Host], PacketConnection]

CHECK_SECONDS = 1.0
"""A connection is used for this long before it is asked again whether its server is still ready."""
HANDOVER_SECONDS = CHECK_SECONDS + 0.25
"""How long the first connection to another server waits: then nobody asks the previous one any more. A replica that
was promoted could otherwise take a write while others still read what the old primary has. The nodes of a cluster do
not need that: whoever is cut off from the others answers nothing."""
RETRY_SECONDS = 2.0
"""How long a host that was not ready is asked last, and how often one is asked that connections could go back to."""
REST_SECONDS = 10.0
"""How long it must have been ready for that."""

_FULL_OR_UNKNOWN_USER = {
    *(ER.CON_COUNT_ERROR, ER.TOO_MANY_USER_CONNECTIONS, ER.USER_LIMIT_REACHED),
    *(ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.BAD_DB_ERROR),
}
"""What a host that is well says to this process only: no reason to write elsewhere than all others do."""


@dataclass(slots=True)
class HostList:
    """The hosts in their order of preference, and what this process knows of them."""

    hosts: tuple[Host, ...]
    reads_only: bool = False
    """Whether they are for reads only: then it does not matter if others ask another one."""
    chosen: Host | None = None
    """Where connections go now."""
    _usable_at: float = 0.0
    """When the handover to the chosen host is over."""
    _failed_at: dict[Host, float] = field(default_factory=dict)
    _ready_since: dict[Host, float] = field(default_factory=dict)
    _looked_at: float = 0.0

    def connect(self, open_one: Open) -> PacketConnection:
        """Return a connection to the chosen host if that is ready, or else to the first one that is.

        `open_one` opens a connection to a host. Raises the driver's errors: its error 2003 if none is ready.
        """
        problems = []
        for host in self._in_order():
            try:
                driver = open_one(host)
            except OperationalError as error:
                if error.args[0] in _FULL_OR_UNKNOWN_USER:
                    raise
                problem = f"says {error.args[-1]}"
            else:
                if driver.facts.fault is None:
                    self._choose(host, driver.facts.cluster)
                    return driver
                driver.close()
                problem = driver.facts.fault
            self._failed_at[host] = time.monotonic()
            problems.append(f"{host[0]}:{host[1]} {problem}")
        raise OperationalError(CR.CONN_HOST_ERROR, f"No database host is ready: {'; '.join(problems)}")

    def may_keep(self, host: Host, open_one: Open) -> bool:
        """Tell whether a connection to `host`, which is ready, should be kept for the next request.

        From time to time, it lets a thread look whether an earlier host is ready.
        """
        now = time.monotonic()
        if host != self.hosts[0] and now >= self._looked_at + RETRY_SECONDS:
            self._looked_at = now
            # Of its own, as a host that is away may let it wait.
            threading.Thread(target=self._look, args=(host, open_one), name="database-hosts", daemon=True).start()
        return host == self.chosen

    def _in_order(self) -> list[Host]:
        now = time.monotonic()

        def rank(host: Host) -> tuple[bool, bool, int]:
            has_failed = now < self._failed_at.get(host, -RETRY_SECONDS) + RETRY_SECONDS
            return has_failed, host != self.chosen, self.hosts.index(host)

        return sorted(self.hosts, key=rank)

    def _choose(self, host: Host, cluster: Cluster) -> None:
        """Let all connections go to `host` from now on, and wait until others have noticed what this process has."""
        now = time.monotonic()
        if host != self.chosen:
            if self.chosen is not None:
                what = "The database for reads" if self.reads_only else "The database"
                logger.warning("%s is at %s:%s from now on", what, *host)
            self._usable_at = now + HANDOVER_SECONDS
            self.chosen = host
        self._failed_at.pop(host, None)
        if cluster is Cluster.NONE and not self.reads_only and now < self._usable_at:
            time.sleep(self._usable_at - now)

    def _look(self, host: Host, open_one: Open) -> None:
        """Go back to a host before `host` that has been ready for some time."""
        for earlier in self.hosts[: self.hosts.index(host)]:
            try:
                driver = open_one(earlier)
                is_ready = driver.facts.fault is None
                cluster = driver.facts.cluster
                driver.close()
            except Error:
                is_ready = False
            if not is_ready:
                self._ready_since.pop(earlier, None)
                continue
            now = time.monotonic()
            if now < self._ready_since.setdefault(earlier, now) + REST_SECONDS:
                continue
            self._ready_since.clear()
            self._choose(earlier, cluster)
            return


@lru_cache(maxsize=16)
def host_list(hosts: tuple[Host, ...], *, reads_only: bool = False) -> HostList:
    """Return what this process knows of these hosts."""
    return HostList(hosts, reads_only)
