"""The books: their documents and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.books import BOOK
from rest_api.openapi.fields import amount
from rest_api.openapi.parameters import Parameter, in_query, listing
from rest_api.openapi.schemas import STRING, Schema, ref
from walletsvc.queries.books import FIELDS

CURRENCY: Parameter = {
    "name": "currency",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
}
_KINDS: dict[str, Schema] = {
    "walletCount": {"type": "integer", "minimum": 0},
    "asOf": {"type": "string", "format": "date-time"},
}


def book_parameters() -> list[Parameter]:
    """Return the parameters of books."""
    description = f"The fields of each {BOOK} in the answer: {', '.join(FIELDS)}."
    return [in_query(f"fields[{BOOK}]", listing(FIELDS), description)]


def book_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas by their names."""
    yield BOOK, _book()
    yield f"{BOOK}Document", _document(ref(BOOK))
    yield f"{BOOK}List", _document({"type": "array", "items": ref(BOOK)})


def _document(data: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["jsonapi", "data", "links"],
        "properties": {"jsonapi": ref("JsonApi"), "data": data, "links": ref("Links")},
        "additionalProperties": False,
    }


def _book() -> Schema:
    attributes = {
        name: _KINDS.get(name, amount()) | {"description": each.description} for name, each in FIELDS.items()
    }
    return {
        "type": "object",
        "description": "What all wallets of a currency, its id, hold, and what they have received and paid.",
        "required": ["type", "id", "attributes", "links"],
        "properties": {
            "type": {"const": BOOK},
            "id": STRING,
            "attributes": {"type": "object", "properties": attributes, "additionalProperties": False},
            "links": ref("Links"),
        },
        "additionalProperties": False,
    }
