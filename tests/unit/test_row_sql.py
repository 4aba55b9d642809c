"""The SELECTs of the read engine, word by word: the columns, the condition of the scope, the order, the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q

from walletsvc.db.statements import Asked, Statement, as_number
from walletsvc.models import Transaction, Wallet
from walletsvc.queries import row_sql
from walletsvc.queries.questions import Order
from walletsvc.queries.row_sql import (
    AtLeast,
    ask_number,
    ask_rows,
    encode_rows,
    fetch_rows_by_id,
    fetch_rows_of_any,
    fetch_rows_of_each,
)
from walletsvc.queries.scope import Scope
from walletsvc.schema.kinds import AMOUNT, INTEGER, TEXT, TIME

pytestmark = pytest.mark.without_engine

OWN = Scope("owner = %s", ("alice",))
ORDER = Order((("label", True), ("id", False)))
COLUMNS, KINDS = ("id", "label"), (INTEGER, TEXT)
ALL = Wallet.objects.all()
RENT = Wallet.objects.filter(Q(label="Rent") | Q(label="Food"))
RENT_SQL = '("walletsvc_wallet"."label" = %s OR "walletsvc_wallet"."label" = %s)'
SELECT = 'SELECT "id", "label" FROM "walletsvc_wallet"'


def test_rows_in_order_and_by_page() -> None:
    assert ask_rows(ALL, COLUMNS, KINDS).statement == (SELECT, ())
    assert ask_rows(ALL, COLUMNS, KINDS, order=ORDER).statement == (f'{SELECT} ORDER BY "label" DESC, "id" ASC', ())
    asked = ask_rows(ALL, COLUMNS, KINDS, order=ORDER, limit=3, hint=" HINT")
    assert asked.statement == (f'{SELECT} HINT ORDER BY "label" DESC, "id" ASC LIMIT 3', ())
    assert ask_rows(ALL, COLUMNS, KINDS, limit=3, offset=6).statement == (f"{SELECT} LIMIT 3 OFFSET 6", ())
    assert ask_rows(ALL, COLUMNS, KINDS, limit=0).statement == (f"{SELECT} LIMIT 0", ())


def test_the_scope_stands_before_the_filters() -> None:
    assert ask_rows(ALL, COLUMNS, KINDS, scope=OWN).statement == (f"{SELECT} WHERE owner = %s", ("alice",))
    assert ask_rows(RENT, COLUMNS, KINDS).statement == (f"{SELECT} WHERE {RENT_SQL}", ("Rent", "Food"))
    # Parentheses around OR keep it inside of the scope.
    asked = ask_rows(RENT, COLUMNS, KINDS, scope=OWN, limit=2)
    expected = f"{SELECT} WHERE owner = %s AND {RENT_SQL} LIMIT 2"
    assert asked.statement == (expected, ("alice", "Rent", "Food"))
    # What is always true leaves the scope.
    always = Wallet.objects.filter(~Q(pk__in=()))
    assert ask_rows(always, COLUMNS, KINDS, scope=OWN).statement == (f"{SELECT} WHERE owner = %s", ("alice",))
    count = "SELECT COUNT(*) FROM (SELECT 1 FROM walletsvc_wallet WHERE owner = %s{} LIMIT 8) counted"
    assert ask_number(ALL, at_most=7, scope=OWN).statement == (count.format(""), ("alice",))
    every = count.format(f" AND {RENT_SQL}")
    assert ask_number(RENT, at_most=7, scope=OWN).statement == (every, ("alice", "Rent", "Food"))


def test_a_number_that_was_not_counted_to_its_end_says_so() -> None:
    counted = ask_number(ALL, at_most=7)
    assert counted.may_be_left_out
    for number, expected, is_minimum in ((6, 6, False), (7, 7, False), (8, 7, True)):
        found = counted.finish([(number,)])
        assert (found, isinstance(found, AtLeast)) == (expected, is_minimum)


def test_what_nothing_can_match_is_not_asked() -> None:
    asked = ask_rows(Wallet.objects.none(), COLUMNS, KINDS, scope=OWN)
    assert (asked.statement, asked.finish(())) == (None, ([], None))
    counted = ask_rows(Wallet.objects.none(), COLUMNS, KINDS, count=Asked(None, lambda _rows: 7))
    assert (counted.statement, counted.finish(())) == (None, ([], 7))
    number = ask_number(Wallet.objects.none(), at_most=7, scope=OWN)
    assert (number.statement, number.finish(())) == (None, 0)
    assert fetch_rows_by_id(Wallet, COLUMNS, KINDS, []) == []


def test_a_count_comes_with_the_rows() -> None:
    count = Asked(Statement("SELECT COUNT(*) FROM t WHERE a = %s", ("x",)), as_number)
    asked = ask_rows(RENT, COLUMNS, KINDS, count=count, scope=OWN)
    select = SELECT.replace(" FROM", ", (SELECT COUNT(*) FROM t WHERE a = %s) FROM")
    expected = f"{select} WHERE owner = %s AND {RENT_SQL}"
    assert asked.statement == (expected, ("x", "alice", "Rent", "Food"))
    assert asked.finish([(1, "Rent", 9), (2, "Food", 9)]) == ([(b"1", b"Rent"), (b"2", b"Food")], 9)
    # One that is known already needs no words.
    known = ask_rows(ALL, COLUMNS, KINDS, count=Asked(None, lambda _rows: 7))
    assert known.statement == (SELECT, ())
    assert known.finish([(1, "Rent")]) == ([(b"1", b"Rent")], 7)


def test_rows_are_never_read_with_a_join() -> None:
    with pytest.raises(TypeError, match="JOIN"):
        ask_rows(Transaction.objects.filter(wallet__label="Rent"), ("id",), (INTEGER,))


def test_rows_become_texts_column_by_column() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = [(1, "a", Decimal("0.5"), moment), (2, "b", None, None)]
    assert encode_rows(rows, (INTEGER, TEXT, AMOUNT, TIME)) == [
        (b"1", b"a", b"0.500000000000000000", b"2026-01-31 12:00:00.000000"),
        (b"2", b"b", None, None),
    ]
    assert encode_rows([], (INTEGER, TEXT)) == []


class Server:
    """Answers each statement with the same rows."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self.rows = rows
        self.asked: list[Statement] = []

    def fetch(self, statement: Statement) -> Sequence[tuple[Any, ...]]:
        self.asked.append(statement)
        return self.rows


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server([(1, "Rent"), (2, "Food")])
    monkeypatch.setattr(row_sql, "fetch", server.fetch)
    return server


TEXTS = [(b"1", b"Rent"), (b"2", b"Food")]
POSTED = Transaction.objects.filter(txid="A")
POSTED_SQL = '"walletsvc_transaction"."txid" = %s'
SELECT_POSTED = 'SELECT "id", "txid" FROM "walletsvc_transaction"'
POSTED_COLUMNS = ("id", "txid")


def test_rows_by_their_ids(server: Server) -> None:
    assert fetch_rows_by_id(Wallet, COLUMNS, KINDS, [7, 9]) == TEXTS
    fetch_rows_by_id(Wallet, COLUMNS, KINDS, [7], scope=OWN)
    assert server.asked == [
        (f"{SELECT} WHERE id IN (7, 9)", ()),
        (f"{SELECT} WHERE id IN (7) AND owner = %s", ("alice",)),
    ]


def test_rows_of_some_parents_together(server: Server) -> None:
    found = fetch_rows_of_any(
        POSTED, POSTED_COLUMNS, KINDS, key="wallet_id", ids=[7, 9], limit=5, hint=" HINT", scope=OWN
    )
    assert found == TEXTS
    fetch_rows_of_any(Transaction.objects.all(), POSTED_COLUMNS, KINDS, key="wallet_id", ids=[7], limit=0)
    assert server.asked == [
        (
            f'{SELECT_POSTED} HINT WHERE "wallet_id" IN (7, 9) AND owner = %s AND {POSTED_SQL} LIMIT 5',
            ("alice", "A"),
        ),
        (f'{SELECT_POSTED} WHERE "wallet_id" IN (7) LIMIT 0', ()),
    ]


@pytest.mark.parametrize(("vendor", "before", "after"), [("sqlite", "SELECT * FROM (", ")"), ("mysql", "(", ")")])
def test_the_first_rows_of_each_parent(
    server: Server, monkeypatch: pytest.MonkeyPatch, vendor: str, before: str, after: str
) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: vendor)
    order = Order((("amount", True),))
    found = fetch_rows_of_each(
        POSTED, POSTED_COLUMNS, KINDS, key="wallet_id", ids=[7, 9], order=order, limit=5, hint=" HINT", scope=OWN
    )
    # MySQL sends texts as they are.
    assert found == (TEXTS if vendor == "sqlite" else server.rows)
    fetch_rows_of_each(
        Transaction.objects.all(), POSTED_COLUMNS, KINDS, key="wallet_id", ids=[7], order=order, limit=0
    )
    parts = [
        f'{before}{SELECT_POSTED} HINT WHERE "wallet_id" = {wallet} AND owner = %s AND {POSTED_SQL}'
        f' ORDER BY "amount" DESC LIMIT 5{after}'
        for wallet in (7, 9)
    ]
    assert server.asked == [
        (" UNION ALL ".join(parts), ("alice", "A", "alice", "A")),
        (f'{before}{SELECT_POSTED} WHERE "wallet_id" = 7 ORDER BY "amount" DESC LIMIT 0{after}', ()),
    ]


def test_rows_of_parents_that_cannot_match_are_not_asked(server: Server) -> None:
    nothing = Transaction.objects.none()
    by = {"key": "wallet_id", "ids": [7], "limit": 5}
    assert fetch_rows_of_any(nothing, POSTED_COLUMNS, KINDS, **by) == []
    assert fetch_rows_of_each(nothing, POSTED_COLUMNS, KINDS, order=ORDER, **by) == []
    assert server.asked == []


def test_mysql_sends_texts_with_the_count_in_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    count = Asked(Statement("SELECT COUNT(*) FROM t"), as_number)
    for vendor, expected in (("mysql", [(b"1", b"Rent", b"9")]), ("sqlite", [(b"1", b"Rent")])):
        monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda vendor=vendor: vendor)
        row = (b"1", b"Rent", b"9") if vendor == "mysql" else (1, "Rent", 9)
        assert ask_rows(ALL, COLUMNS, KINDS, count=count).finish([row]) == (expected, 9)


def test_a_count_is_asked_for_by_itself_if_there_are_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    count = Asked(Statement("SELECT COUNT(*) FROM t"), as_number)
    monkeypatch.setattr("walletsvc.db.statements.fetch", {count.statement: [(11,)]}.__getitem__)
    assert ask_rows(ALL, COLUMNS, KINDS, count=count).finish([]) == ([], 11)
    nothing = ask_rows(Wallet.objects.none(), COLUMNS, KINDS, count=count)
    assert (nothing.statement, nothing.finish(())) == (None, ([], 11))
