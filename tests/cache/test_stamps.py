"""The stamped cache, step by step: readers and writers take turns in the order of each test."""

from __future__ import annotations

import pytest

from tests.cache.stores import Cache, forget_stamps
from tests.leases import SharedRow
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.memory import MemoryStore
from walletsvc.cache.responses import EVERYTHING, Lookup, keep, look_up, make_key, remember, wallet_stamp
from walletsvc.cache.store import MARK, Store
from walletsvc.principals import ANYONE, Principal

KEY = make_key("rest", "*", "/api/wallets/1")
STAMPS = [wallet_stamp(1), EVERYTHING]
pytestmark = pytest.mark.usefixtures("store")


def ask(key: str = KEY, stamps: list[str] = STAMPS) -> Lookup:
    return look_up(key, stamps=stamps)


def marked(*wallet_ids: int) -> Invalidation:
    """Return a writer that is about to commit."""
    invalidation = Invalidation()
    assert invalidation.mark(wallet_ids)
    return invalidation


def write(*wallet_ids: int) -> None:
    assert marked(*wallet_ids).settle()


def expire_marks(store: Store) -> None:
    """Remove all stamps and marks; marks would expire anyway."""
    forget_stamps(store)


def test_a_kept_response_is_found() -> None:
    lookup = ask()
    assert (lookup.is_hit, lookup.response) == (False, None)
    keep(lookup, b"first\nsecond")
    assert (ask().is_hit, ask().response) == (True, b"first\nsecond")


def test_an_empty_response_is_a_hit() -> None:
    keep(ask(), b"")
    assert (ask().is_hit, ask().response) == (True, b"")


def test_a_response_is_built_once() -> None:
    built = []

    def build() -> bytes:
        built.append(1)
        return b"answer"

    assert [remember(KEY, stamps=STAMPS, build=build).body for _ in range(3)] == [b"answer"] * 3
    assert len(built) == 1
    write(1)
    assert remember(KEY, stamps=STAMPS, build=build).body == b"answer"
    assert len(built) == 2


def test_a_write_makes_old_responses_unreachable() -> None:
    keep(ask(), b"old")
    write(1)
    assert ask().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_write_leaves_what_shows_other_wallets_only() -> None:
    keep(ask("mine", [wallet_stamp(1)]), b"of 1")
    keep(ask("other", [wallet_stamp(2)]), b"of 2")
    keep(ask("list", [EVERYTHING]), b"of all")
    write(2)
    assert ask("mine", [wallet_stamp(1)]).response == b"of 1"
    assert ask("other", [wallet_stamp(2)]).response is None
    assert ask("list", [EVERYTHING]).response is None


def test_a_response_under_other_stamps_is_not_served() -> None:
    keep(ask(stamps=[wallet_stamp(1)]), b"one")
    assert ask(stamps=[wallet_stamp(1), wallet_stamp(2)]).response is None
    assert ask(stamps=[wallet_stamp(2)]).response is None


def test_a_reader_that_raced_a_writer_stores_under_outdated_stamps() -> None:
    reader = ask()
    write(1)
    keep(reader, b"read before the commit")
    assert ask().response is None


def test_a_reader_that_stores_while_a_writer_commits_is_not_served() -> None:
    reader, writer = ask(), marked(1)
    keep(reader, b"read before the commit")
    assert ask().response is None
    writer.settle()
    assert ask().response is None


def test_nothing_is_stored_or_served_under_a_mark() -> None:
    keep(ask(), b"old")
    writer = marked(1)
    reader = ask()
    assert (reader.response, reader.stamps) == (None, None)
    keep(reader, b"read under the mark")
    writer.settle()
    assert ask().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_another_writers_mark_stays() -> None:
    first = marked(1)
    second = marked(1)
    first.settle()
    assert ask().stamps is None
    second.settle()
    assert ask().stamps is not None


def test_a_rollback_gives_way_to_another_writers_commit() -> None:
    first, second = marked(1), marked(2)
    second.settle()  # rolled back, and with it goes the mark that stood for both
    reader = ask()
    keep(reader, b"read before the first one's commit")
    first.settle()
    assert ask().response is None


def test_a_mark_that_expired_before_the_commit_does_no_harm(store: Store) -> None:
    writer = marked(1)
    expire_marks(store)
    reader = ask()
    keep(reader, b"read before the commit")
    assert ask().response == b"read before the commit"  # the write is not answered yet
    writer.settle()
    assert ask().response is None


def test_a_writer_that_dies_after_its_commit_blocks_for_as_long_as_its_mark_lives(store: Store) -> None:
    keep(ask(), b"old")
    marked(1)
    assert (ask().response, ask().stamps) == (None, None)
    expire_marks(store)
    assert ask().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_mark_is_short_lived() -> None:
    now = [0.0]
    store = MemoryStore(clock=lambda: now[0])
    store.mark(["key"], MARK + b"1")
    now[0] = 4.9
    assert store.get_many(["key"]) == [MARK + b"1"]
    now[0] = 5.0
    assert store.get_many(["key"]) == [None]


def test_missing_stamps_are_made_anew(store: Store) -> None:
    keep(ask(), b"old")
    before = ask().stamps
    forget_stamps(store)
    after = ask()
    assert after.response is None
    assert set((after.stamps or b"").split()).isdisjoint((before or b"").split())
    assert len(set((after.stamps or b"").split())) == 2
    assert ask().stamps == after.stamps


def test_one_missing_stamp_is_enough(store: Store) -> None:
    for name in (wallet_stamp(1), EVERYTHING):
        keep(ask(), b"old")
        assert ask().is_hit
        forget_stamps(store, name)
        assert ask().response is None


def test_a_memory_store_evicts_the_least_recently_used() -> None:
    store = MemoryStore(max_entries=3)
    for key in ("a", "b", "c"):
        store.put(key, b"x", seconds=60)
    store.get_many(["a"])
    store.put("d", b"x", seconds=60)
    assert store.get_many(["a", "b", "c", "d"]) == [b"x", None, b"x", b"x"]


def test_responses_live_for_the_seconds_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    Cache(MemoryStore(clock=lambda: now[0]), SharedRow()).use(monkeypatch)
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 7)
    keep(ask(), b"old")
    now[0] = 6.9
    assert ask().is_hit
    now[0] = 7.0
    assert not ask().is_hit


def test_keys_differ_by_caller_face_and_question() -> None:
    alice = Principal("a", frozenset(), owner="alice")
    keys = [
        make_key("rest", ANYONE.reach, "/wallets"),
        make_key("graphql", ANYONE.reach, "/wallets"),
        make_key("rest", alice.reach, "/wallets"),
        make_key("rest", Principal("b", frozenset(), owner="bob").reach, "/wallets"),
        make_key("rest", Principal("c", frozenset(), owner="*").reach, "/wallets"),
        make_key("rest", Principal("d", frozenset(), owner="").reach, "/wallets"),
        make_key("rest*", "", "/wallets"),
        make_key("rest", "*/wallets"),
        make_key("rest", "*", "/wallets", ""),
        make_key("rest", "*", "/wallets\ud800"),
    ]
    assert len(set(keys)) == len(keys)
    assert make_key("rest", Principal("other", frozenset(), owner="alice").reach, "/wallets") == keys[2]
