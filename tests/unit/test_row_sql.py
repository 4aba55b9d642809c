"""The SELECTs of the read engine, word by word: the columns, the condition of the scope, the order, the page."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db.models import Q

from walletsvc.db.statements import Asked, Statement, as_number
from walletsvc.models import Transaction, Wallet
from walletsvc.queries.questions import Order
from walletsvc.queries.row_sql import ask_number, ask_rows, encode_rows, fetch_rows_by_id
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
    count = "SELECT COUNT(*) FROM walletsvc_wallet WHERE owner = %s"
    assert ask_number(ALL, scope=OWN).statement == (count, ("alice",))
    assert ask_number(RENT, scope=OWN).statement == (f"{count} AND {RENT_SQL}", ("alice", "Rent", "Food"))


def test_what_nothing_can_match_is_not_asked() -> None:
    asked = ask_rows(Wallet.objects.none(), COLUMNS, KINDS, scope=OWN)
    assert (asked.statement, asked.finish(())) == (None, ([], None))
    counted = ask_rows(Wallet.objects.none(), COLUMNS, KINDS, count=Asked(None, lambda _rows: 7))
    assert (counted.statement, counted.finish(())) == (None, ([], 7))
    number = ask_number(Wallet.objects.none(), scope=OWN)
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
