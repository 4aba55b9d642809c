"""The clauses of a SELECT of one table's columns, and of what is joined to it, as text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model

from walletsvc.queries.questions import Order

DERIVED = {
    # The transfer of a transaction, if all its wallets have the transaction's owner.
    "own_transfer_id": "(SELECT id FROM walletsvc_transfer WHERE id = walletsvc_transaction.transfer_id"
    " AND owner = walletsvc_transaction.owner)",
    # The destination of a hold, likewise.
    "own_destination_id": "(SELECT id FROM walletsvc_wallet WHERE id = walletsvc_hold.destination_id"
    " AND owner = walletsvc_hold.owner)",
}
"""What is computed in place of a column."""


class Joined(NamedTuple):
    """A to-one relation of a row that is read with it: its columns follow the row's, all None if there is none."""

    name: str
    model: type[Model]
    key: str
    """The column of the row that refers to it."""
    columns: tuple[str, ...]
    condition: str
    """What it must fulfil to be seen, beside that, or ""."""


class Joins(NamedTuple):
    """All of them, and the parameters of their conditions."""

    relations: tuple[Joined, ...] = ()
    parameters: tuple[Any, ...] = ()


def among(name: str, ids: Sequence[int]) -> str:
    """Return the condition for rows whose column is one of `ids`.

    Integers need no quoting, and a driver takes longer to quote a hundred than the server to find them.
    """
    return f"{name} IN ({', '.join([f'{each:d}' for each in ids])})"


def where_all(*conditions: str) -> str:
    """Return the WHERE clause of `conditions`, in which every OR is in parentheses."""
    words = " AND ".join(filter(None, conditions))
    return f" WHERE {words}" if words else ""


def quote(name: str) -> str:
    """Return the name of a table or column for a statement."""
    return connection.ops.quote_name(name)


def table_of(model: type[Model]) -> str:
    """Return that of a model's table."""
    return quote(model._meta.db_table)


@lru_cache(maxsize=1024)
def select_from(
    model: type[Model], columns: tuple[str, ...], number: str = "", joined: tuple[Joined, ...] = ()
) -> str:
    """Return the beginning of a SELECT, of `columns`, of what is `joined`, and of the `number` from a subquery."""
    of_table = f"{table_of(model)}." if joined else ""
    names = [DERIVED.get(column) or f"{of_table}{quote(column)}" for column in columns]
    names += [f"{quote(each.name)}.{quote(column)}" for each in joined for column in each.columns]
    names += [f"({number})"] if number else []
    return f"SELECT {', '.join(names)} FROM {table_of(model)}"  # noqa: S608 - names of our own


@lru_cache(maxsize=256)
def left_joins(model: type[Model], joined: tuple[Joined, ...]) -> str:
    """Return the words that join relations. LEFT: otherwise the optimizer might begin with them, and sort."""
    words = ""
    for each in joined:
        words += f" LEFT JOIN {table_of(each.model)} {quote(each.name)}"
        words += f" ON {quote(each.name)}.id = {table_of(model)}.{quote(each.key)}"
        words += f" AND {each.condition}" if each.condition else ""
    return words


@lru_cache(maxsize=256)
def order_by(order: Order | None, model: type[Model] | None = None) -> str:
    """Return the ORDER BY clause, by columns of a `model` if there are others."""
    if order is None:
        return ""
    of_table = "" if model is None else f"{table_of(model)}."
    words = [f"{of_table}{quote(name)} {'DESC' if falls else 'ASC'}" for name, falls in order.columns]
    return f" ORDER BY {', '.join(words)}"
