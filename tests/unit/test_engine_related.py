"""Related records: one read for all parents, and each parent gets its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.cursors import encode_cursor
from tests.unit.reader import ALICE, OWN, Reader
from walletsvc import errors
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.attempts import MOST_EXAMINED
from walletsvc.queries.engine import read_by_ids, read_page, read_related
from walletsvc.queries.questions import CursorPage, NumberedPage, Order, Question, Selection
from walletsvc.queries.records import Record, plan_for
from walletsvc.queries.scope import ALL
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.without_engine

BY_ID = Order((("id", False),))
LABEL, TXID, SEQUENCE = (Selection(frozenset({name})) for name in ("label", "txid", "sequence"))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    return Reader(monkeypatch)


def records(*objects: Any, principal: Principal = ALICE) -> list[Record]:
    plan = plan_for(principal, type(objects[0]).__name__, frozenset())
    return [Record(plan, row) for row in plan.rows_of(objects)]


def wallets(*numbers: int) -> list[Record]:
    return records(*(Wallet(id=number, currency="USD") for number in numbers))


def posted(number: int, wallet: int) -> Transaction:
    return Transaction(id=number, txid=f"T{number}", currency="USD", wallet_id=wallet)


# -- to one --------------------------------------------------------------------------------------------


def entry(number: int, wallet: int, transaction: int | None = None) -> Entry:
    return Entry(id=number, sequence=number, currency="USD", wallet_id=wallet, transaction_id=transaction)


def test_each_record_gets_the_one_that_it_refers_to(reader: Reader) -> None:
    reader.stored = [posted(8, 1), posted(9, 1)]
    # Of the opening there is none, and one has been deleted.
    entries = records(entry(1, 5), entry(2, 5, 9), entry(3, 5, 7), entry(4, 5, 8), entry(5, 5, 9))
    read_related(entries, Selection(to_one=(("transaction", TXID),)), principal=ALICE)
    found = [each.one["transaction"] for each in entries]
    assert [each and each.attributes["txid"] for each in found] == [None, "T9", None, "T8", "T9"]
    columns = ("id", "currency", "txid", "wallet_id", "own_transfer_id", "hold_id", "reversal_of_id")
    assert reader.asked == [{"model": Transaction, "columns": columns, "ids": [9, 7, 8], "scope": OWN}]


def test_of_no_records_nothing_is_asked(reader: Reader) -> None:
    selection = Selection(to_one=(("wallet", LABEL),), to_many=(("entries", Question("Entry")),))
    read_related([], selection, principal=ALICE)
    assert reader.asked == []


def test_what_a_record_refers_to_may_refer_to_more(reader: Reader) -> None:
    reader.stored = [posted(9, 5), Wallet(id=5, label="W5", currency="USD")]
    [record] = records(entry(2, 6, 9))
    deep = Selection(frozenset(), to_one=(("wallet", LABEL),))
    read_related([record], Selection(to_one=(("transaction", deep),)), principal=ALICE)
    transaction = record.one["transaction"]
    assert transaction is not None
    wallet = transaction.one["wallet"]
    assert wallet is not None
    assert wallet.attributes == {"label": "W5"}
    assert [each["scope"] for each in reader.asked] == [OWN, OWN]


def test_what_a_record_refers_to_takes_its_own_scope(reader: Reader) -> None:
    principal = Principal("t", frozenset({"transactions:read"}))
    with pytest.raises(errors.Forbidden):
        read_related(records(entry(1, 5)), Selection(to_one=(("wallet", LABEL),)), principal=principal)
    assert reader.asked == []


# -- to many -------------------------------------------------------------------------------------------


def transactions(page: Any = None, **question: Any) -> Selection:
    asked = Question("Transaction", **{"selection": TXID, "page": page or CursorPage(2), **question})
    return Selection(to_many=(("transactions", asked),))


def first_rows(**differences: Any) -> dict[str, Any]:
    """Return what is asked for the first two transactions of the wallets 3 and 4, except for `differences`."""
    plain = {
        "columns": ("id", "currency", "txid", "wallet_id", "own_transfer_id", "hold_id", "reversal_of_id"),
        "key": "wallet_id",
        "ids": [4, 3],
        "walk": ["id"],
    }
    rest = {"limit": 3, "hints": (" transaction_wallet",), "scope": ALL, "examined": None}
    rest |= {"few": False, "hint_for_few": " transaction_wallet forced filtered"}
    return {"where": ("Transaction", "", ()), **plain, **rest, **differences}


def txids(record: Record, alias: str = "") -> list[object]:
    return [each.attributes["txid"] for each in record.many["transactions", alias].records]


def test_each_record_gets_a_page_of_its_own(reader: Reader) -> None:
    reader.stored = [posted(number, 3) for number in (1, 2, 5)] + [posted(6, 9)]
    parents = wallets(4, 3, 4)
    read_related(parents, transactions(), principal=ALICE)
    # A record of a visible wallet is visible itself.
    assert reader.asked == [first_rows()]
    assert [txids(each) for each in parents] == [[], ["T1", "T2"], []]
    pages = [each.many["transactions", ""] for each in parents]
    assert [(each.has_next, each.has_previous, each.count) for each in pages] == [
        (False, False, None),
        (True, False, None),
        (False, False, None),
    ]
    assert pages[1].order == BY_ID
    assert reader.counted == []


def test_pages_are_counted_where_asked(reader: Reader) -> None:
    reader.counts = {3: 7}
    parents = wallets(4, 3)
    filters = (("amount.gt", "1"),)
    read_related(parents, transactions(filters=filters, count=True), principal=ALICE)
    assert [each.many["transactions", ""].count for each in parents] == [0, 7]
    [counted] = reader.counted
    model, condition, parameters = counted["where"]
    # Within what the caller can see: parents may be passed on by who has written them.
    assert (model, parameters[-1], condition.endswith("owner = %s)")) == ("Transaction", "alice", True)
    assert (counted["filters"], counted["key"], counted["ids"]) == (filters, "wallet_id", [4, 3])
    [asked] = reader.asked
    assert "alice" not in asked["where"][2]
    assert (asked["hints"], asked["examined"]) == ((" transaction_wallet filtered",), MOST_EXAMINED)


def counted_wallets(**numbers: int) -> list[Record]:
    """Return wallets that were read with the numbers of their transactions and entries."""
    plan = plan_for(ALICE, "Wallet", frozenset(), ("transaction_count", "sequence"))
    kept = [Wallet(id=int(name[1:]), transaction_count=number, sequence=9) for name, number in numbers.items()]
    return [Record(plan, row) for row in plan.rows_of(kept)]


def test_parents_that_keep_small_numbers_have_all_their_rows_read_together(reader: Reader) -> None:
    reader.stored = [posted(number, 3) for number in (1, 2, 5)] + [posted(6, 5)]
    parents = counted_wallets(w3=3, w4=0, w5=1)
    read_related(parents, transactions(), principal=ALICE)
    # The page of two, and the one that shows whether there are more.
    assert reader.asked == [first_rows(ids=[3, 4, 5], few=True)]
    assert [txids(each) for each in parents] == [["T1", "T2"], [], ["T6"]]
    assert [each.many["transactions", ""].has_next for each in parents] == [True, False, False]


@pytest.mark.parametrize(
    ("selection", "few"),
    [
        (transactions(), False),
        (transactions(CursorPage(3)), True),
        # What passes a filter has another number.
        (transactions(CursorPage(3), filters=(("amount.gt", "1"),)), False),
        (Selection(to_many=(("entries", Question("Entry", page=CursorPage(7))),)), False),
        (Selection(to_many=(("entries", Question("Entry", page=CursorPage(8))),)), True),
        (Selection(to_many=(("holds", Question("Hold")),)), False),
    ],
    ids=["one is large", "all are small", "filtered", "other numbers", "small numbers", "none are kept"],
)
def test_a_large_number_or_none_lets_them_be_read_apart(reader: Reader, selection: Selection, few: bool) -> None:
    read_related(counted_wallets(w3=3, w4=4, w5=0), selection, principal=ALICE)
    assert [each["few"] for each in reader.asked] == [few]


def test_wallets_are_read_with_the_numbers_that_their_lists_need(reader: Reader) -> None:
    nested = Selection(LABEL.fields, to_many=transactions().to_many)
    read_page(Question("Wallet", nested), principal=ALICE)
    assert reader.asked[0]["columns"] == ("id", "currency", "label", "transaction_count")
    read_by_ids(RESOURCES["Wallet"], nested, principal=ALICE, ids=[3])
    assert reader.asked[1]["columns"] == ("id", "currency", "label", "transaction_count")
    filtered = transactions(filters=(("amount.gt", "1"),))
    read_page(Question("Wallet", replace(filtered, fields=LABEL.fields)), principal=ALICE)
    assert reader.asked[2]["columns"] == ("id", "currency", "label")
    # Transactions keep no numbers.
    reversals = Selection(TXID.fields, to_many=(("reversals", Question("Transaction")),))
    read_page(Question("Transaction", reversals), principal=ALICE)
    assert "transaction_count" not in reader.asked[3]["columns"]


def test_pages_may_begin_at_a_cursor_and_be_read_from_the_end(reader: Reader) -> None:
    reader.stored = [posted(number, 3) for number in (9, 8, 7)]
    [parent] = wallets(3)
    by_txid = Order((("txid", False), ("id", False)))
    after, before = (encode_cursor(by_txid, values) for values in (["T1", 1], ["T99", 99]))
    page = CursorPage(2, after=after, before=before, backward=True)
    read_related([parent], transactions(page, order=("txid",)), principal=ALICE)
    [asked] = reader.asked
    assert (asked["walk"], asked["ids"], asked["hints"]) == (["-txid", "-id"], [3], (" None forced",))
    model, condition, parameters = asked["where"]
    assert (model, set(parameters)) == ("Transaction", {"T1", 1, "T99", 99})
    assert condition.startswith("(txid >= %s AND (txid > %s OR ")
    # What was read first is shown last.
    assert txids(parent) == ["T8", "T9"]
    found = parent.many["transactions", ""]
    assert (found.has_next, found.has_previous, found.order) == (True, True, by_txid)


def test_a_relation_has_its_key_its_order_and_its_usual_number(reader: Reader) -> None:
    reader.stored = [entry(1, 6, 8), entry(2, 6, 9)]
    parents = records(posted(8, 5), posted(9, 5))
    read_related(parents, Selection(to_many=(("entries", Question("Entry", SEQUENCE)),)), principal=ALICE)
    columns = ("id", "currency", "sequence", "wallet_id", "transaction_id", "hold_id")
    expected = first_rows(where=("Entry", "", ()), columns=columns, key="transaction_id", ids=[8, 9])
    rest = {"limit": 21, "few": True, "hint_for_few": "", "hints": (" None",), "scope": OWN}
    assert reader.asked == [expected | rest]
    # A wallet numbers its entries.
    read_related(wallets(6), Selection(to_many=(("entries", Question("Entry", LABEL)),)), principal=ALICE)
    assert reader.asked[1]["walk"] == ["sequence"]
    assert reader.asked[1]["columns"] == ("id", "currency", "wallet_id", "transaction_id", "hold_id", "sequence")


def test_the_key_to_the_parent_is_read_in_any_order(reader: Reader) -> None:
    selection = transactions(order=("-amount",), selection=Selection(frozenset()))
    read_related(wallets(4, 3), selection, principal=ALICE)
    columns = ("id", "currency", "wallet_id", "own_transfer_id", "hold_id", "reversal_of_id", "amount")
    index = " transaction_wallet_amount"
    hints = {"hints": (index,), "hint_for_few": f"{index} forced filtered"}
    assert reader.asked == [first_rows(columns=columns, walk=["-amount", "-id"], examined=MOST_EXAMINED, **hints)]


def test_lists_of_one_relation_differ_by_their_alias(reader: Reader) -> None:
    reader.stored = [posted(1, 3)]
    [parent] = wallets(3)
    selection = Selection(
        to_many=transactions(alias="a").to_many + transactions(alias="b", page=CursorPage(0)).to_many
    )
    read_related([parent], selection, principal=ALICE)
    assert (set(parent.many), txids(parent, "a"), txids(parent, "b")) == (
        {("transactions", "a"), ("transactions", "b")},
        ["T1"],
        [],
    )


@pytest.mark.parametrize("to_many", [False, True])
def test_records_of_a_list_may_have_more_below_them(reader: Reader, to_many: bool) -> None:
    reader.stored = [posted(1, 3), posted(2, 4), Wallet(id=3, currency="USD"), entry(7, 3, 1)]
    below = (
        Selection(to_many=(("entries", Question("Entry")),)) if to_many else Selection(to_one=(("wallet", LABEL),))
    )
    parents = wallets(3, 4)
    read_related(parents, transactions(selection=below), principal=ALICE)
    first, second = (each.many["transactions", ""].records[0] for each in parents)
    if to_many:
        assert [[row.id for row in each.many["entries", ""].records] for each in (first, second)] == [[7], []]
        assert (reader.asked[1]["ids"], reader.asked[1]["scope"]) == ([1, 2], OWN)
    else:
        assert [each.one["wallet"] and each.one["wallet"].id for each in (first, second)] == [3, None]
        assert (reader.asked[1]["ids"], reader.asked[1]["scope"]) == ([3, 4], OWN)


def test_what_a_caller_is_told_depends_on_its_owner(reader: Reader) -> None:
    owner = Selection(frozenset({"owner"}))
    for principal in (ALICE, ANYONE):
        read_related(wallets(4, 3), transactions(selection=owner, filters=()), principal=principal)
    columns = ("id", "currency", "wallet_id", "own_transfer_id", "hold_id", "reversal_of_id")
    assert [each["columns"] for each in reader.asked] == [
        columns,
        ("id", "currency", "owner", "wallet_id", "transfer_id", "hold_id", "reversal_of_id"),
    ]
    with pytest.raises(errors.InvalidParameter):
        read_related(wallets(4), transactions(filters=(("owner", "bob"),)), principal=ALICE)


def test_related_lists_are_refused_like_any_other(reader: Reader) -> None:
    with pytest.raises(TypeError, match="by cursor"):
        read_related(wallets(3), transactions(NumberedPage()), principal=ALICE)
    for parameter in ("after", "before"):
        with pytest.raises(errors.InvalidParameter) as caught:
            read_related(wallets(3), transactions(CursorPage(2, **{parameter: "x"})), principal=ALICE)
        assert caught.value.parameter == parameter
    assert reader.asked == []
