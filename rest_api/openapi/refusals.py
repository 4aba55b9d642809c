"""The responses for refusals: their statuses, and the codes of each."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.errors import STATUS
from rest_api.openapi.schemas import OBJECT, Schema, ref
from walletsvc import errors

_PROTOCOL = {
    "malformed": 400,
    "invalid_host": 400,
    "not_acceptable": 406,
    "request_timeout": 408,
    "type_conflict": 409,
    "id_conflict": 409,
    "length_required": 411,
    errors.TooLong.code: 413,
    "unsupported_media_type": 415,
    "internal_error": 500,
    "not_implemented": 501,
}
"""The codes of refusals by this face rather than the domain."""

MEANINGS = {
    400: "A query parameter or the JSON is invalid, or the errors have several statuses.",
    401: "The caller has not shown a good key.",
    403: "Requests cannot do this, or the caller lacks the scope.",
    404: "Not found.",
    406: "The server has no media type that the client accepts.",
    408: "The body has not arrived in time. Nothing has been done.",
    409: "The resource exists already, is not the one that the URL or type names, or is not empty.",
    411: "The request does not state its length.",
    412: "A precondition of the request does not hold.",
    413: "The request is too long.",
    415: "The request has a wrong media type, an unknown parameter or extension, or a content coding.",
    422: "A member is missing or invalid, or the wallet does not allow the change.",
    429: "The caller has used up its limit. Nothing has been done: try again after `Retry-After`.",
    500: "Something went wrong on our side.",
    501: "The server does not know the request's transfer coding.",
    503: "The database is unavailable, or too many requests want the same wallets. Try again.",
}


def codes_of(status: int) -> list[str]:
    """Return the codes of errors in an answer with this status."""
    pairs = [*((refusal.code, each) for refusal, each in STATUS.items()), *_PROTOCOL.items()]
    # A document with errors of several statuses is answered with 400.
    return sorted({code for code, each in pairs if each == status or (status == 400 and each < 500)})


def error_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas of each status's error object and document, by their names.

    Each error object is written out in full: generators disagree on schemas composed of two where one narrows a
    member of the other, if they support them at all.
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
    # A document with errors of several statuses is answered with 400.
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
        "parameter": {"type": "string", "description": "The query parameter at fault."},
        "header": {"type": "string", "description": "The request header at fault."},
    },
    "minProperties": 1,
    "additionalProperties": False,
}
_LINKS: Schema = {
    "type": "object",
    "properties": {"type": {"type": "string", "description": "The type of error that a profile defines."}},
    "additionalProperties": False,
}
