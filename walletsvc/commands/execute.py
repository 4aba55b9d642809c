"""Run commands durably: one, or a batch, together with others that arrive at the same time.

A batch is all or nothing. Its wallets are locked once, in the order of their ids; its commands run in order; and its
posts are written in bulk. Each command is guarded as it would be alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from django.db import Error, connection
from django.utils import timezone

from walletsvc import errors
from walletsvc.commands import bulkheads
from walletsvc.commands.command import Command
from walletsvc.commands.group_commit import Queue
from walletsvc.commands.keyed import Batch, with_key
from walletsvc.commands.needs import existing_wallets_of, wallets_of
from walletsvc.commands.outcomes import Done, Failed, Outcome, Refused, RetryAlone
from walletsvc.commands.runner import Runner
from walletsvc.ledger.ledger import Clock
from walletsvc.models import Wallet
from walletsvc.principals import Principal
from walletsvc.telemetry.requests import note_wallets

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
        if not isinstance(each, errors.WalletError) and not by.may(each.needed_scope):
            return Refused(index, _forbidden(each))
    _meet(batch)
    runner = Runner(by, clock, waits=True)
    shares = _can_be_kept(batch, key) and all(
        not isinstance(each, errors.WalletError) and each.shares_in_batch for each in batch
    )
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
    return key is None or len(batch) == 1


def _forbidden(command: Command[Any]) -> errors.Forbidden:
    scope = command.needed_scope
    return errors.Forbidden(f"This takes the scope {scope}.", scope=scope)


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
