"""The view `reporting_wallet_day` adds up, to the last digit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.writes import close_wallet, delete_transaction, open_wallet, post_transaction
from walletsvc.models import ReportingWalletDay
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

MONDAY, TUESDAY, FRIDAY = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 6)


def at(day: date, hour: int = 12) -> dict[str, Any]:
    moment = datetime(day.year, day.month, day.day, hour, 30, 0, 7, tzinfo=UTC)
    return {"principal": ANYONE, "clock": lambda: moment}


def days(**match: object) -> list[tuple[Any, ...]]:
    columns = ("wallet_id", "day", "currency", "credits", "debits", "closing_balance")
    return list(ReportingWalletDay.objects.filter(**match).order_by("wallet_id", "day").values_list(*columns))


def test_a_day_shows_credits_debits_and_closing_balance() -> None:
    first = open_wallet(label="A", balance="100.10", **at(MONDAY))
    second = open_wallet(label="B", currency="JPY", **at(MONDAY))
    post_transaction(txid="1", wallet_id=first.id, amount="0.20", **at(MONDAY, 13))
    post_transaction(txid="2", wallet_id=first.id, amount="-30.05", **at(MONDAY, 14))
    post_transaction(txid="3", wallet_id=second.id, amount="5000", **at(TUESDAY))
    gone = post_transaction(txid="4", wallet_id=first.id, amount="-0.01", **at(FRIDAY))
    delete_transaction(transaction_id=gone.id, **at(FRIDAY))
    assert days() == [
        (first.id, MONDAY, "USD", Decimal("100.30"), Decimal("30.05"), Decimal("70.25")),
        (first.id, FRIDAY, "USD", Decimal("0.01"), Decimal("0.01"), Decimal("70.25")),
        (second.id, TUESDAY, "JPY", Decimal(5000), Decimal(0), Decimal(5000)),
    ]
    assert days(wallet_id=second.id, day__gte=TUESDAY) == days()[2:]


def test_each_row_has_a_unique_name() -> None:
    wallet = open_wallet(label="A", balance="1.00", **at(MONDAY))
    row = ReportingWalletDay.objects.get(id=f"{wallet.id}:2026-02-02")
    assert (row.day, row.closing_balance, str(row)) == (MONDAY, Decimal("1.00"), f"{wallet.id}:2026-02-02")


@pytest.mark.parametrize(("hour", "day"), [(0, MONDAY), (1, MONDAY), (2, TUESDAY), (23, TUESDAY)])
def test_days_begin_at_midnight_in_utc(hour: int, day: date) -> None:
    eastern = timezone(timedelta(hours=2))
    moment = datetime(2026, 2, 3, hour, 59, tzinfo=eastern)
    open_wallet(principal=ANYONE, label="A", balance="1.00", clock=lambda: moment)
    assert ReportingWalletDay.objects.get().day == day


def test_the_days_of_a_wallet_outlive_it() -> None:
    wallet = open_wallet(label="A", **at(MONDAY))
    post_transaction(txid="1", wallet_id=wallet.id, amount="7.00", **at(MONDAY))
    post_transaction(txid="2", wallet_id=wallet.id, amount="-7.00", **at(TUESDAY))
    close_wallet(wallet_id=wallet.id, **at(TUESDAY))
    assert days() == [
        (wallet.id, MONDAY, "USD", Decimal(7), Decimal(0), Decimal(7)),
        (wallet.id, TUESDAY, "USD", Decimal(0), Decimal(7), Decimal(0)),
    ]


def test_sums_keep_the_digits_that_the_engine_keeps(settings: Any) -> None:
    settings.ASSETS = {"XWEI": 18}
    part, total = {
        "mysql": ("11111111111111111111.111111111111111111", "33333333333333333333.333333333333333333"),
        "sqlite": ("111111111111.111", "333333333333.333"),
    }[connection.vendor]
    wallet = open_wallet(label="A", currency="XWEI", **at(MONDAY))
    for number in range(3):
        post_transaction(txid=str(number), wallet_id=wallet.id, amount=part, **at(MONDAY))
    assert days() == [(wallet.id, MONDAY, "XWEI", Decimal(total), Decimal(0), Decimal(total))]


def test_many_cents_add_up() -> None:
    wallet = open_wallet(label="A", **at(MONDAY))
    for number in range(200):
        post_transaction(txid=str(number), wallet_id=wallet.id, amount="0.07", **at(MONDAY))
    assert days() == [(wallet.id, MONDAY, "USD", Decimal("14.00"), Decimal(0), Decimal("14.00"))]
