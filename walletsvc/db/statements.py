"""Questions to the database, before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from walletsvc.db import dialect

T = TypeVar("T")


class Statement(NamedTuple):
    """A SELECT and what stands for each `%s` in it."""

    text: str
    parameters: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A question that has not been sent yet. `finish` makes the answer of its rows.

    Without a statement it gets none, and finds the answer itself: it is known already, or it is the ORM's to ask.
    """

    statement: Statement | None
    finish: Callable[[Sequence[Any]], T]


def answer(asked: Asked[T]) -> T:
    """Ask a question and return the answer."""
    return asked.finish(() if asked.statement is None else fetch(asked.statement))


def as_number(rows: Sequence[Any]) -> int:
    """Return the one number that a statement asks for."""
    ((number,),) = rows
    return int(number)


def fetch(statement: Statement) -> Sequence[Any]:
    """Return the rows of a SELECT: texts from MySQL, values from other engines. `int` takes the numbers of both."""
    # Not by the proxy `connection`, which looks for it at each access.
    database = connections[DEFAULT_DB_ALIAS]
    if dialect.vendor() == "mysql":
        # There it can be imported: the driver comes with it.
        from walletsvc.db.mysql.texts import fetch_texts

        return fetch_texts(database, *statement)
    with database.cursor() as cursor:
        cursor.execute(*statement)
        rows: Sequence[Any] = cursor.fetchall()
        return rows
