"""What is computed from the entries of a wallet: its documents and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from rest_api.endpoints import ENDPOINTS
from rest_api.openapi.documents import identifier
from rest_api.openapi.fields import amount
from rest_api.openapi.parameters import Parameter, in_query, page_parameters
from rest_api.openapi.schemas import STRING, Schema, ref
from walletsvc.schema.resources import ENTRY, WALLET

_MOMENT: Schema = {"type": "string", "format": "date-time"}
_COUNTER: Schema = {"type": "integer", "minimum": 0}
_CURRENCY: Schema = {"type": "string", "examples": [settings.DEFAULT_CURRENCY]}


def balance_parameters() -> list[Parameter]:
    """Return the parameters of a balance. Exactly one must be given."""
    return [
        in_query("at", _MOMENT, "The balance after the last entry up to this moment, which must have passed."),
        in_query(
            "sequence",
            {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
            "The balance after the entry with this sequence, in place of `at`.",
        ),
    ]


def statement_parameters() -> list[Parameter]:
    """Return the parameters of a statement."""
    paging = [each for each in page_parameters() if each["name"] in ("page[size]", "page[after]")]
    return [
        in_query("from", _MOMENT, "The first moment of the period.") | {"required": True},
        in_query("to", _MOMENT, "The moment before which the period ends.") | {"required": True},
        *paging,
    ]


def history_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas by their names."""
    yield "Balance", _balance()
    yield "BalanceDocument", _document("Balance")
    yield "Statement", _statement()
    included: Schema = {"type": "array", "items": ref(ENTRY.name)}
    yield "StatementDocument", _document("Statement", included=included)


def _document(name: str, **more: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["jsonapi", "data", "links", *more],
        "properties": {"jsonapi": ref("JsonApi"), "data": ref(name), "links": ref("Links"), **more},
        "additionalProperties": False,
    }


def _balance() -> Schema:
    attributes: Schema = {
        "at": _MOMENT | {"description": "The moment: that of the entry, if a sequence was given."},
        "sequence": _COUNTER | {"description": "The last entry that it includes; 0 before the first."},
        "balance": amount(),
        "held": amount() | {"description": "The part of the balance that was held."},
        "currency": _CURRENCY,
    }
    return _resource("Balance", "The balance of a wallet at a moment.", attributes)


def _statement() -> Schema:
    attributes: Schema = {
        "from": _MOMENT,
        "to": _MOMENT,
        "opening": amount() | {"description": "The balance before its first entry."},
        "closing": amount() | {"description": "The balance after its last entry."},
        "openingHeld": amount() | {"description": "What was held before its first entry."},
        "closingHeld": amount() | {"description": "What was held after its last entry."},
        "credits": amount() | {"description": "The sum of all that came in."},
        "debits": amount() | {"description": "The sum of all that went out, as a positive amount."},
        "count": _COUNTER | {"description": "The number of its entries."},
        "currency": _CURRENCY,
    }
    lines: Schema = {
        "type": "object",
        "description": "A page of its entries, which the document includes; `next` leads to the following one.",
        "required": ["links", "data"],
        "properties": {
            "links": ref("Links"),
            "data": {"type": "array", "items": identifier(ENDPOINTS[ENTRY.name])},
        },
        "additionalProperties": False,
    }
    description = "The entries of a wallet in a period: opening + credits - debits = closing."
    return _resource("Statement", description, attributes, entries=lines)


def _resource(name: str, description: str, attributes: Schema, **relationships: Schema) -> Schema:
    """Return the schema of a computed resource of a wallet; its attributes are always all there."""
    wallet = {
        "type": "object",
        "required": ["links", "data"],
        "properties": {"links": ref("Links"), "data": identifier(ENDPOINTS[WALLET.name])},
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "description": description,
        "required": ["type", "id", "attributes", "relationships", "links"],
        "properties": {
            "type": {"const": name},
            "id": STRING,
            "attributes": {
                "type": "object",
                "required": list(attributes),
                "properties": attributes,
                "additionalProperties": False,
            },
            "relationships": {
                "type": "object",
                "required": ["wallet", *relationships],
                "properties": {"wallet": wallet, **relationships},
                "additionalProperties": False,
            },
            "links": ref("Links"),
        },
        "additionalProperties": False,
    }
