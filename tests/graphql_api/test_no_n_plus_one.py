"""Every connection of the schema, two levels deep: as many queries for many rows as for few, aliased or not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from graphql import GraphQLObjectType, get_named_type, is_leaf_type

from graphql_api.schema import schema
from tests.writes import capture_hold, create_hold, post_transfer, reverse_transaction, reverse_transfer
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "balanceAt": "(sequence: 1)",
    "statement": '(from: "2020-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z")',
}
"""The arguments of fields that need some."""
TYPES = schema._schema.type_map


def leaves(type_name: str) -> str:
    """Return all fields of a type that have nothing below them."""
    object_type = TYPES[type_name]
    assert isinstance(object_type, GraphQLObjectType)
    return " ".join(name for name, field in object_type.fields.items() if is_leaf_type(get_named_type(field.type)))


def branches(type_name: str) -> Iterator[tuple[str, str, bool]]:
    """Iterate over the relations of a type: their names, target types, and whether they are lists."""
    object_type = TYPES[type_name]
    assert isinstance(object_type, GraphQLObjectType)
    for name, field in object_type.fields.items():
        target = get_named_type(field.type).name
        if target.endswith("Connection"):
            yield name, target.removesuffix("Connection"), True
        elif not is_leaf_type(TYPES[target]) and type_name != "Query":
            yield name, target, False


Step = tuple[str, str, bool]


def paths() -> Iterator[tuple[Step, ...]]:
    """Iterate over the ways from each root list through two relations."""
    for root in branches("Query"):
        for first in branches(root[1]):
            for second in branches(first[1]):
                yield root, first, second


PATHS = {".".join(step[0] for step in path): path for path in paths()}


def select(path: tuple[Step, ...], *, twice: bool) -> str:
    """Return a selection that takes a path, at each step under one name or under two aliases."""
    if not path:
        return ""
    [(name, target, is_list), *rest] = path
    inner = f"{{ {leaves(target)} {select(tuple(rest), twice=twice)} }}"
    selection = f"{name}{ARGUMENTS.get(name, '')} {inner}"
    if is_list:
        page_info = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        selection = f"{name}(first: 50) {{ totalCount {page_info} edges {{ cursor node {inner} }} }}"
    return f"one: {selection} two: {selection}" if twice else selection


@pytest.fixture
def count_queries(ask: Any, settings: Any) -> Any:
    """Return a function that counts a document's queries."""
    settings.GRAPHQL_MAX_COST = 10**9

    def count(selection: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            reply = ask(f"{{ {selection} }}")
        assert reply.errors == []
        return len(queries)

    return count


def test_the_walk_takes_every_relation_of_every_type() -> None:
    assert len(PATHS) == 81
    taken = {name for path in PATHS for name in path.split(".")}
    assert taken == {
        "wallets",
        "wallet",
        "transactions",
        "transaction",
        "entries",
        "transfers",
        "transfer",
        "legs",
        "holds",
        "hold",
        "destination",
        "captures",
        "reversalOf",
        "reversals",
        "balanceAt",
        "statement",
        "lines",
    }


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_queries_do_not_grow(path: tuple[Step, ...], count_queries: Any, make_wallet: Any, post: Any) -> None:
    numbers, first = count(), make_wallet("1.00")

    def grow(number: int, transactions: int) -> None:
        for _ in range(number):
            wallet = make_wallet("1.00")
            for _ in range(transactions):
                posted = post(wallet, "1.00")
                moved = post_transfer(
                    principal=ANYONE,
                    txid=f"X{next(numbers)}",
                    legs=[{"wallet": wallet.id, "amount": "1.00"}],
                    external=[{"currency": "USD", "amount": "-1.00"}],
                )
                wallets = {"wallet_id": wallet.id, "destination_id": first.id}
                hold = create_hold(principal=ANYONE, txid=f"H{next(numbers)}", amount="1.00", **wallets)
                capture_hold(principal=ANYONE, hold_id=hold.id, txid=f"C{next(numbers)}", amount="0.50")
                reverse_transaction(principal=ANYONE, transaction_id=posted.id, txid=f"R{posted.id}", amount="0.50")
                reverse_transfer(principal=ANYONE, transfer_id=moved.id, txid=f"R{moved.id}", amount="0.50")

    once, twice = select(path, twice=False), select(path, twice=True)
    grow(2, 2)
    expected = count_queries(once)
    assert count_queries(twice) == expected
    grow(3, 4)
    assert count_queries(once) == expected
    assert count_queries(twice) == expected
