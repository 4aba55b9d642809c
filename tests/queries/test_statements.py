"""Statements: for every way to cut a period, the parts add up to the whole, and every line is in exactly one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.writes import open_wallet, post_transaction
from walletsvc.errors import InvalidParameter
from walletsvc.models import Entry, Wallet
from walletsvc.moments import Moment
from walletsvc.principals import ANYONE
from walletsvc.queries import history, statements
from walletsvc.queries.history import compute_balances
from walletsvc.queries.questions import BalanceQuestion, CursorPage, Period, Question, StatementQuestion
from walletsvc.queries.statements import Statement, compute_statements, iterate_lines

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LINES = 60


@pytest.fixture
def wallet(monkeypatch: pytest.MonkeyPatch) -> Wallet:
    """Make a wallet with 60 entries, several at some moments; every step and chunk is small."""
    monkeypatch.setattr(history, "_STRIDES", tuple(4 * 4**power for power in range(9, -1, -1)))
    monkeypatch.setattr(statements, "_CHUNK", 7)
    monkeypatch.setattr(statements, "_SUMMED_TOGETHER", 5)
    draw = random.Random(3)
    at = NOON
    wallet = open_wallet(principal=ANYONE, label="W", balance="100", clock=lambda: at)
    for number in range(1, LINES):
        at += draw.choice((0, 0, 1, 2, 50)) * MICROSECOND
        amount = draw.choice(("0.10", "0.20", "0.30", "-0.10", "-0.7", "5"))
        post_transaction(
            principal=ANYONE, txid=f"T{number}", wallet_id=wallet.id, amount=amount, clock=lambda at=at: at
        )
    return Wallet.objects.get()


def read(wallet: Wallet, start: datetime, end: datetime, **question: Any) -> Statement:
    asked = StatementQuestion(Period(start, end), **question)
    (statement,) = compute_statements([(wallet.id, wallet.sequence, "USD")], asked, principal=ANYONE)
    return statement


def lines_of(statement: Statement) -> list[int]:
    return [int(row[0]) for rows in iterate_lines(statement) for row in rows]


def test_the_parts_of_every_cut_add_up_to_the_whole(wallet: Wallet) -> None:
    entries = list(Entry.objects.order_by("sequence"))
    first, last = entries[0].created_at, entries[-1].created_at
    whole = read(wallet, first, last + MICROSECOND)
    assert lines_of(whole) == list(range(1, LINES + 1))
    assert whole.closing.balance == wallet.balance
    draw = random.Random(11)
    span = (last - first) // MICROSECOND
    for _ in range(100):
        cuts = sorted(first + draw.randrange(span + 2) * MICROSECOND for _ in range(draw.randrange(4)))
        bounds = [first, *cuts, last + MICROSECOND]
        parts = [read(wallet, *pair) for pair in pairwise(bounds)]
        assert [number for part in parts for number in lines_of(part)] == lines_of(whole)
        for before, after in pairwise(parts):
            assert before.closing == after.opening
        for part in parts:
            inside = [each.amount for each in entries if part.period.start <= each.created_at < part.period.end]
            assert part.count == len(inside)
            assert part.totals.credits == sum((each for each in inside if each > 0), Decimal(0))
            assert part.totals.debits == -sum((each for each in inside if each < 0), Decimal(0))
            assert part.totals.credit_count + part.totals.debit_count == len(inside)
            assert part.opening.balance + part.totals.credits - part.totals.debits == part.closing.balance
            just_before = BalanceQuestion(at=Moment(part.period.start - MICROSECOND, whole=True))
            (balance,) = compute_balances([(wallet.id, wallet.sequence, "USD")], just_before)
            assert balance is not None
            assert (balance.sequence, balance.balance) == (part.opening.sequence, part.opening.balance)


def test_at_a_moment_without_an_entry_the_balance_is_the_opening(wallet: Wallet) -> None:
    moments = set(Entry.objects.values_list("created_at", flat=True))
    free = [NOON + number * MICROSECOND for number in range(200) if NOON + number * MICROSECOND not in moments]
    assert len(free) > 50
    for moment in free:
        question = BalanceQuestion(at=Moment(moment, whole=True))
        (balance,) = compute_balances([(wallet.id, wallet.sequence, "USD")], question)
        statement = read(wallet, moment, moment + timedelta(days=1))
        assert balance is not None
        assert balance.balance == statement.opening.balance


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_lead_through_all_lines(wallet: Wallet, size: int) -> None:
    start, end = NOON + 3 * MICROSECOND, NOON + 450 * MICROSECOND
    whole = lines_of(read(wallet, start, end))
    found: list[int] = []
    after = None
    while True:
        question = Question("Entry", page=CursorPage(size=size, after=after))
        page = read(wallet, start, end, lines=(question,)).lines[""]
        assert page.count == len(whole)
        assert page.has_previous == bool(found)
        found += [int(str(each.attributes["sequence"])) for each in page.records]
        if not page.has_next:
            break
        assert len(page.records) == size
        after = page.records[-1].cursor
    assert found == whole
    assert len(whole) > 20


def test_many_wallets_take_as_many_queries_as_one(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "_SUMMED_TOGETHER", 5000)
    other = open_wallet(principal=ANYONE, label="Other", balance="3", clock=lambda: NOON)
    heads = [(wallet.id, wallet.sequence, "USD"), (other.id, 1, "USD"), (other.id + 1, 0, "USD")]
    question = StatementQuestion(Period(NOON, NOON + timedelta(days=1)), lines=(Question("Entry"),))
    taken = []
    for some in (heads[:1], heads):
        with CaptureQueriesContext(connection) as queries:
            found = compute_statements(some, question, principal=ANYONE)
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert [(each.count, each.totals.credit_count) for each in found][1:] == [(1, 1), (0, 0)]
    assert found[1].closing.balance == 3


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(InvalidParameter) as refused:
        Period(NOON, NOON - MICROSECOND)
    assert refused.value.parameter == "to"
