"""Reversals: a transaction or a transfer is taken back, in whole or in part, and never more than it was."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.ledger.state import assert_reconciled, balance, lines, refused
from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    rename_wallet,
    reverse_transaction,
)
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.outcomes import Done
from walletsvc.commands.reversals import ReverseTransaction
from walletsvc.commands.transactions import AmendTransaction, PostTransaction
from walletsvc.db import dialect
from walletsvc.models import Hold, Transaction, Wallet
from walletsvc.models.columns import FINGERPRINT_BYTES
from walletsvc.principals import ANYONE, SYSTEM, Principal

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="Savings", balance="100.00", clock=lambda: MORNING)


@pytest.fixture
def credit(wallet: Wallet) -> Transaction:
    return post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="C1", amount="50.00", clock=lambda: MORNING)


@pytest.fixture
def debit(wallet: Wallet) -> Transaction:
    return post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="D1", amount="-30.00")


def back(original: Transaction, txid: str = "R1", amount: str | None = None, **values: object) -> Transaction:
    """Reverse a transaction."""
    given = {} if amount is None else {"amount": amount}
    return reverse_transaction(principal=ANYONE, transaction_id=original.id, txid=txid, **given, **values)


def reversed_of(original: Transaction) -> Decimal:
    return Transaction.objects.get(id=original.id).reversed


def test_a_credit_is_taken_back_in_whole(wallet: Wallet, credit: Transaction) -> None:
    made = back(credit, description="Sent twice", metadata={"a": 1}, clock=lambda: NOON)
    stored = Transaction.objects.get(txid="R1")
    assert (stored.id, stored.amount, stored.wallet_id, stored.currency) == (made.id, Decimal(-50), wallet.id, "USD")
    assert (stored.description, stored.metadata, stored.created_at) == ("Sent twice", {"a": 1}, NOON)
    assert (stored.reversal_of_id, stored.reversed, stored.transfer_id, stored.hold_id) == (credit.id, 0, None, None)
    original = Transaction.objects.get(id=credit.id)
    assert (original.amount, original.reversed, original.reversal_of_id) == (Decimal(50), Decimal(50), None)
    assert (original.created_at, original.updated_at) == (MORNING, NOON)
    assert lines(wallet.id)[1:] == [(2, "post", "50.00", "150.00", "C1"), (3, "reversal", "-50.00", "100.00", "R1")]
    assert_reconciled()


def test_a_debit_is_given_back(wallet: Wallet, debit: Transaction) -> None:
    assert back(debit).amount == Decimal(30)
    assert lines(wallet.id)[2:] == [(3, "reversal", "30.00", "100.00", "R1")]
    assert reversed_of(debit) == 30
    assert_reconciled()


@pytest.mark.parametrize("amounts", [["20.00", "29.99", "0.01"], ["0.01", None], ["50"], [None]])
def test_parts_are_reversed_as_often_as_it_lasts(
    wallet: Wallet, credit: Transaction, amounts: list[str | None]
) -> None:
    rest, taken = Decimal(50), Decimal(0)
    for number, amount in enumerate(amounts):
        part = rest if amount is None else Decimal(amount)
        made = back(credit, f"R{number}", amount)
        rest, taken = rest - part, taken + part
        assert made.amount == -part
        assert reversed_of(credit) == taken
    assert reversed_of(credit) == 50
    for amount in (None, "0.01"):
        with refused(("reversal_exceeds", "amount")) as caught:
            back(credit, "RX", amount)
        assert caught.value.context["rest"] == "0.00"
    assert balance(wallet.id) == "100.00"
    assert_reconciled()


def test_more_than_the_rest_is_refused(credit: Transaction) -> None:
    back(credit, "R1", "49.50")
    with refused(("reversal_exceeds", "amount")) as caught:
        back(credit, "R2", "0.51")
    assert caught.value.context == {"rest": "0.50", "amount": "0.51", "currency": "USD"}
    assert back(credit, "R2", "0.5").amount == Decimal("-0.5")


def test_money_that_was_spent_is_not_taken_back(wallet: Wallet, credit: Transaction) -> None:
    post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="S1", amount="-120.00")
    with refused(("insufficient_funds", "amount")) as caught:
        back(credit)
    assert (caught.value.context["available"], caught.value.context["amount"]) == ("30.00", "-50.00")
    back(credit, amount="30.00")
    assert balance(wallet.id) == "0.00"
    rename_wallet(principal=SYSTEM, wallet_id=wallet.id, floor="-20.00")
    back(credit, "R2")
    assert (balance(wallet.id), reversed_of(credit)) == ("-20.00", 50)
    assert_reconciled()


def test_a_frozen_wallet_gets_back_and_gives_nothing(wallet: Wallet, credit: Transaction, debit: Transaction) -> None:
    rename_wallet(principal=SYSTEM, wallet_id=wallet.id, state="frozen")
    with refused(("wallet_frozen", None)):
        back(credit)
    assert back(debit).amount == Decimal(30)
    assert_reconciled()


def test_nothing_of_a_closed_wallet_is_reversed(wallet: Wallet, debit: Transaction) -> None:
    post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="S1", amount="-70.00")
    rename_wallet(principal=SYSTEM, wallet_id=wallet.id, state="closed")
    with refused(("wallet_closed", None)):
        back(debit)


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"sequence": 1}, "conditions.sequence"),
        ({"balance": {"gte": "100.01"}}, "conditions.balance.gte"),
        ({"available": {"lt": "100"}}, "conditions.available.lt"),
        ({"notAfter": "2026-01-31T11:59:59Z"}, "conditions.not_after"),
    ],
)
def test_a_reversal_depends_on_conditions(
    wallet: Wallet, credit: Transaction, conditions: dict[str, object], field: str
) -> None:
    with refused(("condition_failed", field)):
        back(credit, conditions=conditions, clock=lambda: NOON)
    good = {"sequence": 2, "balance": {"eq": "100"}, "available": {"gte": "100"}, "notAfter": "2026-01-31T12:00:00Z"}
    back(credit, conditions=good, clock=lambda: NOON)
    assert balance(wallet.id) == "100.00"


@pytest.mark.parametrize(
    ("values", "refusals"),
    [
        ({}, [("required", "txid")]),
        ({"txid": ""}, [("blank", "txid")]),
        ({"txid": "R", "amount": "0"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "-1"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "1e1"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "NaN"}, [("invalid_amount", "amount")]),
        ({"txid": "R", "amount": "0.001"}, [("scale_exceeded", "amount")]),
        ({"txid": "R", "amount": "9" * 21}, [("out_of_range", "amount")]),
        (
            {"txid": " R", "amount": "x", "metadata": 1, "conditions": {"balance": 1}},
            [
                ("invalid", "txid"),
                ("invalid", "metadata"),
                ("invalid_amount", "amount"),
                ("invalid", "conditions.balance"),
            ],
        ),
    ],
)
def test_bad_values_are_refused_at_once(
    credit: Transaction, values: dict[str, object], refusals: list[tuple[str, str]]
) -> None:
    with refused(*refusals):
        reverse_transaction(principal=ANYONE, transaction_id=credit.id, **values)


@pytest.mark.parametrize("identifier", [0, -1, "x", "", "01", 2**63, 999_999])
def test_what_does_not_exist_is_not_reversed(credit: Transaction, identifier: object) -> None:
    with refused(("not_found", None)):
        reverse_transaction(principal=ANYONE, transaction_id=identifier, txid="R1")


def test_a_txid_is_taken_once(credit: Transaction, debit: Transaction) -> None:
    for txid in ("C1", "D1"):
        with refused(("duplicate_txid", "txid")) as caught:
            back(credit, txid)
        assert caught.value.context["is_same"] is False
    made = back(credit)
    # The repeated request finds nothing left, and is told that it is a repeated one.
    with refused(("duplicate_txid", "txid")) as caught:
        back(credit)
    assert caught.value.context == {"transaction": made.id, "is_same": True}
    for txid, amount in (("R1", "50"), ("R1", "50.01")):
        with refused(("duplicate_txid", "txid")) as caught:
            back(credit, txid, amount)
        assert caught.value.context["is_same"] is False


def test_a_reversal_is_not_reversed_changed_or_deleted(wallet: Wallet, credit: Transaction) -> None:
    made = back(credit, amount="10")
    other = open_wallet(principal=ANYONE, label="Other")
    bond = {"transaction": made.id, "transfer": None, "hold": None, "reversal_of": credit.id, "reversals": []}
    with refused(("transaction_bound", None)) as caught:
        back(made, "R2")
    assert caught.value.context == bond
    with refused(("transaction_bound", None)):
        amend_transaction(principal=ANYONE, transaction_id=made.id, amount="-1")
    with refused(("transaction_bound", None)):
        amend_transaction(principal=ANYONE, transaction_id=made.id, wallet_id=other.id)
    with refused(("transaction_bound", None)):
        delete_transaction(principal=ANYONE, transaction_id=made.id)
    assert amend_transaction(principal=ANYONE, transaction_id=made.id, description="why").amount == -10


def test_what_is_reversed_in_part_is_not_amended_moved_or_deleted(wallet: Wallet, credit: Transaction) -> None:
    made = back(credit, amount="0.01")
    other = open_wallet(principal=ANYONE, label="Other")
    with refused(("transaction_bound", None)) as caught:
        amend_transaction(principal=ANYONE, transaction_id=credit.id, amount="60")
    assert (caught.value.context["reversals"], caught.value.context["reversal_of"]) == ([made.id], None)
    with refused(("transaction_bound", None)):
        amend_transaction(principal=ANYONE, transaction_id=credit.id, wallet_id=other.id)
    with refused(("transaction_bound", None)):
        delete_transaction(principal=ANYONE, transaction_id=credit.id)
    amend_transaction(principal=ANYONE, transaction_id=credit.id, txid="C2", metadata={"b": 2})
    post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="S1", amount="-149.99")
    with refused(("transaction_bound", None)):
        close_wallet(principal=ANYONE, wallet_id=wallet.id)
    # What is amended first is reversed by its new amount.
    amended = post_transaction(principal=ANYONE, wallet_id=other.id, txid="A1", amount="5")
    amend_transaction(principal=ANYONE, transaction_id=amended.id, amount="3")
    assert back(amended, "R2").amount == -3
    assert_reconciled()


def test_a_capture_that_left_the_server_is_reversed_like_any_other(wallet: Wallet, debit: Transaction) -> None:
    hold = Hold.objects.create(
        txid="H1",
        wallet=wallet,
        amount=30,
        captured=30,
        remaining=0,
        currency="USD",
        state="captured",
        fingerprint=b"f" * FINGERPRINT_BYTES,
        created_at=MORNING,
        updated_at=MORNING,
    )
    Transaction.objects.filter(id=debit.id).update(hold=hold)
    made = back(debit, amount="10")
    assert (made.amount, made.hold_id, reversed_of(debit)) == (10, None, 10)


def test_owners_reverse_their_own() -> None:
    alice, bob = (Principal(name, frozenset({"transactions:write"}), owner=name) for name in ("alice", "bob"))
    mine = open_wallet(principal=Principal("a", frozenset({"wallets:write"}), owner="alice"), balance="5", label="W")
    posted = post_transaction(principal=alice, wallet_id=mine.id, txid="C", amount="1")
    with refused(("not_found", None)):
        reverse_transaction(principal=bob, transaction_id=posted.id, txid="R")
    made = reverse_transaction(principal=alice, transaction_id=posted.id, txid="R", amount="0.4")
    assert (made.owner, reversed_of(posted)) == ("alice", Decimal("0.4"))
    with refused(("forbidden", None)):
        reverse_transaction(principal=Principal("n", frozenset(), owner="alice"), transaction_id=posted.id, txid="S")


def test_a_reversal_is_exact_to_the_last_digit(wallet: Wallet) -> None:
    tenth = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="T", amount="0.30")
    for number in range(30):
        back(tenth, f"R{number}", "0.01")
    assert reversed_of(tenth) == Decimal("0.3")
    with refused(("reversal_exceeds", "amount")):
        back(tenth, "RX", "0.01")
    ether = open_wallet(principal=ANYONE, label="Ether", currency="ETH")
    whole = "123456.123456789" if dialect.exact_digits() == 15 else "12345678901234567890.123456789012345678"
    exact = post_transaction(principal=ANYONE, wallet_id=ether.id, txid="E", amount=whole)
    fraction = "0." + whole.partition(".")[2]
    back(exact, "E1", fraction)
    assert back(exact, "E2").amount == -Decimal(whole.partition(".")[0])
    assert (balance(ether.id), reversed_of(exact)) == (f"0.{'0' * 18}", Decimal(whole))
    assert_reconciled()


def test_what_the_database_would_round_is_refused() -> None:
    digits = dialect.exact_digits()
    ether = open_wallet(principal=ANYONE, label="Ether", currency="ETH")
    large = "9" * min(digits, 20)
    post = post_transaction(principal=ANYONE, wallet_id=ether.id, txid="E", amount=large)
    if digits < 38:
        with refused(("precision_exceeded", "amount")):
            back(post, "E1", "0.1")
    else:
        assert back(post, "E1", f"0.{'0' * 17}1").amount == -Decimal(f"0.{'0' * 17}1")


def test_a_batch_shows_how_much_it_has_reversed(wallet: Wallet) -> None:
    for key in (None, "k", "k"):
        local, prefix = LocalId(), key or ""
        commands = [
            PostTransaction.parse({"txid": f"{prefix}C", "amount": "5", "wallet": wallet.id}, local_id=local),
            ReverseTransaction.parse(local, {"txid": f"{prefix}R1", "amount": "1.5"}),
            ReverseTransaction.parse(local, {"txid": f"{prefix}R2"}),
        ]
        done = execute_all(commands, by=ANYONE, key=key)
        assert isinstance(done, Done)
        assert [(each.amount, each.reversed) for each in done.results] == [
            (Decimal(5), Decimal(5)),
            (Decimal("-1.5"), 0),
            (Decimal("-3.5"), 0),
        ]
        assert {each.reversal_of_id for each in done.results[1:]} == {done.results[0].id}
    assert (balance(wallet.id), Transaction.objects.count()) == ("100.00", 6)
    original = Transaction.objects.get(txid="C")
    changed = AmendTransaction.parse(original.id, {"description": "x"})
    third = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="D", amount="2")
    done = execute_all(
        [AmendTransaction.parse(third.id, {"description": "x"}), ReverseTransaction.parse(third.id, {"txid": "R3"})],
        by=ANYONE,
    )
    assert isinstance(done, Done)
    assert [each.reversed for each in done.results] == [2, 0]
    assert execute(changed, by=ANYONE).reversed == 5
    assert_reconciled()


def test_what_a_batch_refuses_is_not_reversed(wallet: Wallet, credit: Transaction) -> None:
    with refused(("reversal_exceeds", "amount")):
        outcome = execute_all(
            [
                ReverseTransaction.parse(credit.id, {"txid": "R1", "amount": "30"}),
                ReverseTransaction.parse(credit.id, {"txid": "R2", "amount": "30"}),
            ],
            by=ANYONE,
        )
        assert not isinstance(outcome, Done)
        assert (outcome.index, outcome.error.context["rest"]) == (1, "20.00")
        raise outcome.error
    with refused(("duplicate_txid", "txid")):
        outcome = execute_all(
            [
                ReverseTransaction.parse(credit.id, {"txid": "R1", "amount": "1"}),
                ReverseTransaction.parse(credit.id, {"txid": "R1", "amount": "1"}),
            ],
            by=ANYONE,
        )
        assert not isinstance(outcome, Done)
        raise outcome.error
