"""What is computed from the entries of a wallet: its documents and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from rest_api.endpoints import ENDPOINTS
from rest_api.openapi.documents import identifier
from rest_api.openapi.fields import amount
from rest_api.openapi.parameters import Parameter, in_query
from rest_api.openapi.schemas import STRING, Schema, ref
from walletsvc.schema.resources import WALLET

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


def history_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas by their names."""
    yield "Balance", _balance()
    yield (
        "BalanceDocument",
        {
            "type": "object",
            "required": ["jsonapi", "data", "links"],
            "properties": {"jsonapi": ref("JsonApi"), "data": ref("Balance"), "links": ref("Links")},
            "additionalProperties": False,
        },
    )


def _balance() -> Schema:
    attributes: Schema = {
        "at": _MOMENT | {"description": "The moment: that of the entry, if a sequence was given."},
        "sequence": _COUNTER | {"description": "The last entry that it includes; 0 before the first."},
        "balance": amount(),
        "held": amount() | {"description": "The part of the balance that was held."},
        "currency": _CURRENCY,
    }
    return _resource("Balance", "The balance of a wallet at a moment.", attributes)


def _resource(name: str, description: str, attributes: Schema) -> Schema:
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
                "required": ["wallet"],
                "properties": {"wallet": wallet},
                "additionalProperties": False,
            },
            "links": ref("Links"),
        },
        "additionalProperties": False,
    }
