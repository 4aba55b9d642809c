"""A Django database backend: `walletsvc.db.mysql` is `django.db.backends.mysql`, with fewer round trips."""

import time
from collections.abc import Sequence
from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError

from walletsvc.db.mysql.packets import DeferringCursor, PacketConnection, TakeIds

FRESH_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to MySQL or MariaDB."""

    _checked_at = -FRESH_SECONDS

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the driver connects with: statements that wait need several in one packet to be allowed."""
        return {**super().get_connection_params(), "multi_statements": True}

    def get_new_connection(self, conn_params: dict[str, Any]) -> PacketConnection:
        """Connect to the server."""
        driver = PacketConnection(**conn_params)
        # As Django has it: https://github.com/PyMySQL/mysqlclient/issues/489
        if driver.encoders.get(bytes) is bytes:
            driver.encoders.pop(bytes)
        return driver

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction, with its first statement; one that has none is never sent.

        Django calls this, where there is one, in place of `SET autocommit = 0`. As the setting never changes then,
        mysqlclient finds nothing to set back after COMMIT, and each transaction is a round trip shorter.
        """
        driver: Any = self.connection
        with debug_transaction(self, "BEGIN"):
            driver.begin()

    def _set_autocommit(self, autocommit: bool) -> None:
        driver: Any = self.connection
        if autocommit and driver.in_transaction:
            # Something else than the database has stopped COMMIT, and so Django has not rolled back.
            with self.wrap_database_errors:
                driver.rollback()
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in django-stubs

    def _savepoint_rollback(self, sid: str) -> None:
        # Whatever waits has come after the savepoint, as its statement has sent what was there before.
        driver: Any = self.connection
        driver.forget()
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in django-stubs

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: TakeIds | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
    ) -> None:
        """Let a write of this transaction wait: it is sent with the next statement or with COMMIT.

        What fails then raises its error there, as one of Django's. What is rolled back before is never sent.
        `take_ids` is told the ids of the `rows` that were inserted, once they are known; it must not raise.
        `uses_new_ids` tells that it refers to the rows of the INSERT before. Raises `RuntimeError` where that is not
        one whose ids are asked for.
        """
        if not self.in_atomic_block:
            raise TransactionManagementError("Only a transaction has a COMMIT to wait for.")
        driver: Any = self.connection
        if self.queries_logged or self.execute_wrappers:
            watched: Any = self._prepare_cursor(DeferringCursor(driver, take_ids, rows, uses_new_ids=uses_new_ids))  # type: ignore[attr-defined]
            watched.execute(statement, values)
            return
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            driver.defer(statement, values, take_ids, rows=rows, uses_new_ids=uses_new_ids)

    def send_deferred(self) -> None:
        """Send what waits, and wait for its results. Raises Django's database errors."""
        driver: Any = self.connection
        with self.wrap_database_errors:
            driver.send()

    def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT within a transaction, by less than a cursor. Raises what a cursor does."""
        if self.queries_logged or self.execute_wrappers:
            with self.cursor() as cursor:
                cursor.execute(statement, values)
                watched: Sequence[tuple[Any, ...]] = cursor.fetchall()
                return watched
        self.validate_no_broken_transaction()
        driver: Any = self.connection
        with self.wrap_database_errors:
            driver.query(statement.encode() % driver.texts_of(values))
            rows: Sequence[tuple[Any, ...]] = driver.store_result().fetch_row(0)
            return rows

    def is_usable(self) -> bool:
        """Tell whether the connection still works: by a ping, at most one a second.

        Django asks at the beginning of each request. A server that went away within the last second is noticed by
        the request itself, which is then answered as unavailable.
        """
        now = time.monotonic()
        if now - self._checked_at < FRESH_SECONDS:
            return True
        if not super().is_usable():
            return False
        self._checked_at = now
        return True
