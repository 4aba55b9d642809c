"""If the schema is private, no message reveals a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from graphql_api import documents
from tests.live_updates.hubs import refusal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_document_is_known() -> Iterator[None]:
    documents.forget()
    yield
    documents.forget()


# The misspelled query, and the name that was meant.
TYPOS: dict[str, tuple[str, dict[str, object], str]] = {
    "a field": ("{ wallet2 { totalCount } }", {}, "wallet"),
    "a field of a type": ("{ wallets { totalCounts } }", {}, "totalCount"),
    "a field of another type": ('{ node(id: "V2FsbGV0OjE=") { balance } }', {}, "Wallet"),
    "an argument": ('{ wallet(ids: "1") { id } }', {}, "id"),
    "an argument of a directive": ("{ wallets { totalCount @skip(iff: true) } }", {}, "if"),
    "a type": ("{ __typename } fragment F on Walet { id } ", {}, "Wallet"),
    "the type of a variable": (
        "query ($f: WalletFilter) { wallets(filters: $f) { totalCount } }",
        {},
        "WalletFilters",
    ),
    "a field of an input": ('{ wallets(filters: {lable: {exact: "A"}}) { totalCount } }', {}, "label"),
    "a field of a default": (
        'query ($f: WalletFilters = {lable: {exact: "A"}}) { wallets(filters: $f) { totalCount } }',
        {},
        "label",
    ),
    "a value of an enum": ("{ wallets(ordering: [{label: DES}]) { totalCount } }", {}, "DESC"),
    "a value of an enum that is a text": ('{ wallets(ordering: [{label: "DES"}]) { totalCount } }', {}, "DESC"),
    "a field of a variable": (
        "query ($f: WalletFilters) { wallets(filters: $f) { totalCount } }",
        {"f": {"lable": {"exact": "A"}}},
        "label",
    ),
    "a field of a variable of a mutation": (
        "mutation ($i: CreateWalletInput!) { createWallet(input: $i) { userErrors { code } } }",
        {"i": {"label": "A", "balances": "1"}},
        "balance",
    ),
    "a value of an enum in a variable": (
        "query ($d: Ordering!) { wallets(ordering: [{label: $d}]) { totalCount } }",
        {"d": "DES"},
        "DESC",
    ),
    "a root field of a mutation": ("mutation { createWallets { wallet { id } } }", {}, "createWallet"),
}


@pytest.mark.parametrize(("query", "variables", "meant"), TYPOS.values(), ids=TYPOS.keys())
def test_a_typo_reveals_the_schema_only_if_it_is_public(
    query: str, variables: dict[str, object], meant: str, ask: Any, settings: Any
) -> None:
    settings.GRAPHQL_INTROSPECTION = False
    hidden = ask(query, **variables)
    assert hidden.data is None
    assert "Did you mean" not in hidden.text
    documents.forget()
    settings.GRAPHQL_INTROSPECTION = True
    shown = ask(query, **variables)
    assert "Did you mean" in shown.text
    assert f"'{meant}'" in shown.text
    assert hidden.codes == shown.codes


@pytest.mark.parametrize(
    ("query", "variables", "meant"),
    [
        ('subscription { walletBalances(id: "1") { id } }', {}, "walletBalance"),
        ('subscription { walletBalance(id: "1") { balances } }', {}, "balance"),
        (
            'subscription ($f: [WalletOrder!]) { walletBalance(id: "1") { transactions { totalCounts } } }',
            {"f": [{"lable": "ASC"}]},
            "totalCount",
        ),
        (
            """subscription ($f: TransactionFilters) {
              walletBalance(id: "1") { transactions(filters: $f) { totalCount } } }""",
            {"f": {"amuont": {"gt": "1"}}},
            "amount",
        ),
    ],
)
def test_nor_does_the_live_server(query: str, variables: dict[str, object], meant: str, settings: Any) -> None:
    def reject() -> str:
        documents.forget()
        return refusal(query, variables).print()

    settings.GRAPHQL_INTROSPECTION = False
    assert "Did you mean" not in reject()
    settings.GRAPHQL_INTROSPECTION = True
    assert f"Did you mean '{meant}'" in reject()
