"""A driver connection that sends the writes of a transaction together, if the server accepts them as one.

A write whose result is not needed yet waits for COMMIT, or for a statement whose result is needed. MariaDB accepts
the waiting writes as one compound statement
(https://mariadb.com/kb/en/using-compound-statements-outside-of-stored-programs/); MySQL has no such statements and
gets the writes one by one.

Two writes never share a plain packet, and neither do a write and COMMIT. In a cluster, another node's transaction can
abort ours between two statements of a packet. The server then runs the rest of the packet outside of any transaction
and reports no error: some of the writes would be stored, and the caller told that all of them are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db.backends.mysql.base import CursorWrapper
from MySQLdb import Error, IntegrityError, OperationalError
from MySQLdb.connections import Connection
from MySQLdb.constants import ER

from walletsvc.db.channels import Later
from walletsvc.db.mysql import session
from walletsvc.db.mysql.expressions import TEXT_OF

TakeIds = Callable[[range], None]
"""Receives the ids of the rows that a statement inserted, in order."""

MAX_WAITING_BYTES = 1_000_000
"""Well below the default `max_allowed_packet` of MariaDB, 16 MiB."""

_COMPOUND_BYTES = 500
"""More than a compound statement has around its statements."""

_BEGIN = b"START TRANSACTION"
"""Not BEGIN, which has another meaning in a compound statement."""

_REFUSE_IF_GONE = (
    b"IF @@in_transaction = 0 THEN"
    b" SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'The transaction is gone'; END IF"
)
"""What was locked and read is not any more, and each of the writes would be stored by itself."""

_ASK_IDS = b"SELECT LAST_INSERT_ID(), @@auto_increment_increment"
"""The first id of an `INSERT … VALUES`, and the distance between its ids: as the number of rows is known beforehand,
these have no other gaps (https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html, "simple
inserts"). A cluster changes the distance as servers come and go."""

_ASK_POSITION = b"SELECT @@gtid_current_pos"
"""How far the server is, empty without a binary log (https://mariadb.com/kb/en/gtid/#gtid_current_pos): that has the
COMMIT before. Not `last_gtid`, which is that of an earlier transaction if this one has changed nothing."""

_Take = Callable[["PacketConnection"], None]
"""Takes the result of the last statement from the connection."""

_Waiting = tuple[bytes, _Take | None]
"""A statement that has not been sent yet, and what takes its result."""


class PacketConnection(Connection):  # type: ignore[misc]  # the driver has no types
    """A mysqlclient connection whose `query` also sends the waiting writes, whichever cursor calls it.

    `in_transaction` is true from `begin` to `commit` or `rollback`.
    """

    in_transaction: bool
    asked: list[Later]
    """SELECTs to send along with the next one of this transaction."""
    asks_position: bool
    """Whether a `position` is to come with COMMIT."""
    position: str
    """One in the binary log that has the last transaction, if that was asked for it."""
    identity: str
    """That of the database behind a connection for reads (`db.reader`), once it was asked for."""
    facts: session.Facts
    host: tuple[str, int] | None
    """The host of a list that it leads to."""
    _waiting: list[_Waiting]
    _waiting_bytes: int
    """How many bytes the waiting writes have."""
    _asks_ids: bool
    """Whether the ids of the last waiting INSERT are asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.in_transaction = self.asks_position = False
        self.position = self.identity = ""
        self.asked = []
        self._waiting, self._waiting_bytes = [], 0
        self._asks_ids = False
        super().__init__(*args, **kwargs)
        self._has_compounds = False
        self._packet_bytes = sys.maxsize

    def prepare(
        self, host: tuple[str, int] | None = None, *, causal_reads: bool = True, reads_only: bool = False
    ) -> None:
        """Set the session up, and note the `facts` of the server and the `host`. Raises the driver's errors."""
        self.facts = session.prepare(self, causal_reads=causal_reads, reads_only=reads_only)
        self.host = host
        self._has_compounds = self.facts.has_compounds
        # Of which the first is the command (https://mariadb.com/kb/en/com_query/).
        self._packet_bytes = self.facts.packet_bytes - 1

    def begin(self) -> None:
        """Begin a transaction together with its first statement."""
        self.in_transaction = True
        self.asks_position = False
        self.position = ""
        self.asked = []
        self._asks_ids = False
        self._waiting, self._waiting_bytes = [(_BEGIN, None)], 0

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: TakeIds | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
        keeps_new_ids: bool = False,
    ) -> bytes:
        """Queue a statement that returns no rows for the next one, or for COMMIT; return its text.

        Its error is raised by whatever sends it. `take_ids` must not raise; `rows` is how many rows it inserts. With
        `uses_new_ids`, the statement refers to the rows of the preceding INSERT: raises `RuntimeError` if the ids of
        that are not asked for, because another INSERT must have been meant. With `keeps_new_ids`, it inserts into a
        table that does not number its rows: later statements can still refer to those of the INSERT before.
        """
        if uses_new_ids and not self._asks_ids:
            raise RuntimeError("The preceding INSERT is not the one whose ids are used.")
        if statement.startswith("INSERT") and not keeps_new_ids:
            self._asks_ids = take_ids is not None
        text = statement.encode() % self.texts_of(values)
        self._waiting.append((text, None))
        self._waiting_bytes += len(text)
        if take_ids is not None:
            self._waiting.append((_ASK_IDS, partial(_take_ids, take_ids, rows)))
        if len(text) > MAX_WAITING_BYTES // 2 or self._waiting_bytes > MAX_WAITING_BYTES:
            self.send()
        return text

    def texts_of(self, values: Sequence[object]) -> tuple[bytes, ...]:
        """Return values as SQL text, as `literal` does but faster, because it knows the common types."""
        quote, text_of, literal = self.string_literal, TEXT_OF.get, self.literal
        # In one expression rather than a call for each: a batch has thousands of values.
        return tuple(
            [
                quote(value.encode()) if isinstance(value, str) else text_of(value.__class__, literal)(value)
                for value in values
            ]
        )

    def send(self) -> None:
        """Send the waiting writes, and wait for their results. Raises the driver's errors."""
        if self._waiting:
            self._send()

    def forget(self) -> None:
        """Drop the waiting writes."""
        self._asks_ids = False
        self._waiting.clear()
        self._waiting_bytes = 0

    def query(self, query: str | bytes | bytearray) -> None:
        """Send the waiting writes and then a statement; `store_result` gives its result, as usual.

        Raises the driver's errors, of this statement or of a waiting one.
        """
        text = query.encode(self.encoding) if isinstance(query, str) else bytes(query)
        self._asks_ids = False
        if not self._is_about_to_begin():
            self.send()
            self._put(text)
            return
        self.forget()
        try:
            # Nothing is locked yet, so another node's transaction has no reason to abort this one.
            self._put(b"%b;%b" % (_BEGIN, text))
            self.next_result()
        except Error:
            raise
        except BaseException:
            # The next statement would take leftover results for its own.
            self.close()
            raise

    def fetch_all(self, queries: Sequence[bytes]) -> list[Sequence[tuple[Any, ...]]]:
        """Send the waiting writes and then some SELECTs in one packet, and return the rows of each.

        Raises the driver's errors. A SELECT changes nothing, so what another node's transaction does to ours between
        two of them does no harm: whatever is written afterwards is refused.
        """
        self.query(b";".join(queries))
        try:
            answers = [self.store_result().fetch_row(0)]
            while len(answers) < len(queries):
                self.next_result()
                answers.append(self.store_result().fetch_row(0))
            return answers
        except Error:
            raise
        except BaseException:
            self.close()
            raise

    def _send(self) -> None:
        """Send the waiting writes, and take their results."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        try:
            if self._has_compounds and len(waiting) > 1 and self._fits(waiting):
                self._send_compound(waiting)
            else:
                self._send_one_by_one(waiting)
        except OperationalError as error:
            # Django does the same in its cursor, which deferred statements bypass.
            if error.args[0] in CursorWrapper.codes_for_integrityerror:
                raise IntegrityError(*error.args) from error
            raise
        except Error:
            raise
        except BaseException:
            self.close()
            raise

    def _send_compound(self, waiting: Sequence[_Waiting]) -> None:
        texts = [text for text, _ in waiting]
        if texts[0] is not _BEGIN:
            texts.insert(0, _REFUSE_IF_GONE)
        self._put(b"BEGIN NOT ATOMIC %b; END" % b";".join(texts))
        for _, take in waiting:
            # Only a statement that returns rows has its own result in the answer.
            if take is not None:
                take(self)
                self.next_result()

    def _send_one_by_one(self, waiting: Sequence[_Waiting]) -> None:
        for text, take in waiting:
            self._put(text)
            if take is not None:
                take(self)

    def _fits(self, waiting: Sequence[_Waiting]) -> bool:
        """Tell whether the server takes these as one statement."""
        return sum(len(text) + 1 for text, _ in waiting) < self.facts.packet_bytes - _COMPOUND_BYTES

    def _put(self, text: bytes) -> None:
        """Send a packet. Raises the driver's errors; that of a packet that is too large without sending it.

        The server would close the connection, perhaps before it says why: nobody could tell what became of COMMIT.
        """
        if len(text) >= self._packet_bytes:
            raise OperationalError(ER.NET_PACKET_TOO_LARGE, "The server does not take so large a packet.")
        super().query(text)

    def commit(self) -> None:
        """Send the waiting writes with a COMMIT; send nothing if the transaction has no statements."""
        if not self._waiting and not self.asks_position:
            super().commit()
        elif self._is_about_to_begin():
            self.forget()
        else:
            self._waiting.append((b"COMMIT", None))
            if self.asks_position:
                self._waiting.append((_ASK_POSITION, _take_position))
            self._send()
        self.in_transaction = False

    def rollback(self) -> None:
        """Drop the waiting writes, and roll back if anything was sent since `begin`."""
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


def _take_position(driver: PacketConnection) -> None:
    ((position,),) = driver.store_result().fetch_row(0)
    driver.position = position
