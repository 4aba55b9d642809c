"""Global ids: a type and a database id in one opaque text, as Relay's `Node` wants it."""

from __future__ import annotations

import base64
import binascii

from walletsvc.reading.resources import RESOURCES


def global_id(resource: str, identifier: int) -> str:
    """Return the global id of an object."""
    return base64.b64encode(f"{resource}:{identifier}".encode()).decode()


def parse_global_id(text: str) -> tuple[str, str] | None:
    """Return the type and the database id in a global id, or None if `text` is no global id."""
    try:
        resource, colon, identifier = (
            base64.b64decode(text.encode("ascii"), validate=True).decode("ascii").partition(":")
        )
    except (ValueError, binascii.Error):
        return None
    if not colon or resource not in RESOURCES or not identifier.isdigit():
        return None
    return resource, identifier


def database_id(value: object, resource: str) -> object:
    """Return the database id behind a global id of `resource`, and any other value as it came."""
    parsed = parse_global_id(value) if isinstance(value, str) else None
    return parsed[1] if parsed is not None and parsed[0] == resource else value
