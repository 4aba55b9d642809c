"""Check the texts and objects that clients send as attributes. Both faces pass them on unchanged."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from walletsvc import errors
from walletsvc.models.columns import MAX_TEXT_LENGTH

MAX_METADATA_CHARACTERS = 16_384
MAX_METADATA_DEPTH = 16
"""Well below the limit of every engine's JSON parser (MariaDB: 32, https://mariadb.com/kb/en/json_valid/)."""

_RESERVED_KEYS = ("links", "relationships")
"""Reserved names of members (https://jsonapi.org/format/#document-resource-object-attributes)."""


def parse_name(value: object, *, field: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Return a label or txid unchanged.

    Raises `Required`, `Invalid` (not a text, control characters, space at an end), `Blank` or `TooLong`.
    """
    if value is None:
        raise errors.Required(f"{field} is required.", field=field)
    text = parse_text(value, field=field, max_length=max_length, allowed_controls="")
    if not text:
        raise errors.Blank(f"{field} must not be empty.", field=field)
    if text != text.strip():
        raise errors.Invalid(f"{field} must not begin or end with space.", field=field)
    return text


def parse_text(value: object, *, field: str, max_length: int, allowed_controls: str) -> str:
    """Return a text unchanged. Raises `Invalid` (not a text, other control characters) or `TooLong`."""
    if not isinstance(value, str):
        raise errors.Invalid(f"{field} must be a string.", field=field)
    if len(value) > max_length:
        raise errors.TooLong(f"{field} has at most {max_length} characters.", field=field, limit=max_length)
    # Printable text has neither of these (str.isprintable); it is the quick check.
    if not value.isprintable() and any(
        unicodedata.category(c) in ("Cc", "Cs") and c not in allowed_controls for c in value
    ):
        raise errors.Invalid(f"{field} must not contain control characters.", field=field)
    return value


def parse_metadata(value: object, *, field: str = "metadata") -> dict[str, object]:
    """Return a JSON object unchanged.

    Raises `Invalid` for any other type, for nesting deeper than 16, and for numbers and texts that
    JSON columns do not keep; `TooLong` beyond 16,384 characters of JSON.
    """
    if not isinstance(value, Mapping):
        raise errors.Invalid(f"{field} must be an object.", field=field)
    parsed = {_parse_key(key, field=field): _parse_json(item, depth=1, field=field) for key, item in value.items()}
    if len(json.dumps(parsed)) > MAX_METADATA_CHARACTERS:
        raise errors.TooLong(
            f"{field} has at most {MAX_METADATA_CHARACTERS} characters of JSON.",
            field=field,
            limit=MAX_METADATA_CHARACTERS,
        )
    return parsed


def _parse_key(key: object, *, field: str) -> str:
    if key in _RESERVED_KEYS:
        raise errors.Invalid(f"{key} cannot be a name in metadata: JSON:API reserves it.", field=field)
    return _parse_json_text(str(key), field=field)


def _parse_json(value: object, *, depth: int, field: str) -> object:
    if depth > MAX_METADATA_DEPTH:
        raise errors.Invalid(f"{field} is nested deeper than {MAX_METADATA_DEPTH} levels.", field=field)
    if isinstance(value, Mapping):
        return {
            _parse_key(key, field=field): _parse_json(item, depth=depth + 1, field=field)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_parse_json(item, depth=depth + 1, field=field) for item in value]
    if isinstance(value, str):
        return _parse_json_text(value, field=field)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
    elif isinstance(value, Decimal | float):
        # The only place for floats: a JSON column keeps them, and only those that keep their digits are accepted.
        number = float(value)
        if math.isfinite(number) and Decimal(repr(number)) == Decimal(str(value)):
            return number
    raise errors.Invalid(f"{field} holds a number that would lose digits: send it as a string.", field=field)


def _parse_json_text(text: str, *, field: str) -> str:
    if not text.isprintable() and any(unicodedata.category(c) == "Cs" or c == "\0" for c in text):
        raise errors.Invalid(f"{field} holds a text that is not valid Unicode.", field=field)
    return text
