"""The cost of a page depends on the rows that it shows, not on the size of its wallets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from django.db import connection

from tests.queries.questions import ask, names
from tests.writes import open_wallet
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import CursorPage, NumberedPage, Question, Selection

# ANALYZE TABLE commits.
pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALICE = Principal("alice", frozenset({"admin"}), owner="")
FEW, MANY = 400, 8_000
"""Rows of each wallet, of which a page shows three."""
AT_MOST = 1.5


class Steps:
    """How far SQLite's virtual machine has come, in units of ten instructions."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self) -> int:
        self.taken += 1
        return 0


@contextmanager
def watched() -> Iterator[Steps]:
    """Count the reads: rows on MySQL (`Handler_read_%`), instructions on SQLite (sqlite3_progress_handler)."""
    steps = Steps()
    if connection.vendor == "sqlite":
        connection.connection.set_progress_handler(steps, 10)
        try:
            yield steps
        finally:
            connection.connection.set_progress_handler(None, 0)
        return
    before = rows_read()
    yield steps
    steps.taken = rows_read() - before


def rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read_%'")
        return sum(int(count) for _, count in cursor.fetchall())


def fill(wallets: list[Wallet], start: int, stop: int) -> None:
    """Give each wallet its rows `start` to `stop`, half of them with an amount above 0.

    The rows of one wallet are adjacent: a walk through all rows in the order of ids reaches the last wallet late.
    """
    digits = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))
    tables = ", ".join(f"({digits}) d{place}" for place in range(4))
    numbers = f"SELECT d0.digit + 10*d1.digit + 100*d2.digit + 1000*d3.digit AS number FROM {tables}"  # noqa: S608
    amount = "CASE WHEN number % 2 = 0 THEN 1 + number ELSE -1 - number END"
    text = "CAST(number AS CHAR)" if connection.vendor == "mysql" else "number"
    for wallet in wallets:
        name = f"CONCAT('{wallet.id}.', {text})" if connection.vendor == "mysql" else f"'{wallet.id}.' || {text}"
        rows = f"FROM ({numbers}) numbers WHERE number >= {start} AND number < {stop} ORDER BY number"
        moment = "'2026-01-31 12:00:00'"
        later = (
            f"{moment} + INTERVAL number SECOND"
            if connection.vendor == "mysql"
            else f"datetime({moment}, number || ' seconds')"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO walletsvc_transaction"
                " (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)"
                f" SELECT {name}, {wallet.id}, {amount}, 'USD', '', '{{}}', {later}, {later} {rows}"
            )
            cursor.execute(
                "INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind,"
                " transaction_id, txid, principal, created_at)"
                f" SELECT {wallet.id}, number + 1, {amount}, 1, 'USD', 'post', {wallet.id}, 'x', 'x', {later} {rows}"
            )
    ids = [wallet.id for wallet in wallets]
    Wallet.objects.filter(id__in=ids).update(sequence=stop, transaction_count=stop)
    if connection.vendor == "mysql":
        # Otherwise InnoDB does so within the next seconds, and its optimizer may use outdated statistics.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE TABLE walletsvc_transaction, walletsvc_entry")


def of_each_wallet(relation: str, resource: str, **question: object) -> dict[str, object]:
    question = {"page": CursorPage(3), "count": True, **question}
    related = Question(resource, **question)  # type: ignore[arg-type]
    return {"resource": "Wallet", "selection": Selection(to_many=((relation, related),))}


def questions(wallet: Wallet, size: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield a name and a question for every kind of page with few rows."""
    last = ("wallet", str(wallet.id))
    orders = {"Transaction": ("id", "createdAt", "amount"), "Entry": ("id", "sequence")}
    for resource, relation in (("Transaction", "transactions"), ("Entry", "entries")):
        for order, sign, backward in product(orders[resource], ("", "-"), (False, True)):
            name = f"{relation}, {'last' if backward else 'first'} by {sign}{order}"
            by = (sign + order,)
            yield name, of_each_wallet(relation, resource, order=by, page=CursorPage(3, backward=backward))
            [place] = ask(resource, order=by, filters=(last,), page=NumberedPage(size // 2, 1)).records
            page = CursorPage(3, before=place.cursor) if backward else CursorPage(3, after=place.cursor)
            page = replace(page, backward=backward)
            yield f"{name}, of a cursor", of_each_wallet(relation, resource, order=by, page=page)
            alone = {"resource": resource, "order": by, "filters": (last,), "page": page, "count": True}
            yield f"{name}, of a wallet and a cursor", alone
            if resource == "Transaction":
                positive = (("amount.gt", "0"),)
                # How many pass is counted, and those are more.
                yield f"{name}, above 0", of_each_wallet(relation, resource, order=by, filters=positive, count=False)
        for page in (CursorPage(3), CursorPage(3, backward=True), NumberedPage(2, 3)):
            of_last = {"resource": resource, "filters": (last,), "page": page, "count": True}
            yield f"{relation} of a wallet, {page}", of_last
    yield "transactions of one amount", of_each_wallet("transactions", "Transaction", filters=(("amount", "7"),))
    of_transactions = Selection(to_many=(("entries", Question("Entry", page=CursorPage(3))),))
    yield (
        "entries of transactions",
        {
            "resource": "Transaction",
            "filters": (last,),
            "selection": of_transactions,
            "page": CursorPage(3),
        },
    )


@pytest.mark.parametrize("principal", [ANYONE, ALICE], ids=["everything", "an owner's"])
def test_a_page_reads_only_its_rows(principal: Principal) -> None:
    wallets = [open_wallet(principal=ANYONE, label=f"W{number}", clock=lambda: NOON) for number in range(3)]
    fill(wallets, 0, FEW)
    assert (Transaction.objects.count(), Entry.objects.count()) == (3 * FEW, 3 * FEW)

    def costs(size: int) -> dict[str, int]:
        found = {}
        for name, question in questions(wallets[-1], size):
            # What an owner asks for by the name of a wallet is found by a JOIN.
            if principal is ALICE and question["resource"] != "Wallet":
                continue
            with watched() as steps:
                page = ask(principal=principal, **question)  # type: ignore[arg-type]
            assert names(page)
            found[name] = steps.taken
        return found

    few = costs(FEW)
    fill(wallets, FEW, MANY)
    many = costs(MANY)
    assert {name: (few[name], many[name]) for name in few if many[name] > AT_MOST * few[name]} == {}


def test_wallets_of_which_all_is_shown_are_read_without_those_beside_them() -> None:
    *small, large = [open_wallet(principal=ANYONE, label=f"W{number}", clock=lambda: NOON) for number in range(20)]
    fill(small, 0, 3)

    def costs(start: int, stop: int) -> list[int]:
        fill([large], start, stop)
        found = []
        for relation, resource in (("transactions", "Transaction"), ("entries", "Entry")):
            with watched() as steps:
                page = ask(**of_each_wallet(relation, resource), page=CursorPage(19))  # type: ignore[arg-type]
            assert [len(record.many[relation, ""].rows) for record in page.records] == [3] * 19
            found.append(steps.taken)
        return found

    few, many = costs(0, FEW), costs(FEW, MANY)
    assert [AT_MOST * before >= after for before, after in zip(few, many, strict=True)] == [True, True]
