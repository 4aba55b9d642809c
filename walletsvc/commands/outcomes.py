"""What comes of a batch of commands, as a value: pure, so that each case can be tested without a database."""

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
    """All commands are stored. `results` are in their order."""

    results: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """The command at `index` was refused by `error`, and nothing has changed."""

    index: int
    error: errors.WalletError


@dataclass(frozen=True, slots=True)
class RetryAlone:
    """What the group met is perhaps not this batch's doing: its caller runs it in a transaction of its own.

    With `wallet`, together with those who wait for the same one.
    """

    wallet: Reference | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It is not known what came of it, or nobody but the operator can help. The caller raises `error`."""

    error: BaseException


Outcome = Done | Refused | RetryAlone | Failed


def after_error(error: BaseException, *, is_leader: bool, is_complete: bool) -> Outcome:
    """Return what comes of a batch whose group met `error`.

    `is_leader` tells that the batch is of the caller who ran the group, `is_complete` that nothing was missing but
    COMMIT. What interrupts the leader is not the others' business, but was perhaps in the way of a COMMIT.
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


def after_refusal(refused: Refused, *, wallets: Sequence[Reference], passes_over: bool) -> Outcome:
    """Return what comes of a batch that was refused while it shared a transaction.

    `wallets` are those of its first command. With `passes_over`, wallets that others have locked were left out.
    """
    if isinstance(refused.error, errors.DuplicateTxid):
        # Of the same group: only who holds it now can be told, and that only the database knows.
        return RetryAlone()
    if isinstance(refused.error, errors.NotFound) and passes_over and wallets:
        # Or locked by others, and so passed over.
        return RetryAlone(wallets[0])
    return refused
