"""The stamped cache: responses that are served only while nothing they show has changed.

Each wallet has a stamp, a random token, and so has the set of everything. A response is stored with the stamps
that were current before it was built, and is a hit only while they still are. A writer puts a mark in their place
before it commits, and new stamps after. So a caller who knows the answer of a write is never served what was
there before it. The cache is never asked for a decision, and without it everything works, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from django.conf import settings
from django_redis import get_redis_connection

from walletsvc.cache_stores import (
    GENERATION,
    MARK,
    PREFIX,
    MemoryStore,
    RedisStore,
    Store,
    Unreachable,
    new_token,
)

EVERYTHING = "everything"
"""The name of the stamp that each write changes."""


def wallet_stamp(wallet_id: int) -> str:
    """Return the name of the stamp of one wallet: its own fields, transactions and entries."""
    return f"wallet:{wallet_id}"


@cache
def store() -> Store:
    """Return the store that the settings choose, the same for the whole process."""
    return RedisStore(get_redis_connection("default")) if settings.REDIS_URL else MemoryStore()


def make_key(*parts: str) -> str:
    """Return the key of a response: `parts` name the face, the caller's reach and the question, in full."""
    digest = blake2b(digest_size=20)
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return f"{PREFIX}response:{digest.hexdigest()}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer of the cache: the stored response, or None and the stamps to store a new one under."""

    key: str
    response: bytes | None
    stamps: bytes | None

    @property
    def is_hit(self) -> bool:
        """Tell whether there is a response to serve."""
        return self.response is not None


def look_up(key: str, *, stamps: Sequence[str]) -> Lookup:
    """Ask for the response under `key` as of the current `stamps` (names from `wallet_stamp`, `EVERYTHING`).

    Call it before reading the database, and pass what it returns to `keep` with the response that was built.
    CACHE_SECONDS=0 switches the cache off: nothing is asked for, and so nothing is stored.
    """
    if not settings.CACHE_SECONDS:
        return Lookup(key, None, None)
    names = [GENERATION, *(PREFIX + "stamp:" + name for name in stamps)]
    try:
        entry, *tokens = store().get_many([key, *names])
        missing = [name for name, token in zip(names, tokens, strict=True) if token is None]
        if missing:
            store().create_missing({name: new_token() for name in missing})
            entry, *tokens = store().get_many([key, *names])
    except Unreachable:
        return Lookup(key, None, None)
    current = _join(tokens)
    if entry is not None and current is not None:
        kept, _, response = entry.partition(b"\n")
        if kept == current:
            return Lookup(key, response, current)
    return Lookup(key, None, current)


def _join(tokens: Sequence[bytes | None]) -> bytes | None:
    """Return the tokens as one, or None if there is none to store under: missing again, or a writer's mark."""
    if any(token is None or token.startswith(MARK) for token in tokens):
        return None
    return b" ".join(token for token in tokens if token is not None)


def keep(lookup: Lookup, response: bytes) -> None:
    """Store `response`, which was built after `lookup` was made."""
    if lookup.stamps is None:
        return
    try:
        store().put(lookup.key, lookup.stamps + b"\n" + response, seconds=settings.CACHE_SECONDS)
    except Unreachable:
        return


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a response is kept, and its media type.

    A face puts it on its HTTP response as `kept`, for the layer in front of Django.
    """

    key: str
    stamps: tuple[str, ...]
    content_type: str = ""


def remember(key: str, *, stamps: Sequence[str], build: Callable[[], bytes]) -> bytes:
    """Return the response under `key`, from the cache or from `build`."""
    found = look_up(key, stamps=stamps)
    if found.response is not None:
        return found.response
    response = build()
    keep(found, response)
    return response


class Invalidation:
    """The two steps of a write: `mark` before COMMIT, `settle` after COMMIT or rollback."""

    def __init__(self) -> None:
        self._mark = MARK + new_token()
        self._names: list[str] = []
        self._announcement = b""

    def mark(self, wallet_ids: Iterable[int]) -> None:
        """Let nothing be stored that shows one of these wallets, until `settle` or for a few seconds."""
        ids = sorted(set(wallet_ids))
        self._names = [PREFIX + "stamp:" + name for name in (EVERYTHING, *map(wallet_stamp, ids))]
        self._announcement = ",".join(map(str, ids)).encode()
        try:
            store().mark(self._names, self._mark)
        except Unreachable:
            return

    def settle(self) -> None:
        """Give new stamps to what was marked, and announce it (`changes.py`).

        Another writer's mark stays: that writer settles it. Nothing tells a COMMIT that failed from one whose answer
        was lost, so both are announced.
        """
        if not self._names:
            return
        tokens = {name: new_token() for name in self._names}
        try:
            store().settle(tokens, mark=self._mark, announcement=self._announcement)
        except Unreachable:
            return
