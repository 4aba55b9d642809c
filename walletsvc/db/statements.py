"""SELECT statements and their answers, independent of when they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from walletsvc.db import dialect, reader

T = TypeVar("T")


class Statement(NamedTuple):
    """A SELECT and the values of its `%s` placeholders."""

    text: str
    parameters: Sequence[Any] = ()


class TooManyRows(Exception):
    """A SELECT has looked at more rows than its limit allows (`dialect.examining`), and has no answer."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A question that has not been sent yet. `finish` turns its rows into the answer.

    Without a statement, `finish` gets no rows and finds the answer itself: it is known already, or the ORM fetches
    it. An answer that may take long `may_be_left_out`.
    """

    statement: Statement | None
    finish: Callable[[Sequence[Any]], T]
    may_be_left_out: bool = False


def answer(asked: Asked[T]) -> T:
    """Send a question and return its answer."""
    return asked.finish(() if asked.statement is None else fetch(asked.statement))


def as_number(rows: Sequence[Any]) -> int:
    """Return the single number in the answer to a statement."""
    ((number,),) = rows
    return int(number)


def fetch(statement: Statement) -> Sequence[Any]:
    """Return the rows of a SELECT: texts from MySQL, values from other engines. `int` accepts the numbers of both."""
    found = reader.fetch(statement.text, statement.parameters) if reader.is_reading() else None
    if found is not None:
        return found
    # The proxy `connection` would look the connection up at each access.
    database = connections[DEFAULT_DB_ALIAS]
    if dialect.vendor() == "mysql":
        # Import it only on MySQL: it needs the driver.
        from walletsvc.db.mysql.texts import fetch_texts

        return fetch_texts(database, *statement)
    with database.cursor() as cursor:
        cursor.execute(*statement)
        rows: Sequence[Any] = cursor.fetchall()
        return rows


def stream(statement: Statement, *, size: int = 1000) -> Iterator[Sequence[Any]]:
    """Yield the rows of a SELECT as `fetch` returns them, `size` at a time: memory does not grow with their number.

    All belong to one moment, whatever is written meanwhile. The connection is not used for anything else until then.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if dialect.vendor() == "mysql":
        from walletsvc.db.mysql.texts import stream_texts

        yield from stream_texts(database, *statement, size=size)
        return
    with database.cursor() as cursor:
        cursor.execute(*statement)
        while rows := cursor.fetchmany(size):
            yield rows
