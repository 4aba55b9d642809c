"""A driver connection that sends the writes of a transaction together, where the server can take them as one.

A write whose result is not needed yet waits for COMMIT, or for a statement whose result is. MariaDB takes what waits
as one compound statement (https://mariadb.com/kb/en/using-compound-statements-outside-of-stored-programs/); MySQL has
none, and takes it statement by statement.

Two writes never share a plain packet, and neither do a write and COMMIT. In a cluster, another node's transaction can
abort ours between two statements of a packet. The server then runs the rest of the packet outside of any transaction
and reports no error: part of the writes would be stored, and the caller told that all of them are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.backends.mysql.base import CursorWrapper
from MySQLdb import Error, IntegrityError, OperationalError
from MySQLdb.connections import Connection

from walletsvc.db.mysql.expressions import Expression

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

_Waiting = tuple[bytes, _Take | None]
"""A statement that has not been sent yet."""


class PacketConnection(Connection):  # type: ignore[misc]  # the driver has no types
    """A connection of mysqlclient whose `query` sends what waits along, whichever cursor calls it.

    `in_transaction` tells whether one has begun that neither `commit` nor `rollback` has ended.
    """

    in_transaction: bool
    _waiting: list[_Waiting]
    _asks_ids: bool
    """Whether the last INSERT that waits is one whose ids are asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.in_transaction = False
        self._waiting = []
        self._asks_ids = False
        super().__init__(*args, **kwargs)
        self._has_compounds = "MariaDB" in self.get_server_info()

    def begin(self) -> None:
        """Begin a transaction, with its first statement."""
        self.in_transaction = True
        self._asks_ids = False
        self._waiting = [(_BEGIN, None)]

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: TakeIds | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
    ) -> bytes:
        """Let a statement that returns no rows wait for the next one, or for COMMIT; return its text.

        Its error comes out of what is sent then. `take_ids` must not raise; `rows` is how many it inserts. With
        `uses_new_ids` it refers to the rows of the INSERT before: raises `RuntimeError` if the ids of that are not
        asked for, as it is then another one than was meant.
        """
        if uses_new_ids and not self._asks_ids:
            raise RuntimeError("New ids are those of another INSERT here.")
        if statement.startswith("INSERT"):
            self._asks_ids = take_ids is not None
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
        self._asks_ids = False
        self._waiting.clear()

    def query(self, query: str | bytes | bytearray) -> None:
        """Send a statement, after what waits; `store_result` then gives its result, as ever.

        Raises the driver's errors, of this statement or of the one that has failed before it.
        """
        text = query.encode(self.encoding) if isinstance(query, str) else bytes(query)
        self._asks_ids = False
        if not self._is_about_to_begin():
            self.send()
            super().query(text)
            return
        self.forget()
        try:
            # Nothing is locked yet that another node's transaction could abort this one for.
            super().query(b"%b;%b" % (_BEGIN, text))
            self.next_result()
        except Error:
            raise
        except BaseException:
            # Results may be left that the next statement would take for its own.
            self.close()
            raise

    def _send(self) -> None:
        """Send what waits, and take its results."""
        waiting, self._waiting = self._waiting, []
        try:
            if self._has_compounds and len(waiting) > 1:
                self._send_compound(waiting)
            else:
                self._send_one_by_one(waiting)
        except OperationalError as error:
            # Django does the same in its cursor, which deferred statements do not go through.
            if error.args[0] in CursorWrapper.codes_for_integrityerror:
                raise IntegrityError(*error.args) from error
            raise
        except Error:
            raise
        except BaseException:
            self.close()
            raise

    def _send_compound(self, waiting: Sequence[_Waiting]) -> None:
        super().query(b"BEGIN NOT ATOMIC %b; END" % b";".join([text for text, _ in waiting]))
        for _, take in waiting:
            # Only a statement that returns rows has a result of its own in the answer.
            if take is not None:
                take(self)
                self.next_result()

    def _send_one_by_one(self, waiting: Sequence[_Waiting]) -> None:
        for text, take in waiting:
            super().query(text)
            if take is not None:
                take(self)

    def commit(self) -> None:
        """Send what waits, with a COMMIT; nothing, where nothing has been sent since `begin`."""
        if not self._waiting:
            super().commit()
        elif self._is_about_to_begin():
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

    def _is_about_to_begin(self) -> bool:
        return len(self._waiting) == 1 and not self._has_begun()


def _take_ids(take_ids: TakeIds, rows: int, driver: PacketConnection) -> None:
    ((first, step),) = driver.store_result().fetch_row(0)
    take_ids(range(first, first + rows * step, step))


class DeferringCursor:
    """What Django's wrappers of cursors take for one, where someone watches the statements."""

    _executed: bytes | None = None

    def __init__(self, driver: PacketConnection, take_ids: TakeIds | None, rows: int, *, uses_new_ids: bool) -> None:
        self._driver = driver
        self._take_ids = take_ids
        self._rows = rows
        self._uses_new_ids = uses_new_ids

    def execute(self, statement: str, values: Sequence[object]) -> None:
        """Let the statement wait."""
        self._executed = self._driver.defer(
            statement, values, self._take_ids, rows=self._rows, uses_new_ids=self._uses_new_ids
        )

    def close(self) -> None:
        """There is nothing to close."""
