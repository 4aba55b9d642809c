"""The cache in memory: how long it keeps what, what it drops first, and the name of its process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from walletsvc.cache import store as stores
from walletsvc.cache.memory import LocalCopies, LocalCopy, MemoryStore
from walletsvc.cache.store import MARK, PROCESS, new_token

ENTRY_BYTES = 400
MINE, OTHERS = MARK + b"1", MARK + b"2"


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def store(now: list[float]) -> MemoryStore:
    return MemoryStore(clock=lambda: now[0])


@pytest.fixture
def copies(now: list[float]) -> LocalCopies:
    return LocalCopies(clock=lambda: now[0])


def copy(size: int) -> LocalCopy:
    return LocalCopy(b"", "", b"x" * size)


def test_values_come_in_the_order_of_their_keys(store: MemoryStore) -> None:
    store.put("a", b"1", seconds=60)
    store.put("b", b"2", seconds=60)
    assert store.get_many(["b", "none", "a"]) == [b"2", None, b"1"]
    # Nobody knows how long they live: no copy is to be made of them.
    assert store.fetch(["b", "a"]) == ([b"2", b"1"], 0)


@pytest.mark.parametrize(
    ("put", "seconds"),
    [
        (lambda store: store.put("key", b"value", seconds=7), 7),
        (lambda store: store.create_missing({"key": b"value"}), 3600),
        (lambda store: store.mark(["key"], b"value"), 5),
        (lambda store: store.settle({"key": b"value"}, mark=MINE), 3600),
    ],
    ids=["put", "create_missing", "mark", "settle"],
)
def test_a_value_lives_for_its_time(
    store: MemoryStore, now: list[float], put: Callable[[MemoryStore], None], seconds: int
) -> None:
    put(store)
    now[0] += seconds - 0.5
    assert store.get_many(["key"]) == [b"value"]
    now[0] += 0.5
    assert store.get_many(["key"]) == [None]
    assert store._bytes == 0


def test_only_missing_stamps_are_created(store: MemoryStore) -> None:
    store.put("a", b"1", seconds=60)
    store.create_missing({"a": b"2", "b": b"3"})
    assert store.get_many(["a", "b"]) == [b"1", b"3"]


def test_a_mark_takes_the_place_of_every_value(store: MemoryStore) -> None:
    store.put("a", b"1", seconds=60)
    store.mark(["b"], OTHERS)
    store.mark(["a", "b", "c"], MINE)
    assert store.get_many(["a", "b", "c"]) == [MINE] * 3


def test_new_stamps_replace_all_but_the_marks_of_others(store: MemoryStore) -> None:
    store.mark(["others"], OTHERS)
    store.mark(["mine"], MINE)
    store.put("token", b"1", seconds=60)
    store.settle(dict.fromkeys(["others", "mine", "token", "none"], b"2"), mark=MINE)
    assert store.get_many(["others", "mine", "token", "none"]) == [OTHERS + b"@", b"2", b"2", b"2"]


def test_a_cleared_store_is_empty_and_has_all_its_room() -> None:
    store = MemoryStore(max_bytes=2 * (ENTRY_BYTES + 2))
    for keys in ("ab", "cd"):
        for key in keys:
            store.put(key, b"x", seconds=60)
        assert store.get_many(list(keys)) == [b"x", b"x"]
        store.clear()
        assert store.get_many(list(keys)) == [None, None]
        assert store._bytes == 0


def test_a_store_keeps_4096_entries() -> None:
    store = MemoryStore()
    for number in range(4097):
        store.put(str(number), b"", seconds=60)
    assert store.get_many(["0", "1", "4096"]) == [None, b"", b""]


def test_copies_are_4096() -> None:
    copies = LocalCopies()
    for number in range(4097):
        copies.put(str(number), copy(0), until=copies.now() + 60)
    assert [copies.get(key) is None for key in ("0", "1", "4096")] == [True, False, False]


def test_a_store_has_16_mib() -> None:
    store = MemoryStore()
    half = 8 * 2**20 - ENTRY_BYTES - 1
    store.put("a", b"x" * half, seconds=60)
    store.put("b", b"x" * half, seconds=60)
    assert None not in store.get_many(["a", "b"])
    store.put("c", b"", seconds=60)
    assert [each is None for each in store.get_many(["a", "b", "c"])] == [True, False, False]


def test_a_copy_lives_until_its_time(copies: LocalCopies, now: list[float]) -> None:
    assert copies.now() == now[0]
    assert copies.get("key") is None
    copies.put("key", copy(1), until=now[0] + 7)
    now[0] += 6.5
    assert copies.get("key") == copy(1)
    now[0] += 0.5
    assert copies.get("key") is None


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_copy_whose_time_has_passed_ends_the_one_before(
    copies: LocalCopies, now: list[float], seconds: float
) -> None:
    copies.put("key", copy(1), until=now[0] + 1)
    copies.put("key", copy(2), until=now[0] + seconds)
    assert (copies.get("key"), len(copies._entries), copies._bytes) == (None, 0, 0)


def test_a_forgotten_copy_is_gone_with_its_bytes(copies: LocalCopies, now: list[float]) -> None:
    copies.put("key", copy(1), until=now[0] + 0.5)
    assert copies.get("key")
    copies.forget("key")
    copies.forget("none")
    assert (copies.get("key"), copies._bytes) == (None, 0)


def test_the_copy_that_was_found_last_is_dropped_last() -> None:
    copies = LocalCopies(max_entries=2)
    for key in "ab":
        copies.put(key, copy(1), until=copies.now() + 60)
    assert copies.get("a")
    copies.put("c", copy(1), until=copies.now() + 60)
    assert [key for key in "abc" if copies.get(key)] == ["a", "c"]


def test_the_value_that_was_read_last_is_dropped_last() -> None:
    store = MemoryStore(max_entries=2)
    for key in "ab":
        store.put(key, b"x", seconds=60)
    store.get_many(["a"])
    store.put("c", b"x", seconds=60)
    assert store.get_many(["a", "b", "c"]) == [b"x", None, b"x"]


def test_an_empty_copy_is_one() -> None:
    assert copy(0)
    assert len(LocalCopy(b"12", "3", b"4567")) == 7


def test_tokens_are_unique_among_threads_and_forked_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    in_children: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda *, after_in_child: in_children.append(after_in_child))
    make = stores._Tokens()
    with ThreadPoolExecutor(8) as pool:
        tokens = [token for found in pool.map(lambda _: [make() for _ in range(500)], range(8)) for token in found]
    [begin_again] = in_children
    begin_again()
    tokens += [make() for _ in range(500)] + [stores._Tokens()() for _ in range(500)] + [new_token()]
    assert len(set(tokens)) == len(tokens) == 5001
    # Nothing that could be taken for a mark, or for the end of a list.
    assert all(re.fullmatch(rb"[0-9a-f]{16}-[0-9a-f]+", each) for each in tokens)


def test_a_process_has_a_name_and_its_children_have_others(monkeypatch: pytest.MonkeyPatch) -> None:
    in_children: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda *, after_in_child: in_children.append(after_in_child))
    process = stores._Process()
    first = process.name
    [rename] = in_children
    rename()
    prefix, _, token = first.partition(":")
    assert (prefix, len(token)) == ("process", 16)
    assert process.name.startswith("process:")
    assert process.name != first


def test_the_memory_of_a_process_is_one_instance(store: MemoryStore) -> None:
    assert store.own_instance == store.probe() == PROCESS.name
