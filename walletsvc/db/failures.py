"""From what the database says to what a caller is told: the one way for commands, both faces and the live server."""

from __future__ import annotations

from django.db import Error, connection

from walletsvc import errors
from walletsvc.db.dialect import Meaning, meaning_of

# Everywhere it is `django.db.Error` that is caught: what a driver says of its own connection is no DatabaseError
# (PEP 249, "Exceptions").

_USELESS = (Meaning.REFUSED, Meaning.LOST, Meaning.UNKNOWN)
"""What is left of a connection after these: nothing, or one to a server that goes on refusing."""


def refusal_of(error: Error, *, at_commit: bool = False) -> errors.Conflict | errors.Unavailable | None:
    """Return what a caller is told of an error, or None where it is a fault of ours.

    `at_commit` tells that COMMIT may have been sent when it came.
    """
    match meaning_of(error, at_commit=at_commit):
        case Meaning.AGAIN:
            return errors.Conflict("Others are in the way. Try again.")
        case Meaning.REFUSED:
            return errors.Unavailable("The database refuses this at the moment.")
        case Meaning.LOST:
            return errors.Unavailable("The database does not answer.")
        case Meaning.UNKNOWN:
            return errors.outcome_unknown()
        case _:
            return None


def drop_useless_connection(error: Error) -> None:
    """Close the connection that met an error, unless it is of use still: the next statement gets a new one."""
    if meaning_of(error) in _USELESS:
        connection.close()


def give_up(error: Error) -> errors.Conflict | errors.Unavailable | None:
    """Do both for an error outside of a write."""
    drop_useless_connection(error)
    return refusal_of(error)
