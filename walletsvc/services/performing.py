"""Run steps, durably: one, or many as one, and together with those that come at the same time.

A batch is all or nothing. Its wallets are locked once, in the order of their ids; its steps run in their order;
and what it posts is written in bulk. Each step is guarded as it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn, TypeVar

from django.db import DatabaseError, connection

from walletsvc import engines, errors
from walletsvc.models import Transaction
from walletsvc.principals import Principal
from walletsvc.reading.scope import within_reach
from walletsvc.services.durability import attempt, durably, unavailable
from walletsvc.services.grouping import Queue, Verdict
from walletsvc.services.inputs import LocalId, Reference, resolve
from walletsvc.services.posting import Clock, Ledger
from walletsvc.services.steps import Step

T = TypeVar("T")

Batch = Sequence[Step[Any] | errors.WalletError]
"""Steps that are done as one. In the place of a step may stand the refusal of its input."""

SHARED_STEPS = 500
"""How many steps of batches share a transaction. Their wallets are locked for as long as all of them take."""
SHARED_PATIENCE_SECONDS = 0.5
"""Several times what that takes."""


def perform(step: Step[T], *, principal: Principal, clock: Clock) -> T:
    """Run one step, durably, and return its result. Raises what it refuses, and what `durably` raises."""
    group = _Group(principal, clock)
    if not step.is_shared or connection.in_atomic_block:
        results = group.alone([step])
    else:
        results = _queue.run(group, [step], alone=group.alone, together=group.together)
    result: T = results[0]
    return result


def perform_all(steps: Batch, *, principal: Principal, clock: Clock) -> list[Any]:
    """Run all steps in one durable transaction and return their results.

    In the place of a step may stand the refusal of its input: steps before it run first, as they may be
    refused too, and the caller is told of the first. Raises the first refusal, with its place in
    `refusal.step`; nothing has changed then.
    """
    group = _Group(principal, clock, waits=True)
    is_shared = all(isinstance(step, Step) and step.is_shared for step in steps)
    if not is_shared or len(steps) >= SHARED_STEPS or connection.in_atomic_block:
        return group.alone(steps)
    return _queue.run(
        group,
        steps,
        alone=group.alone,
        together=group.together,
        size=len(steps),
        limit=SHARED_STEPS,
        patience_seconds=SHARED_PATIENCE_SECONDS,
    )


_queue: Queue[Batch, list[Any]] = Queue()


@dataclass(frozen=True, slots=True)
class _Group:
    """How the shared batches of one principal are run: those that come at the same time, in one transaction.

    A single step is a batch as well. With `waits`, they wait for wallets that others have locked: large batches meet
    anyway. Without, they pass over them, as a transaction that does wait holds up all that share it. `wallet` is then
    the one that all of them need, where others have locked it: they wait for it, but nobody else does.
    """

    principal: Principal
    clock: Clock
    wallet: Reference | None = None
    waits: bool = False

    def alone(self, batch: Batch) -> list[Any]:
        """Run one batch in a transaction of its own. Raises its first refusal."""

        def work(touched: set[int]) -> list[Any]:
            ledger = Ledger(principal=self.principal, clock=self.clock, touched=touched)
            ledger.lock(_wallet_ids([step for step in batch if isinstance(step, Step)], self.principal))
            try:
                results = _run(batch, ledger)
            except errors.WalletError as refusal:
                place = refusal.step
                cause = _behind(refusal, batch[place])
                cause.step = place
                raise cause from None
            ledger.complete()
            return results

        def explain_duplicate() -> errors.WalletError | None:
            for place, step in enumerate(batch):
                refusal = step.explain_duplicate() if isinstance(step, Step) else None
                if refusal is not None:
                    refusal.step = place
                    return refusal
            return None

        return durably(work, explain_duplicate=explain_duplicate)

    def together(self, batches: Sequence[Batch]) -> list[Verdict[list[Any]]]:
        """Run batches in one transaction, each of which may be refused; one that meets other trouble goes alone."""
        outcomes: list[list[Any] | errors.WalletError] = []
        is_done = False
        steps = [step for batch in batches for step in batch if isinstance(step, Step)]
        wallet_ids = _wallet_ids(steps, self.principal)
        # Where all of them need the same one, they wait for it together.
        passes_over = not self.waits and len(wallet_ids) > 1

        def work(touched: set[int]) -> None:
            nonlocal is_done
            ledger = Ledger(principal=self.principal, clock=self.clock, touched=set())
            ledger.lock(wallet_ids, skip_locked=passes_over)
            for batch in batches:
                try:
                    with ledger.all_or_nothing():
                        outcomes.append(_run(batch, ledger))
                except errors.WalletError as refusal:
                    outcomes.append(refusal)
                else:
                    steps_done = [step for step in batch if isinstance(step, Step)]
                    touched.update(resolve(wallet) for step in steps_done for wallet in step.wallets)
            if not touched:
                raise _NothingToCommit
            ledger.complete()
            is_done = True

        try:
            attempt(work)
        except _NothingToCommit:
            pass
        except BaseException as error:
            if isinstance(error, DatabaseError) and engines.is_lost(error):
                connection.close()
                return [partial(_raise, unavailable()) for _ in batches]
            if isinstance(error, DatabaseError) or (isinstance(error, Exception) and not is_done):
                return [partial(self.alone, batch) for batch in batches]
            # The first is the leader's own: it is not the others' business, but was perhaps in the way of a COMMIT.
            others = [
                partial(_raise, unavailable()) if is_done else partial(self.alone, each) for each in batches[1:]
            ]
            return [partial(_raise, error), *others]
        return [self._judge(batch, outcome, passes_over) for batch, outcome in zip(batches, outcomes, strict=True)]

    def _judge(self, batch: Batch, outcome: list[Any] | errors.WalletError, passes_over: bool) -> Verdict[list[Any]]:
        if not isinstance(outcome, errors.WalletError):
            return lambda: outcome
        if isinstance(outcome, errors.DuplicateTxid):
            # Of the same group: only who holds it now can be told, and that only the database knows.
            return partial(self.alone, batch)
        if isinstance(outcome, errors.NotFound) and passes_over and isinstance(batch[0], Step):
            # Or locked by others, and so passed over.
            group = replace(self, wallet=batch[0].wallets[0])
            return partial(_queue.run, group, batch, alone=group.alone, together=group.together)
        return partial(self._refuse, batch, outcome)

    def _refuse(self, batch: Batch, refusal: errors.WalletError) -> list[Any]:
        place = refusal.step
        try:
            cause = _behind(refusal, batch[place])
        except DatabaseError:
            return self.alone(batch)
        cause.step = place
        raise cause


def _run(batch: Batch, ledger: Ledger) -> list[Any]:
    """Run the steps of a batch and return their results. Raises the first refusal, with its place."""
    results = []
    for place, step in enumerate(batch):
        try:
            if isinstance(step, errors.WalletError):
                raise step
            results.append(step.run(ledger))
        except errors.WalletError as refusal:
            refusal.step = place
            raise
    return results


class _NothingToCommit(Exception):
    """Each step of the group has been refused."""


def _raise(error: BaseException) -> NoReturn:
    raise error


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
