"""What is another's is what is not there: every request with its ids is answered as one with ids of nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256

import pytest

from tests.access.all_cases import all_cases, names_in
from tests.access.case import Case
from tests.access.world import Answer, Caller, World
from tests.writes import post_transfer
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.any_engine

_OF_ONE_ANSWER = {"etag"}
"""Headers that depend on the id: the tag of a document that repeats it."""


def absent_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return names of nothing, each as long as that of the thing."""
    absent = {
        name: value[0] + "9" + value[2:] if value.isdigit() else f"{value[:-1]}z" for name, value in names.items()
    }
    for resource, name in (("Wallet", "wallet"), ("Transaction", "transaction")):
        absent[f"global_{name}"] = base64.b64encode(f"{resource}:{absent[name]}".encode()).decode()
    return absent


def without_names(answer: Answer, names: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Return the answer with the same text for each of the names."""
    body, headers = answer.body, {name: value for name, value in answer.headers.items() if name not in _OF_ONE_ANSWER}
    for name, value in sorted(names.items(), key=lambda each: -len(each[1])):
        for form in (value, value.replace(" ", "%20")):
            body = body.replace(form.encode(), f"<{name}>".encode())
            headers = {key: text.replace(form, f"<{name}>") for key, text in headers.items()}
    return answer.status, headers, body


def named_cases(source: str) -> list[Case]:
    """Return the cases that name a thing. A cursor is of the list that it came from."""
    return [
        each
        for each in all_cases()[source]
        if "{" in each.path + str(each.content).replace("{'", "") and "{cursor}" not in each.path + str(each.content)
    ]


@pytest.mark.parametrize("source", ["routes", "described", "graphql"])
def test_ids_of_another_are_ids_of_nothing(world: World, source: str) -> None:
    bob, operator = world.caller(owner="bob"), world.caller(owner=None, narrowed="bob")
    differences = [
        difference
        for place, case in enumerate(named_cases(source))
        for caller in ((bob, operator) if source == "routes" else (bob, operator)[place % 2 :][:1])
        for difference in compare(world, case, caller)
    ]
    assert not differences, f"{len(differences)} differences:\n" + "\n".join(differences[:20])


def compare(world: World, case: Case, caller: Caller) -> list[str]:
    theirs = names_in(world, case)
    absent = absent_names(theirs)
    asked = case.filled(theirs), case.filled(absent)
    if asked[0] == asked[1]:
        return []
    # The second time from the cache, where there is one.
    for _ in range(1 if case.is_write else 2):
        found, missing = (world.ask(caller, *each) for each in asked)
        first, second = without_names(found, theirs), without_names(missing, absent)
        if first != second:
            return [f"{case} as {caller.name}:\n  {first}\n  {second}"]
    return []


def test_a_leg_is_not_found_by_a_transfer_that_another_owner_shares(world: World) -> None:
    """Whoever guesses its id does not learn which of its transactions belong to a transfer, nor that there is one."""
    hers, his = world.ids["alice"], world.ids["bob"]
    pair = {"source_id": hers["wallet"], "destination_id": his["wallet"], "amount": "1.00"}
    shared = post_transfer(principal=ANYONE, txid="Shared", **pair)
    own = hers["reversed_transfer"]

    def found(caller: Caller, transfer: object) -> list[tuple[int, int]]:
        """Return how many transactions each face finds, and how many it counts."""
        listed = world.ask(caller, "GET", f"/api/transactions/?filter[transfer]={transfer}").document
        query = f'{{ transactions(filters: {{transfer: "{transfer}"}}) {{ totalCount edges {{ node {{ id }} }} }} }}'
        answer = world.ask(caller, "POST", "/graphql/", {"query": query}, "application/json").document
        page = answer["data"]["transactions"]
        return [
            (len(listed["data"]), listed["meta"]["pagination"]["count"]),
            (len(page["edges"]), page["totalCount"]),
        ]

    # The second time from the cache.
    for _ in range(2):
        for caller in (world.caller(), world.caller(owner=None, narrowed="alice")):
            assert found(caller, shared.id) == found(caller, shared.id + 1) == [(0, 0)] * 2
            assert found(caller, own) == [(2, 2)] * 2
        assert found(world.caller(owner="bob"), own) == found(world.caller(owner="bob"), shared.id) == [(0, 0)] * 2
        assert found(world.caller(owner=None), shared.id) == found(world.caller(owner=None), own) == [(2, 2)] * 2


def test_a_document_that_another_has_sent_is_unknown(world: World) -> None:
    text = '{ walletByLabel(label: "ACME") { id } }'
    named = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}

    def ask(caller: Caller, **members: object) -> str | None:
        content = {"extensions": named, **members}
        return world.ask(caller, "POST", "/graphql/", content, "application/json").code()

    alice, bob, operator = world.caller(), world.caller(owner="bob"), world.caller(owner=None)
    for first in (bob, operator):
        assert ask(first, query=text) == ask(first) == "not_found"
        assert ask(alice) == "PERSISTED_QUERY_NOT_FOUND"
    assert ask(alice, query=text) == "not_found"
    # Whoever is of the same owner knows it.
    assert ask(world.caller(frozenset({"wallets:read"}))) == "not_found"
    assert ask(world.caller(owner=None, narrowed="alice")) == "not_found"


def test_the_comparison_finds_what_differs(world: World) -> None:
    case = next(each for each in named_cases("routes") if each.path == "/api/wallets/{wallet}/")
    assert compare(world, case, world.caller(owner="bob")) == []
    [difference] = compare(world, case, world.caller(owner="alice"))
    assert "not_found" in difference
