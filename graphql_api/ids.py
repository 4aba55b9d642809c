"""Global ids: a type and a database id in one opaque text, as Relay's `Node` requires."""

from __future__ import annotations

import base64
import binascii

from walletsvc.ids import NO_ID, read_id
from walletsvc.schema.resources import RESOURCES


def global_id(resource: str, identifier: int) -> str:
    """Return the global id of an object."""
    return base64.b64encode(f"{resource}:{identifier}".encode()).decode()


def parse_global_id(text: str) -> tuple[str, int | None] | None:
    """Return the type and the database id in a global id, or None if `text` is not one.

    The id is None if `global_id` would not print the text for any object of the type: for another spelling of the id
    or of its base64, whose last digit may have unused bits (RFC 4648, section 3.5).
    """
    try:
        resource, colon, identifier = base64.b64decode(text.encode("ascii"), validate=True).partition(b":")
    except (ValueError, binascii.Error):
        return None
    name = str(resource, "latin-1")
    if not colon or name not in RESOURCES:
        return None
    found = read_id(str(identifier, "latin-1"))
    return name, found if found is not None and global_id(name, found) == text else None


def database_id(value: object, resource: str) -> object:
    """Return the database id behind a global id of `resource`, and any other value unchanged."""
    parsed = parse_global_id(value) if isinstance(value, str) else None
    if parsed is None or parsed[0] != resource:
        return value
    return str(parsed[1] or NO_ID)
