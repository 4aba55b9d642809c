"""An operation whose input has been checked, ready to run: alone, or many of them as one.

A batch is all or nothing. Its wallets are locked once, in the order of their ids; its steps run in their order;
and what it posts is written in bulk. Each step is guarded as it would be alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from walletsvc import errors
from walletsvc.models import Transaction
from walletsvc.principals import Principal
from walletsvc.reading.scope import within_reach
from walletsvc.services.durability import Outdated, durably
from walletsvc.services.inputs import LocalId, Reference, not_found, resolve
from walletsvc.services.posting import Clock, Ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one operation does.

    `run` does it; it may run more than once, each time as if it were the first. `wallets` are those it needs
    locked, `transaction` one whose wallet it needs locked. `explain_duplicate` finds who holds a unique name
    that it was to take.
    """

    run: Callable[[Ledger], T]
    wallets: tuple[Reference, ...] = ()
    transaction: Reference | None = None
    explain_duplicate: Callable[[], errors.WalletError | None] = lambda: None


def guarded(step: Step[T], check: Callable[[], None]) -> Step[T]:
    """Return the step that first calls `check`, once its wallets are locked; what `check` raises refuses it."""

    def run(ledger: Ledger) -> T:
        ledger.flush()
        check()
        return step.run(ledger)

    return replace(step, run=run)


def perform(step: Step[T], *, principal: Principal, clock: Clock) -> T:
    """Run one step, durably, and return its result. Raises what it refuses, and what `durably` raises."""
    result: T = perform_all([step], principal=principal, clock=clock)[0]
    return result


def perform_all(steps: Sequence[Step[Any] | errors.WalletError], *, principal: Principal, clock: Clock) -> list[Any]:
    """Run all steps in one durable transaction and return their results.

    In the place of a step may stand the refusal of its input: steps before it run first, as they may be
    refused too, and the caller is told of the first. Raises the first refusal, with its place in
    `refusal.step`; nothing has changed then.
    """

    def attempt(touched: set[int]) -> list[Any]:
        ledger = Ledger(principal=principal, clock=clock, touched=touched)
        ledger.lock(_wallet_ids([step for step in steps if isinstance(step, Step)], principal))
        results = []
        for place, step in enumerate(steps):
            try:
                if isinstance(step, errors.WalletError):
                    raise step
                results.append(step.run(ledger))
            except errors.WalletError as refusal:
                cause = _behind(refusal, step)
                cause.step = place
                raise cause from None
        ledger.flush()
        return results

    def explain_duplicate() -> errors.WalletError | None:
        for place, step in enumerate(steps):
            refusal = step.explain_duplicate() if isinstance(step, Step) else None
            if refusal is not None:
                refusal.step = place
                return refusal
        return None

    return durably(attempt, explain_duplicate=explain_duplicate)


def _behind(refusal: errors.WalletError, step: Step[Any] | errors.WalletError) -> errors.WalletError:
    """Return what the caller is to be told where a step was refused.

    One whose answer was lost repeats its request. It has to learn that its txid is there, and not that there is no
    money left to do the same again.
    """
    if isinstance(step, Step) and isinstance(refusal, _DUE_TO_BALANCE):
        return step.explain_duplicate() or refusal
    return refusal


_DUE_TO_BALANCE = (errors.InsufficientFunds, errors.OutOfRange, errors.PrecisionExceeded)


def _wallet_ids(steps: Sequence[Step[Any]], principal: Principal) -> set[int]:
    """Return the ids of all wallets that the steps need and that exist already."""
    ids = {wallet for step in steps for wallet in step.wallets if not isinstance(wallet, LocalId)}
    transactions = {step.transaction for step in steps if isinstance(step.transaction, int)}
    if transactions:
        seen = within_reach(Transaction.objects.filter(id__in=transactions), principal)
        ids.update(seen.values_list("wallet_id", flat=True))
    return ids


def find_transaction(ledger: Ledger, reference: Reference) -> Transaction:
    """Return a transaction as it is now that its wallet is locked. Raises `NotFound`."""
    ledger.flush()
    identifier = resolve(reference)
    transactions = within_reach(Transaction.objects.filter(id=identifier), ledger.principal)
    transaction = transactions.select_for_update().first()
    if transaction is None:
        raise not_found("Transaction", identifier)
    if not ledger.has_locked(transaction.wallet_id):
        # It moved, or came into being, between the look for its wallet and the lock.
        raise Outdated
    return transaction
