"""What every connection to MySQL or MariaDB begins with: settings of the session, and the facts of the server."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Any

from MySQLdb import OperationalError
from MySQLdb.constants import CR

from walletsvc.db.mysql.node import fault_of

_SETUP = (
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO',"
    " innodb_lock_wait_timeout=5"
)
"""Not an `init_command`, which belongs to the operator, and runs before this: nothing in it can take these back."""

READ_SECONDS = 1.5
"""How long a server for reads may take for a statement: then the writer is asked, which may take longer."""
_LIMIT_READS_OF_MARIADB = f"SET SESSION max_statement_time={READ_SECONDS}"
_LIMIT_READS_OF_MYSQL = f"SET SESSION max_execution_time={READ_SECONDS * 1000:.0f}"

_VARIABLES = (
    *("max_allowed_packet", "read_only", "version", "auto_increment_increment", "auto_increment_offset"),
    *("wsrep_on", "wsrep_provider", "group_replication_group_name"),
)
"""By SHOW, which leaves out what the server does not know."""


class Cluster(Enum):
    """What keeps a server and others at the same state, so that they agree at each COMMIT."""

    NONE = "none"
    GALERA = "galera"
    GROUP = "group replication"


_CAUSAL_READS = {
    # Reads, and the rows that writes search for (https://galeracluster.com/library/documentation/mysql-wsrep-options.html).
    Cluster.GALERA: "SET SESSION wsrep_sync_wait=7",
    # https://dev.mysql.com/doc/refman/8.4/en/group-replication-consistency-guarantees.html
    Cluster.GROUP: "SET SESSION group_replication_consistency='BEFORE'",
}
"""They let a statement wait until the node has all that was acknowledged anywhere before."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server behind a connection is. Read when it is opened."""

    has_compounds: bool
    """Whether it accepts several statements as one (`packets`): MariaDB."""
    cluster: Cluster
    fault: str | None
    """Why the server should get no work, as the end of a sentence about it; None if it is ready."""
    number: int
    """The server's number among those of its cluster, from 0 on."""
    numbers: int
    """How many the cluster has."""
    is_causal: bool = False
    """Whether it shows all that any server of its cluster has acknowledged."""
    packet_bytes: int = 2**20
    """The size of the largest packet that it takes (`max_allowed_packet`)."""


def prepare(driver: Any, *, causal_reads: bool, reads_only: bool = False) -> Facts:
    """Set a new connection up and return the facts of its server. Raises the driver's errors.

    With `causal_reads`, a node of a cluster never shows less than what was acknowledged before, by any node.
    """
    _run(driver, _SETUP)
    names = ", ".join(f"'{name}'" for name in _VARIABLES)
    said = dict(_run(driver, f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"))
    cluster = Cluster.NONE
    if said.get("wsrep_on") == "ON" and said.get("wsrep_provider", "none") != "none":
        cluster = Cluster.GALERA
    elif said.get("group_replication_group_name"):
        cluster = Cluster.GROUP
    is_causal = causal_reads and cluster in _CAUSAL_READS
    if is_causal:
        _run(driver, _CAUSAL_READS[cluster])
    has_compounds = "MariaDB" in said["version"]
    if reads_only:
        _run(driver, _LIMIT_READS_OF_MARIADB if has_compounds else _LIMIT_READS_OF_MYSQL)
    steps = int(said["auto_increment_increment"])
    return Facts(
        has_compounds=has_compounds,
        cluster=cluster,
        fault=find_fault(driver, reads_only=reads_only),
        is_causal=is_causal,
        number=(int(said["auto_increment_offset"]) - 1) % steps,
        numbers=steps,
        packet_bytes=int(said["max_allowed_packet"]),
    )


def refuse_plain_text(driver: Any) -> None:
    """Raise `OperationalError` unless the connection is encrypted.

    MariaDB's client library goes on in plain text if the server has no TLS, also where TLS was required.
    """
    ((_, cipher),) = _run(driver, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    if not cipher:
        raise OperationalError(CR.SSL_CONNECTION_ERROR, "The server offers no TLS, which ssl_mode requires.")


def find_fault(driver: Any, *, reads_only: bool = False) -> str | None:
    """Return why the server should get no work at the moment, or None. Raises the driver's errors."""
    with closing(driver.cursor()) as cursor:
        return fault_of(cursor, reads_only=reads_only)


def _run(driver: Any, statement: str) -> list[tuple[Any, ...]]:
    driver.query(statement)
    result = driver.store_result()
    return [] if result is None else list(result.fetch_row(0))
