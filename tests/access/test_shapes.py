"""No answer is remembered for another reach than that of its caller, and no writer for another one.

A reach is whose wallets a caller sees, and its scopes of reading. Here it is told from the keys that the test makes,
not from `Principal.reach`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.access.all_cases import all_cases, names_in
from tests.access.world import ALL_SCOPES, World, digest, make_key
from tests.fast_path.front import Front, transaction
from tests.writes import open_wallet
from walletsvc.cache import responses
from walletsvc.models import Entry
from walletsvc.principals import Principal
from walletsvc.web import fast_path

Reach = tuple[str | None, frozenset[str]]

READERS = frozenset({"wallets:read"})
CALLERS: list[tuple[frozenset[str], str | None, str | None]] = [
    (ALL_SCOPES, "alice", None),
    # Another key, with the same reach.
    (ALL_SCOPES - {"holds:write"}, "alice", None),
    (ALL_SCOPES, None, "alice"),
    (READERS, "alice", None),
    (READERS | {"wallets:write"}, "alice", None),
    (frozenset({"admin"}), "alice", None),
    (ALL_SCOPES, "bob", None),
    (ALL_SCOPES, None, "bob"),
    (ALL_SCOPES, None, None),
    (READERS, None, None),
    # Names that could be taken for another reach.
    (ALL_SCOPES, "*", None),
    (ALL_SCOPES, "transactions:read wallets:read|*", None),
    (READERS, "wallets:read|owner:alice", None),
]


def reach_of(scopes: frozenset[str], owner: str | None, narrowed: str | None) -> Reach:
    reads = {"admin"} if "admin" in scopes else {scope for scope in scopes if scope.endswith(":read")}
    return narrowed or owner, frozenset(reads)


class Collected:
    """The shapes and the cache keys of a run, with the reach of each caller that asked with them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reach: Reach = (None, frozenset())
        self.shapes: dict[Any, set[Reach]] = defaultdict(set)
        self.keys: dict[str, set[Reach]] = defaultdict(set)
        self.asked = 0
        shape_of, look_up = fast_path._shape, responses.look_up

        def shape(*arguments: Any) -> Any:
            found = shape_of(*arguments)
            if found[0]:
                self.shapes[found[0]].add(self.reach)
            return found

        def look(key: str, **more: Any) -> Any:
            self.keys[key].add(self.reach)
            self.asked += 1
            return look_up(key, **more)

        patch.setattr(fast_path, "_shape", shape)
        patch.setattr(responses, "look_up", look)


@pytest.mark.parametrize("source", ["routes", "described", "graphql"])
def test_equal_keys_and_shapes_imply_an_equal_reach(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected = Collected(monkeypatch)
    reads = [case for case in all_cases()[source] if not case.is_write]
    for case in reads[:: 1 if source == "routes" else 5]:
        asked = case.filled(names_in(world, case))
        for caller in CALLERS:
            collected.reach = reach_of(*caller)
            world.ask(world.caller(caller[0], caller[1], narrowed=caller[2]), *asked)
    assert [key for key, reaches in collected.keys.items() if len(reaches) > 1] == []
    assert [shape for shape, reaches in collected.shapes.items() if len(reaches) > 1] == []
    # Callers of one reach do share.
    assert len(collected.keys) < collected.asked


@pytest.mark.django_db(transaction=True)
def test_entries_name_who_wrote_them_in_front_of_django(guarded_server: None) -> None:
    front = Front()
    wallet = open_wallet(principal=Principal("x", ALL_SCOPES, owner="alice"), balance="1.00", label="W")
    keys = [make_key(), make_key(), make_key(owner=None)]
    for number in range(12):
        who = {"HTTP_AUTHORIZATION": f"Bearer {keys[number % 3]}"}
        status, _, body = front.ask(**transaction(wallet.id, f"T{number}", **who))
        assert status == "201 Created", body
    # Django answers the first request of each, which identifies it, and the next, which makes its shape known.
    assert front.reached == 6
    written = Entry.objects.filter(kind="post").order_by("id").values_list("principal", flat=True)
    assert list(written) == [key[5:15] for key in keys] * 4


@pytest.mark.django_db(transaction=True)
def test_no_writer_is_remembered_for_another(guarded_server: None) -> None:
    front = Front()
    wallet = open_wallet(principal=Principal("x", ALL_SCOPES, owner="alice"), balance="1.00", label="W")
    writer, reader, other = make_key(), make_key(ALL_SCOPES - {"transactions:write"}), make_key(owner="bob")
    for number in range(2):
        who = {"HTTP_AUTHORIZATION": f"Bearer {writer}"}
        assert front.ask(**transaction(wallet.id, f"T{number}", **who))[0] == "201 Created"
    for key, expected in (
        (reader, "403 Forbidden"),
        (other, "404 Not Found"),
        (f"{writer[:-1]}_", "401 Unauthorized"),
    ):
        # Once it is known, too.
        for number in range(3):
            before = digest()
            who = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
            assert front.ask(**transaction(wallet.id, f"U{number}", **who))[0] == expected
            assert digest() == before
