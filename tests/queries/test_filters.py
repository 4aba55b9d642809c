"""Each filter of each list, the same on both engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.queries.questions import ask, found
from tests.writes import close_wallet, delete_transaction, open_wallet, post_transaction
from walletsvc import errors
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.filters import FILTER_SETS, filter_queryset

pytestmark = pytest.mark.django_db

ALICE = Principal("k", frozenset({"admin"}), owner="alice")
NOON = datetime(2026, 1, 31, 12, 0, 0, 500, tzinfo=UTC)


def at(minutes: int) -> Callable[[], datetime]:
    return lambda: NOON + timedelta(minutes=minutes)


@pytest.fixture
def wallets() -> list[Wallet]:
    rows = [
        ("Rent", "10.00", "USD"),
        ("rent 100%", "20.00", "USD"),
        ("ÜBER_raschung", "30.5", "EUR"),
        ("über\\raschung", "40", "JPY"),
        ("ΟΔΟΣ Ж", "0", "EUR"),
    ]
    return [
        open_wallet(principal=ANYONE, label=label, balance=balance, currency=currency, clock=at(number))
        for number, (label, balance, currency) in enumerate(rows)
    ]


@pytest.fixture
def transactions(wallets: list[Wallet]) -> list[Transaction]:
    rows = [
        (0, "TX1", "5.00", "Lunch"),
        (0, "tx1", "-5.00", "Dinner ÄÖ"),
        (2, "TX2", "0.50", "50% off_"),
        (1, "Ž3", "7", "TX1 again"),
    ]
    return [
        post_transaction(
            principal=ANYONE,
            txid=txid,
            wallet_id=wallets[place].id,
            amount=amount,
            description=description,
            clock=at(10 + number),
        )
        for number, (place, txid, amount, description) in enumerate(rows)
    ]


RENT, RENT_100, UEBER, UEBER_2, GREEK = "Rent", "rent 100%", "ÜBER_raschung", "über\\raschung", "ΟΔΟΣ Ж"
ALL = [RENT, RENT_100, UEBER, UEBER_2, GREEK]


@pytest.mark.parametrize(
    ("name", "value", "labels"),
    [
        ("label", "Rent", [RENT]),
        ("label", "rent", []),
        ("label", "Rent ", []),
        ("label", " Rent", []),
        ("label", "Re%", []),
        ("label", "ÜBER_raschung", [UEBER]),
        ("label.icontains", "RENT", [RENT, RENT_100]),
        ("label.icontains", "über", [UEBER, UEBER_2]),
        ("label.icontains", "ÜBER", [UEBER, UEBER_2]),
        ("label.icontains", "ж", [GREEK]),
        ("label.icontains", "ΟΔΟΣ", [GREEK]),
        ("label.icontains", "δοσ", [GREEK]),
        ("label.icontains", "%", [RENT_100]),
        ("label.icontains", "_", [UEBER]),
        ("label.icontains", "\\", [UEBER_2]),
        ("label.icontains", "_R", [UEBER]),
        ("label.icontains", "uber", []),
        ("label.icontains", " ", [RENT_100, GREEK]),
        ("search", "RASCHUNG", [UEBER, UEBER_2]),
        ("balance", "10", [RENT]),
        ("balance", "30.500", [UEBER]),
        ("balance", "0", [GREEK]),
        ("balance", "-0", [GREEK]),
        ("balance.gte", "20", [RENT_100, UEBER, UEBER_2]),
        ("balance.gt", "20", [UEBER, UEBER_2]),
        ("balance.lte", "20.00", [RENT, RENT_100, GREEK]),
        ("balance.lt", "20", [RENT, GREEK]),
        ("balance.gt", "0.000000000000000001", [RENT, RENT_100, UEBER, UEBER_2]),
        ("balance.lt", "99999999999999999999.999999999999999999", ALL),
        ("balance.gte", "-5", ALL),
        ("currency", "EUR", [UEBER, GREEK]),
        ("currency", "eur", []),
        ("currency", "XXX", []),
        ("createdAt.gte", "2026-01-31T12:02:00.000500Z", [UEBER, UEBER_2, GREEK]),
        ("createdAt.gt", "2026-01-31T12:02:00.000500Z", [UEBER_2, GREEK]),
        ("createdAt.lte", "2026-01-31T13:02:00.000500+01:00", [RENT, RENT_100, UEBER]),
        ("createdAt.lt", "2026-01-31t12:02:00.000500z", [RENT, RENT_100]),
        ("createdAt.gt", "2026-01-31T12:02:00.000499Z", [UEBER, UEBER_2, GREEK]),
        ("createdAt.gt", "2026-01-31T12:02:00.0004999Z", [UEBER, UEBER_2, GREEK]),
        ("createdAt.gte", "2026-01-31T12:02:00.0005001Z", [UEBER_2, GREEK]),
        ("createdAt.gt", "2026-01-31T12:02:00.000500000000Z", [UEBER_2, GREEK]),
        ("createdAt.lt", "2026-01-31T12:02:00.0005001Z", [RENT, RENT_100, UEBER]),
        ("createdAt.lte", "2026-01-31T12:02:00.0004999Z", [RENT, RENT_100]),
        ("createdAt.gte", "2025-12-31T23:59:60Z", ALL),
        ("createdAt.gte", "2026-01-31T23:59:60Z", []),
        ("createdAt.gte", "0001-01-01T00:00:00Z", ALL),
        ("createdAt.lt", "9999-12-31T23:59:59Z", ALL),
    ],
)
def test_wallets_are_filtered(wallets: list[Wallet], name: str, value: str, labels: list[str]) -> None:
    assert found("Wallet", (name, value)) == labels


@pytest.mark.parametrize(
    ("name", "value", "txids"),
    [
        ("txid", "TX1", ["TX1"]),
        ("txid", "tx1", ["tx1"]),
        ("txid", "Z3", []),
        ("txid.icontains", "x1", ["TX1", "tx1"]),
        ("txid.icontains", "ž", ["Ž3"]),
        ("wallet", "1", ["TX1", "tx1"]),
        ("wallet", "3", ["TX2"]),
        ("wallet", "5", []),
        ("wallet", "01", []),
        ("wallet", "0", []),
        ("wallet", "9223372036854775807", []),
        ("wallet", "9223372036854775808", []),
        ("wallet", "9" * 200, []),
        ("amount", "5", ["TX1"]),
        ("amount.gte", "5", ["TX1", "Ž3"]),
        ("amount.gt", "5", ["Ž3"]),
        ("amount.lte", "0.5", ["tx1", "TX2"]),
        ("amount.lt", "-4.99", ["tx1"]),
        ("currency", "EUR", ["TX2"]),
        ("createdAt.gte", "2026-01-31T12:12:00.0005Z", ["TX2", "Ž3"]),
        ("createdAt.lt", "2026-01-31T12:11:00.0005Z", ["TX1"]),
        ("search", "tx1", ["TX1", "tx1", "Ž3"]),
        ("search", "äö", ["tx1"]),
        ("search", "%", ["TX2"]),
        ("search", "_", ["TX2"]),
    ],
)
def test_transactions_are_filtered(transactions: list[Transaction], name: str, value: str, txids: list[str]) -> None:
    # Numbered in the order of opening, from any first number.
    first = transactions[0].wallet_id
    if name == "wallet" and value in ("1", "3", "5"):
        value = str(first + int(value) - 1)
    assert found("Transaction", (name, value)) == txids


def test_entries_are_filtered(wallets: list[Wallet], transactions: list[Transaction]) -> None:
    wallet, transaction = wallets[0], transactions[1]
    delete_transaction(principal=ANYONE, transaction_id=transaction.id)
    mine = ("wallet", str(wallet.id))
    assert found("Entry", mine) == [1, 2, 3, 4]
    assert found("Entry", ("transaction", str(transaction.id))) == [3, 4]
    assert found("Entry", ("txid", "tx1")) == [3, 4]
    assert found("Entry", ("txid", "tX1")) == []
    assert found("Entry", mine, ("kind", "opening")) == [1]
    assert found("Entry", mine, ("kind", "delete")) == [4]
    assert found("Entry", ("kind", "move_in")) == []
    assert found("Entry", mine, ("sequence.gt", "2")) == [3, 4]
    assert found("Entry", mine, ("sequence.gt", "0")) == [1, 2, 3, 4]
    assert found("Entry", mine, ("sequence.gt", "9223372036854775807")) == []
    assert found("Entry", mine, ("sequence.gt", "9" * 30)) == []
    assert found("Entry", mine, ("createdAt.gte", "2026-01-31T12:11:00.0005Z")) == [3, 4]


def test_entries_of_deleted_objects_are_still_found(wallets: list[Wallet]) -> None:
    wallet = wallets[0]
    post_transaction(principal=ANYONE, txid="all", wallet_id=wallet.id, amount="-10")
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert found("Entry", ("wallet", str(wallet.id))) == [1, 2]


def test_filters_are_anded(wallets: list[Wallet]) -> None:
    assert found("Wallet", ("currency", "EUR"), ("balance.gt", "0")) == [UEBER]
    assert found("Wallet", ("balance.gte", "20"), ("balance.lt", "40")) == [RENT_100, UEBER]
    assert found("Wallet", ("label", RENT), ("label.icontains", "x")) == []
    assert found("Wallet") == ALL


@pytest.mark.parametrize("resource", FILTER_SETS)
def test_an_invalid_filter_is_refused_by_name(resource: str) -> None:
    for name in FILTER_SETS[resource].base_filters:
        # An empty owner is nobody, and found.
        refused = [] if name == "owner" else [""]
        if name.startswith("createdAt"):
            refused += ["yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "1", "\ud800"]
        elif name.startswith(("balance", "amount")):
            refused += ["x", "1e5", "NaN", "1,0", " 1", "1" * 21, "0." + "1" * 19, "\u0665", "\ud800"]
        elif name in ("wallet", "transaction", "sequence.gt"):
            refused += ["x", "-1", "1.0", " 1", "\uff11", "\u00b2", "\ud800"]
        elif name == "kind":
            refused += ["x", "POST", "\ud800"]
        else:
            refused += ["x" * 256, "a\0b", "\ud800", "a\udfff"]
        for value in refused:
            with pytest.raises(errors.InvalidParameter) as caught:
                ask(resource, filters=((name, value),))
            assert caught.value.parameter == f"filter.{name}"
            caught.value.message.encode()


@pytest.mark.parametrize(
    "name", ["", "owner.icontains", "id", "label__contains", "label.regex", "wallet__owner", "x" * 999, "\ud800"]
)
def test_an_unknown_filter_is_refused(name: str) -> None:
    for resource in FILTER_SETS:
        with pytest.raises(errors.InvalidParameter) as caught:
            ask(resource, filters=((name, "1"),))
        assert caught.value.parameter == f"filter.{name}"


def test_a_filter_is_given_once() -> None:
    with pytest.raises(errors.InvalidParameter, match="twice") as caught:
        ask("Wallet", filters=(("label", "a"), ("label", "a")))
    assert caught.value.parameter == "filter.label"


def test_whose_it_is_filters_for_who_sees_all_and_for_nobody_else(wallets: list[Wallet]) -> None:
    open_wallet(principal=ALICE, label="Rent of hers")

    def pass_(*asked: tuple[str, str], principal: Principal = ANYONE) -> list[str]:
        passed = filter_queryset("Wallet", Wallet.objects.order_by("id"), asked, principal=principal)
        return list(passed.values_list("label", flat=True))

    assert pass_(("owner", "alice")) == ["Rent of hers"]
    assert pass_(("owner", "")) == ALL
    # Without it, the other filters find those of all owners.
    assert pass_(("label.icontains", "rent")) == [RENT, RENT_100, "Rent of hers"]
    for asked in (("owner", "alice"), ("owner", "bob"), ("owner", "")):
        with pytest.raises(errors.InvalidParameter) as caught:
            pass_(asked, principal=ALICE)
        assert caught.value.parameter == "filter.owner"
        known = [each for each in FILTER_SETS["Wallet"].base_filters if each != "owner"]
        assert caught.value.message == f"Wallet has no filter 'owner'. Its filters are {', '.join(known)}."


def test_the_name_of_an_unknown_filter_is_cut() -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        ask("Wallet", filters=(("x" * 65, "1"),))
    assert f"no filter '{'x' * 64}'." in caught.value.message


def test_filters_never_add_rows(wallets: list[Wallet]) -> None:
    some = Wallet.objects.filter(label=RENT)
    assert list(filter_queryset("Wallet", some, (("balance.gte", "0"),), principal=ANYONE)) == [wallets[0]]
