"""Questions are checked when they are put."""

from __future__ import annotations

import pytest

from walletsvc import errors
from walletsvc.queries.questions import CursorPage, NumberedPage, Order, parse_order
from walletsvc.schema.resources import ENTRY, TRANSACTION, WALLET

pytestmark = pytest.mark.without_engine


@pytest.mark.parametrize("size", [-1, 101, 10**30])
def test_a_page_has_at_most_a_hundred_records(size: int) -> None:
    for make, parameter in (
        (lambda: NumberedPage(1, size), "page.size"),
        (lambda: CursorPage(size), "first"),
        (lambda: CursorPage(size, backward=True), "last"),
    ):
        with pytest.raises(errors.InvalidParameter) as caught:
            make()
        assert (caught.value.parameter, caught.value.context) == (parameter, {"limit": 100})
        least = 1 if parameter == "page.size" else 0
        assert caught.value.message == f"A page has {least} to 100 records."


def test_only_a_page_by_cursor_may_be_empty() -> None:
    assert (CursorPage(0).size, CursorPage(0, backward=True).size) == (0, 0)
    with pytest.raises(errors.InvalidParameter) as caught:
        NumberedPage(1, 0)
    assert caught.value.parameter == "page.size"


@pytest.mark.parametrize("number", [0, -1, 2**31 + 1, 10**30])
def test_pages_are_numbered_from_one(number: int) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        NumberedPage(number)
    assert caught.value.parameter == "page.number"


def test_the_limits_themselves_are_fine() -> None:
    assert NumberedPage(2**31, 100).size == 100
    assert (NumberedPage().size, CursorPage().size) == (20, 20)


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ((), (("id", False),)),
        (("-id",), (("id", True),)),
        (("label",), (("label", False), ("id", False))),
        (("-createdAt",), (("created_at", True), ("id", True))),
        (("-balance", "label"), (("balance", True), ("label", False), ("id", False))),
        (("balance", "-id", "label"), (("balance", False), ("id", True))),
    ],
)
def test_every_order_ends_in_the_id(names: tuple[str, ...], columns: tuple[tuple[str, bool], ...]) -> None:
    assert parse_order(WALLET, names).columns == columns


@pytest.mark.parametrize(
    "name", ["", "-", "--label", "owner", "created_at", "LABEL", "label ", "metadata", "x" * 1000]
)
def test_an_unknown_order_is_refused(name: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        parse_order(WALLET, (name,))
    assert caught.value.parameter == "sort"
    assert len(caught.value.message) < 200


def test_the_refusal_of_an_order_names_all_there_are() -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        parse_order(WALLET, ("x" * 65,))
    assert caught.value.message == (
        f"Wallet cannot be sorted by '{'x' * 64}'. Choose from id, label, balance, currency, createdAt."
    )


def test_an_order_names_a_field_once() -> None:
    for names in (("label", "label"), ("label", "-label")):
        with pytest.raises(errors.InvalidParameter) as caught:
            parse_order(WALLET, names)
        assert (caught.value.parameter, caught.value.message) == ("sort", f"{names[1]!r} is named twice.")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        ((), (("sequence", False),)),
        (("id",), (("sequence", False),)),
        (("-id",), (("sequence", True),)),
        (("-sequence",), (("sequence", True),)),
        (("-sequence", "id"), (("sequence", True),)),
    ],
)
def test_the_entries_of_one_wallet_are_in_the_order_of_their_sequence(
    names: tuple[str, ...], columns: tuple[tuple[str, bool], ...]
) -> None:
    assert parse_order(ENTRY, names, parent="wallet_id").columns == columns
    # Those of a transaction may be of several wallets.
    assert parse_order(ENTRY, names, parent="transaction_id") == parse_order(ENTRY, names)


def test_an_order_reversed_twice_is_itself() -> None:
    order = parse_order(TRANSACTION, ("-amount", "txid"))
    assert order.reversed() == Order((("amount", False), ("txid", True), ("id", True)))
    assert order.reversed().reversed() == order
    assert order.order_by() == ["-amount", "txid", "id"]


@pytest.mark.parametrize("resource", [WALLET, TRANSACTION, ENTRY], ids=lambda each: each.name)
def test_every_order_of_a_resource_is_a_column(resource) -> None:
    for name, column in resource.orders.items():
        assert resource.model._meta.get_field(column)
        assert parse_order(resource, (name,)).columns[0] == (column, False)
