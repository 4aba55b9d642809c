"""Runs the batches of one principal: one in a transaction of its own, or several in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import Error, transaction

from walletsvc import errors
from walletsvc.commands import bulkheads
from walletsvc.commands.command import Command
from walletsvc.commands.group_commit import Worker
from walletsvc.commands.inputs import Reference, resolve
from walletsvc.commands.keyed import Batch, Keyed, ask_keys_of, find_replay, replay_of
from walletsvc.commands.lock_order import POLITE_ATTEMPTS, LockOrder
from walletsvc.commands.needs import Needs, holds_of, needs_of, wallet_ids_of
from walletsvc.commands.outcomes import Done, Outcome, Refused, RetryAlone, after_error, after_refusal
from walletsvc.commands.retry import Attempt, durably
from walletsvc.db.failures import drop_useless_connection
from walletsvc.ledger.hold_writer import HoldAsRead
from walletsvc.ledger.kept_keys import KeptKeys
from walletsvc.ledger.ledger import Clock, Ledger
from walletsvc.models import Hold, Transaction
from walletsvc.principals import Principal
from walletsvc.queries.records import own_transfer_id
from walletsvc.telemetry.traces import POST, span


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
        """Run one batch in a transaction of its own, once the holds that are due have expired in another."""
        order = LockOrder(self.wallet, polite_attempts=0 if self.waits else POLITE_ATTEMPTS)
        ledgers: list[Ledger] = []

        def work(touched: dict[int, str]) -> Done | Refused | None:
            ledger = Ledger(principal=self.principal, clock=self.clock, touched=touched)
            ledgers.append(ledger)
            holds = holds_of(batch, self.principal)
            wallet_ids = wallet_ids_of(batch, self.principal, holds)
            kept = ask_keys_of([batch])
            order.lock(wallet_ids, ledger, holds)
            if ledger.expired:
                # It stands whatever becomes of the batch, and before anybody is told of it: a server whose clock is
                # behind could still release what this one has refused as expired.
                ledger.complete()
                return None
            outcome = replay_of(batch, kept)
            if outcome is None:
                with span(POST, commands=len(batch)):
                    outcome = apply_all(batch, ledger, by=self.principal)
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

        outcome = None
        while outcome is None:
            outcome = durably(work, find_duplicate=find_duplicate)
            if outcome is None or (isinstance(outcome, Done) and not outcome.is_replay):
                ledgers[-1].count_written()
        return outcome

    def together(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """Run batches in one transaction. Each may be refused; one that meets another problem must run alone."""
        waits_for = None if self.wallet is None else resolve(self.wallet)
        return Group(batches, self.principal, self.clock, waits_for=waits_for, passes_over=not self.waits).run()

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


@dataclass(slots=True)
class Group:
    """Batches of one principal that share a transaction.

    It waits for the wallet that it `waits_for`, and otherwise `passes_over` wallets that others have locked, or waits
    for all of them.
    """

    batches: Sequence[Batch]
    principal: Principal
    clock: Clock
    waits_for: int | None
    passes_over: bool
    _ledger: Ledger = field(init=False)
    _outcomes: list[Outcome] = field(init=False, default_factory=list)

    def run(self) -> Sequence[Outcome]:
        """Return the outcome of each batch. Does not raise."""
        self._ledger = Ledger(principal=self.principal, clock=self.clock, touched={})
        attempt = Attempt(is_group=True)
        try:
            attempt.run(self._work)
        except BaseException as error:
            if isinstance(error, Error):
                drop_useless_connection(error)
            is_complete = attempt.is_committing
            # The first is the leader's.
            return [
                after_error(error, is_leader=place == 0, is_complete=is_complete)
                for place in range(len(self.batches))
            ]
        self._ledger.count_written()
        return self._outcomes

    def _work(self, touched: dict[int, str]) -> None:
        ledger = self._ledger
        needs, holds = needs_of(self.batches, self.principal)
        kept = ask_keys_of(self.batches)
        skipped = self._lock([each.wallets for each in needs], holds)
        for batch, needed in zip(self.batches, needs, strict=True):
            outcome = self._run(batch, needed, kept)
            if isinstance(outcome, Refused):
                passed_over = [each for each in needed.wallets if each in skipped]
                outcome = after_refusal(outcome, passed_over=passed_over, waited_for=self.waits_for)
            elif isinstance(outcome, Done) and not outcome.is_replay:
                touched.update(ledger.owners_of(needed.wallets))
            self._outcomes.append(outcome)
        touched.update(ledger.owners_of(ledger.expired))
        if touched:
            ledger.complete()
        else:
            # Every batch has been refused.
            transaction.set_rollback(True)

    def _lock(self, needed: Sequence[list[int]], holds: Sequence[HoldAsRead]) -> Sequence[int]:
        """Lock the wallets that the batches need, and return those that were passed over."""
        wallet_ids = set(chain.from_iterable(needed))
        passes_over = self.passes_over and len(wallet_ids) > 1
        waited_for = wallet_ids if not passes_over else [] if self.waits_for is None else [self.waits_for]
        with bulkheads.wallets.place(waited_for, is_group=True):
            skipped = self._ledger.lock(wallet_ids, skip_locked=passes_over, waits_for=self.waits_for, holds=holds)
        # If all of them need the same ones, they wait for them together.
        if wallet_ids and len(skipped) == len(wallet_ids) and all(set(each) == wallet_ids for each in needed):
            with bulkheads.wallets.place(wallet_ids, is_group=True):
                skipped = self._ledger.lock(wallet_ids, holds=holds)
        return skipped

    def _run(self, batch: Batch, needed: Needs, kept: KeptKeys) -> Outcome:
        """Run one batch, or find what it got before with its key."""
        ledger = self._ledger
        if type(batch) is Keyed and ledger.has_key(batch.hash):
            return RetryAlone()
        replay = replay_of(batch, kept)
        if replay is not None:
            return replay
        for each in needed.holds:
            if each not in ledger.holds:
                return Refused(0, errors.not_found("Hold", each))
        mark = ledger.mark()
        with span(POST, commands=len(batch)):
            outcome = apply_all(batch, ledger, by=self.principal)
        if isinstance(outcome, Refused):
            ledger.take_back(mark)
        return outcome


def apply_all(batch: Batch, ledger: Ledger, *, by: Principal) -> Done | Refused:
    """Apply the commands of a batch, up to the first refusal."""
    results = []
    for index, command in enumerate(batch):
        if isinstance(command, errors.WalletError):
            return Refused(index, command)
        try:
            results.append(command.apply(ledger))
        except errors.WalletError as refusal:
            return Refused(index, refusal)
    if by.owner is not None:
        _see_own(results, ledger)
    if type(batch) is Keyed:
        batch.remember(results, ledger)
    return Done(results)


def _see_own(results: Sequence[Any], ledger: Ledger) -> None:
    """See which transfer or destination is of the same owner: after COMMIT, nothing can be read for certain."""
    for each in results:
        if isinstance(each, Hold):
            # Its commands lock both wallets, as far as the caller can see them.
            each.has_own_destination = each.destination_id is not None and ledger.has_locked(each.destination_id)
        elif isinstance(each, Transaction):
            own_transfer_id(each)


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
