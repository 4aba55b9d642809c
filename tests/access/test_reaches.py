"""No remembered answer crosses from one reach to another, and entries tell owners only of their own keys."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.access.owners import Caller, nodes
from tests.database.rows import ENTRY, insert
from tests.fast_path.front import Front
from walletsvc.cache import responses
from walletsvc.principals import Principal

pytestmark = pytest.mark.django_db(transaction=True)

WALLETS = "{ wallets { edges { node { label owner entries { edges { node { sequence principal owner } } } } } } }"
ENTRIES = "{ entries { edges { node { sequence principal owner } } } }"
PATHS = (
    "wallets/",
    "wallets/{wallet}/",
    "wallets/{wallet}/entries/",
    "transactions/?include=wallet,entries",
    "transactions/{transaction}/",
    "transactions/{transaction}/wallet/",
    "entries/?fields[Entry]=principal",
    "entries/?page[after]={cursor}",
)
QUERIES = (WALLETS, ENTRIES, '{ wallet(id: "%(wallet)s") { owner sequence } }')
LAST = "{ entries(first: 1) { pageInfo { endCursor } } }"


def principals_of(caller: Caller) -> list[str]:
    """Return who made the entries that a caller sees, in order; all ways of reading say the same."""
    answers = [
        [each["attributes"]["principal"] for each in caller.read("entries/")],
        [each["attributes"]["principal"] for each in caller.read("entries/?fields[Entry]=principal&sort=sequence")],
        [each["principal"] for each in nodes(caller.graphql(ENTRIES))],
        [
            each["node"]["principal"]
            for wallet in nodes(caller.graphql(WALLETS))
            for each in wallet["entries"]["edges"]
        ],
    ]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def test_owners_see_which_of_their_keys_wrote_and_no_others(guarded_front: Front) -> None:
    first, second, operator, narrowed = (
        Caller(guarded_front, owner="alice"),
        Caller(guarded_front, owner="alice"),
        Caller(guarded_front),
        Caller(guarded_front, narrowed_to="alice"),
    )
    wallet = first.open("A", balance="5.00")
    for number in range(2):
        for caller in (first, second, operator, narrowed):
            assert caller.post(wallet, f"{caller.id} {number}")[0] == 201
    ids = [first.id, *[caller.id for caller in (first, second, operator, narrowed)] * 2]
    shown = [first.id, *[first.id, second.id, "operator", "operator"] * 2]
    for _ in range(3):
        for caller in (first, second, narrowed):
            assert principals_of(caller) == shown
        assert principals_of(operator) == ids
    # Also of what is left of a deleted wallet, and of a batch.
    deleted = operator.operations({"op": "remove", "ref": {"type": "Transaction", "id": "1"}})
    assert deleted[0] == 204
    assert principals_of(second) == [*shown, "operator"]
    assert principals_of(operator) == [*ids, operator.id]


def test_entries_of_older_servers_are_the_operators_to_an_owner(guarded_front: Front) -> None:
    wallet = insert("walletsvc_wallet", owner="alice")
    assert "shown_principal" not in ENTRY
    insert("walletsvc_entry", wallet_id=wallet, owner="alice")
    assert principals_of(Caller(guarded_front, owner="alice")) == ["operator"]
    assert principals_of(Caller(guarded_front)) == ["anonymous"]


def test_a_caller_that_narrows_itself_is_not_one_of_the_owners() -> None:
    scopes = frozenset({"admin"})
    own = Principal("k", scopes, owner="alice")
    narrowed = Principal("k", scopes, owner="alice", narrowed=True)
    # They read the same, and share neither a remembered write nor a commit.
    assert own.reach == narrowed.reach
    assert own != narrowed
    assert [each.shown_to_owner for each in (own, narrowed, Principal("k", scopes))] == ["k", "operator", "operator"]


def test_no_answer_crosses_from_one_reach_to_another(guarded_front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = {
        "all": Caller(guarded_front),
        "alice": Caller(guarded_front, owner="alice"),
        "alice too": Caller(guarded_front, owner="alice"),
        "alice reads": Caller(guarded_front, "wallets:read", "transactions:read", owner="alice"),
        "as alice": Caller(guarded_front, narrowed_to="alice"),
        "bob": Caller(guarded_front, owner="bob"),
        "alice's wallets": Caller(guarded_front, "wallets:read", owner="alice"),
        "all wallets": Caller(guarded_front, "wallets:read"),
    }
    alice, bob = callers["alice"], callers["bob"]
    ids = {"wallet": alice.open("A", balance="5.00")}
    bob.post(bob.open("B", balance="5.00"), "T")
    ids["transaction"] = callers["alice too"].post(ids["wallet"], "T")[1]["data"]["id"]
    ids["cursor"] = alice.graphql(LAST)["data"]["entries"]["pageInfo"]["endCursor"]
    questions: list[tuple[Any, ...]] = [("GET", f"/api/{path.format(**ids)}") for path in PATHS]
    questions += [("POST", "/graphql/", {"query": query % ids}, "application/json") for query in QUERIES]
    expected = {}
    with monkeypatch.context() as patch:
        patch.setattr(responses, "lifetime_seconds", lambda: 0)
        for name, caller in callers.items():
            caller.front = Front()
            expected[name] = [caller.ask(*question) for question in questions]
            caller.front = guarded_front
    made: defaultdict[str, set[str]] = defaultdict(set)
    look_up, asking = responses.look_up, ""

    def noted(key: str, **stamps: Any) -> Any:
        made[key].add(asking)
        return look_up(key, **stamps)

    monkeypatch.setattr(responses, "look_up", noted)
    for round_ in range(3):
        for place, question in enumerate(questions):
            for name, caller in callers.items():
                asking = name
                assert caller.ask(*question) == expected[name][place], (round_, name, question)
    hers = ("alice", "alice too", "alice reads", "as alice")
    assert all(expected[name] == expected["alice"] for name in hers)
    for name in set(callers) - {"alice too", "alice reads", "as alice"}:
        for other in set(callers) - {name, "alice too", "alice reads", "as alice"}:
            assert expected[name] != expected[other]
    # Who reads the same shares what is remembered, and nobody else.
    groups = [{"alice" if name in hers else name for name in names} for names in made.values()]
    assert len(groups) > 3 * len(questions)
    assert all(len(group) == 1 for group in groups)
    assert sum(len(names) == len(hers) for names in made.values()) == len(questions)
