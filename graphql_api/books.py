"""The books: what all wallets of a currency hold, and what they have received and paid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry

from graphql_api.scalars import Amount, DateTime, Long
from walletsvc.queries.books import FIELDS
from walletsvc.queries.books import Book as ReadBook


def _described(name: str) -> Any:
    return strawberry.field(description=FIELDS[name].description)


@strawberry.type(description="What all wallets of a currency hold, and what they have received and paid.")
class Book:
    currency: str
    balance: Amount = _described("balance")
    held: Amount = _described("held")
    received: Amount = _described("received")
    paid: Amount = _described("paid")
    difference: Amount = _described("difference")
    wallet_count: Long = _described("walletCount")
    as_of: DateTime = _described("asOf")


def _resolve(name: str) -> Callable[[ReadBook, object], str | int]:
    shown = FIELDS[name]
    return lambda book, _info: shown.show(book)


def _currency(book: ReadBook, _info: object) -> str:
    return book.currency


BOOK: dict[str, Callable[[ReadBook, object], str | int]] = {"currency": _currency} | {
    name: _resolve(name) for name in FIELDS
}
"""The resolvers of a book."""
