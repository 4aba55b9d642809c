"""The rows of idempotency keys that have committed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from walletsvc.db import dialect
from walletsvc.db.channels import Later
from walletsvc.ledger import statements


@dataclass(frozen=True, slots=True)
class KeptKey:
    """What a key keeps of its request: the columns of `ReplayKey`."""

    fingerprint: bytes
    target: int | None
    results: Any
    created_at: datetime


class KeptKeys:
    """The keys with some hashes, asked for once they are looked at, or together with an earlier question."""

    def __init__(self, later: Later | None) -> None:
        self._later = later
        self._rows: dict[bytes, list[Any]] | None = {} if later is None else None

    def get(self, key_hash: bytes) -> KeptKey | None:
        """Return the key with this hash, if there is one. Raises Django's database errors."""
        if self._rows is None:
            self._rows = {bytes(found): values for found, *values in cast(Later, self._later).rows()}
        if key_hash not in self._rows:
            return None
        fingerprint, target, results, created_at = self._rows[key_hash]
        moment = cast(datetime, dialect.to_moment(created_at))
        return KeptKey(bytes(fingerprint), target, json.loads(results), moment)


def ask_keys(hashes: Iterable[bytes]) -> KeptKeys:
    """Ask for the keys with these hashes: by the next SELECT if the backend can send two at once."""
    wanted = list(hashes)
    if not wanted:
        return KeptKeys(None)
    marks = ", ".join(["%s"] * len(wanted))
    text = f"SELECT hash, fingerprint, target, results, created_at FROM walletsvc_replaykey WHERE hash IN ({marks})"  # noqa: S608 - no input
    return KeptKeys(statements.ask(text, wanted))
