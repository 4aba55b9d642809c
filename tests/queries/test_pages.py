"""Orders and pages: every record once, in order, forward and backward, whatever the ties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest

from tests.queries.questions import ask, names
from tests.writes import open_wallet, post_transaction
from walletsvc import errors
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.questions import CursorPage, NumberedPage
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MODELS = {"Wallet": Wallet, "Transaction": Transaction, "Entry": Entry, "Transfer": Transfer, "Hold": Hold}
ORDERS = [
    (resource.name, name)
    for resource in RESOURCES.values()
    for column in resource.orders
    for name in (column, f"-{column}")
]


@pytest.fixture(autouse=True)
def rows() -> None:
    """Make twelve wallets, transactions, transfers and more entries, of which several share each value."""
    for number in range(12):
        moment = NOON + timedelta(seconds=number % 3)
        wallet = open_wallet(
            principal=ANYONE,
            label=f"{'aAáÁ'[number % 4]}{number}",
            balance=f"{10 + number % 4}.50",
            currency=("USD", "EUR")[number % 2],
            clock=lambda moment=moment: moment,
        )
        post_transaction(
            principal=ANYONE,
            txid=f"{'bBčČ'[number % 4]}{number}",
            wallet_id=wallet.id,
            amount=("1", "-2", "0.10")[number % 3],
            clock=lambda moment=moment: moment,
        )
        # A list reads no legs.
        Transfer.objects.create(txid=f"{'bBčČ'[number % 4]}{number}", fingerprint=b"f" * 16, created_at=moment)
        Hold.objects.create(
            txid=f"{'bBčČ'[number % 4]}{number}",
            # A wallet with a hold is not deleted.
            wallet_id=Wallet.objects.order_by("id").values_list("id", flat=True)[0],
            amount=1,
            remaining=0,
            state="released",
            currency="USD",
            fingerprint=b"f" * 16,
            created_at=moment,
            updated_at=moment,
        )


def expected(resource: str, *order: str) -> list[int]:
    """Return all ids in an order: texts by their bytes, ties by id, in the direction of the last word."""
    rows = list(MODELS[resource].objects.order_by("id"))
    words = list(order)
    if words and words[-1].removeprefix("-") != "id":
        words.append("-id" if words[-1].startswith("-") else "id")
    for word in reversed(words):
        column = RESOURCES[resource].orders[word.removeprefix("-")]
        key = attrgetter(column)
        rows.sort(
            key=lambda row, key=key: key(row).encode() if isinstance(key(row), str) else key(row),
            reverse=word.startswith("-"),
        )
    return [row.id for row in rows]


def ids(page: Any) -> list[int]:
    return [record.id for record in page.records]


@pytest.mark.parametrize(("resource", "name"), ORDERS)
def test_a_list_comes_in_its_order(resource: str, name: str) -> None:
    assert ids(ask(resource, order=(name,), page=CursorPage(100))) == expected(resource, name)


@pytest.mark.parametrize(
    "order", [(), ("balance", "-label"), ("-currency", "createdAt"), ("-createdAt", "-balance", "id")]
)
def test_orders_combine(order: tuple[str, ...]) -> None:
    assert ids(ask("Wallet", order=order, page=CursorPage(100))) == expected("Wallet", *order)


@pytest.mark.parametrize(("resource", "name"), ORDERS)
def test_cursors_walk_through_every_record_once(resource: str, name: str) -> None:
    everything = expected(resource, name)
    for size in (1, 5):
        forward: list[int] = []
        cursor = None
        while True:
            page = ask(resource, order=(name,), page=CursorPage(size, after=cursor))
            assert page.has_previous is (cursor is not None)
            forward += ids(page)
            assert page.has_next is (len(forward) < len(everything))
            if not page.has_next:
                break
            cursor = page.records[-1].cursor
        assert forward == everything
        backward: list[int] = []
        cursor = None
        while True:
            page = ask(resource, order=(name,), page=CursorPage(size, before=cursor, backward=True))
            assert page.has_next is (cursor is not None)
            backward = ids(page) + backward
            assert page.has_previous is (len(backward) < len(everything))
            if not page.has_previous:
                break
            cursor = page.records[0].cursor
        assert backward == everything


@pytest.mark.parametrize(
    "order", [("currency", "createdAt", "balance"), ("-balance", "currency", "-createdAt"), ("balance", "currency")]
)
def test_cursors_walk_through_combined_orders(order: tuple[str, ...]) -> None:
    walked: list[int] = []
    page = ask("Wallet", order=order, page=CursorPage(1))
    while page.records:
        walked += ids(page)
        page = ask("Wallet", order=order, page=CursorPage(1, after=page.records[-1].cursor))
    assert walked == expected("Wallet", *order)


def test_a_cursor_compares_a_column_only_among_rows_equal_in_all_before() -> None:
    # Wallets that differ in the middle only, where the later ids have the smaller balances.
    for number in range(8):
        moment = NOON - timedelta(seconds=number % 2)
        currency, balance = ("EUR", "USD")[number // 4], str(2 - number // 2 % 2)
        open_wallet(
            principal=ANYONE,
            label=f"w{number}",
            balance=balance,
            currency=currency,
            clock=lambda moment=moment: moment,
        )
    order = ("currency", "balance", "createdAt")
    records = ask("Wallet", order=order, page=CursorPage(100)).records
    for place, record in enumerate(records, 1):
        beyond = ask("Wallet", order=order, page=CursorPage(100, after=record.cursor))
        assert ids(beyond) == [each.id for each in records[place:]]


def test_a_page_lies_between_two_cursors() -> None:
    everything = ask("Wallet", order=("-balance",), page=CursorPage(100)).records
    between = {"after": everything[2].cursor, "before": everything[9].cursor}
    expected_ids = [record.id for record in everything[3:9]]
    forward = ask("Wallet", order=("-balance",), page=CursorPage(4, **between), count=True)
    assert (ids(forward), forward.has_next, forward.has_previous) == (expected_ids[:4], True, True)
    backward = ask("Wallet", order=("-balance",), page=CursorPage(4, backward=True, **between))
    assert (ids(backward), backward.has_previous, backward.has_next) == (expected_ids[-4:], True, True)
    # How many there are does not depend on where one looks.
    assert forward.count == 12


def test_a_cursor_keeps_its_place_when_its_record_is_deleted() -> None:
    first = ask("Wallet", order=("label",), page=CursorPage(3))
    rest = expected("Wallet", "label")[3:]
    Transaction.objects.filter(wallet_id=first.records[-1].id).delete()
    Wallet.objects.filter(id=first.records[-1].id).update(balance=0)
    Wallet.objects.filter(id=first.records[-1].id).delete()
    page = ask("Wallet", order=("label",), page=CursorPage(100, after=first.records[-1].cursor))
    assert ids(page) == rest


def test_an_empty_page_past_the_end() -> None:
    last = ask("Wallet", page=CursorPage(1, backward=True)).records[0].cursor
    page = ask("Wallet", page=CursorPage(5, after=last))
    assert (page.records, page.has_next, page.has_previous) == ([], False, True)


@pytest.mark.parametrize("size", [1, 5, 6, 12, 100])
def test_numbered_pages_hold_every_record_once(size: int) -> None:
    everything = expected("Wallet", "-balance")
    pages = [
        ask("Wallet", order=("-balance",), page=NumberedPage(number, size), count=True)
        for number in range(1, -(-12 // size) + 1)
    ]
    assert [identifier for page in pages for identifier in ids(page)] == everything
    assert [page.has_next for page in pages] == [True] * (len(pages) - 1) + [False]
    assert [page.has_previous for page in pages] == [False] + [True] * (len(pages) - 1)
    assert {page.count for page in pages} == {12}


def test_a_numbered_page_past_the_end_is_empty() -> None:
    for number in (3, 2**31):
        page = ask("Wallet", page=NumberedPage(number, 6), count=True)
        assert (page.records, page.has_next, page.has_previous, page.count) == ([], False, True, 12)


def test_pages_are_counted_only_when_asked() -> None:
    assert ask("Wallet").count is None
    assert ask("Wallet", filters=(("currency", "EUR"),), count=True).count == 6


def test_a_cursor_from_elsewhere_is_refused() -> None:
    cursor = ask("Wallet", order=("label",)).records[0].cursor
    for page, parameter in ((CursorPage(5, after=cursor), "after"), (CursorPage(5, before=cursor), "before")):
        for resource, order in (("Wallet", ()), ("Wallet", ("-label",)), ("Transaction", ())):
            with pytest.raises(errors.InvalidParameter) as caught:
                ask(resource, order=order, page=page)
            assert caught.value.parameter == parameter


def test_pages_and_filters_go_together() -> None:
    first = ask("Wallet", filters=(("currency", "EUR"),), order=("-label",), page=CursorPage(4))
    second = ask(
        "Wallet",
        filters=(("currency", "EUR"),),
        order=("-label",),
        page=CursorPage(4, after=first.records[-1].cursor),
    )
    labels = names(first) + names(second)
    assert labels == sorted((label for label in labels), key=str.encode, reverse=True)
    assert len(set(labels)) == 6
