"""Each owner has its own stamp: writes of others leave its lists in the cache."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import MakeWallet, Post
from tests.writes import close_wallet, post_transfer
from walletsvc.cache.responses import EVERYTHING, look_up, owner_stamp
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.dependencies import stamps_of

pytestmark = pytest.mark.usefixtures("store")


def test_the_writes_of_one_owner_leave_the_lists_of_another_alone(
    transactional_db: None, make_wallet: MakeWallet, post: Post
) -> None:
    alice, bob = (Principal(name, frozenset({"admin"}), owner=name) for name in ("alice", "bob"))
    hers, his, free = make_wallet("9", principal=alice), make_wallet("9", principal=bob), make_wallet("9")
    names = [owner_stamp("alice"), owner_stamp("bob"), EVERYTHING]

    def changed(write: Callable[[], object]) -> list[bool]:
        before = [look_up("key", stamps=[name]).stamps for name in names]
        write()
        return [look_up("key", stamps=[name]).stamps != old for name, old in zip(names, before, strict=True)]

    assert changed(lambda: post(hers, "1", principal=alice)) == [True, False, True]
    assert changed(lambda: post(his, "1")) == [False, True, True]
    assert changed(lambda: post(free, "1")) == [False, False, True]
    assert changed(lambda: make_wallet(principal=bob)) == [False, True, True]
    both = {"source_id": hers.id, "destination_id": his.id, "amount": "1"}
    assert changed(lambda: post_transfer(principal=ANYONE, txid="T", **both)) == [True, True, True]
    empty = make_wallet(principal=alice)
    assert changed(lambda: close_wallet(principal=alice, wallet_id=empty.id)) == [True, False, True]


def test_an_answer_for_one_owner_depends_on_its_stamp() -> None:
    assert stamps_of(None, owner="alice") == (owner_stamp("alice"),)
    assert stamps_of(None, owner="") == stamps_of(None) == (EVERYTHING,)
    assert stamps_of([1], owner="alice") == ("wallet:1",)
    assert len({owner_stamp(owner) for owner in ("alice", "Alice", "alice ", "\u00e1lice")}) == 4
