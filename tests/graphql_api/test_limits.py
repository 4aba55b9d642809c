"""Documents that ask for too much are refused, with a code, before they cost anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from graphql_api import documents
from graphql_api.limits import LimitExceeded, parse_within_limits
from graphql_api.schema import schema

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_document_is_known() -> Iterator[None]:
    """Forget documents checked under other limits."""
    documents.forget()
    yield
    documents.forget()


def test_a_document_has_so_many_characters(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_CHARACTERS = 20
    assert ask("{ __typename       }").data == {"__typename": "Query"}
    reply = ask("{ __typename        }")
    assert (reply.data, reply.codes) == (None, ["graphql_too_long"])
    assert reply.errors[0]["extensions"]["limit"] == 20


def test_a_document_has_so_many_tokens(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_TOKENS = 5
    assert ask("{ a:__typename } # comments do not count").data == {"a": "Query"}
    reply = ask("{ a:__typename b:__typename }")
    assert (reply.data, reply.codes) == (None, ["graphql_too_many_tokens"])
    assert reply.errors[0]["extensions"]["limit"] == 5


def test_a_document_is_so_deep(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_DEPTH = 4
    assert ask("{ wallets { edges { node { label } } } }").errors == []
    too_deep = [
        "{ wallets { edges { node { transactions { totalCount } } } } }",
        "{ wallets { ...A } } fragment A on WalletConnection { edges { node { transactions { totalCount } } } }",
        "{ wallets { edges { ... on WalletEdge { node { ... { transactions { totalCount } } } } } } }",
        "{ __typename } fragment A on WalletConnection { edges { node { transactions { edges { cursor } } } } }",
    ]
    for query in too_deep:
        reply = ask(query)
        assert (reply.data, reply.codes) == (None, ["graphql_too_deep"])


def test_a_document_has_so_many_aliases(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_ALIASES = 3
    assert ask("{ a: __typename b: __typename c: __typename __typename }").errors == []
    for query in (
        "{ a: __typename b: __typename c: __typename d: __typename }",
        "{ a: wallets { ...F } b: wallets { ...F } } fragment F on WalletConnection { c: totalCount }",
        "query A { a: __typename b: __typename } query B { c: __typename d: __typename }",
    ):
        reply = ask(query)
        assert (reply.data, reply.codes) == (None, ["graphql_too_many_aliases"])


def test_fields_count_where_fragments_are_spread(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_MAX_FIELDS = 6
    fragment = "fragment F on WalletConnection { totalCount pageInfo { hasNextPage } }"
    assert ask(f"{{ wallets {{ ...F }} }} {fragment}").errors == []
    reply = ask(f"{{ wallets {{ ...F }} a: wallets {{ ...F }} }} {fragment}")
    assert (reply.data, reply.codes) == (None, ["graphql_too_many_fields"])


def test_fields_of_one_name_are_not_repeated_without_end(ask: Any) -> None:
    assert ask("{" + "__typename " * 100 + "}").data == {"__typename": "Query"}
    reply = ask("{" + "__typename " * 102 + "}")
    assert (reply.data, reply.codes) == (None, ["graphql_too_complex"])


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ __typename }", 0),
        ("{ __schema { types { name } } }", 0),
        ("{ wallets { totalCount } }", 1),
        ("{ wallets { pageInfo { hasNextPage } edges { cursor } } }", 1),
        ("{ wallets { edges { node { label } } } }", 1 + 20),
        ("{ wallets(first: 3) { edges { node { label } } } }", 1 + 3),
        ("{ wallets(last: 100) { totalCount edges { node { label } } } }", 1 + 100),
        (
            "{ wallets(first: 3) { edges { node { transactions(first: 5) { edges { node { id } } } } } } }",
            1 + 3 * (2 + 5),
        ),
        ("{ transactions(first: 4) { edges { node { wallet { label } } } } }", 1 + 4 * 2),
        ("{ a: wallets(first: 4) { edges { node { label } } } b: wallets(first: 4) { edges { node { id } } } }", 10),
        ("{ wallets(first: 4) { edges { node { label } } } wallets(first: 4) { edges { node { id } } } }", 5),
        ("{ wallets(first: 4) { ...F ...F } } fragment F on WalletConnection { edges { node { id } } }", 5),
        ('{ nodes(ids: ["V2FsbGV0OjE=", "V2FsbGV0OjI="]) { id } }', 2),
        ('{ node(id: "V2FsbGV0OjE=") { ... on Wallet { entries(first: 2) { edges { node { id } } } } } }', 1 + 1 + 2),
        ("query ($n: Int = 7) { wallets(first: $n) { edges { node { id } } } }", 8),
        ("query ($n: Int) { wallets(first: $n) { edges { node { id } } } }", 21),
        ("{ wallets(first: 4) { edges @skip(if: true) { node { id } } } }", 5),
    ],
)
def test_an_answer_states_its_cost(query: str, cost: int, ask: Any) -> None:
    reply = ask(query)
    assert reply.errors == []
    assert reply.extensions == {"cost": {"requested": cost, "limit": 10_000}}
    assert ask(query) == reply


def test_sizes_in_variables_count(ask: Any) -> None:
    query = """query ($n: Int = 7, $ids: [ID!] = []) {
      wallets(first: $n) { edges { node { id } } } nodes(ids: $ids) { id } }"""
    assert ask(query).extensions["cost"]["requested"] == 8
    assert ask(query, n=50).extensions["cost"]["requested"] == 51
    assert ask(query, n=50, ids=["V2FsbGV0OjE="] * 9).extensions["cost"]["requested"] == 60


def test_a_mutation_costs_10_and_what_its_payload_selects(ask: Any, make_wallet: Any) -> None:
    reply = ask(
        'mutation { createWallet(input: {label: "A"}) { wallet { entries(first: 5) { edges { node { id } } } } } }'
    )
    assert reply.extensions["cost"]["requested"] == 10 + 1 + 1 + 5


def test_a_document_that_costs_too_much_is_refused_before_it_runs(ask: Any, settings: Any, everything: Any) -> None:
    settings.GRAPHQL_MAX_COST = 21
    query = "query ($n: Int) { wallets(first: $n) { edges { node { label } } } }"
    assert ask(query).errors == []
    for refused in (
        ask(query, n=21),
        ask("{ __typename @skip(if: false) wallets(first: 21) { edges { node { label } } } }"),
        ask('mutation { a: createWallet(input: {label: "A"}) { wallet { id } } b: createWallet(input: {label: "B"}) '
            "{ wallet { id } } }"),
    ):  # fmt: skip
        assert (refused.data, refused.codes) == (None, ["graphql_too_costly"])
        assert refused.errors[0]["extensions"]["limit"] == 21
        assert refused.errors[0]["extensions"]["cost"] == 22
    assert everything() == [[], [], []]


def test_introspection_is_on_only_where_it_is_set(ask: Any, settings: Any) -> None:
    settings.GRAPHQL_INTROSPECTION = True
    reply = ask(get_introspection_query(input_value_deprecation=True))
    assert reply.errors == []
    assert reply.data["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}
    documents.forget()
    settings.GRAPHQL_INTROSPECTION = False
    for query in (
        get_introspection_query(),
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Wallet") { name } }',
    ):
        reply = ask(query)
        assert reply.data is None
        assert set(reply.codes) == {"graphql_validation_failed"}
    assert ask("{ __typename }").data == {"__typename": "Query"}


def _fragment_bomb() -> str:
    parts = ["{ wallet(id: 1) { ...F0 } }"]
    for number in range(30):
        below = f"transactions {{ edges {{ node {{ wallet {{ ...F{number + 1} }} }} }} }}"
        parts.append(f"fragment F{number} on Wallet {{ a: {below} b: {below} }}")
    return " ".join([*parts, "fragment F30 on Wallet { id }"])


def _spread_bomb() -> str:
    parts = ["{ wallet(id: 1) { ...F0 } }"]
    parts += [f"fragment F{number} on Wallet {{ ...F{number + 1} ...F{number + 1} }}" for number in range(100)]
    return " ".join([*parts, "fragment F100 on Wallet { id }"])


BOMBS = {
    "aliases": "{" + " ".join(f"a{number}: __typename" for number in range(5000)) + "}",
    "repeated fields": "{" + "wallets { edges { node { id id } } } " * 180 + "}",
    "repeated leaves": "{" + "__typename " * 1900 + "}",
    "repeated arguments": "{ wallets(" + "first: 1 " * 600 + ") { totalCount } }",
    "nested": "{ wallets { edges { node { transactions " * 40,
    "nested and closed": "{ wallet(id: 1) "
    + "{ transactions { edges { node { wallet " * 30
    + "{ id }"
    + "} } } }" * 30
    + "}",
    "fragments in fields": _fragment_bomb(),
    "a circle of fragments": "{ wallet(id: 1) { ...A } } fragment A on Wallet { ...B } fragment B on Wallet { ...A }",
    "unused fragments": "{ __typename }" + "fragment A on Query {" + "__typename " * 1800 + "}",
    "unknown fields": "{" + " ".join(f"wallet{number}" for number in range(1900)) + "}",
    "a list of lists": "{ wallet(id: " + "[" * 1500 + "]" * 1500 + ") { id } }",
    "directives": "{ __typename " + "@include(if: true) " * 300 + "}",
    "a long name": "{ " + "a" * 49_000 + " }",
}


@pytest.mark.parametrize("query", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_it_takes_any_time(query: str, ask: Any) -> None:
    reply = ask(query)
    assert reply.data is None
    assert all(code.startswith("graphql_") for code in reply.codes)


def test_fragments_that_spread_each_other_twice_are_one(ask: Any) -> None:
    assert ask(_spread_bomb()).codes == ["not_found"]


@pytest.mark.parametrize("name", ["aliases", "fragments in fields", "repeated fields", "repeated leaves"])
def test_the_limits_take_little_processor_time(name: str) -> None:
    def refuse() -> float:
        started = time.process_time()
        with pytest.raises(LimitExceeded):
            parse_within_limits(BOMBS[name])
        return time.process_time() - started

    # The best of a few: what the machine does besides is not the limits' doing.
    assert min(refuse() for _ in range(5)) < 0.05


def test_a_checked_document_is_not_checked_again(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ wallets { totalCount } }"
    assert ask(query).errors == []

    def fail(_text: str) -> None:
        raise AssertionError

    monkeypatch.setattr(documents, "parse_within_limits", fail)
    assert documents.load(schema._schema, query).errors == ()
