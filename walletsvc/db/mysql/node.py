"""The state of a server: whether it can take the writes of this process."""

from __future__ import annotations

from typing import Any

_ASK_VARIABLES = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'wsrep_on', 'wsrep_provider')"
_ASK_STATUS = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_local_state_comment')"
"""https://galeracluster.com/library/documentation/galera-status-variables.html"""


def fault_of(cursor: Any, *, reads_only: bool = False) -> str | None:
    """Return why this server should get no work, as the end of a sentence about it, or None.

    `cursor` is one of Django's or of the driver. With `reads_only`, it need not take writes. Raises what `cursor`
    raises.
    """
    variables = _ask(cursor, _ASK_VARIABLES)
    # Without a provider, it is by itself, whatever `wsrep_on` says.
    if variables.get("wsrep_on") == "ON" and variables.get("wsrep_provider") != "none":
        status = _ask(cursor, _ASK_STATUS)
        if status.get("wsrep_cluster_status") != "Primary":
            return "is cut off from its cluster"
        if status.get("wsrep_local_state_comment") != "Synced":
            return "is not in sync with its cluster"
    if reads_only:
        return None
    # MySQL's group replication and `super_read_only` set it too.
    return "is read-only" if variables.get("read_only") not in (None, "OFF", "0") else None


def _ask(cursor: Any, statement: str) -> dict[str, str]:
    cursor.execute(statement)
    return {str(name): str(value) for name, value in cursor.fetchall()}
