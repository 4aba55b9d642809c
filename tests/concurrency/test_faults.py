"""Deadlocks, locks and lost connections at each statement of each operation, and at its COMMIT."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.db.models import Model

from tests.concurrency.faults import COMMIT, FAULTS, Fault, Wire, tapped
from tests.concurrency.operations import OPERATIONS, Operation
from tests.concurrency.threads import elsewhere
from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.writes import open_wallet, post_transaction
from walletsvc import errors
from walletsvc.commands import retry
from walletsvc.db import dialect
from walletsvc.db.dialect import Meaning
from walletsvc.models import Transaction, Transfer
from walletsvc.principals import ANYONE

State = dict[str, list[Any]]

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_BACKOFF_SECONDS", 0)


def attempt(call: Callable[[], object]) -> tuple[object, str | None]:
    """Return what the call returned, and the code of its refusal."""
    try:
        return call(), None
    except errors.WalletError as refusal:
        return None, refusal.code


def growth(before: State, after: State) -> dict[str, int]:
    """Return by how many rows each table has grown."""
    return {table: len(after[table]) - len(before[table]) for table in after}


def assert_committed(operation: Operation, result: object) -> None:
    """Assert that the caller's result is committed: a created object exists, and a deleted one does not."""
    expected = 0 if operation.name.startswith("delete") else 1
    if isinstance(result, Model):
        assert elsewhere(lambda: type(result)._default_manager.filter(pk=result.pk).count()) == expected
    if isinstance(result, Transfer):
        assert elsewhere(lambda: result.legs.count()) == 2


def rehearse(operation: Operation) -> tuple[list[str], dict[str, int]]:
    """Run the operation undisturbed and return its statements and the growth of the tables."""
    call, wire = operation.prepare("rehearsal"), Wire()
    before = snapshot()
    with tapped(wire):
        _, code = attempt(call)
    assert code == operation.code
    return wire.sent, growth(before, snapshot())


@every_fault
@every_operation
def test_a_fault_that_happens_once(operation: Operation, fault: Fault) -> None:
    statements, usual_growth = rehearse(operation)
    for place, statement in enumerate(statements):
        call = operation.prepare(f"fault at {place}")
        before = snapshot()
        with tapped(Wire(fault.strike, lambda at, _, place=place: at == place)):
            result, code = attempt(call)
        after = snapshot()
        if fault.code is None:
            assert (code, growth(before, after)) == (operation.code, usual_growth), statement
            assert_committed(operation, result)
        else:
            assert (code, after) == (fault.code, before), statement
            assert attempt(call)[1] == operation.code, f"the connection is of no use after {statement}"
    assert_reconciled()


@every_fault
@every_operation
def test_a_fault_that_happens_always(operation: Operation, fault: Fault) -> None:
    statements, _ = rehearse(operation)
    for number, statement in enumerate(dict.fromkeys(statements)):
        call = operation.prepare(f"fault {number}")
        before = snapshot()
        with tapped(Wire(fault.strike, lambda _, sent, statement=statement: sent == statement)):
            _, code = attempt(call)
        assert (code, snapshot()) == (fault.code or "conflict", before), statement
        assert attempt(call)[1] == operation.code, f"the connection is of no use after {statement}"
    assert_reconciled()


def test_a_commit_whose_answer_is_lost_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    post = partial(post_transaction, principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-6")
    commit = connection._commit

    def lose_the_answer() -> None:
        commit()
        raise OperationalError(2013, "Lost connection to server during query")

    with monkeypatch.context() as patch:
        # SQLite has no connection to lose, but the rule is the same wherever there is one.
        patch.setattr(dialect, "_SQLITE", {"Lost connection": Meaning.UNKNOWN})
        patch.setattr(connections["default"], "_commit", lose_the_answer)
        assert attempt(post) == (None, "unavailable")
    assert Transaction.objects.get(txid="T1").amount == -6
    assert attempt(post) == (None, "duplicate_txid")
    assert balance(wallet.id) == "4.00"
    assert_reconciled()


def test_a_caller_does_not_wait_for_lock_after_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt may wait for a lock as long as the server lets it; two of those are more than a caller bears."""
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    now = [0.0]
    monkeypatch.setattr(
        retry,
        "time",
        SimpleNamespace(monotonic=lambda: now[0], perf_counter=lambda: now[0], sleep=lambda _seconds: None),
    )

    def wait_for_a_lock() -> None:
        now[0] += 4
        FAULTS[0].strike()

    wire = Wire(wait_for_a_lock, lambda _, sent: sent == COMMIT)
    with tapped(wire), pytest.raises(errors.Conflict):
        post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="1")
    assert (wire.sent.count(COMMIT), now) == (1, [4])
    assert balance(wallet.id) == "10.00"


def test_another_fault_is_raised_unchanged() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    before = snapshot()

    def strike() -> None:
        raise OperationalError(1644, "Entries are append-only")

    wire = Wire(strike, lambda _, sent: sent == COMMIT)
    with tapped(wire), pytest.raises(OperationalError, match="append-only"):
        post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="1")
    assert (wire.sent.count(COMMIT), snapshot()) == (1, before)


def test_a_retry_reads_and_decides_again() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")

    def spend() -> object:
        return post_transaction(principal=ANYONE, txid="other", wallet_id=wallet.id, amount="-5")

    def be_overtaken() -> None:
        connection.connection.rollback()
        assert isinstance(elsewhere(spend), Transaction)
        FAULTS[0].strike()

    once = iter([True])
    with (
        tapped(Wire(be_overtaken, lambda _, sent: sent == COMMIT and next(once, False))),
        pytest.raises(errors.InsufficientFunds) as caught,
    ):
        post_transaction(principal=ANYONE, txid="first", wallet_id=wallet.id, amount="-6")
    assert caught.value.context["balance"] == "5.00"
    assert_reconciled()
