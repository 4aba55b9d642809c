"""Answers: what they are, how graphql-core makes them, and their JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

import orjson
from graphql import GraphQLError

from graphql_api.context import Context
from graphql_api.errors import INTERNAL_ERROR, explain
from graphql_api.requests import GraphQLRequest, Refused
from graphql_api.schema import schema
from walletsvc.telemetry.requests import note_refusal
from walletsvc.web.replays import Reading


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer.

    `is_executed` is false if nothing ran, because the document or a variable was refused. `is_flawless` is true if
    the answer has no error. `reading` says how to find or build it again, `etag` is its strong tag. `is_write` is
    true if it is that of a mutation which could be answered in front of Django (`writing.py`).
    """

    body: bytes
    is_executed: bool = True
    is_flawless: bool = True
    reading: Reading | None = None
    etag: str | None = None
    is_write: bool = False


def execute(request: GraphQLRequest, context: Context) -> Answer:
    """Run an operation with graphql-core. A mutation that the context has the outcome of does not run again."""
    result = schema.execute_sync(
        request.query,
        variable_values=request.variables,
        context_value=context,
        operation_name=request.operation_name,
    )
    content: dict[str, object] = {}
    if result.errors:
        for error in result.errors:
            note_refusal(str((error.extensions or {}).get("code")))
        content["errors"] = [error.formatted for error in result.errors]
    if result.data is not None:
        content["data"] = result.data
    if result.extensions:
        content["extensions"] = result.extensions
    return Answer(encode(content), is_executed=result.data is not None, is_flawless=not result.errors)


def refuse(error: GraphQLError) -> Answer:
    """Return the answer to an operation that was refused before anything ran."""
    explain(error)
    note_refusal(str((error.extensions or {}).get("code")))
    return Answer(encode({"errors": [error.formatted]}), is_executed=False, is_flawless=False)


def encode_refused(refused: Refused) -> bytes:
    """Return the answer to a request that was refused before GraphQL ran, in the shape of GraphQL errors."""
    note_refusal(refused.code)
    return encode({"errors": [{"message": refused.message, "extensions": {"code": refused.code}}]})


def fault() -> Refused:
    """Return the refusal for an error of ours, which the log has."""
    return Refused(500, INTERNAL_ERROR, "Something went wrong on our side. It has been logged.")


def encode(content: object) -> bytes:
    """Return the content as JSON."""
    try:
        return orjson.dumps(content)
    except TypeError:
        # A message quotes a caller's lone surrogate: UTF-8 cannot encode it, an escape can.
        return json.dumps(content).encode()
