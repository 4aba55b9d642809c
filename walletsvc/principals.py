"""The caller, and what it may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field

ADMIN = "admin"
"""The scope that implies all others (`access.scopes`)."""
OPERATOR = "operator"
"""What the callers of an owner see instead of a principal that is not the owner's."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `subject` names it in the ledger. `scopes` are the things it may do. It sees only the wallets of `owner`, or all
    wallets if that is None. It is `narrowed` if it reaches all and has chosen that owner for this request. `limit` is
    its own rate (`access.rates`) in place of the usual one. `reach` is equal for callers who may see the same data:
    part of every cache key.
    """

    subject: str
    scopes: frozenset[str]
    owner: str | None = None
    narrowed: bool = False
    limit: str | None = field(default=None, compare=False)
    reach: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        # An owner is any text, so it comes last.
        whose = "*" if self.owner is None else f"owner:{self.owner}"
        object.__setattr__(self, "reach", f"{' '.join(sorted(self._reads()))}|{whose}")

    def _reads(self) -> frozenset[str]:
        return frozenset({ADMIN} & self.scopes or {each for each in self.scopes if each.endswith(":read")})

    @property
    def shown_to_owner(self) -> str:
        """Return what the callers of an owner see of it in the ledger: its subject, if it is the owner's itself."""
        return OPERATOR if self.owner is None or self.narrowed else self.subject

    def as_reader(self) -> Principal:
        """Return the caller with its reach and nothing else: equal for all who may see the same data."""
        return Principal(subject="", scopes=self._reads(), owner=self.owner)

    def may(self, scope: str) -> bool:
        """Tell whether the caller has a scope."""
        return scope in self.scopes or ADMIN in self.scopes


ANYONE = Principal(subject="anonymous", scopes=frozenset({ADMIN}))
"""The caller of an open server (AUTH_REQUIRED off): everyone may do everything."""

SYSTEM = Principal(subject="system", scopes=frozenset({ADMIN}))
"""The server itself: management commands."""
