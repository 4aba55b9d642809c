"""Who asks: two owners with keys of many and of few scopes, an operator who narrows itself, and nobody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from secrets import token_hex

from tests.live import LiveServer

OWNERS = ("alice", "bob")
SCOPES = (
    "wallets:read",
    "wallets:write",
    "transactions:read",
    "transactions:write",
    "transfers:write",
    "holds:write",
)

_MAKE_KEYS = """
import json
from datetime import timedelta
from django.utils import timezone
from walletsvc.access import keys
from walletsvc.principals import SYSTEM
now, made = timezone.now(), {}
for name, scopes, owner, age, life in json.loads(%r):
    at = now - timedelta(days=age)
    until = None if life is None else at + timedelta(days=life)
    new = keys.create_key(by=SYSTEM, name=name, scopes=frozenset(scopes), owner=owner, expires_at=until, at=at)
    made[name] = new.text
    if name == "revoked":
        keys.revoke_key(by=SYSTEM, key_id=new.key.id, at=now)
print(json.dumps(made))
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller with its headers. `owner` is whose things it may see: "" for nobody's."""

    name: str
    owner: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Callers:
    """All callers of a run, and the text that marks what each owner writes: nobody can guess it."""

    owners: tuple[Caller, ...]
    limited: tuple[Caller, ...]
    nobody: tuple[Caller, ...]
    markers: dict[str, str]

    @property
    def secrets(self) -> dict[str, str]:
        """Return the credentials by the names of their callers, to keep them out of reports."""
        everyone = (*self.owners, *self.limited, *self.nobody)
        return {text: each.name for each in everyone for name, text in each.headers if name == "Authorization"}


def make_callers(server: LiveServer) -> Callers:
    """Create the keys of all callers on a server."""
    wanted = [(owner, SCOPES, owner, 0, None) for owner in OWNERS]
    wanted += [(f"{owner} who reads wallets", ("wallets:read",), owner, 0, None) for owner in OWNERS]
    wanted += [
        ("operator", SCOPES, None, 0, None),
        ("expired", SCOPES, "alice", 2, 1),
        ("revoked", SCOPES, "alice", 0, None),
    ]
    finished = server.manage("shell", "-v", "0", "-c", _MAKE_KEYS % json.dumps(wanted))
    assert finished.returncode == 0, finished.stderr
    keys = json.loads(finished.stdout.splitlines()[-1])

    def by_key(name: str, owner: str, *more: tuple[str, str]) -> Caller:
        return Caller(name, owner, (("Authorization", f"Bearer {keys[name]}"), *more))

    good = keys["alice"]
    malformed = {
        "no key": f"Bearer {token_hex(20)}",
        "wrong checksum": f"Bearer {good[:-1]}_",
        "basic": f"Basic {good}",
    }
    return Callers(
        owners=tuple(by_key(owner, owner) for owner in OWNERS),
        limited=(
            *(by_key(f"{owner} who reads wallets", owner) for owner in OWNERS),
            by_key("operator", "alice", ("Walletsvc-Owner", "alice")),
        ),
        nobody=(
            Caller("nobody", ""),
            *(Caller(name, "", (("Authorization", text),)) for name, text in malformed.items()),
            *(by_key(name, "") for name in ("expired", "revoked")),
        ),
        markers={owner: f"{owner}{token_hex(16)}" for owner in OWNERS},
    )
