"""The caller, and what it may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field

ADMIN = "admin"
"""The scope that implies all others (`access.scopes`)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `subject` names it in the ledger. `scopes` are the things it may do. It sees only the wallets of `owner`, or all
    wallets if that is None. `reach` is equal for callers who may see the same data: part of every cache key.
    """

    subject: str
    scopes: frozenset[str]
    owner: str | None = None
    reach: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        reads = [ADMIN] if ADMIN in self.scopes else sorted(each for each in self.scopes if each.endswith(":read"))
        # An owner is any text, so it comes last.
        whose = "*" if self.owner is None else f"owner:{self.owner}"
        object.__setattr__(self, "reach", f"{' '.join(reads)}|{whose}")

    def may(self, scope: str) -> bool:
        """Tell whether the caller has a scope."""
        return scope in self.scopes or ADMIN in self.scopes


ANYONE = Principal(subject="anonymous", scopes=frozenset({ADMIN}))
"""The caller of an open server (AUTH_REQUIRED off): everyone may do everything."""

SYSTEM = Principal(subject="system", scopes=frozenset({ADMIN}))
"""The server itself: management commands."""
