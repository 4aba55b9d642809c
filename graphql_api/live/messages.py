"""Parse a frame into a message of graphql-transport-ws, or say how it breaks the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from graphql import GraphQLError

from graphql_api.requests import GraphQLRequest, Refused, check_members, read_json

_MAX_REASON_BYTES = 123
"""A control frame has at most 125 bytes, and two of them are the code (RFC 6455, section 5.5)."""


class Close(Exception):
    """The connection has to be closed, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason.encode(errors="replace")[:_MAX_REASON_BYTES].decode(errors="ignore")


def parse(text: str) -> Mapping[str, Any]:
    """Return the message in a text frame. Raises `Close` if it has none.

    A `subscribe` whose JSON is refused, such as for a doubled member, but whose id is readable, is returned with the
    refusal as its payload: only its operation fails.
    """
    try:
        message = read_json(text.encode())
    except UnicodeEncodeError:
        raise Close(4400, "Messages are JSON") from None
    except Refused as refused:
        identifier = _find_id(text)
        if identifier is None:
            raise Close(4400, "Messages are JSON") from None
        return {"type": "subscribe", "id": identifier, "payload": refused}
    if not isinstance(message, dict):
        raise Close(4400, "Messages are JSON objects")
    return message


def id_of(message: Mapping[str, Any]) -> str:
    """Return the id of a message. Raises `Close` if it has none."""
    identifier = message.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise Close(4400, "An id is a string")
    return identifier


def read_payload(payload: object) -> GraphQLRequest:
    """Return the request in a `subscribe`.

    Raises `Close` for a payload that breaks the protocol, and `GraphQLError` for one that only this server refuses.
    """
    if isinstance(payload, Refused):
        raise _as_error(payload)
    if isinstance(payload, dict) and not isinstance(payload.get("documentId"), str | None):
        raise _as_error(Refused(400, "malformed", "`documentId` is a string."))
    try:
        return check_members(payload)
    except Refused as refused:
        raise Close(4400, refused.message) from refused


def _as_error(refused: Refused) -> GraphQLError:
    return GraphQLError(refused.message, extensions={"code": refused.code})


class _Members(list[tuple[str, Any]]):
    """The members of an object, doubled ones included."""


def _find_id(text: str) -> str | None:
    """Return the id in a `subscribe` that is grammatical JSON, but was refused; None if there is no such id."""
    try:
        # Numbers stay text: Python refuses to parse some, and needs long for others.
        members = json.loads(
            text, object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, _Members):
        return None
    types = [value for name, value in members if name == "type"]
    identifiers = [value for name, value in members if name == "id"]
    if types != ["subscribe"] or len(identifiers) != 1 or not isinstance(identifiers[0], str):
        return None
    return identifiers[0] or None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON.")
