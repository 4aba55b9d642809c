"""Questions to the database, and several of them asked at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from walletsvc import engines

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
    if asked.statement is None:
        return asked.finish(())
    return asked.finish(fetch(asked.statement)[0])


def answer_both(first: Asked[Any] | None, second: Asked[T]) -> tuple[Any, T]:
    """Ask two questions, by one packet where that can be, and return both answers; None for a first that is none."""
    if first is None or first.statement is None or second.statement is None:
        return None if first is None else answer(first), answer(second)
    first_rows, second_rows = fetch(first.statement, second.statement)
    return first.finish(first_rows), second.finish(second_rows)


def fetch(*statements: Statement) -> list[Sequence[Any]]:
    """Return the rows of each SELECT: texts from MySQL, values from other engines; `int` takes numbers of both."""
    # Not by the proxy `connection`, which looks for it at each access.
    database = connections[DEFAULT_DB_ALIAS]
    if engines.vendor() == "mysql":
        # There it can be imported: the driver comes with it.
        from walletsvc.mysql.texts import fetch_texts

        return fetch_texts(database, statements)
    found: list[Sequence[Any]] = []
    with database.cursor() as cursor:
        for text, parameters in statements:
            cursor.execute(text, parameters)
            found.append(cursor.fetchall())
    return found
