"""The answers that refuse: which statuses there are, and which codes come with each."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.description.fields import Schema
from rest_api.errors import STATUS
from walletsvc import errors

_PROTOCOL = {
    "malformed": 400,
    "invalid_host": 400,
    "not_acceptable": 406,
    "type_conflict": 409,
    "id_conflict": 409,
    errors.TooLong.code: 413,
    "unsupported_media_type": 415,
    "internal_error": 500,
}
"""The codes of this face's own refusals, which are no refusals of the domain."""

MEANINGS = {
    400: "The request is not understood: a query parameter, or the JSON itself. Or several statuses at once.",
    403: "This is not done by a request.",
    404: "It is not there.",
    406: "No media type that the client accepts is spoken here.",
    409: "It is there already, or is another one than the URL or the type say, or is not empty.",
    412: "It has changed since the client read it.",
    413: "The request is too long.",
    415: "The request has the wrong media type, or a parameter or extension that is not known.",
    422: "A member is missing or not what it should be, or the wallet cannot take it.",
    500: "Something went wrong on our side.",
    503: "The database is not there, or too many want the same wallets. Try again.",
}


def codes_of(status: int) -> list[str]:
    """Return the codes that an error object in an answer of this status may have."""
    pairs = [*((refusal.code, each) for refusal, each in STATUS.items()), *_PROTOCOL.items()]
    # Errors of several statuses in one document are answered with 400.
    return sorted({code for code, each in pairs if each == status or (status == 400 and each < 500)})


def error_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schema of the document of each status, by its name."""
    for status in MEANINGS:
        error = {"$ref": "#/components/schemas/Error"}
        codes: Schema = {"properties": {"code": {"enum": codes_of(status)}}}
        if status != 400:
            codes["properties"]["status"] = {"const": str(status)}
        yield (
            f"Errors{status}",
            {
                "type": "object",
                "required": ["jsonapi", "errors"],
                "properties": {
                    "jsonapi": {"$ref": "#/components/schemas/JsonApi"},
                    "errors": {"type": "array", "minItems": 1, "items": {"allOf": [error, codes]}},
                },
                "additionalProperties": False,
            },
        )


ERROR: Schema = {
    "type": "object",
    "required": ["status", "code", "title", "detail"],
    "properties": {
        "status": {"type": "string", "pattern": "^[45][0-9][0-9]$"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "source": {
            "type": "object",
            "properties": {
                "pointer": {"type": "string", "description": "A JSON pointer into the request document (RFC 6901)."},
                "parameter": {"type": "string", "description": "The query parameter to blame."},
                "header": {"type": "string", "description": "The request header to blame."},
            },
            "minProperties": 1,
            "additionalProperties": False,
        },
        "links": {"type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": False},
        "meta": {"type": "object"},
    },
    "additionalProperties": False,
}
