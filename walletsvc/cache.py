"""The stamped cache: responses that are served only while nothing they show has changed.

Each wallet has a stamp, a random token, and so has the set of everything. A response is stored with the stamps
that were current before it was built, and is a hit only while they still are. A writer puts a mark in their place
before it commits, and new stamps after. So a caller who knows the answer of a write is never served what was
there before it. The cache is never asked for a decision, and without it everything works, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from typing import NamedTuple

from django.conf import settings
from django_redis import get_redis_connection

from walletsvc.cache_stores import (
    GENERATION,
    MARK,
    PREFIX,
    LocalCopy,
    MemoryStore,
    RedisStore,
    Store,
    Unreachable,
    new_token,
)
from walletsvc.etags import make_etag

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
    """Return the key of a response: `parts` name the face, the caller's reach and the question, in full.

    The number is of the form of what is stored, which older processes next to this one must not take for theirs.
    """
    digest = blake2b(digest_size=20)
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return f"{PREFIX}response:2:{digest.hexdigest()}"


class Lookup(NamedTuple):
    """The answer of the cache: the stored response and its strong tag, or None and the stamps to store it under."""

    key: str
    response: bytes | None
    stamps: bytes | None
    etag: str | None = None

    @property
    def is_hit(self) -> bool:
        """Tell whether there is a response to serve."""
        return self.response is not None


def look_up(key: str, *, stamps: Sequence[str]) -> Lookup:
    """Ask for the response under `key` as of the current `stamps` (names from `wallet_stamp`, `EVERYTHING`).

    Call it before reading the database, and pass what it returns to `keep` with the response that was built.
    CACHE_SECONDS=0 switches the cache off: nothing is asked for, and so nothing is stored.

    The store is always asked for the stamps, and only for them if the response is at hand.
    """
    if not settings.CACHE_SECONDS:
        return Lookup(key, None, None)
    names = _names(tuple(stamps))
    chosen = store()
    try:
        copies = chosen.copies
        if copies is not None:
            copy = copies.get(key)
            if copy is not None:
                tokens = chosen.get_many(names)
                # A copy's stamps are tokens, so a mark among these is a difference as any other.
                if None not in tokens and b" ".join(tokens) == copy.stamps:  # type: ignore[arg-type]
                    return Lookup(key, copy.body, copy.stamps, copy.etag)
                # Tokens do not come back, so neither does it.
                copies.forget(key)
        return _fetch(chosen, key, names)
    except Unreachable:
        return Lookup(key, None, None)


@lru_cache(maxsize=4096)
def _names(stamps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of stamps, behind that of the one that all responses have."""
    return (GENERATION, *(f"{PREFIX}stamp:{name}" for name in stamps))


def _fetch(chosen: Store, key: str, names: Sequence[str]) -> Lookup:
    """Ask the store for the response and the stamps, as of one moment. Raises `Unreachable`."""
    copies = chosen.copies
    asked_at = copies.now() if copies is not None else 0
    (entry, *tokens), seconds = chosen.fetch([key, *names])
    missing = [name for name, token in zip(names, tokens, strict=True) if token is None]
    if missing:
        chosen.create_missing({name: new_token() for name in missing})
        (entry, *tokens), seconds = chosen.fetch([key, *names])
    current = _join(tokens)
    found = _unpack(entry, current) if entry is not None and current is not None else None
    if found is None:
        return Lookup(key, None, current)
    if copies is not None:
        # For no longer than the store has it, so that no copy is older than CACHE_SECONDS.
        copies.put(key, found, until=asked_at + seconds)
    return Lookup(key, found.body, current, found.etag)


def _join(tokens: Sequence[bytes | None]) -> bytes | None:
    """Return the tokens as one, or None if there is none to store under: missing again, or a writer's mark."""
    if None in tokens:
        return None
    joined = b" ".join(tokens)  # type: ignore[arg-type]  # none of them is None
    # A token is hexadecimal digits: the mark is not in it.
    return None if MARK in joined else joined


def _pack(response: LocalCopy) -> bytes:
    """Return what is stored: a line of stamps, a line with the tag, which is made only once, and the body."""
    return b"\n".join((response.stamps, response.etag.encode(), response.body))


def _unpack(entry: bytes, current: bytes) -> LocalCopy | None:
    """Return what was stored, or None if that was under other stamps than the `current` ones."""
    start = len(current) + 1
    end = entry.find(b"\n", start)
    if end < 0 or not entry.startswith(current + b"\n"):
        return None
    return LocalCopy(current, str(entry[start:end], "latin-1"), entry[end + 1 :])


def keep(lookup: Lookup, response: bytes) -> str:
    """Store `response`, which was built after `lookup` was made, if it may be stored. Return its strong tag."""
    etag = make_etag(response)
    if lookup.stamps is None:
        return etag
    chosen = store()
    copy = LocalCopy(lookup.stamps, etag, response)
    try:
        copies = chosen.copies
        if copies is not None:
            copies.put(lookup.key, copy, until=copies.now() + settings.CACHE_SECONDS)
        chosen.put(lookup.key, _pack(copy), seconds=settings.CACHE_SECONDS)
    except Unreachable:
        return etag
    return etag


@dataclass(frozen=True, slots=True)
class Response:
    """A response and its strong tag."""

    body: bytes
    etag: str


def remember(key: str, *, stamps: Sequence[str], build: Callable[[], bytes]) -> Response:
    """Return the response under `key`, from the cache or from `build`."""
    found = look_up(key, stamps=stamps)
    if found.response is not None and found.etag is not None:
        return Response(found.response, found.etag)
    body = build()
    return Response(body, keep(found, body))


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
        # A token is new to each of the stamps, so one is enough.
        tokens = dict.fromkeys(self._names, new_token())
        try:
            store().settle(tokens, mark=self._mark, announcement=self._announcement)
        except Unreachable:
            return
