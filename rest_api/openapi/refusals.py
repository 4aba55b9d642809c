"""The answers that refuse: which statuses there are, and which codes come with each."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.errors import STATUS
from rest_api.openapi.schemas import OBJECT, Schema, ref
from walletsvc import errors

_PROTOCOL = {
    "malformed": 400,
    "invalid_host": 400,
    "not_acceptable": 406,
    "type_conflict": 409,
    "id_conflict": 409,
    "length_required": 411,
    errors.TooLong.code: 413,
    "unsupported_media_type": 415,
    "internal_error": 500,
    "not_implemented": 501,
}
"""The codes of this face's own refusals, which are no refusals of the domain."""

MEANINGS = {
    400: "The request is not understood: a query parameter, or the JSON itself. Or several statuses at once.",
    403: "This is not done by a request.",
    404: "It is not there.",
    406: "No media type that the client accepts is spoken here.",
    409: "It is there already, or is another one than the URL or the type say, or is not empty.",
    411: "The request does not say how long it is.",
    412: "A precondition of the request does not hold.",
    413: "The request is too long.",
    415: "The request has the wrong media type, or a parameter or extension that is not known, or is coded.",
    422: "A member is missing or not what it should be, or the wallet cannot take it.",
    500: "Something went wrong on our side.",
    501: "The request has a transfer coding that is not known here.",
    503: "The database is not there, or too many want the same wallets. Try again.",
}


def codes_of(status: int) -> list[str]:
    """Return the codes that an error object in an answer of this status may have."""
    pairs = [*((refusal.code, each) for refusal, each in STATUS.items()), *_PROTOCOL.items()]
    # Errors of several statuses in one document are answered with 400.
    return sorted({code for code, each in pairs if each == status or (status == 400 and each < 500)})


def error_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas of the error object and the document of each status, by their names.

    Each error object is written out. What is put together from two schemas, one of which narrows what the other
    says of a member, is nothing that generators read alike, if they read it at all.
    """
    yield "ErrorSource", _SOURCE
    yield "ErrorLinks", _LINKS
    for status in MEANINGS:
        yield f"Error{status}", _error(status)
        yield (
            f"Errors{status}",
            {
                "type": "object",
                "required": ["jsonapi", "errors"],
                "properties": {
                    "jsonapi": ref("JsonApi"),
                    "errors": {"type": "array", "minItems": 1, "items": ref(f"Error{status}")},
                },
                "additionalProperties": False,
            },
        )


def _error(status: int) -> Schema:
    # Errors of several statuses in one document are answered with 400.
    its_status = {"type": "string", "pattern": "^4[0-9][0-9]$"} if status == 400 else {"const": str(status)}
    return {
        "type": "object",
        "description": MEANINGS[status],
        "required": ["status", "code", "title", "detail"],
        "properties": {
            "status": its_status,
            "code": {"type": "string", "enum": codes_of(status)},
            "title": {"type": "string"},
            "detail": {"type": "string"},
            "source": ref("ErrorSource"),
            "links": ref("ErrorLinks"),
            "meta": OBJECT,
        },
        "additionalProperties": False,
    }


_SOURCE: Schema = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "A JSON pointer into the request document (RFC 6901)."},
        "parameter": {"type": "string", "description": "The query parameter to blame."},
        "header": {"type": "string", "description": "The request header to blame."},
    },
    "minProperties": 1,
    "additionalProperties": False,
}
_LINKS: Schema = {
    "type": "object",
    "properties": {"type": {"type": "string", "description": "What kind of error a profile takes it for."}},
    "additionalProperties": False,
}
