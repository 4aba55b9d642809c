"""The outcome of a batch as a value. Pure functions, so that each case can be tested without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import Error

from walletsvc import errors
from walletsvc.commands.inputs import Reference
from walletsvc.db.dialect import Meaning, meaning_of
from walletsvc.db.failures import refusal_of


@dataclass(frozen=True, slots=True)
class Done:
    """All commands are stored. `results` are in their order.

    `is_replay` tells that an earlier request with the same key has stored them.
    """

    results: Sequence[Any]
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The command at `index` was refused by `error`, and nothing has changed."""

    index: int
    error: errors.WalletError


@dataclass(frozen=True, slots=True)
class RetryAlone:
    """The problem of the group may not be this batch's: its caller runs it in a transaction of its own.

    With `wallet`, it runs together with others that wait for the same wallet.
    """

    wallet: Reference | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The outcome is unknown, or only the operator can help. The caller raises `error`."""

    error: BaseException


Outcome = Done | Refused | RetryAlone | Failed


def after_error(error: BaseException, *, is_leader: bool, is_complete: bool) -> Outcome:
    """Return the outcome of a batch whose group met `error`.

    `is_leader` tells that the batch belongs to the caller that ran the group, `is_complete` that only COMMIT was
    missing. An interrupt concerns the leader alone, unless it may have hit a COMMIT.
    """
    if isinstance(error, Error):
        refusal = refusal_of(error, at_commit=is_complete)
        is_over = meaning_of(error, at_commit=is_complete) in (Meaning.LOST, Meaning.UNKNOWN)
        return Failed(refusal) if refusal is not None and is_over else RetryAlone()
    if isinstance(error, Exception) and not is_complete:
        return RetryAlone()
    if is_leader:
        return Failed(error)
    return Failed(errors.outcome_unknown()) if is_complete else RetryAlone()


def after_refusal(refused: Refused, *, passed_over: Sequence[Reference], waited_for: Reference | None) -> Outcome:
    """Return the outcome of a batch that was refused while it shared a transaction.

    `passed_over` are its wallets that do not exist, or that others have locked. The group may have `waited_for` one.
    """
    if isinstance(refused.error, errors.DuplicateTxid):
        # Another batch of the group may hold the name; only the database knows who holds it in the end.
        return RetryAlone()
    if isinstance(refused.error, errors.NotFound) and passed_over:
        # A wallet that others hold counts as missing. To wait for one is enough for most.
        return RetryAlone(passed_over[0]) if waited_for is None else RetryAlone()
    return refused
