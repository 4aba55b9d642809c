"""A size below 0 is refused before anything runs, wherever it comes from, and no size bypasses the limit."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_api.ids import global_id
from tests.live_updates.hubs import refusal

pytestmark = pytest.mark.django_db

MIN_INT = -(2**31)
BIG = """b: wallets(first: 100) { edges { node { transactions(first: 100) { edges { node {
    entries(first: 100) { edges { node { id } } } } } } } } }"""
OWN = "edges { node { id } }"

# Each with a place for the argument.
PLACES = {
    "a root field": "{ n: wallets(%s) { edges { node { id } } } REST }",
    "one that selects a number only": "{ n: wallets(%s) { totalCount } REST }",
    "a field of records": "{ n: wallets(first: 1) { edges { node { transactions(%s) { totalCount } } } } REST }",
    "a field of one record": "{ n: wallet(id: 1) { transactions(%s) { totalCount } } REST }",
    "a fragment": "{ ...F REST } fragment F on Query { n: wallets(%s) { totalCount } }",
    "a fragment on an interface": """{ n: node(id: "V2FsbGV0OjE=") { ... on Node { ...F } } REST }
        fragment F on Wallet { transactions(%s) { totalCount } }""",
    "a field that is left out": "{ n: wallets(%s) @skip(if: true) { totalCount } REST }",
}


def refused(reply: Any, argument: str) -> None:
    assert (reply.data, reply.codes) == (None, ["invalid_parameter"])
    assert reply.errors[0]["extensions"]["parameter"] == argument
    assert "cost" not in reply.extensions


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("size", [-1, MIN_INT])
def test_a_size_below_0_is_refused_in_a_query(place: str, argument: str, size: int, ask: Any) -> None:
    query = place.replace("REST", BIG)
    refused(ask(query % f"{argument}: {size}"), argument)
    declared = query.replace("{", "query ($n: Int%s) {", 1)
    refused(ask(declared.replace("%s", "", 1) % f"{argument}: $n", n=size), argument)
    refused(ask(declared.replace("%s", f" = {size}", 1) % f"{argument}: $n"), argument)


def test_a_whole_number_below_0_is_refused_however_it_is_written(ask_raw: Any) -> None:
    for number in ("-1", "-1.0", "-1e0", "-2147483648.0"):
        refused(
            ask_raw(f"query ($n: Int) {{ n: wallets(first: $n) {{ {OWN} }} {BIG} }}", f'{{"n": {number}}}'), "first"
        )


MUTATIONS = {
    "a literal": (
        """mutation { createTransaction(input: {txid: "T", walletId: ID, amount: "1.00"}) {
          transaction { wallet { transactions(first: -1) { totalCount } } } } }""",
        {},
        "first",
    ),
    "a variable": (
        """mutation ($n: Int) { createTransaction(input: {txid: "T", walletId: ID, amount: "1.00"}) {
          transaction { wallet { transactions(last: $n) { totalCount } } } } }""",
        {"n": MIN_INT},
        "last",
    ),
    "a default": (
        """mutation ($n: Int = -1) { createTransaction(input: {txid: "T", walletId: ID, amount: "1.00"}) {
          transaction { entries(first: $n) { totalCount } } } }""",
        {},
        "first",
    ),
    "the second of two": (
        """mutation { a: createWallet(input: {label: "A"}) { wallet { id } }
          b: createWallet(input: {label: "B"}) { wallet { entries(first: -1) { totalCount } } } }""",
        {},
        "first",
    ),
}


@pytest.mark.parametrize(("query", "variables", "argument"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_size_below_0_is_refused_before_a_mutation_runs(
    query: str, variables: dict[str, int], argument: str, ask: Any, make_wallet: Any, everything: Any
) -> None:
    wallet = make_wallet("1.00")
    before = everything()
    refused(ask(query.replace("ID", str(wallet.id)), **variables), argument)
    assert everything() == before


@pytest.mark.parametrize("variables", [{"n": -1}, {"n": MIN_INT}])
def test_a_size_below_0_is_refused_before_a_subscription_begins(variables: dict[str, int]) -> None:
    query = """subscription ($n: Int) { walletBalance(id: "1") {
      transactions(first: $n) { totalCount } entries(first: 100) { totalCount } } }"""
    [error] = refusal(query, variables).errors
    assert error["extensions"]["code"] == "invalid_parameter"


@pytest.mark.parametrize(
    ("arguments", "variables", "cost"),
    [
        ("(first: $n)", {}, 1 + 20),
        ("(first: $n)", {"n": None}, 1 + 20),
        ("(first: $n, last: $m)", {"n": None, "m": 7}, 1 + 7),
        ("(first: $n, last: $m)", {"m": 7}, 1 + 7),
        ("(first: $d)", {}, 1 + 3),
        ("(first: $d)", {"d": None}, 1 + 20),
        ("(first: $d)", {"d": 9}, 1 + 9),
        ("(first: null)", {}, 1 + 20),
    ],
)
def test_a_size_of_null_costs_the_rows_read(
    arguments: str, variables: dict[str, Any], cost: int, ask: Any, make_wallet: Any
) -> None:
    for _ in range(25):
        make_wallet()
    declared = ", ".join(
        f"${name}: Int{default}" for name, default in (("n", ""), ("m", ""), ("d", " = 3")) if f"${name}" in arguments
    )
    query = f"query {f'({declared})' if declared else ''} {{ wallets{arguments} {{ {OWN} }} }}"
    reply = ask(query, **variables)
    assert reply.errors == []
    assert reply.extensions["cost"]["requested"] == cost
    assert len(reply.data["wallets"]["edges"]) == cost - 1


def test_one_id_for_a_list_is_a_list_of_one(ask: Any, make_wallet: Any) -> None:
    identifier = global_id("Wallet", make_wallet().id)
    reply = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=identifier)
    assert (reply.data, reply.extensions["cost"]["requested"]) == ({"nodes": [{"id": identifier}]}, 1)
    reply = ask(f'{{ nodes(ids: "{identifier}") {{ id }} }}')
    assert (reply.data, reply.extensions["cost"]["requested"]) == ({"nodes": [{"id": identifier}]}, 1)


def test_fields_of_one_name_of_two_types_cost_each_by_its_own_size(ask: Any) -> None:
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) {
      ... on Transaction { e: entries(first: 1) { edges { node { id } } } }
      ... on Wallet { e: entries(first: 100) { edges { node { id } } } } } }"""
    # For each node itself, and a page of either size.
    assert ask(query, ids=[global_id("Wallet", 1)] * 10).extensions["cost"]["requested"] == 10 * (1 + 2 + 101)
    reply = ask(query, ids=[global_id("Wallet", 1)] * 100)
    assert reply.codes == ["graphql_too_costly"]
    assert reply.errors[0]["extensions"]["cost"] == 100 * (1 + 2 + 101)


def test_aliases_of_nodes_are_added_up(ask: Any) -> None:
    ids = ", ".join(f'"{global_id("Wallet", 1)}"' for _ in range(11))
    nodes = " ".join(f"a{number}: nodes(ids: [{ids}]) {{ ...F }}" for number in range(5))
    reply = ask(f"{{ {nodes} }} fragment F on Wallet {{ transactions(first: 99) {{ edges {{ node {{ id }} }} }} }}")
    assert reply.errors == []
    assert reply.extensions["cost"]["requested"] == 5 * 11 * 101
