"""Run commands durably: one, or a batch, together with others that arrive at the same time.

A batch is all or nothing. Its wallets are locked once, in the order of their ids; its commands run in order; and its
posts are written in bulk. Each command is guarded as it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.db import Error, connection, transaction
from django.utils import timezone

from walletsvc import errors
from walletsvc.commands import bulkheads
from walletsvc.commands.command import Command
from walletsvc.commands.expiry import expire_in_passing
from walletsvc.commands.group_commit import Queue, Worker
from walletsvc.commands.inputs import Reference, resolve
from walletsvc.commands.keyed import Batch, Keyed, ask_keys_of, find_replay, replay_of, with_key
from walletsvc.commands.lock_order import POLITE_ATTEMPTS, LockOrder
from walletsvc.commands.needs import existing_wallets_of, holds_of, wallet_ids_of, wallets_of
from walletsvc.commands.outcomes import Done, Failed, Outcome, Refused, RetryAlone, after_error, after_refusal
from walletsvc.commands.retry import Attempt, durably
from walletsvc.db.failures import drop_useless_connection
from walletsvc.ledger.ledger import Clock, Ledger
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import Principal
from walletsvc.telemetry.requests import note_wallets
from walletsvc.telemetry.traces import POST, span

T = TypeVar("T")

SHARED_COMMANDS = 500
"""How many commands of batches share a transaction, which keeps their wallets locked until all of them are done."""
SHARED_PATIENCE_SECONDS = 0.5
"""Several times the duration of such a transaction."""


def execute(command: Command[T], *, by: Principal, clock: Clock = timezone.now) -> T:
    """Run one command durably and return its result. Raises what `execute_once` raises."""
    result: T = execute_once(command, by=by, clock=clock).results[0]
    return result


def execute_once(
    command: Command[Any], *, by: Principal, key: str | None = None, clock: Clock = timezone.now
) -> Done:
    """Run one command durably, or return the result that it had when it ran with the same `key`.

    Raises its refusal, `Forbidden` if the caller lacks its scope, `IdempotencyConflict` if another command ran with
    the key, and what `durably` raises.
    """
    if not by.may(command.needed_scope):
        raise _forbidden(command)
    _meet([command])
    shares = command.shares_commit and _can_be_kept([command], key) and not connection.in_atomic_block
    runner, batch = Runner(by, clock), with_key([command], key, by)
    outcome = _share(runner, batch) if shares else runner.alone(batch)
    if isinstance(outcome, Refused):
        raise outcome.error
    if isinstance(outcome.results[0], Wallet):
        note_wallets([outcome.results[0].id])
    return outcome


def execute_all(
    batch: Batch, *, by: Principal, key: str | None = None, clock: Clock = timezone.now
) -> Done | Refused:
    """Run all commands in one durable transaction, or return their results when they ran with the same `key`.

    The refusal of a command's input may take the place of the command: earlier commands run first and may be refused
    too, and the caller gets the first refusal. Raises what `durably` raises.
    """
    for index, each in enumerate(batch):
        if isinstance(each, Command) and not by.may(each.needed_scope):
            return Refused(index, _forbidden(each))
    _meet(batch)
    runner = Runner(by, clock, waits=True)
    shares = all(isinstance(each, Command) and each.shares_commit for each in batch) and _can_be_kept(batch, key)
    batch = with_key(batch, key, by)
    if not shares or len(batch) >= SHARED_COMMANDS or connection.in_atomic_block:
        return runner.alone(batch)
    return _share(runner, batch)


def _meet(batch: Batch) -> None:
    """Note the wallets that the commands name. Raises `Conflict` if too many wait for one of them already."""
    named = existing_wallets_of(batch)
    note_wallets(named)
    if not bulkheads.wallets.is_idle:
        bulkheads.wallets.check(named)


def _can_be_kept(batch: Batch, key: str | None) -> bool:
    """Tell whether a key can keep the result of the batch before it is written, as in a shared transaction."""
    return key is None or (len(batch) == 1 and isinstance(batch[0], Command) and batch[0].model is Transaction)


def _forbidden(command: Command[Any]) -> errors.Forbidden:
    scope = command.needed_scope
    return errors.Forbidden(f"This takes the scope {scope}.", scope=scope)


@dataclass(frozen=True, slots=True)
class Runner(Worker[Batch, Outcome]):
    """Runs the batches of one principal: those that arrive at the same time share a transaction.

    A single command is a batch as well. With `waits`, a shared transaction waits for wallets that other transactions
    have locked: large batches overlap anyway. Without, it passes over such wallets, because waiting would delay every
    batch in it. Batches that all need the same locked `wallet` then form a group of their own, and only they wait for
    it, before they lock any other. A batch that runs alone waits in the same manner.
    """

    principal: Principal
    clock: Clock
    wallet: Reference | None = None
    waits: bool = False

    def alone(self, batch: Batch) -> Done | Refused:
        """Run one batch in a transaction of its own."""
        order = LockOrder(self.wallet, polite_attempts=0 if self.waits else POLITE_ATTEMPTS)
        expired: set[int] = set()
        ledgers: list[Ledger] = []

        def work(touched: dict[int, str]) -> Done | Refused:
            ledger = Ledger(principal=self.principal, clock=self.clock, touched=touched)
            ledgers.append(ledger)
            holds = holds_of(batch, self.principal)
            wallet_ids = wallet_ids_of(batch, self.principal, holds)
            kept = ask_keys_of([batch])
            order.lock(wallet_ids, ledger, holds)
            expired.update(ledger.expired)
            outcome = replay_of(batch, kept)
            if outcome is None:
                with span(POST, commands=len(batch)):
                    outcome = _apply(batch, ledger)
                if isinstance(outcome, Done):
                    ledger.complete()
                    return outcome
                outcome = self.explain(batch, outcome)
            transaction.set_rollback(True)
            return outcome

        def find_duplicate() -> Done | Refused | None:
            found = find_replay(batch)
            if found is not None:
                return found
            for index, command in enumerate(batch):
                refusal = command.find_duplicate(self.principal) if isinstance(command, Command) else None
                if refusal is not None:
                    return Refused(index, refusal)
            return None

        outcome = durably(work, find_duplicate=find_duplicate)
        if isinstance(outcome, Done) and not outcome.is_replay:
            ledgers[-1].count_written()
        if expired and (isinstance(outcome, Refused) or outcome.is_replay):
            # They have expired whatever the outcome, but only it was rolled back with them.
            expire_in_passing(expired, clock=self.clock)
        return outcome

    def together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """Run batches in one transaction. Each may be refused; one that meets another problem must run alone."""
        outcomes: list[Outcome] = []
        attempt = Attempt(is_group=True)
        wallet_ids = wallet_ids_of([command for batch in batches for command in batch], self.principal, ())
        # If all of them need the same ones, they wait for them together.
        are_same = all(set(map(resolve, wallets_of(batch))) == wallet_ids for batch in batches)
        passes_over = not self.waits and len(wallet_ids) > 1
        waits_for = None if self.wallet is None else resolve(self.wallet)
        ledger = Ledger(principal=self.principal, clock=self.clock, touched={})

        def work(touched: dict[int, str]) -> None:
            kept = ask_keys_of(batches)
            waited_for = wallet_ids if not passes_over else [] if waits_for is None else [waits_for]
            with bulkheads.wallets.place(waited_for, is_group=True):
                skipped = ledger.lock(wallet_ids, skip_locked=passes_over, waits_for=waits_for)
            if are_same and len(skipped) == len(wallet_ids):
                with bulkheads.wallets.place(wallet_ids, is_group=True):
                    skipped = ledger.lock(wallet_ids)
            for batch in batches:
                if isinstance(batch, Keyed) and ledger.has_key(batch.hash):
                    outcomes.append(RetryAlone())
                    continue
                replay = replay_of(batch, kept)
                if replay is not None:
                    outcomes.append(replay)
                    continue
                mark = ledger.mark()
                with span(POST, commands=len(batch)):
                    outcome = _apply(batch, ledger)
                if isinstance(outcome, Refused):
                    ledger.take_back(mark)
                    passed_over = [each for each in wallets_of(batch) if resolve(each) in skipped]
                    outcomes.append(after_refusal(outcome, passed_over=passed_over, waited_for=waits_for))
                else:
                    outcomes.append(outcome)
                    touched.update(ledger.owners_of(map(resolve, wallets_of(batch))))
            touched.update(ledger.owners_of(ledger.expired))
            if touched:
                ledger.complete()
            else:
                # Every batch has been refused.
                transaction.set_rollback(True)

        try:
            attempt.run(work)
        except BaseException as error:
            if isinstance(error, Error):
                drop_useless_connection(error)
            is_complete = attempt.is_committing
            # The first is the leader's.
            return [
                after_error(error, is_leader=place == 0, is_complete=is_complete) for place in range(len(batches))
            ]
        ledger.count_written()
        return outcomes

    def explain(self, batch: Batch, refused: Refused) -> Done | Refused:
        """Return the refusal that the caller should get, or what it got for the same request before.

        A caller that lost an answer repeats its request. It must get that answer again or, without a key, learn that
        its txid exists, rather than that the wallet has no money left to post it again, or does not stand as before.
        """
        found = find_replay(batch)
        if found is not None:
            return found
        command = batch[refused.index]
        if isinstance(command, Command) and isinstance(refused.error, _DUE_TO_WALLET):
            return Refused(refused.index, command.find_duplicate(self.principal) or refused.error)
        return refused


_queue: Queue[Batch, Outcome] = Queue()


def _share(runner: Runner, batch: Batch) -> Done | Refused:
    """Run a batch together with others that arrive at the same time, and alone if that is necessary."""
    if runner.waits:
        limits: dict[str, Any] = {
            "size": len(batch),
            "limit": SHARED_COMMANDS,
            "patience_seconds": SHARED_PATIENCE_SECONDS,
        }
        outcome, was_alone = _queue.run(runner, batch, **limits)
    else:
        if runner.wallet is None:
            runner = _join(runner, batch)
        outcome, was_alone = _queue.run(runner, batch)
    match outcome:
        case Failed():
            raise outcome.error
        case RetryAlone(wallet=None):
            return runner.alone(batch)
        case RetryAlone():
            return _share(replace(runner, wallet=outcome.wallet), batch)
        case Refused() if not was_alone:
            try:
                return runner.explain(batch, outcome)
            except Error:
                return runner.alone(batch)
    return outcome


def _join(runner: Runner, batch: Batch) -> Runner:
    """Return the worker of those who wait for a wallet of the batch already, or else the same one."""
    if _queue.is_idle(besides=runner):
        return runner
    waiting = (replace(runner, wallet=each) for each in wallets_of(batch))
    return next(filter(_queue.has_lane, waiting), runner)


def _apply(batch: Batch, ledger: Ledger) -> Done | Refused:
    """Apply the commands of a batch, up to the first refusal."""
    results = []
    for index, command in enumerate(batch):
        if isinstance(command, errors.WalletError):
            return Refused(index, command)
        try:
            results.append(command.apply(ledger))
        except errors.WalletError as refusal:
            return Refused(index, refusal)
    if isinstance(batch, Keyed):
        batch.remember(results, ledger)
    return Done(results)


_DUE_TO_WALLET = (
    errors.InsufficientFunds,
    errors.OutOfRange,
    errors.PrecisionExceeded,
    errors.ConditionFailed,
    errors.WalletFrozen,
    errors.WalletClosed,
    errors.ReversalExceeds,
    errors.HoldClosed,
    errors.HoldExceeded,
)
"""What a repeated request may meet although its first attempt was done."""
