"""Reversals of transfers: each leg is taken back, and each currency still sums to zero."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.ledger.state import assert_reconciled, balance, lines, refused
from tests.writes import open_wallet, post_transaction, post_transfer, rename_wallet, reverse_transaction
from tests.writes import reverse_transfer as reverse
from walletsvc.commands.execute import execute_all
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.outcomes import Done
from walletsvc.commands.reversals import ReverseTransfer
from walletsvc.commands.transfers import PostTransfer
from walletsvc.models import Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, SYSTEM, Principal

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def wallets() -> list[Wallet]:
    """Return two wallets in USD, and two in EUR."""
    return [
        open_wallet(principal=ANYONE, label=f"W{number}", balance="100.00", currency=code, clock=lambda: MORNING)
        for number, code in enumerate(("USD", "USD", "EUR", "EUR"))
    ]


def move(wallets: list[Wallet], *amounts: str, external: dict[str, str] | None = None, txid: str = "T") -> Transfer:
    """Post a transfer of these amounts, each of the wallet in its place."""
    return post_transfer(
        principal=ANYONE,
        txid=txid,
        legs=[{"wallet": each.id, "amount": amount} for each, amount in zip(wallets, amounts, strict=False)],
        external=[{"currency": currency, "amount": amount} for currency, amount in (external or {}).items()],
        clock=lambda: MORNING,
    )


def back(transfer: Transfer, txid: str = "R", amount: str | None = None, **values: object) -> Transfer:
    given = {} if amount is None else {"amount": amount}
    return reverse(principal=ANYONE, transfer_id=transfer.id, txid=txid, **given, **values)


def legs(transfer: Transfer) -> list[tuple[str, int, Decimal, Decimal]]:
    return list(transfer.legs.order_by("id").values_list("txid", "wallet_id", "amount", "reversed"))


def balances(wallets: list[Wallet]) -> list[str]:
    return [balance(each.id) for each in wallets]


def test_a_transfer_is_taken_back_leg_by_leg(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    made = back(transfer, description="Wrong", metadata={"a": 1}, clock=lambda: NOON)
    one, two = (each.id for each in wallets[:2])
    assert legs(transfer) == [("T.1", one, -40, 40), ("T.2", two, 40, 40)]
    assert legs(made) == [("R.1", one, 40, 0), ("R.2", two, -40, 0)]
    columns = ("reversal_of_id", "description", "metadata", "created_at")
    originals = [each.id for each in transfer.legs.order_by("id")]
    assert list(made.legs.order_by("id").values_list(*columns)) == [(each, "Wrong", {}, NOON) for each in originals]
    stored = Transfer.objects.get(txid="R")
    assert (stored.reversal_of_id, stored.external, stored.owner) == (transfer.id, {}, "")
    assert (stored.description, stored.metadata, stored.created_at) == ("Wrong", {"a": 1}, NOON)
    assert {each.updated_at for each in transfer.legs.all()} == {NOON}
    assert lines(one)[2:] == [(3, "reversal", "40.00", "100.00", "R.1")]
    assert lines(two)[2:] == [(3, "reversal", "-40.00", "100.00", "R.2")]
    assert_reconciled()


def test_a_part_of_the_one_amount_that_moved_is_taken_back(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    assert [each[2] for each in legs(back(transfer, "R1", "0.01"))] == [Decimal("0.01"), Decimal("-0.01")]
    assert [each[2] for each in legs(back(transfer, "R2", "39"))] == [39, -39]
    with refused(("reversal_exceeds", "amount")) as caught:
        back(transfer, "R3", "1")
    assert caught.value.context == {"rest": "0.99", "amount": "1.00", "currency": "USD"}
    assert [each[2] for each in legs(back(transfer, "R3"))] == [Decimal("0.99"), Decimal("-0.99")]
    for amount in (None, "0.01"):
        with refused(("reversal_exceeds", "amount")) as caught:
            back(transfer, "R4", amount)
        assert caught.value.context["rest"] == "0.00"
    assert balances(wallets[:2]) == ["100.00", "100.00"]
    assert [each[3] for each in legs(transfer)] == [40, 40]
    assert_reconciled()


def test_a_deposit_goes_back_through_the_border_in_parts(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "10.00", external={"USD": "-10.00"})
    assert (back(transfer, "R1", "2.5").external, balance(wallets[0].id)) == ({"USD": "2.5"}, "107.50")
    assert (back(transfer, "R2").external, balance(wallets[0].id)) == ({"USD": "7.5"}, "100.00")
    payment = move(wallets, "-10.00", external={"USD": "10.00"}, txid="P")
    assert (back(payment, "R3").external, balance(wallets[0].id)) == ({"USD": "-10"}, "100.00")
    assert_reconciled()


@pytest.mark.parametrize(
    ("amounts", "external", "back_outside"),
    [
        (("-40.00", "30.00", "0"), {"USD": "10.00"}, {"USD": "-10"}),
        (("50.00", "50.00", "0"), {"USD": "-100.00"}, {"USD": "100"}),
        (("-10.00", "10.00", "-5.00", "5.00"), {}, {}),
        (("-10.00", "0", "9.00"), {"USD": "10.00", "EUR": "-9.00"}, {"USD": "-10", "EUR": "9"}),
    ],
)
def test_what_moved_more_than_one_amount_is_taken_back_in_whole(
    wallets: list[Wallet], amounts: tuple[str, ...], external: dict[str, str], back_outside: dict[str, str]
) -> None:
    given = [(wallet, amount) for wallet, amount in zip(wallets, amounts, strict=False) if amount != "0"]
    transfer = move([each for each, _ in given], *(amount for _, amount in given), external=external)
    for amount in ("1", "10.00"):
        with refused(("invalid", "amount")):
            back(transfer, "R", amount)
    made = back(transfer)
    assert made.external == back_outside
    assert [each[2] for each in legs(made)] == [-Decimal(amount) for _, amount in given]
    assert balances(wallets) == ["100.00"] * 4
    with refused(("reversal_exceeds", "amount")):
        back(transfer, "R2")
    assert_reconciled()


def test_a_wallet_on_both_sides_is_judged_by_its_net(wallets: list[Wallet]) -> None:
    through = [wallets[0], wallets[1], wallets[1]]
    transfer = move([*through, wallets[1]], "-40.00", "40.00", "-100.00", external={"USD": "100.00"})
    assert balance(wallets[1].id) == "40.00"
    # 100.00 come back before 40.00 leave.
    back(transfer)
    assert [each[2:4] for each in lines(wallets[1].id)[-2:]] == [("100.00", "140.00"), ("-40.00", "100.00")]
    itself = move([wallets[0], wallets[0]], "-5.00", "5.00", txid="S")
    back(itself, "S1", "2.00")
    assert balance(wallets[0].id) == "100.00"
    assert_reconciled()


def test_money_that_was_spent_is_not_taken_back(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    post_transaction(principal=ANYONE, wallet_id=wallets[1].id, txid="S", amount="-120.00")
    with refused(("insufficient_funds", "amount")) as caught:
        back(transfer)
    assert (caught.value.context["wallet"], caught.value.context["available"]) == (wallets[1].id, "20.00")
    back(transfer, "R1", "20.00")
    assert balances(wallets[:2]) == ["80.00", "0.00"]
    assert_reconciled()


def test_a_frozen_wallet_gets_back_and_gives_nothing(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    rename_wallet(principal=SYSTEM, wallet_id=wallets[1].id, state="frozen")
    with refused(("wallet_frozen", None)):
        back(transfer)
    rename_wallet(principal=SYSTEM, wallet_id=wallets[1].id, state="active")
    rename_wallet(principal=SYSTEM, wallet_id=wallets[0].id, state="frozen")
    back(transfer)
    emptied = move(wallets[2:], "-100.00", "100.00", txid="E")
    rename_wallet(principal=SYSTEM, wallet_id=wallets[2].id, state="closed")
    with refused(("wallet_closed", None)):
        back(emptied, "ER")


@pytest.mark.parametrize("is_given_as_legs", [False, True])
def test_the_wallet_that_gives_back_has_conditions(wallets: list[Wallet], is_given_as_legs: bool) -> None:
    one, two = wallets[:2]
    if is_given_as_legs:
        # In either order: what counts is who got the money.
        transfer = move([two, one], "40.00", "-40.00")
    else:
        pair = {"source_id": one.id, "destination_id": two.id}
        transfer = post_transfer(principal=ANYONE, txid="T", amount="40.00", clock=lambda: MORNING, **pair)
    post_transaction(principal=ANYONE, wallet_id=one.id, txid="X", amount="1", clock=lambda: MORNING)
    # The one has 61.00 after 3 entries, the other 140.00 after 2.
    for conditions, at_fault in (
        ({"sequence": 3}, "sequence"),
        ({"balance": {"lt": "100.00"}}, "balance.lt"),
        ({"available": {"gte": "100.01"}}, "available.gte"),
        ({"notAfter": "2026-01-31T11:59:59.999999Z"}, "not_after"),
    ):
        with refused(("condition_failed", f"conditions.{at_fault}")) as caught:
            back(transfer, conditions=conditions, clock=lambda: NOON)
        assert (caught.value.context["wallet"], caught.value.context["balance"]) == (two.id, "140.00")
    met = {
        "sequence": 2,
        "balance": {"eq": "139.00"},
        "available": {"lte": "139"},
        "notAfter": "2026-01-31T12:00:00Z",
    }
    back(transfer, "R1", "1", conditions=met, clock=lambda: NOON)
    with refused(("condition_failed", "conditions.sequence")):
        back(transfer, "R2", "1", conditions=met, clock=lambda: NOON)
    assert balances(wallets[:2]) == ["62.00", "139.00"]
    assert_reconciled()


@pytest.mark.parametrize(
    ("amount", "outside", "left"), [("10.00", "-10.00", "100.00"), ("-10.00", "10.00", "100.00")]
)
def test_the_only_wallet_of_a_transfer_has_conditions(
    wallets: list[Wallet], amount: str, outside: str, left: str
) -> None:
    transfer = move(wallets, amount, external={"USD": outside})
    with refused(("condition_failed", "conditions.balance.gt")):
        back(transfer, conditions={"balance": {"gt": left}})
    back(transfer, conditions={"balance": {"gte": left}, "sequence": 2})
    assert balance(wallets[0].id) == left


def test_a_reversal_of_more_than_one_amount_has_only_a_moment_as_condition(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "30.00", external={"USD": "10.00"})
    late, timely = "2026-01-31T11:59:59Z", "2026-01-31T12:00:00Z"
    for each in ({"sequence": 2}, {"balance": {"gte": "0"}, "notAfter": timely}, {"available": {"gte": "0"}}):
        with refused(("invalid", "conditions")):
            back(transfer, conditions=each, clock=lambda: NOON)
    with refused(("condition_failed", "conditions.not_after")):
        back(transfer, conditions={"notAfter": late}, clock=lambda: NOON)
    back(transfer, conditions={"notAfter": timely}, clock=lambda: NOON)
    assert balances(wallets[:2]) == ["100.00", "100.00"]
    assert_reconciled()


def test_conditions_are_a_part_of_the_request(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    back(transfer, amount="1", conditions={"balance": {"gte": "1"}})
    for bound, is_same in (("1.00", True), ("2", False)):
        with refused(("duplicate_txid", "txid")) as caught:
            back(transfer, amount="1", conditions={"balance": {"gte": bound}})
        assert caught.value.context["is_same"] is is_same


def test_neither_a_leg_nor_a_reversal_is_reversed_by_itself(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    made = back(transfer, amount="1")
    for leg in (*transfer.legs.all(), *made.legs.all()):
        with refused(("transaction_bound", None)) as caught:
            reverse_transaction(principal=ANYONE, transaction_id=leg.id, txid="X")
        assert caught.value.context["transfer"] == leg.transfer_id
    with refused(("transaction_bound", None)) as caught:
        back(made, "X")
    assert caught.value.context == {"transfer": made.id, "reversal_of": transfer.id}


@pytest.mark.parametrize(
    ("values", "refusals"),
    [
        ({}, [("required", "txid")]),
        ({"txid": "x" * 252}, [("too_long", "txid")]),
        ({"txid": "R", "amount": "0"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "-1"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "0.001"}, [("scale_exceeded", "amount")]),
        ({"txid": "", "amount": "x"}, [("blank", "txid"), ("invalid_amount", "amount")]),
        (
            {"txid": "", "conditions": {"sequence": -1, "not": 1}},
            [("blank", "txid"), ("invalid", "conditions"), ("invalid", "conditions.sequence")],
        ),
    ],
)
def test_bad_values_are_refused_at_once(
    wallets: list[Wallet], values: dict[str, object], refusals: list[tuple[str, str]]
) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    with refused(*refusals):
        reverse(principal=ANYONE, transfer_id=transfer.id, **values)


@pytest.mark.parametrize("identifier", [0, "x", 2**63, 999_999])
def test_what_does_not_exist_is_not_reversed(identifier: object) -> None:
    with refused(("not_found", None)):
        reverse(principal=ANYONE, transfer_id=identifier, txid="R")


def test_a_txid_is_taken_once(wallets: list[Wallet]) -> None:
    transfer = move(wallets, "-40.00", "40.00")
    made = back(transfer, amount="1")
    with refused(("duplicate_txid", "txid")) as caught:
        back(transfer, amount="1.00")
    assert caught.value.context == {"transfer": made.id, "is_same": True}
    with refused(("duplicate_txid", "txid")) as caught:
        back(transfer, "T")
    assert caught.value.context == {"transfer": transfer.id, "is_same": False}
    taken = post_transaction(principal=ANYONE, wallet_id=wallets[3].id, txid="Y.2", amount="1")
    with refused(("duplicate_txid", "txid")) as caught:
        back(transfer, "Y")
    assert caught.value.context == {"txid": "Y.2", "transaction": taken.id}
    back(transfer, "Z")
    # Nothing is left, and the repeated request learns that it was done.
    with refused(("duplicate_txid", "txid")) as caught:
        back(transfer, "Z")
    assert caught.value.context["is_same"] is True


def test_owners_reverse_their_own_transfers() -> None:
    scopes = frozenset({"wallets:write", "transactions:write", "transfers:write"})
    alice, bob = (Principal(name, scopes, owner=name) for name in ("alice", "bob"))
    hers = [open_wallet(principal=alice, balance="5", label=f"W{number}") for number in range(2)]
    his = open_wallet(principal=bob, balance="5", label="W")
    own = post_transfer(principal=alice, txid="T", source_id=hers[0].id, destination_id=hers[1].id, amount="1")
    common = post_transfer(principal=ANYONE, txid="C", source_id=hers[0].id, destination_id=his.id, amount="1")
    with refused(("not_found", None)):
        reverse(principal=bob, transfer_id=own.id, txid="R")
    for each in (alice, bob):
        with refused(("not_found", None)):
            reverse(principal=each, transfer_id=common.id, txid="R")
    with refused(("forbidden", None)):
        reverse(principal=Principal("a", scopes - {"transfers:write"}, owner="alice"), transfer_id=own.id, txid="R")
    assert reverse(principal=alice, transfer_id=own.id, txid="R").owner == "alice"
    assert reverse(principal=ANYONE, transfer_id=common.id, txid="S").owner == ""
    assert [balance(each.id) for each in (*hers, his)] == ["5.00"] * 3
    assert_reconciled()


def test_a_batch_posts_and_takes_back(wallets: list[Wallet]) -> None:
    def commands(txid: str, taken: str) -> list[PostTransfer | ReverseTransfer]:
        local = LocalId()
        values = {"txid": txid, "source": wallets[0].id, "destination": wallets[1].id, "amount": "5"}
        return [
            PostTransfer.parse(values, local_id=local),
            ReverseTransfer.parse(local, {"txid": taken, "amount": "2"}),
        ]

    for key in (None, "k", "k"):
        done = execute_all(commands(f"{key}T", f"{key}R"), by=ANYONE, key=key)
        assert isinstance(done, Done)
        assert [each.txid for each in done.results] == [f"{key}T", f"{key}R"]
        assert done.results[1].reversal_of_id == done.results[0].id
    assert (balances(wallets[:2]), Transfer.objects.count()) == (["94.00", "106.00"], 4)
    for taken in ("T", "NoneT"):
        with refused(("duplicate_txid", "txid")):
            outcome = execute_all(commands("T" if taken == "T" else "U", taken), by=ANYONE)
            assert not isinstance(outcome, Done)
            raise outcome.error
    assert Transaction.objects.filter(reversal_of__isnull=False).count() == 4
