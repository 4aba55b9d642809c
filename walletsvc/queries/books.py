"""The books: what all wallets of a currency hold together, and what they have received and paid.

They are of callers who reach everything: of an owner's wallets alone, nobody keeps what crossed the border.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from django.utils import timezone

from walletsvc import errors, money
from walletsvc.ledger.totals import Funds, read_books
from walletsvc.principals import Principal
from walletsvc.schema.kinds import print_time
from walletsvc.schema.resources import ENTRY, WALLET

SCOPES = (WALLET.scope, ENTRY.scope)
"""Books are sums of wallets and of entries."""


@dataclass(frozen=True, slots=True)
class Book:
    """What the wallets of a currency held together at a moment, and what they had received and paid until then.

    Everything that was answered before `at` is in it.
    """

    currency: str
    funds: Funds
    received: Decimal
    paid: Decimal
    at: datetime

    @property
    def difference(self) -> Decimal:
        """Return what was received and neither paid nor is held: 0, unless money has come from nowhere."""
        return money.subtract(money.subtract(self.received, self.paid), self.funds.balance)


@dataclass(frozen=True, slots=True)
class Shown:
    """A field of a book as both faces show it."""

    description: str
    show: Callable[[Book], str | int]


def _amount(description: str, path: str) -> Shown:
    """Return the field of the amount at a path of a book's attributes."""
    read = attrgetter(path)

    def show(book: Book) -> str:
        return money.format_amount(read(book), book.currency)

    return Shown(description, show)


def _moment(book: Book) -> str:
    return print_time(book.at)


FIELDS: Mapping[str, Shown] = {
    "balance": _amount("What all wallets hold together.", "funds.balance"),
    "held": _amount("The part of it that open holds have set aside.", "funds.held"),
    "received": _amount("All that has come from outside.", "received"),
    "paid": _amount("All that has gone there.", "paid"),
    "difference": _amount(
        "received - paid - balance: always 0, unless the database was tampered with.", "difference"
    ),
    "walletCount": Shown("The number of wallets.", attrgetter("funds.wallets")),
    "asOf": Shown("The moment: all that was answered before is in it.", _moment),
}
"""The fields of a book besides its currency, by public name."""


def check_books(principal: Principal) -> None:
    """Raise `NotFound` for a caller bound to an owner, as if there were no books, and `Forbidden` for one that lacks
    a scope."""
    if principal.owner is not None:
        raise errors.NotFound("There are no books of one owner.")
    for scope in SCOPES:
        if not principal.may(scope):
            raise errors.Forbidden(f"This takes the scope {scope}.", scope=scope)


def compute_books(*, principal: Principal) -> Sequence[Book]:
    """Return the book of each currency that was ever used, in their order. Raises what `check_books` raises."""
    check_books(principal)
    at = timezone.now()
    funds, totals = read_books()
    currencies = {each for each in funds.keys() | totals.keys() if each}
    books = []
    for currency in sorted(currencies):
        held, total = funds.get(currency, Funds()), totals.get(currency)
        received, paid = (total.received, total.paid) if total else (money.ZERO, money.ZERO)
        books.append(Book(currency, held, received, paid, at))
    return books


def compute_book(currency: str, *, principal: Principal) -> Book:
    """Return the book of a currency. Raises what `check_books` raises, and `NotFound` if it was never used."""
    for book in compute_books(principal=principal):
        if book.currency == currency:
            return book
    raise errors.not_found("Book", currency)
