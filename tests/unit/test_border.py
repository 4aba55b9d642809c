"""What crosses the border: money that comes from outside and goes there, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.unit.records import transaction, wallet
from walletsvc.ledger.border import add_lines
from walletsvc.ledger.totals import Comparison, Total
from walletsvc.ledger.writer import Line, PostedTransfer
from walletsvc.models import Transaction, Transfer
from walletsvc.models.entry import Kind

pytestmark = pytest.mark.without_engine

D = Decimal


def line(kind: Kind, amount: str, made: Transaction | None = None, currency: str = "USD") -> Line:
    return Line(wallet(1, currency=currency), 8, D(amount), D(0), kind, made)


def total_of(*lines: Line, transfers: tuple[PostedTransfer, ...] = ()) -> Mapping[str, Total]:
    totals: defaultdict[str, Total] = defaultdict(Total)
    add_lines(totals, lines, transfers)
    return {currency: each for currency, each in totals.items() if not each.is_zero}


def transfer(external: dict[str, str], *legs: Transaction) -> PostedTransfer:
    return PostedTransfer(Transfer(txid="X", external=external), legs)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (Kind.OPENING, 0),
        (Kind.POST, 1),
        (Kind.AMEND, 0),
        (Kind.DELETE, -1),
        (Kind.CAPTURE, 1),
        (Kind.REVERSAL, 1),
    ],
)
def test_what_is_alone_comes_from_outside_or_goes_there(kind: Kind, count: int) -> None:
    made = transaction("T", 1, "1")
    assert total_of(line(kind, "2.50", made)) == {"USD": Total(count, received=D("2.5"))}
    assert total_of(line(kind, "-2.50", made)) == {"USD": Total(count, paid=D("2.5"))}


@pytest.mark.parametrize("kind", [Kind.HOLD, Kind.RELEASE, Kind.EXPIRE, Kind.ADJUST, Kind.SETTINGS])
def test_what_changes_no_balance_does_not_count(kind: Kind) -> None:
    assert total_of(line(kind, "0")) == {}


def test_every_kind_is_judged_here() -> None:
    alone = {Kind.OPENING, Kind.POST, Kind.AMEND, Kind.DELETE, Kind.CAPTURE, Kind.REVERSAL}
    without = {Kind.HOLD, Kind.RELEASE, Kind.EXPIRE, Kind.ADJUST, Kind.SETTINGS}
    assert set(Kind) == alone | without | {Kind.MOVE_OUT, Kind.MOVE_IN, Kind.TRANSFER_OUT, Kind.TRANSFER_IN}


def test_a_move_crosses_nothing() -> None:
    moved = transaction("T", 1, "7")
    assert total_of(line(Kind.MOVE_OUT, "-7", moved), line(Kind.MOVE_IN, "7", moved)) == {}
    assert total_of(line(Kind.AMEND, "-3", moved), line(Kind.MOVE_OUT, "-4", moved), line(Kind.MOVE_IN, "4")) == {
        "USD": Total(paid=D(3))
    }


def test_both_directions_are_gross_and_exact() -> None:
    lines = [line(Kind.POST, "12345678901234567890.000000000000000001"), line(Kind.POST, "-0.000000000000000002")]
    assert total_of(*lines, line(Kind.DELETE, "-5"), line(Kind.POST, "1", currency="EUR")) == {
        "USD": Total(1, D("12345678901234567890.000000000000000001"), D("5.000000000000000002")),
        "EUR": Total(1, received=D(1)),
    }


@pytest.mark.parametrize(
    "kinds", [(Kind.TRANSFER_OUT, Kind.TRANSFER_IN), (Kind.CAPTURE, Kind.TRANSFER_IN), (Kind.REVERSAL, Kind.REVERSAL)]
)
def test_legs_cross_nothing(kinds: tuple[Kind, Kind]) -> None:
    legs = transaction("X.1", 1, "-5"), transaction("X.2", 2, "5")
    lines = [line(kind, str(leg.amount), leg) for kind, leg in zip(kinds, legs, strict=True)]
    assert total_of(*lines, transfers=(transfer({}, *legs),)) == {"USD": Total(2)}


def test_what_is_external_crosses_for_its_legs() -> None:
    legs = transaction("X.1", 1, "97"), transaction("X.2", 2, "3"), transaction("X.3", 3, "-8")
    lines = [line(Kind.TRANSFER_IN, "97", legs[0]), line(Kind.TRANSFER_IN, "3", legs[1])]
    lines += [line(Kind.TRANSFER_OUT, "-8", legs[2], "EUR"), line(Kind.POST, "1", transaction("T", 1, "1"))]
    moved = transfer({"USD": "-100", "EUR": "8.00"}, *legs)
    assert total_of(*lines, transfers=(moved,)) == {
        "USD": Total(3, received=D(101)),
        "EUR": Total(1, paid=D(8)),
    }


@pytest.mark.parametrize(
    ("vendor", "missing"),
    [
        ("mysql", {"": Total(2), "USD": Total(received=D(-4), paid=D(1)), "EUR": Total(received=D(7))}),
        # It keeps no sums.
        ("sqlite", {"": Total(2)}),
    ],
)
def test_what_is_missing_is_the_count_of_all_and_the_sums_of_each_currency(
    vendor: str, missing: dict[str, Total], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: vendor)
    kept = {"": Total(3), "USD": Total(2, D(5), D(2)), "JPY": Total(-1, D(9), D(9))}
    found = {"": Total(6), "USD": Total(0, D(1), D(3)), "EUR": Total(0, D(7)), "JPY": Total(0, D(9), D(9))}
    compared = Comparison(kept, found)
    assert (compared.count_kept(), compared.count_found(), compared.missing()) == (4, 6, missing)
    assert Comparison({"": Total(4)}, {"": Total(4)}).missing() == {}
