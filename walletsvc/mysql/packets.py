"""A driver connection that sends several statements in one packet.

A statement whose result nobody needs yet waits for the next one that is sent. The server runs the statements of a
packet in their order and stops at the first that fails
(https://dev.mysql.com/doc/c-api/8.4/en/c-api-multiple-queries.html). It answers each of them, and wakes us as often;
MariaDB takes them as one as well, a compound statement that it answers once
(https://mariadb.com/kb/en/using-compound-statements-outside-of-stored-programs/).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.backends.mysql.base import CursorWrapper
from MySQLdb import Error, IntegrityError, OperationalError
from MySQLdb.connections import Connection

from walletsvc.mysql.expressions import Expression

TakeIds = Callable[[range], None]
"""Is told the ids of the rows that a statement has inserted, in their order."""

MAX_WAITING_BYTES = 1_000_000
"""Well below `max_allowed_packet`, which is 16 MiB unless someone has made it less (MariaDB's default)."""

_BEGIN = b"START TRANSACTION"
"""Not BEGIN, which is something else in a compound statement."""

_ASK_IDS = b"SELECT LAST_INSERT_ID(), @@auto_increment_increment"
"""The first id of the rows of an `INSERT … VALUES`, and how far apart they are: the ids of one such statement have no
other gaps, as their number is known beforehand
(https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html, "simple inserts"). A cluster changes the
distance as servers come and go."""

_Take = Callable[["PacketConnection"], None]
"""Takes from the connection what its last statement has left."""


class PacketConnection(Connection):  # type: ignore[misc]  # the driver has no types
    """A connection of mysqlclient whose `query` sends what waits along, whichever cursor calls it.

    `in_transaction` tells whether one has begun that neither `commit` nor `rollback` has ended.
    """

    in_transaction: bool
    _waiting: list[tuple[bytes, _Take | None]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.in_transaction = False
        self._waiting = []
        super().__init__(*args, **kwargs)
        self._has_compounds = "MariaDB" in self.get_server_info()

    def begin(self) -> None:
        """Begin a transaction, with its first statement."""
        self.in_transaction = True
        self._waiting = [(_BEGIN, None)]

    def defer(
        self, statement: str, values: Sequence[object], take_ids: TakeIds | None = None, *, rows: int = 1
    ) -> bytes:
        """Let a statement that returns no rows wait for the next one, or for COMMIT; return its text.

        Its error comes out of what is sent then. `take_ids` must not raise; `rows` is how many it inserts.
        """
        text = statement.encode() % self.texts_of(values)
        self._waiting.append((text, None))
        if take_ids is not None:
            self._waiting.append((_ASK_IDS, partial(_take_ids, take_ids, rows)))
        if len(text) > MAX_WAITING_BYTES // 2 or sum(len(each) for each, _ in self._waiting) > MAX_WAITING_BYTES:
            self.send()
        return text

    def texts_of(self, values: Sequence[object]) -> tuple[bytes, ...]:
        """Return values as they stand in a statement: as `literal` does, without a search for what each may be."""
        quote, literal = self.string_literal, self.literal
        # In one place and not by a call for each: a batch has thousands of them.
        return tuple(
            [
                quote(value.encode())
                if isinstance(value, str)
                else b"%d" % value
                if isinstance(value, int)
                else value
                if isinstance(value, Expression)
                else literal(value)
                for value in values
            ]
        )

    def send(self) -> None:
        """Send what waits, and wait for its results. Raises the driver's errors."""
        if self._waiting:
            self._send()

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting.clear()

    def query(self, query: str | bytes | bytearray) -> None:
        """Send a statement, behind what waits; `store_result` then gives its result, as ever.

        Raises the driver's errors, of this statement or of the one that has failed before it.
        """
        if self._waiting:
            self._waiting.append((query.encode(self.encoding) if isinstance(query, str) else bytes(query), None))
            self._send(has_result=True)
        else:
            super().query(query)

    def _send(self, *, has_result: bool = False) -> None:
        """Send what waits, and take its results; but for the last one's, with `has_result`, which is its caller's."""
        waiting, self._waiting = self._waiting, []
        packet = b";".join([text for text, _ in waiting])
        is_compound = self._has_compounds and not has_result and len(waiting) > 1
        try:
            super().query(b"BEGIN NOT ATOMIC %b; END" % packet if is_compound else packet)
            *others, (_, take_last) = waiting
            for _, take in others:
                if take is not None:
                    take(self)
                if take is not None or not is_compound:
                    self.next_result()
            if take_last is not None:
                take_last(self)
                if is_compound:
                    self.next_result()
        except OperationalError as error:
            # Django does the same in its cursor, which deferred statements do not go through.
            if error.args[0] in CursorWrapper.codes_for_integrityerror:
                raise IntegrityError(*error.args) from error
            raise
        except Error:
            raise
        except BaseException:
            # Results may be left that the next statement would take for its own.
            self.close()
            raise

    def commit(self) -> None:
        """Send what waits, with a COMMIT; nothing, where nothing has been sent since `begin`."""
        if not self._waiting:
            super().commit()
        elif len(self._waiting) == 1 and not self._has_begun():
            self.forget()
        else:
            self._waiting.append((b"COMMIT", None))
            self._send()
        self.in_transaction = False

    def rollback(self) -> None:
        """Drop what waits, and roll back, unless nothing has been sent since `begin`."""
        has_begun = self._has_begun()
        self.forget()
        if has_begun:
            super().rollback()
        self.in_transaction = False

    def _has_begun(self) -> bool:
        return not self._waiting or self._waiting[0][0] is not _BEGIN


def _take_ids(take_ids: TakeIds, rows: int, driver: PacketConnection) -> None:
    ((first, step),) = driver.store_result().fetch_row(0)
    take_ids(range(first, first + rows * step, step))


class DeferringCursor:
    """What Django's wrappers of cursors take for one, where someone watches the statements."""

    _executed: bytes | None = None

    def __init__(self, driver: PacketConnection, take_ids: TakeIds | None, rows: int) -> None:
        self._driver = driver
        self._take_ids = take_ids
        self._rows = rows

    def execute(self, statement: str, values: Sequence[object]) -> None:
        """Let the statement wait."""
        self._executed = self._driver.defer(statement, values, self._take_ids, rows=self._rows)

    def close(self) -> None:
        """There is nothing to close."""
