"""The memory of this process's cache is bounded in bytes, including keys and the overhead of entries."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from walletsvc.cache.memory import LocalCopies, LocalCopy, MemoryStore

ENTRY_BYTES = 400
"""What an entry is counted as, beside the texts of its key and its value."""


def copy(size: int, stamps: bytes = b"") -> LocalCopy:
    return LocalCopy(stamps, "", b"x" * size)


def test_a_memory_store_takes_no_more_than_its_bytes() -> None:
    store = MemoryStore(max_bytes=100 + 3 * (ENTRY_BYTES + 1))
    for key in ("a", "b"):
        store.put(key, b"x" * 50, seconds=60)
    store.put("b", b"x" * 40, seconds=60)
    store.put("c", b"x" * 10, seconds=60)
    assert [len(value or b"") for value in store.get_many(["a", "b", "c"])] == [50, 40, 10]
    store.put("d", b"x", seconds=60)
    assert [len(value or b"") for value in store.get_many(["a", "b", "c", "d"])] == [0, 40, 10, 1]
    largest = 100 + 2 * (ENTRY_BYTES + 1)
    store.put("e", b"x" * (largest + 1), seconds=60)
    assert store.get_many(["b", "c", "d", "e"]) == [None] * 4
    store.put("f", b"x" * largest, seconds=60)
    assert store.get_many(["f"]) == [b"x" * largest]


def test_copies_take_no_more_than_their_bytes_and_entries() -> None:
    copies = LocalCopies(max_entries=3, max_bytes=2 * (ENTRY_BYTES + 35) + 30)
    for key in "abc":
        copies.put(key, copy(30, b"1234"), until=copies.now() + 60)
    assert [key for key in "abc" if copies.get(key)] == ["b", "c"]
    copies = LocalCopies(max_entries=3)
    for key in "defg":
        copies.put(key, copy(1), until=copies.now() + 60)
    assert [key for key in "defg" if copies.get(key)] == ["e", "f", "g"]
    assert copies._bytes == 3 * (ENTRY_BYTES + 2)


def test_a_response_too_large_for_memory_stays_in_redis_and_ends_the_older_copy() -> None:
    copies = LocalCopies()
    copies.put("key", copy(2**20), until=copies.now() + 60)
    assert copies.get("key")
    copies.put("key", copy(2**20 + 1), until=copies.now() + 60)
    assert (copies.get("key"), copies._bytes) == (None, 0)


def test_copies_stay_within_16_mib() -> None:
    copies = LocalCopies()
    for number in range(20):
        copies.put(str(number), copy(2**20), until=copies.now() + 60)
    assert len(copies._entries) == 15
    assert 15 * 2**20 < copies._bytes <= 16 * 2**20


def fill_store() -> int:
    store = MemoryStore()
    for number in range(4000):
        store.put(key_of(number), f"{number:016x}".encode(), seconds=60)
    return store._bytes


def fill_copies() -> int:
    copies = LocalCopies()
    for number in range(4000):
        token = f"{number:016x}"
        copies.put(key_of(number), LocalCopy(token.encode(), token, f"{number}".encode()), until=copies.now() + 60)
    return copies._bytes


def key_of(number: int) -> str:
    return f"walletsvc:0123456789abcdef:stamp:wallet:{number}"


@pytest.mark.parametrize("fill", [fill_store, fill_copies])
def test_the_bytes_that_are_counted_are_no_fewer_than_those_taken(fill: Callable[[], int]) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        counted = fill()
        _, taken = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= counted
