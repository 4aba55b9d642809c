"""What the stamped cache asks its store, step by step, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cache.strict import BODY, KEY, MISS, NAMES, PREFIX, TAG, World, ask, do_nothing
from walletsvc.cache import responses
from walletsvc.cache.lease import LEASE_SECONDS
from walletsvc.cache.memory import MemoryStore
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import (
    EVERYTHING,
    Lookup,
    change_channel,
    is_in_use,
    keep,
    make_key,
    owner_stamp,
    remember,
)
from walletsvc.cache.responses import keeper as keeper_of_this_process
from walletsvc.cache.responses import store as store_of_this_process

pytestmark = pytest.mark.without_engine


# -- names that processes of one version agree on ----------------------------------------------------------------


def test_the_stamp_of_an_owner_is_named_after_its_hash() -> None:
    # printf alice | b2sum -l 160; and of U+D800 in three bytes, as UTF-8 would have it
    assert owner_stamp("alice") == "owner:6d4afdca0468b62847a15d99bccdae2dbaa2ff5c"
    assert owner_stamp("\ud800") == "owner:d0eac5d054995440081edbd3fcb4e055262f6abc"


def test_a_key_is_a_hash_of_its_parts_and_their_lengths() -> None:
    # printf 4:rest1:*14:/api/wallets/1 | b2sum -l 160
    assert make_key("rest", "*", "/api/wallets/1") == "response:4:fcc6e0b0f7a9cdfbc362be2cc4eab4f23121c2b3"
    assert make_key("\ud800") == "response:4:f8920b01bee0b48d9c76b3feef8c38a4cad5e5ae"


def test_changes_are_announced_on_a_channel_of_the_database(world: World) -> None:
    assert change_channel() is None
    world.keeper.step()
    assert change_channel() == "walletsvc:identity:changes"


# -- the parts of this process ------------------------------------------------------------------------------------


def test_the_store_is_the_redis_of_the_settings(settings: Any) -> None:
    choose: Callable[[], Any] = store_of_this_process.__wrapped__
    url = "redis://127.0.0.1:1/{}"
    settings.CACHES = {
        name: {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url.format(number)}
        for number, name in enumerate(("other", "default"))
    }
    settings.REDIS_URL = url.format(1)
    chosen = choose()
    assert isinstance(chosen, RedisStore)
    assert chosen._client.connection_pool.connection_kwargs["db"] == 1
    settings.REDIS_URL = ""
    assert isinstance(choose(), MemoryStore)


def test_the_keeper_is_one_for_the_whole_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_keeper", world.keeper)
    assert keeper_of_this_process() is world.keeper


def test_writers_are_known_to_use_the_cache_while_the_lease_lasts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(world.keeper, "start", lambda: started.append(1))
    assert is_in_use() is False
    world.keeper.step()
    assert is_in_use() is True
    world.now += LEASE_SECONDS
    assert is_in_use() is False
    assert len(started) == 3


# -- a look-up ----------------------------------------------------------------------------------------------------


def test_a_miss_makes_missing_stamps_and_stores_under_them(world: World) -> None:
    found = ask()
    assert found == Lookup(KEY, None, world.tokens(), None, world.state)
    assert world.asked() == ["fetch", "create_missing", "fetch"]
    assert keep(found, BODY) == TAG
    assert world.asked() == ["put"]
    assert world.store.shared.get_many([PREFIX + KEY]) == [b"%s\n%s\n%s" % (world.tokens(), TAG.encode(), BODY)]
    assert len(world.tokens().split(b" ")) == 2


def test_a_hit_on_a_copy_costs_the_stamps(world: World) -> None:
    keep(ask(), BODY)
    world.asked()
    assert ask() == Lookup(KEY, BODY, world.tokens(), TAG, world.state)
    assert world.asked() == ["get_many"]


def test_a_hit_in_the_store_leaves_a_copy(world: World) -> None:
    keep(ask(), BODY)
    world.forget_copies()
    world.asked()
    for method in ("fetch", "get_many"):
        assert ask() == Lookup(KEY, BODY, world.tokens(), TAG, world.state)
        assert world.asked() == [method]


def test_a_store_in_memory_needs_no_copies(world: World) -> None:
    world.store.copies = None
    keep(ask(), BODY)
    world.asked()
    assert ask() == Lookup(KEY, BODY, world.tokens(), TAG, world.state)
    assert world.asked() == ["fetch"]


def test_a_copy_whose_stamps_are_outdated_is_given_up(world: World) -> None:
    keep(ask(), BODY)
    world.store.shared.settle(dict.fromkeys(NAMES, b"new"), mark=b"!")
    world.asked()
    assert ask() == Lookup(KEY, None, b"new new", None, world.state)
    assert world.asked() == ["get_many", "fetch"]
    assert world.store.copies is not None
    assert world.store.copies.get(KEY) is None


def test_a_copy_lives_no_longer_than_its_response_counted_from_before_the_fetch(world: World) -> None:
    keep(ask(), BODY)
    world.forget_copies()
    world.store.seconds_left = 5.0
    began = world.now

    def take_a_while() -> None:
        world.now += 2

    world.store.meanwhile = take_a_while
    assert ask().is_hit
    world.store.meanwhile = do_nothing
    world.asked()
    for seconds, methods in ((4.9, ["get_many"]), (5.0, ["fetch"])):
        world.now = began + seconds
        assert ask().is_hit
        assert world.asked() == methods


def test_a_copy_of_what_was_built_lives_for_the_seconds_in_the_settings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 7)
    keep(ask(), BODY)
    began = world.now
    world.asked()
    for seconds, is_hit, methods in ((6.9, True, ["get_many"]), (7.0, False, ["fetch"])):
        world.now = began + seconds
        assert ask().is_hit is is_hit
        assert world.asked() == methods


def test_a_cache_that_is_switched_off_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 0)
    assert ask() == MISS
    assert keep(MISS, BODY) == TAG
    assert world.asked() == []


def test_a_cache_that_is_not_trusted_is_wanted_and_not_asked(world: World) -> None:
    world.row.suspend()
    assert ask() == MISS
    assert world.keeper.is_wanted is True
    assert world.asked() == []


@pytest.mark.parametrize("has_copy", [True, False])
def test_a_store_that_does_not_answer_is_a_miss(world: World, has_copy: bool) -> None:
    before = ask()
    assert keep(before, BODY) == TAG
    if not has_copy:
        world.forget_copies()
    world.store.is_gone = True
    assert ask() == MISS
    assert keep(before, BODY) == TAG


def test_a_response_from_the_cache_has_its_tag_with_it(world: World) -> None:
    for _ in range(2):
        found = remember(KEY, stamps=[EVERYTHING], build=lambda: BODY)
        assert (found.body, found.etag) == (BODY, TAG)
    assert world.asked() == ["fetch", "create_missing", "fetch", "put", "get_many"]
