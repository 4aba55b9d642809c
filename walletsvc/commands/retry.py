"""How a write becomes durable: one transaction, retried as a whole, then the stamps, then the answer."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import Error, transaction

from walletsvc import errors
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.publication import Publication
from walletsvc.db.dialect import Meaning, meaning_of
from walletsvc.db.failures import drop_useless_connection, refusal_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 10
BACKOFF_SECONDS = 0.005
MAX_BACKOFF_SECONDS = 0.25
PATIENCE_SECONDS = 10
"""No attempt begins later than this: each may wait for a lock for as long as the server lets it."""


class Outdated(Exception):
    """What `work` decided on has changed before it got its locks: it is run again from the start."""


def find_nothing() -> None:
    """Find no holder of a name: whatever was in the way has gone."""


def durably(
    work: Callable[[set[int]], T],
    *,
    find_duplicate: Callable[[], Refused | None] = find_nothing,
) -> T | Refused:
    """Run `work` in a durable transaction of its own and return its result once it is committed.

    `work` is given a set to which it adds the id of each wallet it touches; it may run more than once, so it
    must not keep anything of an earlier run. It may have the transaction rolled back (`transaction.set_rollback`).
    What it raises undoes the transaction and comes out unchanged, except that contention is retried, COMMIT
    included: after a deadlock the server has already rolled back (MySQL manual, "InnoDB Error Handling"), so nothing
    less than the whole can be repeated.

    Where a unique constraint is violated, what `find_duplicate` returns is the result, asked after the rollback; if
    that finds no holder any more, the holder has just gone, and the work is tried again.

    What the server refuses, it is asked once more over a new connection, which may lead to another server.

    Raises `Conflict` when the retries are used up, `Unavailable` when the database is away or goes on refusing.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    refusal: errors.WalletError = errors.Conflict("Others are in the way. Try again.")
    was_refused = False
    for number in range(ATTEMPTS):
        if number:
            if time.monotonic() > deadline:
                break
            time.sleep(random.uniform(0, min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**number)))  # noqa: S311
        attempt = Attempt()
        try:
            return attempt.run(work)
        except Outdated:
            continue
        except Error as caught:
            error, at_commit = caught, attempt.is_committing
        if meaning_of(error) is Meaning.DUPLICATE:
            try:
                refused = find_duplicate()
            except Error as another:
                # The question who the holder is meets the same troubles as the work itself.
                error, at_commit = another, False
            else:
                if refused is not None:
                    return refused
        meaning = meaning_of(error, at_commit=at_commit)
        drop_useless_connection(error)
        if meaning is Meaning.FAULT:
            raise error
        refusal = refusal_of(error, at_commit=at_commit) or refusal
        if meaning in (Meaning.LOST, Meaning.UNKNOWN) or (meaning is Meaning.REFUSED and was_refused):
            raise refusal from error
        was_refused = was_refused or meaning is Meaning.REFUSED
        logger.info("Attempt %d of %d: %s", number + 1, ATTEMPTS, error)
    raise refusal


@dataclass(slots=True)
class Attempt:
    """What `durably` does once. `is_committing` tells that nothing was missing any more but COMMIT."""

    is_committing: bool = False

    def run(self, work: Callable[[set[int]], T]) -> T:
        """Return what `work` returns, once it is committed.

        Raises what `work` raises, Django's database errors as they come, and `Unavailable` if it is stored, and the
        database went away before that may be told.
        """
        publication = Publication()
        try:
            with transaction.atomic(durable=True):
                touched: set[int] = set()
                result = work(touched)
                is_kept = not transaction.get_rollback()
                if is_kept:
                    publication.prepare(touched)
                    self.is_committing = True
        except BaseException:
            publication.withdraw()
            raise
        if is_kept:
            publication.complete()
        return result
