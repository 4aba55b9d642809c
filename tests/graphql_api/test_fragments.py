"""A field's value depends on its object and its own arguments, wherever a fragment puts it (GraphQL 6.3.2, 6.4)."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_api.ids import global_id
from walletsvc.models import Transaction

pytestmark = pytest.mark.django_db

# In each document the fragment has other neighbours wherever it is spread, so that its lists come in other places.
DEBITS = "fragment D on Wallet { debits: transactions(filters: {amount: {lt: 0}}, first: 2) { ...Amounts } }"
AMOUNTS = "fragment Amounts on TransactionConnection { edges { node { amount } } }"
CREDITS = "credits: transactions(filters: {amount: {gt: 0}}, first: 2) { ...Amounts }"
NEWEST = "newest: transactions(last: 1) { ...Amounts }"
FRAGMENTS = f"{DEBITS} {AMOUNTS}"


def amounts(*values: str) -> Any:
    return {"edges": [{"node": {"amount": value}} for value in values]}


@pytest.fixture
def wallet(make_wallet: Any, post: Any) -> Any:
    """Return a wallet with two credits and two debits."""
    wallet = make_wallet("0.00", label="W")
    for number, amount in enumerate(["5.00", "-1.00", "7.00", "-2.00"]):
        post(wallet, amount, txid=f"T{number}")
    return wallet


@pytest.fixture(params=["compiled", "stock"])
def ask_either(request: pytest.FixtureRequest, ask: Any) -> Any:
    """Return `ask`; a directive leaves the query to graphql-core."""

    def ask_it(query: str, **variables: object) -> Any:
        stock = query.replace("edges {", "edges @include(if: true) {")
        return ask(stock if request.param == "stock" else query, **variables)

    return ask_it


EVERYTHING = {"credits": amounts("5.00", "7.00"), "debits": amounts("-1.00", "-2.00")}


def test_a_fragment_spread_in_objects_of_two_types_gives_each_its_own_lists(ask: Any, wallet: Any) -> None:
    identifier = Transaction.objects.get(txid="T0").id
    query = f"""query ($ids: [ID!]!) {{ nodes(ids: $ids) {{
      ... on Wallet {{ {CREDITS} ...D }} ... on Transaction {{ wallet {{ ...D }} }} }} }} {FRAGMENTS}"""
    ids = [global_id("Wallet", wallet.id), global_id("Transaction", identifier)]
    for _ in range(2):
        reply = ask(query, ids=ids)
        assert reply.errors == []
        assert reply.data == {"nodes": [EVERYTHING, {"wallet": {"debits": EVERYTHING["debits"]}}]}


def test_a_fragment_spread_on_two_levels_gives_each_its_own_lists(ask_either: Any, wallet: Any) -> None:
    query = f"""{{ transactions(first: 1) {{ edges {{ node {{ wallet {{ ...D entries(first: 1) {{ edges {{ node {{
      wallet {{ {NEWEST} {CREDITS} ...D }} transaction {{ wallet {{ {CREDITS} ...D }} }} }} }} }} }} }} }} }} }}
      {FRAGMENTS}"""
    reply = ask_either(query)
    assert reply.errors == []
    [edge] = reply.data["transactions"]["edges"]
    outer = edge["node"]["wallet"]
    [inner] = outer["entries"]["edges"]
    assert outer["debits"] == EVERYTHING["debits"]
    assert inner["node"]["wallet"] == {**EVERYTHING, "newest": amounts("-2.00")}
    assert inner["node"]["transaction"]["wallet"] == EVERYTHING


def test_variables_of_a_fragment_are_those_of_the_operation_wherever_it_is_spread(
    ask_either: Any, wallet: Any
) -> None:
    query = (
        """query ($id: ID!, $n: Int = 1, $f: TransactionFilters) { wallet(id: $id) {
      two: transactions(first: 2) { ...Amounts } ...V
      entries(first: 1) { edges { node { wallet { ...V } } } } } }
      fragment V on Wallet { some: transactions(first: $n, filters: $f) { ...Amounts } }"""
        + AMOUNTS
    )
    for variables, expected in (
        ({}, amounts("5.00")),
        ({"n": 3}, amounts("5.00", "-1.00", "7.00")),
        ({"n": 3, "f": {"amount": {"lt": "-1.5"}}}, amounts("-2.00")),
    ):
        reply = ask_either(query, id=wallet.id, **variables)
        assert reply.errors == []
        assert reply.data["wallet"] == {
            "two": amounts("5.00", "-1.00"),
            "some": expected,
            "entries": {"edges": [{"node": {"wallet": {"some": expected}}}]},
        }


def test_a_fragment_spread_in_a_payload_and_below_it_gives_each_its_own_lists(ask: Any, wallet: Any) -> None:
    query = f"""mutation ($id: ID!) {{
      post: createTransaction(input: {{txid: "A", amount: 1, walletId: $id}}) {{ transaction {{
        wallet {{ {NEWEST} {CREDITS} ...D }} entries {{ edges {{ node {{ wallet {{ ...D }} }} }} }} }} }}
      rename: updateWallet(input: {{id: $id, label: "New"}}) {{ wallet {{ {NEWEST} ...D }} }}
      }} {FRAGMENTS}"""
    reply = ask(query, id=wallet.id)
    assert reply.errors == []
    debits = EVERYTHING["debits"]
    assert reply.data == {
        "post": {
            "transaction": {
                "wallet": {"newest": amounts("1.00"), **EVERYTHING},
                "entries": {"edges": [{"node": {"wallet": {"debits": debits}}}]},
            }
        },
        "rename": {"wallet": {"newest": amounts("1.00"), "debits": debits}},
    }


def test_numbers_with_and_without_an_exponent_are_distinct(ask_raw: Any, wallet: Any) -> None:
    query = """query ($a: TransactionFilters, $b: TransactionFilters) {
      a: transactions(filters: $a) { totalCount } b: transactions(filters: $b) { totalCount } }"""
    reply = ask_raw(query, '{"a": {"amount": {"gt": 1.0}}, "b": {"amount": {"gt": 1.0e0}}}')
    assert reply.data == {"a": {"totalCount": 2}, "b": None}
    assert (reply.codes, reply.errors[0]["path"]) == (["invalid_parameter"], ["b"])
