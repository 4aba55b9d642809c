"""The view of a write, made from the command's result, which is never read again after COMMIT.

Between COMMIT and a read, others write as well. The written object is shown as it was written; only its related
records are read afterwards. If that fails, the write is still stored, and shown without them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db import Error
from django.db.models import Model

from walletsvc.db import dialect
from walletsvc.db.channels import channel
from walletsvc.db.failures import drop_useless_connection
from walletsvc.models import Transaction
from walletsvc.principals import Principal
from walletsvc.queries.questions import BalanceQuestion, Period, Selection
from walletsvc.queries.records import Record, plan_for
from walletsvc.queries.selectors import add_related


class Posting(NamedTuple):
    """How a wallet stood after the entry that posted a transaction."""

    sequence: int
    balance: Decimal
    held: Decimal


logger = logging.getLogger(__name__)

_FIRST_ENTRY = (
    "SELECT sequence, balance_after, held_after FROM walletsvc_entry WHERE transaction_id = %s ORDER BY id LIMIT 1"
)

Place = str | tuple[str, str] | BalanceQuestion | Period
"""A to-one relation by its name, a list by the name of its relation and its alias, a balance by its question, and a
statement by its period."""


class WrittenRecord(Record):
    """A record as a command returned it. Reading its related records may have failed."""

    __slots__ = ("failures",)

    def __init__(self, instance: Model, resource: str, selection: Selection, *, principal: Principal) -> None:
        plan = plan_for(principal, resource, selection.fields)
        super().__init__(plan, plan.row_of(instance))
        self.failures: dict[Place, Exception] = {}

    def read_related(self, selection: Selection, *, principal: Principal) -> None:
        """Read its related records, each relation separately, as a whole or not at all.

        Raises nothing: see `failures`.
        """
        read_related([self], selection, principal=principal)

    def lose(self, place: Place, failure: Exception) -> None:
        """Note that a relation could not be read. It may have been, while something below it failed."""
        self.failures[place] = failure
        if isinstance(place, str):
            self.one.pop(place, None)
        elif isinstance(place, tuple):
            self.many.pop(place, None)
        else:
            self.history.pop(place, None)


def read_related(records: Sequence[WrittenRecord], selection: Selection, *, principal: Principal) -> None:
    """Read the related records of all `records` together, each relation separately.

    Raises nothing: see `WrittenRecord.failures`.
    """
    failure: Exception | None = None
    for place, part in _parts(selection):
        try:
            if not isinstance(failure, Error):  # otherwise the next relation would wait as long, in vain
                failure = None
                add_related(records, part, principal=principal)
        except Exception as error:
            logger.info("The written object is shown without %s", place, exc_info=True)
            failure = error
            if isinstance(error, Error):
                drop_useless_connection(error)
        if failure is not None:
            for record in records:
                record.lose(place, failure)


def find_posting(transaction: Transaction) -> Posting:
    """Return how the wallet stood after the entry that posted this transaction, whatever has happened since.

    Reads nothing if the object is the one that has just been posted.
    """
    line = transaction.line
    if line is not None:
        return Posting(line.sequence, line.balance_after, line.held_after)
    # A replay waits for it, so not by the ORM.
    (sequence, balance, held), *_ = channel().fetch(_FIRST_ENTRY, [transaction.id])
    return Posting(sequence, dialect.to_decimal(balance), dialect.to_decimal(held))


def _parts(selection: Selection) -> Iterator[tuple[Place, Selection]]:
    for name, wanted in selection.to_one:
        yield name, Selection(to_one=((name, wanted),))
    for name, question in selection.to_many:
        yield (name, question.alias), Selection(to_many=((name, question),))
    for balance in selection.balances:
        yield balance, Selection(balances=(balance,))
    for statement in selection.statements:
        yield statement.period, Selection(statements=(statement,))
