"""How a write becomes durable: one transaction, retried as a whole, then the stamps, then the answer."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

from walletsvc import errors
from walletsvc.commands.outcomes import Refused, unavailable
from walletsvc.commands.publication import Publication
from walletsvc.db import dialect

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

    Raises `Conflict` when the retries are used up, `Unavailable` when the database went away.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    for number in range(ATTEMPTS):
        if number:
            if time.monotonic() > deadline:
                break
            time.sleep(random.uniform(0, min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**number)))  # noqa: S311
        try:
            return attempt(work)
        except Outdated:
            continue
        except DatabaseError as error:
            refused = _refused_by(error, find_duplicate)
            if refused is not None:
                return refused
            logger.info("Contention, attempt %d of %d: %s", number + 1, ATTEMPTS, error)
    raise errors.Conflict("Others keep changing the same wallets. Try again.")


def attempt(work: Callable[[set[int]], T]) -> T:
    """Do what `durably` does once. Raises what `work` raises, and Django's database errors as they come.

    Raises `Unavailable` if it is stored, and the database went away before that may be told.
    """
    publication = Publication()
    try:
        with transaction.atomic(durable=True):
            touched: set[int] = set()
            result = work(touched)
            is_kept = not transaction.get_rollback()
            if is_kept:
                publication.prepare(touched)
    except BaseException:
        publication.withdraw()
        raise
    if is_kept:
        publication.complete()
    return result


def _refused_by(error: DatabaseError, find_duplicate: Callable[[], Refused | None]) -> Refused | None:
    """Return what `error` refuses, None if the work is to be tried again. Raises it if it is neither."""
    if dialect.is_lost(error):
        connection.close()
        raise unavailable() from error
    if dialect.is_contention(error):
        return None
    if not dialect.is_duplicate(error):
        raise error
    try:
        return find_duplicate()
    except DatabaseError as another:
        # The question who the holder is meets the same troubles as the work itself.
        return _refused_by(another, find_nothing)
