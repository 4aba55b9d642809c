"""The scopes of callers. No scope implies another, except `admin`, which implies all."""

from __future__ import annotations

import re
from collections.abc import Iterable

from walletsvc import errors
from walletsvc.principals import ADMIN

SCOPES = (
    "wallets:read",
    "wallets:write",
    "transactions:read",
    "transactions:write",
    "transfers:write",
    "holds:write",
    ADMIN,
)


def parse_scopes(text: str) -> frozenset[str]:
    """Return the scopes in a text, separated by commas or spaces. Raises `Invalid` and `Required`."""
    found = list(filter(None, re.split(r"[,\s]+", text)))
    for scope in found:
        if scope not in SCOPES:
            raise errors.Invalid(f"There is no scope {scope[:64]!r}; there are {', '.join(SCOPES)}.", field="scopes")
    if not found:
        raise errors.Required("A key needs a scope.", field="scopes")
    return frozenset(found)


def print_scopes(scopes: Iterable[str]) -> str:
    """Return the scopes as a text, in their fixed order."""
    return " ".join(sorted(scopes, key=SCOPES.index))
