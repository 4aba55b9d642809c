"""The stamped cache: responses that are served only while nothing they show has changed.

Each wallet has a stamp, a random token, and so has the set of everything. A response is stored with the stamps
that were current before it was built, and is a hit only while they are current. A writer replaces them by a mark
before it commits, and by new stamps afterwards. So a caller who knows the answer of a write never gets an older
response. No decision depends on the cache; without it everything works, only slower.

This holds for one Redis that works correctly. The database says which one that is, and whether to trust it at all
(`cache.lease`): its identity and generation are part of all names here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from django.conf import settings
from django_redis import get_redis_connection

from walletsvc.cache.lease import UNKNOWN, BackgroundKeeper, Keeper, State
from walletsvc.cache.memory import LocalCopy, MemoryStore
from walletsvc.cache.positions import position_of
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.store import MARK, PREFIX, Store, Unreachable, new_token
from walletsvc.cache.telemetry import DISTRUSTED, HIT, MARKED, MISS, UNREACHABLE, count_lookup
from walletsvc.db import reader
from walletsvc.etags import make_etag
from walletsvc.telemetry.traces import CACHE, span

T = TypeVar("T")

EVERYTHING = "everything"
"""The name of the stamp that each write changes."""


def wallet_stamp(wallet_id: int) -> str:
    """Return the name of the stamp of one wallet: its own fields, transactions and entries."""
    return f"wallet:{wallet_id}"


@lru_cache(maxsize=4096)
def owner_stamp(owner: str) -> str:
    """Return the name of the stamp of an owner: the lists of its wallets, transactions and entries.

    The owner "" has none: with an open server, a write has no additional stamp to change.
    """
    return f"owner:{blake2b(owner.encode(errors='surrogatepass'), digest_size=20).hexdigest()}"


@cache
def store() -> Store:
    """Return the store that the settings choose, the same for the whole process."""
    return RedisStore(get_redis_connection("default")) if settings.REDIS_URL else MemoryStore()


@cache
def lifetime_seconds() -> int:
    """Return CACHE_SECONDS. Each hit needs it, and Django's settings take longer for it than all of `LocalCopies`."""
    seconds: int = settings.CACHE_SECONDS
    return seconds


def keeper() -> Keeper:
    """Return the keeper, which knows whether the cache may be used; the same for the whole process."""
    return _keeper


_keeper: Keeper = BackgroundKeeper(instances=store)


def change_channel() -> str | None:
    """Return the channel on which `Invalidation.settle` announces changes, or None if that is not known yet.

    A channel belongs to a whole server rather than one of its databases
    (https://redis.io/docs/latest/develop/pubsub/#database--scoping).
    """
    agreement = keeper().state.agreement
    return None if agreement is None else channel_of(agreement.identity)


def channel_of(identity: str) -> str:
    """Return the channel of the cache with that identity."""
    return f"{PREFIX}{identity}:changes"


def is_in_use() -> bool:
    """Tell whether writers use the cache, as far as is known here; without it they announce nothing. Never waits."""
    keeps = keeper()
    keeps.start()
    return keeps.state.is_trusted and keeps.clock() < keeps.state.valid_until


def make_key(*parts: str) -> str:
    """Return the key of a response: `parts` are the face, the caller's reach and the question, in full.

    Its number is the version of the stored format, so that processes of different versions never read each other's
    responses. The store adds the prefix of the generation.
    """
    # The lengths say where each part ends.
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return f"response:4:{blake2b(text.encode(errors='surrogatepass'), digest_size=20).hexdigest()}"


class Lookup(NamedTuple):
    """The answer of the cache: the stored response and its strong tag, or None and the stamps to store it under."""

    key: str
    response: bytes | None
    stamps: bytes | None
    etag: str | None = None
    state: State = UNKNOWN

    @property
    def is_hit(self) -> bool:
        """Tell whether there is a response to serve."""
        return self.response is not None


def look_up(key: str, *, stamps: Sequence[str]) -> Lookup:
    """Look the response up under `key` and the current `stamps` (names from `wallet_stamp`, `EVERYTHING`).

    Call it before reading the database, and pass the result to `keep` with the response that was built.
    CACHE_SECONDS=0 switches the cache off: nothing is looked up, so nothing is stored.

    Asks the store for the stamps each time, and for the response only if there is no copy of it.
    """
    if not lifetime_seconds():
        return Lookup(key, None, None)
    keeps = keeper()
    state = keeps.state
    if not state.is_trusted:
        keeps.is_wanted = True
        state = keeps.current()
        if not state.is_trusted:
            count_lookup(DISTRUSTED)
            return Lookup(key, None, None)
    names = _names(state.prefix, tuple(stamps))
    chosen = store()
    try:
        copies = chosen.copies
        if copies is not None:
            copy = copies.get(key)
            if copy is not None:
                tokens = chosen.get_many(names, state.instance)
                # A copy's stamps are tokens, so a mark among the current ones always differs.
                if None not in tokens and b" ".join(tokens) == copy.stamps:  # type: ignore[arg-type]
                    # As late as possible, and for the state that the stamps were read under.
                    if keeps.clock() < state.valid_until or keeps.holds(state):
                        count_lookup(HIT)
                        return Lookup(key, copy.body, copy.stamps, copy.etag, state)
                    count_lookup(DISTRUSTED)
                    return Lookup(key, None, None)
                # Tokens never return, so this copy will never be valid again.
                copies.forget(key)
        found = _fetch(chosen, key, names, state)
        if found.response is None:
            count_lookup(MARKED if found.stamps is None else MISS)
            return found
        if keeps.clock() < state.valid_until or keeps.holds(state):
            count_lookup(HIT)
            return found
        count_lookup(DISTRUSTED)
        return Lookup(key, None, None)
    except Unreachable:
        count_lookup(UNREACHABLE)
        return Lookup(key, None, None)


@lru_cache(maxsize=4096)
def _names(prefix: str, stamps: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of stamps."""
    return tuple(f"{prefix}stamp:{name}" for name in stamps)


def _fetch(chosen: Store, key: str, names: Sequence[str], state: State) -> Lookup:
    """Fetch the response and the stamps, as of one moment. Raises `Unreachable`."""
    copies = chosen.copies
    asked_at = copies.now() if copies is not None else 0
    asked = [state.prefix + key, *names]
    (entry, *tokens), seconds = chosen.fetch(asked, state.instance)
    missing = [name for name, token in zip(names, tokens, strict=True) if token is None]
    if missing:
        chosen.create_missing({name: new_token() for name in missing}, instance=state.instance)
        (entry, *tokens), seconds = chosen.fetch(asked, state.instance)
    current = _join(tokens)
    found = _unpack(entry, current) if entry is not None and current is not None else None
    if found is None:
        return Lookup(key, None, current, None, state)
    if copies is not None:
        # No longer than in the store, so that no copy gets older than CACHE_SECONDS.
        copies.put(key, found, until=asked_at + seconds)
    return Lookup(key, found.body, current, found.etag, state)


def _join(tokens: Sequence[bytes | None]) -> bytes | None:
    """Return the joined tokens, or None if nothing can be stored under them: one is missing, or a writer's mark."""
    if None in tokens:
        return None
    joined = b" ".join(tokens)  # type: ignore[arg-type]  # none of them is None
    # A token is hexadecimal digits, so it never contains the mark.
    return None if MARK in joined else joined


def _pack(response: LocalCopy) -> bytes:
    """Return an entry for the store: a line of stamps, a line with the tag, computed only once, and the body."""
    return b"\n".join((response.stamps, response.etag.encode(), response.body))


def _unpack(entry: bytes, current: bytes) -> LocalCopy | None:
    """Return the stored response, or None if it was stored under other stamps than the `current` ones."""
    start = len(current) + 1
    end = entry.find(b"\n", start)
    if end < 0 or not entry.startswith(current + b"\n"):
        return None
    return LocalCopy(current, str(entry[start:end], "latin-1"), entry[end + 1 :])


def keep(lookup: Lookup, response: bytes) -> str:
    """Store `response`, which was built after `lookup`, if that is allowed. Return its strong tag."""
    etag = make_etag(response)
    if lookup.stamps is None:
        return etag
    chosen = store()
    copy = LocalCopy(lookup.stamps, etag, response)
    try:
        copies = chosen.copies
        if copies is not None:
            copies.put(lookup.key, copy, until=copies.now() + lifetime_seconds())
        state = lookup.state
        chosen.put(state.prefix + lookup.key, _pack(copy), seconds=lifetime_seconds(), instance=state.instance)
    except Unreachable:
        return etag
    return etag


def build_after(lookup: Lookup, build: Callable[[], T]) -> T:
    """Return what `build` makes of the database, after a look-up that found nothing.

    A server for reads (`db.reader`) is asked if it has all writes that the stamps of the look-up stand for. So its
    rows are never older than the stamps that they are stored under.
    """
    agreement = lookup.state.agreement
    if agreement is None or not reader.is_configured():
        return build()
    with reader.reading(position=position_of(lookup.stamps), identity=agreement.identity):
        return build()


@dataclass(frozen=True, slots=True)
class Response:
    """A response and its strong tag."""

    body: bytes
    etag: str


def remember(key: str, *, stamps: Sequence[str], build: Callable[[], bytes]) -> Response:
    """Return the response under `key`, from the cache or from `build`."""
    with span(CACHE):
        found = look_up(key, stamps=stamps)
    if found.response is not None and found.etag is not None:
        return Response(found.response, found.etag)
    body = build_after(found, build)
    return Response(body, keep(found, body))
