"""What a mutation says of a relation of what it has written that could not be read (`queries.written`)."""

from __future__ import annotations

from graphql import GraphQLError

from graphql_api.errors import explain
from walletsvc.queries.records import Record
from walletsvc.queries.written import Place, WrittenRecord


def check_read(record: Record, place: Place) -> None:
    """Raise what went wrong where a relation of `record` was read."""
    if isinstance(record, WrittenRecord) and place in record.failures:
        raise missing(record, record.failures[place])


def missing(record: Record, cause: Exception) -> Exception:
    """Return the error of a relation that is not there.

    A client that reads it may get no more of its write: where the relation cannot be null, neither can the object. So
    it is told that there was a write, and of what.
    """
    if not isinstance(record, WrittenRecord):
        return cause
    error = GraphQLError(str(cause), original_error=cause)
    explain(error)
    message = f"This was written and cannot be shown in full. {error.message}"
    extensions = {**(error.extensions or {}), "written": {"type": record.resource.name, "databaseId": str(record.id)}}
    return GraphQLError(message, original_error=cause, extensions=extensions)
