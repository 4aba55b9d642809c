"""Records with their related records: printed, complete, and with one query for each level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.queries.questions import ask, names
from tests.queries.wallets import open_wallets
from tests.writes import amend_transaction, close_wallet, delete_transaction, post_transaction
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.questions import CursorPage, NumberedPage, Question, Selection
from walletsvc.queries.records import Page, Record
from walletsvc.queries.selectors import get_record

pytestmark = pytest.mark.django_db


def shape(record: Record) -> Any:
    """Return everything about a record, so that two can be compared."""
    return (
        record.resource.name,
        record.id,
        record.attributes,
        record.keys,
        {name: one and shape(one) for name, one in record.one.items()},
        {name: page_shape(page) for name, page in record.many.items()},
    )


def page_shape(page: Page) -> Any:
    records = [(record.cursor, shape(record)) for record in page.records]
    return records, page.has_next, page.has_previous, page.count


def test_to_one_relations_are_followed() -> None:
    wallet = open_wallets(2, each=1)[1]
    transaction = Transaction.objects.get()
    selection = Selection(to_one=(("wallet", Selection(fields=frozenset({"label"}))), ("transaction", Selection())))
    entries = ask("Entry", selection=selection, filters=(("wallet", str(wallet.id)),)).records
    assert [entry.one["wallet"].attributes for entry in entries] == [{"label": "W1"}] * 2
    assert [entry.one["transaction"] and entry.one["transaction"].id for entry in entries] == [None, transaction.id]
    delete_transaction(principal=ANYONE, transaction_id=transaction.id)
    entries = ask("Entry", selection=selection, filters=(("wallet", str(wallet.id)),)).records
    assert [entry.one["transaction"] for entry in entries] == [None, None, None]


def test_entries_outlive_their_wallet() -> None:
    [wallet] = open_wallets(1, each=0)
    post_transaction(principal=ANYONE, txid="all", wallet_id=wallet.id, amount="-50")
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    entries = ask("Entry", selection=Selection(to_one=(("wallet", Selection()),))).records
    assert [(entry.keys["wallet"], entry.one["wallet"]) for entry in entries] == [(wallet.id, None)] * 2


def related_questions() -> Iterator[tuple[str, Question]]:
    for backward in (False, True):
        for order in ((), ("-amount",), ("amount", "txid")):
            for size in (1, 2, 100):
                yield (
                    f"{'last' if backward else 'first'} {size} by {order or 'id'}",
                    Question(
                        "Transaction", order=order, page=CursorPage(size, backward=backward), count=True, alias="some"
                    ),
                )
    yield "filtered", Question("Transaction", filters=(("amount.gt", "0"),), page=CursorPage(2), count=True)
    yield (
        "nested",
        Question(
            "Transaction",
            Selection(
                frozenset({"txid"}), to_one=(("wallet", Selection()),), to_many=(("entries", Question("Entry")),)
            ),
            page=CursorPage(2),
        ),
    )


@pytest.mark.parametrize(
    "question", [each for _, each in related_questions()], ids=[name for name, _ in related_questions()]
)
def test_related_pages_of_many_are_those_of_each_alone(question: Question) -> None:
    open_wallets(4, each=5)
    selection = Selection(to_many=(("transactions", question),))
    together = ask("Wallet", selection=selection).records
    alone = [
        get_record(principal=ANYONE, resource="Wallet", selection=selection, id=record.id) for record in together
    ]
    assert [shape(record) for record in together] == [shape(record) for record in alone if record]
    assert [page.count for record in together for page in record.many.values()] == (
        [None] * 4 if not question.count else [0, 3, 3, 3] if question.filters else [0, 5, 5, 5]
    )


@pytest.mark.parametrize("kept", [None, 0, 1, 100], ids=["as it is", "too small: none", "too small", "too large"])
def test_pages_of_small_and_large_wallets_together_are_those_of_each_alone(kept: int | None) -> None:
    wallets = open_wallets(4, each=3)
    for number in range(9):
        post_transaction(principal=ANYONE, txid=f"more.{number}", wallet_id=wallets[-1].id, amount="-1")
    if kept is not None:
        Wallet.objects.update(transaction_count=kept)
    expected = [
        list(Transaction.objects.filter(wallet=wallet).order_by("-id").values_list("txid", flat=True)[:4])
        for wallet in wallets
    ]
    page = CursorPage(4, backward=True)
    related = Question("Transaction", Selection(frozenset({"txid"})), page=page)
    found = ask("Wallet", selection=Selection(to_many=(("transactions", related),))).records
    assert [names(record.many["transactions", ""])[::-1] for record in found] == expected
    assert [record.many["transactions", ""].has_previous for record in found] == [False, False, False, True]


def test_related_pages_between_cursors_are_those_of_each_alone() -> None:
    open_wallets(3, each=5)
    cursors = [record.cursor for record in ask("Transaction", order=("amount",), page=CursorPage(100)).records]
    for page in (
        CursorPage(2, after=cursors[3]),
        CursorPage(2, before=cursors[7], backward=True),
        CursorPage(3, after=cursors[1], before=cursors[8]),
        CursorPage(2, after=cursors[-1]),
    ):
        question = Question("Transaction", order=("amount",), page=page, count=True)
        selection = Selection(to_many=(("transactions", question),))
        together = ask("Wallet", selection=selection).records
        alone = [
            get_record(principal=ANYONE, resource="Wallet", selection=selection, id=record.id) for record in together
        ]
        assert [shape(record) for record in together] == [shape(record) for record in alone if record]


@pytest.mark.parametrize("amended", [2, 30], ids=["a few entries each", "many entries each"])
@pytest.mark.parametrize(
    "question",
    [
        Question("Entry", page=CursorPage(2), count=True),
        Question("Entry", order=("-sequence",), page=CursorPage(2)),
        Question("Entry", page=CursorPage(2, backward=True)),
        Question("Entry", filters=(("kind", "amend"),), page=CursorPage(1)),
    ],
    ids=["first", "by -sequence", "last", "filtered"],
)
def test_entries_of_many_transactions_are_those_of_each_alone(question: Question, amended: int) -> None:
    open_wallets(2, each=3)
    for transaction in Transaction.objects.all()[1:]:
        for amount in range(amended):
            amend_transaction(principal=ANYONE, transaction_id=transaction.id, amount=str(5 + amount))
    selection = Selection(to_many=(("entries", question),))
    together = ask("Transaction", selection=selection).records
    alone = [
        get_record(principal=ANYONE, resource="Transaction", selection=selection, id=record.id) for record in together
    ]
    assert len(together) == 3
    assert [shape(record) for record in together] == [shape(record) for record in alone if record]
    rows = Entry.objects.order_by(*(each.replace("sequence", "id") for each in question.order or ("id",)))
    for record in together:
        # Within a transaction that has never moved, entries have the order of their ids.
        expected = list(
            rows.filter(transaction_id=record.id, **dict(question.filters)).values_list("sequence", flat=True)
        )
        size = question.page.size
        wanted = expected[-size:] if question.page == CursorPage(2, backward=True) else expected[:size]
        assert names(record.many["entries", ""]) == wanted


def test_entries_of_a_wallet_are_walked_through_by_their_sequence() -> None:
    [_, wallet] = open_wallets(2, each=5)
    of_wallet = (("wallet", str(wallet.id)),)
    assert names(ask("Entry", filters=of_wallet)) == [1, 2, 3, 4, 5, 6]
    first = ask("Entry", filters=of_wallet, order=("id",), page=CursorPage(2))
    # The same list has the same cursors wherever it is asked for.
    for page, expected in ((CursorPage(2, after=first.records[1].cursor), [3, 4]), (CursorPage(2), [1, 2])):
        selection = Selection(to_many=(("entries", Question("Entry", page=page)),))
        related = ask("Wallet", selection=selection).records[1].many["entries", ""]
        assert names(related) == names(ask("Entry", filters=of_wallet, page=page)) == expected


def test_one_relation_can_be_asked_for_twice() -> None:
    open_wallets(2, each=3)
    selection = Selection(
        to_many=(
            ("transactions", Question("Transaction", page=CursorPage(1), alias="oldest")),
            ("transactions", Question("Transaction", page=CursorPage(1, backward=True), alias="newest")),
        )
    )
    record = ask("Wallet", selection=selection).records[1]
    assert {alias: names(page) for (_, alias), page in record.many.items()} == {"oldest": ["1.0"], "newest": ["1.2"]}


def test_related_records_are_not_paged_by_number() -> None:
    open_wallets(1, each=0)
    with pytest.raises(TypeError):
        ask("Wallet", selection=Selection(to_many=(("entries", Question("Entry", page=NumberedPage())),)))


# -- query counts ----------------------------------------------------------------------------------------

TWO_LEVELS = Selection(
    to_many=(
        (
            "transactions",
            Question(
                "Transaction",
                Selection(to_one=(("wallet", Selection()),), to_many=(("entries", Question("Entry", count=True)),)),
                count=True,
            ),
        ),
        ("entries", Question("Entry", Selection(to_one=(("transaction", Selection()),)), order=("-sequence",))),
    )
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"resource": "Wallet"}, 1),
        ({"resource": "Wallet", "count": True, "page": NumberedPage(1, 50)}, 1),
        # MySQL reads relations that lead no further with the list (`queries/joins.py`).
        (
            {
                "resource": "Transaction",
                "selection": Selection(to_one=(("wallet", Selection(frozenset({"label"}))),)),
            },
            1 if connection.vendor == "mysql" else 2,
        ),
        ({"resource": "Wallet", "selection": TWO_LEVELS, "count": True}, 8),
    ],
    ids=["a list", "a counted page", "a relation", "two levels"],
)
def test_queries_do_not_grow_with_the_rows(question: dict[str, Any], expected: int) -> None:
    open_wallets(3, each=2)
    counts = []
    for start in (3, 12):
        with CaptureQueriesContext(connection) as queries:
            ask(**question)
        counts.append(len(queries))
        open_wallets(9, each=3, start=start)
    assert counts == [expected, expected]
