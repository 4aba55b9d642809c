"""Errors for a relation of a written record that could not be read (`queries.written`)."""

from __future__ import annotations

from graphql import GraphQLError

from graphql_api.errors import explain
from walletsvc.queries.records import Record
from walletsvc.queries.written import Place, WrittenRecord


def check_read(record: Record, place: Place) -> None:
    """Raise the error, if reading this relation of `record` has failed."""
    if isinstance(record, WrittenRecord) and place in record.failures:
        raise missing(record, record.failures[place])


def missing(record: Record, cause: Exception) -> Exception:
    """Return the error for a missing relation.

    The client may get nothing else of its write: if the relation cannot be null, the object becomes null too. So the
    error says that there was a write, and of which object.
    """
    if not isinstance(record, WrittenRecord):
        return cause
    error = GraphQLError(str(cause), original_error=cause)
    explain(error)
    message = f"This was written and cannot be shown in full. {error.message}"
    extensions = {**(error.extensions or {}), "written": {"type": record.resource.name, "databaseId": str(record.id)}}
    return GraphQLError(message, original_error=cause, extensions=extensions)
