"""The caller, and what it may see and do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `subject` names it in the ledger. `scopes` are the things it may do. It sees only the wallets of `owner`, or all
    wallets if that is None.
    """

    subject: str
    scopes: frozenset[str]
    owner: str | None = None

    @property
    def reach(self) -> str:
        """Return a text that is equal for callers who see the same data: part of every cache key."""
        return "*" if self.owner is None else f"owner:{self.owner}"


ANYONE = Principal(subject="anonymous", scopes=frozenset({"read", "write"}))
"""The caller of an open server: until access control is switched on, everyone may do everything."""

SYSTEM = Principal(subject="system", scopes=frozenset({"read", "write"}))
"""The server itself: management commands."""
