"""Amounts are compared exactly, however the engine stores them: by filters and by cursors, on both faces."""

from __future__ import annotations

import base64
import operator
from decimal import Decimal

import orjson
import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.parity.faces import Asked, ask_graphql, ask_rest
from tests.queries.questions import ask, names
from tests.writes import open_wallet, post_transaction
from walletsvc.db import dialect
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.questions import CursorPage

pytestmark = pytest.mark.django_db

LOOKUPS = {
    "amount": operator.eq,
    "amount.gt": operator.gt,
    "amount.gte": operator.ge,
    "amount.lt": operator.lt,
    "amount.lte": operator.le,
}
KEPT = [
    "0.3",
    "0.1",
    "-0.3",
    "0.000000000000000001",
    "-0.000000000000000003",
    "0.123456789012345",
    "1.00000000000001",
]
KEPT += [
    "99999999999999.9",
    "100000000000000",
    "123456789012345",
    "-123456789012.345",
    "9.99999999999999",
]
KEPT_BY_SERVERS = ["12345678901234567890.123456789012345678", "-99999999999999999999.999999999999999999"]


@pytest.fixture
def amounts() -> dict[str, Decimal]:
    """Post a transaction of each amount, with the amount in its txid."""
    kept = KEPT + (KEPT_BY_SERVERS if dialect.exact_digits() == 38 else [])
    wallet = open_wallet(principal=ANYONE, label="W", currency="ETH")
    rows = Transaction.objects.bulk_create(
        Transaction(
            txid=amount,
            wallet_id=wallet.id,
            amount=Decimal(amount),
            currency="ETH",
            created_at=wallet.created_at,
            updated_at=wallet.created_at,
        )
        for amount in kept
    )
    return {row.txid: row.amount for row in rows}


def near(amounts: list[str]) -> st.SearchStrategy[str]:
    """Return texts of amounts that are, or that are a little beside, one of `amounts`; or any others."""
    steps = st.integers(-18, 0).flatmap(lambda place: st.integers(-9, 9).map(lambda step: (step, place)))
    beside = st.tuples(st.sampled_from(amounts), steps).map(_beside)
    units = st.integers(-(10**38) + 1, 10**38 - 1).map(
        lambda unit: f"{'-' * (unit < 0)}{abs(unit) // 10**18}.{abs(unit) % 10**18:018d}"
    )
    return beside | units


def _beside(drawn: tuple[str, tuple[int, int]]) -> str:
    amount, (step, place) = drawn
    # In whole units of the last place, past the context of Decimal.
    whole, _, fraction = amount.lstrip("-").partition(".")
    unit = int(whole + fraction.ljust(18, "0")) * (-1 if amount.startswith("-") else 1) + step * 10 ** (18 + place)
    unit = max(min(unit, 10**38 - 1), 1 - 10**38)
    return f"{'-' * (unit < 0)}{abs(unit) // 10**18}.{abs(unit) % 10**18:018d}"


def forge(signature: str, *values: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([signature, *values])).decode().rstrip("=")


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(operand=near(KEPT + KEPT_BY_SERVERS))
@example(operand="0.30000000000000001")
@example(operand="0.29999999999999999")
@example(operand="-0.30000000000000001")
@example(operand="123456789012345.000000000000000001")
@example(operand="99999999999999999999.999999999999999999")
@example(operand="-0")
@example(operand="0.30")
def test_filters_and_cursors_compare_exactly(amounts: dict[str, Decimal], operand: str) -> None:
    value = Decimal(operand)
    for name, passes in LOOKUPS.items():
        expected = {txid for txid, amount in amounts.items() if passes(amount, value)}
        assert set(names(ask("Transaction", filters=((name, operand),), page=CursorPage(100)))) == expected
    for order, passes in (("amount", operator.gt), ("-amount", operator.lt)):
        # Of an equal amount, all have a higher id than 0 and a lower one than this.
        cursor = forge(f"{order},{'-' * (order[0] == '-')}id", operand, 0 if order == "amount" else 2**62)
        after = ask("Transaction", order=(order,), page=CursorPage(100, after=cursor))
        before = ask("Transaction", order=(order,), page=CursorPage(100, before=cursor))
        beyond = [txid for txid, amount in amounts.items() if passes(amount, value) or amount == value]
        assert sorted(names(after)) == sorted(beyond)
        assert sorted(names(before)) == sorted(set(amounts) - set(beyond))


@pytest.mark.parametrize(
    ("lookup", "found"),
    [("", False), (".gt", False), (".gte", False), (".lt", True), (".lte", True)],
)
def test_both_faces_compare_amounts_exactly(client: Client, lookup: str, found: bool) -> None:
    wallet = open_wallet(principal=ANYONE, label="W", balance="0.30")
    post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="0.30")
    Wallet.objects.filter(id=wallet.id).update(balance="0.30")
    for resource, name in (("Transaction", "amount"), ("Wallet", "balance")):
        asked = Asked(resource, {f"{name}{lookup}": "0.30000000000000001"}, [], 20)
        rest, graphql = ask_rest(client, asked), ask_graphql(client, asked)
        assert rest == graphql
        assert len(rest.records) == found
