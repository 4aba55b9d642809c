"""Deferred statements for those who watch what is sent: a cursor that Django wraps as any other."""

from __future__ import annotations

from collections.abc import Sequence

from walletsvc.db.mysql.packets import PacketConnection, TakeIds


class DeferringCursor:
    """A stand-in for a cursor, for Django's cursor wrappers, when something watches the statements."""

    _executed: bytes | None = None

    def __init__(self, driver: PacketConnection, take_ids: TakeIds | None, rows: int, **of_ids: bool) -> None:
        self._driver = driver
        self._take_ids = take_ids
        self._rows = rows
        self._of_ids = of_ids

    def execute(self, statement: str, values: Sequence[object]) -> None:
        """Queue the statement."""
        self._executed = self._driver.defer(statement, values, self._take_ids, rows=self._rows, **self._of_ids)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
