"""Pages of a list: what is asked for, within which bounds, and what the page says of its neighbours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cursors import encode_cursor
from tests.unit.reader import ALICE, OWN, Reader
from walletsvc import errors
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.attempts import MOST_AT_FIRST
from walletsvc.queries.engine import read_by_ids, read_many, read_one, read_page
from walletsvc.queries.questions import CursorPage, NumberedPage, Order, Question, Selection
from walletsvc.queries.scope import ALL
from walletsvc.schema.resources import TRANSACTION, WALLET

pytestmark = pytest.mark.without_engine

LABEL = Selection(frozenset({"label"}))
BY_LABEL = Order((("label", True), ("id", True)))
BY_ID = Order((("id", False),))
WALLETS_ONLY = Principal("w", frozenset({"wallets:read"}))
LABELLED = ("id", "currency", "label")


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    reader = Reader(monkeypatch)
    reader.stored = [Wallet(id=number, label=f"W{number}", currency="USD") for number in (4, 3, 2, 1)]
    return reader


def labels(page: Any) -> list[object]:
    return [each.attributes["label"] for each in page.records]


def asked(**differences: Any) -> dict[str, Any]:
    """Return what is asked for everyone's wallets by label from the end, except for `differences`."""
    plain = {"columns": LABELLED, "order": ["-label", "-id"], "limit": 4, "offset": 0, "count": None, "hint": ""}
    # As many rows as are skipped may be looked at besides.
    examined = None if differences.get("limit", 4) is None else MOST_AT_FIRST + differences.get("offset", 0)
    return {"where": ("Wallet", "", ()), **plain, "scope": ALL, "examined": examined, **differences}


def ask(principal: Principal = ANYONE, **question: Any) -> Any:
    return read_page(
        Question("Wallet", **{"selection": LABEL, "order": ("-label",), **question}), principal=principal
    )


def test_a_numbered_page_is_read_one_past_its_size(reader: Reader) -> None:
    page = ask(page=NumberedPage(3, 3))
    assert reader.asked == [asked(offset=6)]
    assert (labels(page), page.order, page.count) == (["W4", "W3", "W2"], BY_LABEL, None)
    assert (page.has_next, page.has_previous) == (True, True)
    page = ask(page=NumberedPage(1, 4))
    assert reader.asked[1:] == [asked(limit=5)]
    assert (labels(page), page.has_next, page.has_previous) == (["W4", "W3", "W2", "W1"], False, False)
    assert ask(page=NumberedPage(2, 1)).has_previous


def test_filters_and_a_count_go_with_it(reader: Reader) -> None:
    page = ask(page=NumberedPage(1, 3), filters=(("currency", "EUR"),), count=True)
    where = ("Wallet", "currency = %s", ("EUR",))
    assert reader.asked == [asked(where=where, count=42)]
    assert reader.counted == [{"filters": (("currency", "EUR"),), "where": where, "owner": None, "scope": ALL}]
    assert page.count == 42


@pytest.mark.parametrize("page", [NumberedPage(1, 3), CursorPage(3)])
def test_a_list_of_one_owner_is_walked_along_its_index(reader: Reader, page: Any) -> None:
    found = ask(ALICE, page=page, count=True)
    # What is behind a label decides nothing within an owner; the cursor names it all the same.
    expected = asked(order=["-label"], count=42, hint=" wallet_owner_label_unique forced", scope=OWN)
    assert reader.asked == [expected]
    assert reader.counted == [{"filters": (), "where": ("Wallet", "", ()), "owner": "alice", "scope": OWN}]
    assert (found.order, found.count, found.has_next) == (BY_LABEL, 42, True)
    # Who reaches all and asks for an owner's gets the same.
    assert ask(filters=(("owner", "alice"),), page=page, count=True).order == BY_LABEL
    assert (reader.asked[1:], reader.counted[1:]) == ([expected], reader.counted[:1])


def test_other_filters_stay_beside_that_of_an_owner(reader: Reader) -> None:
    ask(filters=(("label", "owner"), ("owner", ""), ("currency", "EUR")), count=True)
    where, scope = ("Wallet", "(label = %s AND currency = %s)", ("owner", "EUR")), ("owner = %s", ("",))
    left = (("label", "owner"), ("currency", "EUR"))
    assert reader.counted == [{"filters": left, "where": where, "owner": "", "scope": scope}]
    hint = " None filtered"
    assert reader.asked == [asked(where=where, scope=scope, order=["-label"], count=42, hint=hint, limit=21)]


@pytest.mark.parametrize("page", [NumberedPage(1, 3), CursorPage(3)])
def test_a_caller_who_is_bound_to_an_owner_is_not_told_whose_it_is(reader: Reader, page: Any) -> None:
    owner = Selection(frozenset({"owner"}))
    ask(ALICE, selection=owner, order=(), page=page)
    ask(filters=(("owner", "alice"),), selection=owner, order=(), page=page)
    assert [each["columns"] for each in reader.asked] == [("id", "currency"), ("id", "currency", "owner")]


def test_a_caller_who_is_bound_to_an_owner_knows_no_filter_by_owner(reader: Reader) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        ask(ALICE, filters=(("owner", "bob"),))
    assert (caught.value.parameter, reader.asked) == ("filter.owner", [])


@pytest.mark.parametrize("page", [NumberedPage(1, 3), CursorPage(3)])
def test_transactions_of_a_wallet_are_walked_along_their_index(reader: Reader, page: Any) -> None:
    question = Question(
        "Entry", Selection(frozenset({"sequence"})), filters=(("wallet", "7"),), order=("-id",), page=page
    )
    read_page(question, principal=ALICE)
    first = "SELECT wallet_id FROM walletsvc_entry WHERE wallet_id = %s AND sequence = 1 AND owner = %s"
    assert reader.asked == [
        {
            "where": ("Entry", "wallet_id = %s", (7,)),
            # A wallet numbers its entries in the order of their ids.
            "columns": ("id", "currency", "sequence", "wallet_id", "transaction_id", "hold_id"),
            "order": ["-sequence"],
            "limit": 4,
            "offset": 0,
            "count": None,
            "hint": " entry_wallet_sequence_unique",
            "scope": (f"wallet_id = ({first}) AND owner = %s", (7, "alice", "alice")),
            "examined": MOST_AT_FIRST,
        }
    ]


def test_the_columns_of_the_order_are_read_for_cursors(reader: Reader) -> None:
    for page in (NumberedPage(1, 1), CursorPage(1)):
        found = ask(selection=Selection(frozenset()), page=page)
        assert reader.asked[-1]["columns"] == LABELLED
        assert [each.cursor for each in found.records] == [encode_cursor(BY_LABEL, ["W4", 4])]
        assert [each.attributes for each in found.records] == [{}]


# -- pages by cursor -----------------------------------------------------------------------------------

FIFTH = encode_cursor(BY_ID, [5])
AFTER_FIFTH, BEFORE_FIFTH = "(id >= %s AND id > %s)", "(id <= %s AND id < %s)"


@pytest.mark.parametrize(
    ("page", "where", "order", "has_next", "has_previous"),
    [
        (CursorPage(3), ("", ()), "id", True, False),
        (CursorPage(4), ("", ()), "id", False, False),
        (CursorPage(3, after=FIFTH), (AFTER_FIFTH, (5, 5)), "id", True, True),
        (CursorPage(3, before=FIFTH), (BEFORE_FIFTH, (5, 5)), "id", True, False),
        (CursorPage(3, backward=True), ("", ()), "-id", False, True),
        (CursorPage(4, backward=True), ("", ()), "-id", False, False),
        (CursorPage(3, before=FIFTH, backward=True), (BEFORE_FIFTH, (5, 5)), "-id", True, True),
        (CursorPage(3, after=FIFTH, backward=True), (AFTER_FIFTH, (5, 5)), "-id", False, True),
    ],
)
def test_a_page_by_cursor_knows_whether_it_has_neighbours(
    reader: Reader,
    page: CursorPage,
    where: tuple[str, tuple[int, ...]],
    order: str,
    has_next: bool,
    has_previous: bool,
) -> None:
    found = ask(order=(), page=page)
    # In the order of the table, no row is looked at in vain.
    assert reader.asked == [asked(where=("Wallet", *where), order=[order], limit=page.size + 1, examined=None)]
    shown = ["W4", "W3", "W2", "W1"][: page.size]
    # Read from the end, and shown from the beginning.
    assert labels(found) == (shown[::-1] if page.backward else shown)
    assert (found.has_next, found.has_previous, found.order, found.count) == (has_next, has_previous, BY_ID, None)


def test_a_page_lies_between_its_cursors(reader: Reader) -> None:
    second = encode_cursor(BY_ID, [2])
    ask(order=(), page=CursorPage(3, after=second, before=FIFTH), filters=(("currency", "EUR"),), count=True)
    condition = f"(currency = %s AND {AFTER_FIFTH[1:-1]} AND {BEFORE_FIFTH[1:-1]})"
    where = ("Wallet", condition, ("EUR", 2, 2, 5, 5))
    assert reader.asked == [asked(where=where, order=["id"], count=42)]
    # All are counted, and not only those between the cursors.
    assert reader.counted[0]["where"] == ("Wallet", "currency = %s", ("EUR",))


@pytest.mark.parametrize("parameter", ["after", "before"])
def test_a_cursor_of_another_list_is_refused_by_its_name(reader: Reader, parameter: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        ask(page=CursorPage(3, **{parameter: FIFTH}))
    assert (caught.value.parameter, reader.asked) == (parameter, [])


def test_a_list_takes_the_scope_of_its_resource(reader: Reader) -> None:
    with pytest.raises(errors.Forbidden):
        read_page(Question("Transaction"), principal=WALLETS_ONLY)
    with pytest.raises(errors.Forbidden):
        ask(WALLETS_ONLY, selection=Selection(to_many=(("entries", Question("Entry")),)))
    assert reader.asked == []
    assert labels(ask(WALLETS_ONLY)) == ["W4", "W3", "W2", "W1"]


# -- single records ------------------------------------------------------------------------------------


def test_a_record_is_read_by_its_id_without_compiling_anything(reader: Reader) -> None:
    found = read_one(WALLET, LABEL, principal=ALICE, id=3)
    assert reader.asked == [{"model": Wallet, "columns": LABELLED, "ids": [3], "scope": OWN}]
    assert found is not None
    assert (found.id, found.attributes) == (3, {"label": "W3"})
    assert read_one(WALLET, LABEL, principal=ALICE, id=9) is None


@pytest.mark.parametrize(
    ("match", "where"),
    [
        ({"label": "W4"}, ("label = %s", ("W4",))),
        ({"id": "4"}, ("id = %s", (4,))),
        ({"id": 4, "owner": "bob"}, ("(id = %s AND owner = %s)", (4, "bob"))),
    ],
)
def test_a_record_is_found_by_whatever_matches(
    reader: Reader, match: dict[str, Any], where: tuple[str, tuple[Any, ...]]
) -> None:
    found = read_one(WALLET, LABEL, principal=ALICE, **match)
    assert reader.asked == [asked(where=("Wallet", *where), order=None, limit=None, scope=OWN)]
    assert found is not None
    assert (found.id, found.attributes, found.order) == (4, {"label": "W4"}, None)
    reader.stored = []
    assert read_one(WALLET, LABEL, principal=ALICE, **match) is None


def test_single_records_take_their_scope_and_that_of_what_they_show(reader: Reader) -> None:
    with_entries = Selection(to_many=(("entries", Question("Entry")),))
    for resource, selection in ((TRANSACTION, Selection()), (WALLET, with_entries)):
        with pytest.raises(errors.Forbidden):
            read_by_ids(resource, selection, principal=WALLETS_ONLY, ids=[3])
        with pytest.raises(errors.Forbidden):
            read_many(resource, selection, principal=WALLETS_ONLY, id=3)
    assert reader.asked == []
    assert [each.id for each in read_by_ids(WALLET, LABEL, principal=WALLETS_ONLY, ids=[3, 1])] == [3, 1]
    assert [each.id for each in read_many(WALLET, LABEL, principal=WALLETS_ONLY)] == [4, 3, 2, 1]


def test_single_records_come_with_what_is_selected_from_them(reader: Reader) -> None:
    reader.stored = [Transaction(id=5, txid="A", currency="USD", wallet_id=3), *reader.stored]
    selection = Selection(frozenset({"txid"}), to_one=(("wallet", LABEL),))
    for found in (
        read_by_ids(TRANSACTION, selection, principal=ALICE, ids=[5]),
        read_many(TRANSACTION, selection, principal=ALICE, txid="A"),
        read_page(Question("Transaction", selection), principal=ALICE).records,
    ):
        [record] = found
        wallet = record.one["wallet"]
        assert wallet is not None
        assert (record.attributes, wallet.attributes) == ({"txid": "A"}, {"label": "W3"})
        assert reader.asked[-1] == {"model": Wallet, "columns": LABELLED, "ids": [3], "scope": OWN}
