"""Translate database errors to refusals: one way for commands, both faces and the live server."""

from __future__ import annotations

from django.db import Error, connection

from walletsvc import errors
from walletsvc.db.dialect import Meaning, meaning_of

# Callers catch `django.db.Error`: a driver's error about its own connection is not a DatabaseError (PEP 249,
# "Exceptions").

_USELESS = (Meaning.REFUSED, Meaning.LOST, Meaning.UNKNOWN)
"""After these, the connection is gone, or leads to a server that keeps refusing."""


def refusal_of(error: Error, *, at_commit: bool = False) -> errors.Conflict | errors.Unavailable | None:
    """Return the refusal that a caller gets for an error, or None if the error is a bug.

    With `at_commit`, COMMIT may have been sent before it.
    """
    match meaning_of(error, at_commit=at_commit):
        case Meaning.AGAIN:
            return errors.Conflict("Concurrent writes are in the way. Try again.")
        case Meaning.REFUSED:
            return errors.Unavailable("The database refuses this at the moment.")
        case Meaning.LOST:
            return errors.Unavailable("The database does not answer.")
        case Meaning.UNKNOWN:
            return errors.outcome_unknown()
        case _:
            return None


def drop_useless_connection(error: Error) -> None:
    """Close the connection after an error that makes it useless; the next statement opens a new one."""
    if meaning_of(error) in _USELESS:
        connection.close()


def give_up(error: Error) -> errors.Conflict | errors.Unavailable | None:
    """Drop a useless connection and return the refusal, for an error outside of a write."""
    drop_useless_connection(error)
    return refusal_of(error)
