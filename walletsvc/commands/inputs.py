"""What callers send, checked field by field: both faces pass values on as they came."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Final

from walletsvc import errors
from walletsvc.ids import MAX_ID, read_id
from walletsvc.models.columns import MAX_DESCRIPTION_LENGTH, MAX_TEXT_LENGTH

MAX_METADATA_CHARACTERS = 16_384
MAX_METADATA_DEPTH = 16
"""Well below what every engine's JSON parser takes (MariaDB: 32, https://mariadb.com/kb/en/json_valid/)."""

_RESERVED_KEYS = ("links", "relationships")
"""No object in an attribute may have them (https://jsonapi.org/format/#document-resource-object-attributes)."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""The value of a field that the caller did not name, as opposed to null."""


class LocalId:
    """Stands for an object that an earlier command of the same batch creates."""

    def __init__(self) -> None:
        self.id: int | None = None

    def resolve(self) -> int:
        """Return the id, once the object is there."""
        if self.id is None:
            raise RuntimeError("The command that creates the object has not run.")
        return self.id


Reference = int | LocalId
"""Which wallet or transaction is meant."""


class Refusals:
    """Collects what is wrong with several fields, to tell the caller all of it at once."""

    def __init__(self) -> None:
        self._errors: list[errors.WalletError] = []

    def collect(self) -> Refusals:
        """Return a context: the refusal raised inside is kept, and one goes on."""
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, errors.WalletError):
            return False
        self._errors.extend(error.each())
        return True

    def refusal(self) -> errors.WalletError | None:
        """Return what was collected: the one refusal itself, or `Several`."""
        if len(self._errors) == 1:
            return self._errors[0]
        return errors.Several(self._errors) if self._errors else None

    def raise_if_any(self) -> None:
        """Raise what was collected."""
        refusal = self.refusal()
        if refusal is not None:
            raise refusal


def parse_name(value: object, *, field: str) -> str:
    """Return a label or txid as it came.

    Raises `Required`, `Invalid` (not a text, control characters, space at an end), `Blank` or `TooLong`.
    """
    if value is None or value is UNSET:
        raise errors.Required(f"{field} is required.", field=field)
    text = _parse_text(value, field=field, max_length=MAX_TEXT_LENGTH, allowed_controls="")
    if not text:
        raise errors.Blank(f"{field} must not be empty.", field=field)
    if text != text.strip():
        raise errors.Invalid(f"{field} must not begin or end with space.", field=field)
    return text


def parse_description(value: object) -> str:
    """Return a description: any text, empty when not given. Raises `Invalid` or `TooLong`."""
    if value is UNSET:
        return ""
    return _parse_text(value, field="description", max_length=MAX_DESCRIPTION_LENGTH, allowed_controls="\n\t")


def _parse_text(value: object, *, field: str, max_length: int, allowed_controls: str) -> str:
    if not isinstance(value, str):
        raise errors.Invalid(f"{field} must be a string.", field=field)
    if len(value) > max_length:
        raise errors.TooLong(f"{field} has at most {max_length} characters.", field=field, limit=max_length)
    # Printable is what is neither of these, and a bit more (str.isprintable).
    if not value.isprintable() and any(
        unicodedata.category(c) in ("Cc", "Cs") and c not in allowed_controls for c in value
    ):
        raise errors.Invalid(f"{field} must not contain control characters.", field=field)
    return value


def parse_metadata(value: object) -> dict[str, object]:
    """Return a JSON object of the caller's own, empty when not given.

    Raises `Invalid` for anything but an object, for nesting deeper than 16, and for numbers and texts that
    JSON columns do not keep; `TooLong` past 16,384 characters of JSON.
    """
    if value is UNSET:
        return {}
    if not isinstance(value, Mapping):
        raise errors.Invalid("metadata must be an object.", field="metadata")
    parsed = {_parse_key(key): _parse_json(item, depth=1) for key, item in value.items()}
    if len(json.dumps(parsed)) > MAX_METADATA_CHARACTERS:
        raise errors.TooLong(
            f"metadata has at most {MAX_METADATA_CHARACTERS} characters of JSON.",
            field="metadata",
            limit=MAX_METADATA_CHARACTERS,
        )
    return parsed


def _parse_key(key: object) -> str:
    if key in _RESERVED_KEYS:
        raise errors.Invalid(f"{key} is not a name for metadata: JSON:API reserves it.", field="metadata")
    return _parse_json_text(str(key))


def _parse_json(value: object, *, depth: int) -> object:
    if depth > MAX_METADATA_DEPTH:
        raise errors.Invalid(f"metadata is nested deeper than {MAX_METADATA_DEPTH} levels.", field="metadata")
    if isinstance(value, Mapping):
        return {_parse_key(key): _parse_json(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_parse_json(item, depth=depth + 1) for item in value]
    if isinstance(value, str):
        return _parse_json_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return value
    elif isinstance(value, Decimal | float):
        # The one place for floats: a JSON column keeps them, and only those that keep their digits get in.
        number = float(value)
        if math.isfinite(number) and Decimal(repr(number)) == Decimal(str(value)):
            return number
    raise errors.Invalid("metadata holds a number that would lose digits: send it as a string.", field="metadata")


def _parse_json_text(text: str) -> str:
    if not text.isprintable() and any(unicodedata.category(c) == "Cs" or c == "\0" for c in text):
        raise errors.Invalid("metadata holds a text that is not valid Unicode.", field="metadata")
    return text


def parse_id(value: object, *, what: str, field: str | None = None) -> int:
    """Return the integer id in `value`, an int or its decimal text.

    Raises `Required` for None, `Invalid` for what is no text or integer, `NotFound` for a text that no object
    has as its id: not a number, or beyond 64 bits.
    """
    if value is None or value is UNSET:
        raise errors.Required(f"{what} is required.", field=field)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise errors.Invalid(f"The id of a {what} is a string of digits.", field=field)
    text = value if isinstance(value, str) else str(value) if abs(value) <= MAX_ID else ""
    identifier = read_id(text)
    if identifier is None:
        raise errors.not_found(what, text, field=field)
    return identifier


def parse_reference(value: object, *, what: str, field: str | None = None) -> Reference:
    """Return what `parse_id` returns, or a `LocalId` as it is."""
    return value if isinstance(value, LocalId) else parse_id(value, what=what, field=field)


def resolve(reference: Reference) -> int:
    """Return the id that a reference stands for by now."""
    return reference.resolve() if isinstance(reference, LocalId) else reference


def id_so_far(reference: Reference) -> int:
    """Return the id that a reference stands for, or 0, which is no object's, while it stands for none."""
    return reference.id or 0 if isinstance(reference, LocalId) else reference
