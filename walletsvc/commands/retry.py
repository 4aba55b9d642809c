"""Make a write durable: one transaction, retried as a whole, then the stamps, then the answer."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

from django.db import Error, transaction

from walletsvc import errors
from walletsvc.commands import bulkheads
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.publication import Publication
from walletsvc.db.dialect import Meaning, meaning_of
from walletsvc.db.failures import drop_useless_connection, refusal_of
from walletsvc.telemetry.metrics import COMMIT_SECONDS, RETRIES
from walletsvc.telemetry.traces import COMMIT, span

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 10
BACKOFF_SECONDS = 0.005
MAX_BACKOFF_SECONDS = 0.25
PATIENCE_SECONDS = 2.5
"""No attempt begins later than this, after one that has waited for a lock for as long as the server allows."""


class Outdated(Exception):
    """The state that `work` decided on changed before it got its locks: it runs again from the start."""


def find_nothing() -> None:
    """Find no holder of a name: whatever was in the way is gone."""


def durably(
    work: Callable[[dict[int, str]], T],
    *,
    find_duplicate: Callable[[], T | Refused | None] = find_nothing,
) -> T | Refused:
    """Run `work` in a durable transaction of its own and return its result once it is committed.

    `work` gets a mapping, to which it adds the id of each touched wallet, with its owner. It may run more than once,
    so it must not keep anything from an earlier run. It may have the transaction rolled back
    (`transaction.set_rollback`). An exception from it undoes the transaction and is raised unchanged, except that
    contention is retried, including at COMMIT: after a deadlock the server has already rolled back (MySQL manual,
    "InnoDB Error Handling"), so only the whole can be repeated.

    If a unique constraint is violated, the result of `find_duplicate`, called after the rollback, is returned; if it
    finds no holder, the holder has just gone, and `work` runs again.

    If the server refuses, it is asked once more over a new connection, which may lead to another server.

    Raises `Conflict` when the retries are used up, `Unavailable` when the database is away or keeps refusing.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    refusal: errors.WalletError = errors.Conflict("Concurrent writes are in the way. Try again.")
    refusals = 0
    for number in range(ATTEMPTS):
        if number:
            if time.monotonic() > deadline:
                break
            time.sleep(random.uniform(0, min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**number)))  # noqa: S311
        attempt = Attempt()
        try:
            return attempt.run(work)
        except Outdated:
            RETRIES.add("outdated")
            continue
        except Error as caught:
            error, at_commit = caught, attempt.is_committing
        if meaning_of(error) is Meaning.DUPLICATE:
            try:
                found = find_duplicate()
            except Error as another:
                # The search for the holder can meet the same errors as the work itself.
                error, at_commit = another, False
            else:
                if found is not None:
                    return found
        meaning = meaning_of(error, at_commit=at_commit)
        drop_useless_connection(error)
        if meaning is Meaning.FAULT:
            raise error
        refusal = refusal_of(error, at_commit=at_commit) or refusal
        refusals += meaning is Meaning.REFUSED
        if meaning in (Meaning.LOST, Meaning.UNKNOWN) or refusals > 1:
            raise refusal from error
        RETRIES.add(meaning.value)
        logger.info("Attempt %d of %d: %s", number + 1, ATTEMPTS, error)
    raise refusal


@dataclass(slots=True)
class Attempt:
    """One attempt of `durably`. `is_committing` tells that only COMMIT was missing, `is_group` that several callers
    wait for it."""

    is_group: bool = False
    is_committing: bool = False

    def run(self, work: Callable[[dict[int, str]], T]) -> T:
        """Return what `work` returns, once it is committed.

        Raises what `work` raises, Django's database errors unchanged, `Conflict` if too many wait already, and
        `Unavailable` if the write is stored but
        the database went away before that may be reported.
        """
        publication = Publication()
        try:
            with (
                # Left last, so that what is entered at the end is left after COMMIT.
                ExitStack() as committing,
                bulkheads.database.place(bulkheads.WRITES, is_group=self.is_group),
                transaction.atomic(durable=True),
            ):
                touched: dict[int, str] = {}
                result = work(touched)
                is_kept = not transaction.get_rollback()
                if is_kept:
                    publication.prepare(touched)
                    self.is_committing = True
                    committing.enter_context(span(COMMIT))
                    since = time.perf_counter()
        except BaseException:
            publication.withdraw()
            raise
        if is_kept:
            COMMIT_SECONDS.observe(time.perf_counter() - since)
            publication.complete()
        return result
