"""Conditions of a post and of a leg, through both faces."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeWallet
from tests.ledger.state import balance, snapshot
from tests.parity.test_transfers import graphql, new, rest
from walletsvc.models import Wallet

pytestmark = pytest.mark.django_db

POST = """mutation ($input: CreateTransactionInput!) { done: createTransaction(input: $input) {
  transaction { txid } userErrors { code field } } }"""
TRANSFER = """mutation ($input: CreateTransferInput!) { done: createTransfer(input: $input) {
  transfer { txid } userErrors { code field } } }"""


@pytest.fixture
def wallet(make_wallet: MakeWallet) -> Wallet:
    return make_wallet("10.00")


def transaction(wallet: Wallet, conditions: object, txid: str = "T") -> dict[str, Any]:
    attributes = {"txid": txid, "amount": "-4.00", "wallet": str(wallet.id), "conditions": conditions}
    return {"type": "Transaction", "attributes": attributes}


def posted(client: Client, wallet: Wallet, conditions: object, txid: str = "T") -> Any:
    return graphql(client, POST, txid=txid, amount="-4.00", walletId=str(wallet.id), conditions=conditions)


MET: list[dict[str, Any]] = [
    {},
    {"sequence": 1},
    {"balance": {"gt": "5.99", "lte": "6"}},
    {"available": {"eq": "6.00"}, "balance": {"lt": "6.01", "gte": "6"}},
    {"notAfter": "2999-12-31T23:59:59Z"},
    {"sequence": None, "balance": None, "available": None, "notAfter": None},
]


@pytest.mark.parametrize("conditions", MET, ids=str)
def test_a_post_happens_if_they_are_met(client: Client, wallet: Wallet, conditions: object) -> None:
    rest(client, "POST", "/api/transactions/", transaction(wallet, conditions), status=201)
    assert balance(wallet.id) == "6.00"


@pytest.mark.parametrize("conditions", MET, ids=str)
def test_a_mutation_happens_if_they_are_met(client: Client, wallet: Wallet, conditions: object) -> None:
    assert posted(client, wallet, conditions) == {"transaction": {"txid": "T"}, "userErrors": []}
    assert balance(wallet.id) == "6.00"


@pytest.mark.parametrize(
    ("conditions", "status", "code", "field"),
    [
        ({"sequence": 2}, 412, "condition_failed", "sequence"),
        ({"sequence": 0}, 412, "condition_failed", "sequence"),
        ({"balance": {"eq": "10"}}, 412, "condition_failed", "balance.eq"),
        ({"available": {"gte": "6.01"}}, 412, "condition_failed", "available.gte"),
        ({"notAfter": "2020-01-01T00:00:00Z"}, 412, "condition_failed", "notAfter"),
        ({"sequence": -1}, 422, "invalid", "sequence"),
        ({"balance": {"gt": "1e5"}}, 422, "invalid_amount", "balance.gt"),
        ({"notAfter": "tomorrow"}, 422, "invalid", "notAfter"),
    ],
    ids=str,
)
def test_one_that_is_not_met_or_not_valid_is_refused(
    client: Client, wallet: Wallet, conditions: Any, status: int, code: str, field: str
) -> None:
    before = snapshot()
    (error,) = rest(client, "POST", "/api/transactions/", transaction(wallet, conditions), status=status)["errors"]
    pointer = f"/data/attributes/conditions/{field.replace('.', '/')}"
    assert (error["code"], error["source"]) == (code, {"pointer": pointer})
    assert posted(client, wallet, conditions)["userErrors"] == [{"code": code, "field": f"conditions.{field}"}]
    if code == "condition_failed":
        wanted = {"sequence": 1, "balance": "10.00", "available": "10.00", "currency": "USD", "wallet": wallet.id}
        assert error["meta"] == wanted
    assert snapshot() == before


@pytest.mark.parametrize(
    ("conditions", "pointer"),
    [
        ([], ""),
        ("x", ""),
        ({"sequenz": 1}, ""),
        ({"balance": []}, "/balance"),
        ({"balance": {"is": "1"}}, "/balance"),
    ],
    ids=str,
)
def test_what_is_no_condition_is_refused(client: Client, wallet: Wallet, conditions: Any, pointer: str) -> None:
    """In GraphQL the schema refuses them."""
    before = snapshot()
    (error,) = rest(client, "POST", "/api/transactions/", transaction(wallet, conditions), status=422)["errors"]
    expected = ("invalid", {"pointer": f"/data/attributes/conditions{pointer}"})
    assert (error["code"], error["source"]) == expected
    assert snapshot() == before


def test_a_change_takes_none(client: Client, wallet: Wallet) -> None:
    made = rest(client, "POST", "/api/transactions/", transaction(wallet, {}), status=201)["data"]
    change = {"type": "Transaction", "id": made["id"], "attributes": {"amount": "-1", "conditions": {}}}
    before = snapshot()
    (error,) = rest(client, "PATCH", f"/api/transactions/{made['id']}/", change, status=422)["errors"]
    assert (error["code"], error["source"]) == ("invalid", {"pointer": "/data/attributes/conditions"})
    assert snapshot() == before


def test_each_leg_has_its_own(client: Client, wallet: Wallet, make_wallet: MakeWallet) -> None:
    other = make_wallet("1.00", label="Other")
    before = snapshot()

    def legs(balance_of_other: str) -> list[dict[str, Any]]:
        return [
            {"wallet": str(wallet.id), "amount": "-4", "conditions": {"sequence": 1}},
            {"wallet": str(other.id), "amount": "4", "conditions": {"balance": {"eq": balance_of_other}}},
        ]

    (error,) = rest(client, "POST", "/api/transfers/", new(txid="R", legs=legs("4")), status=412)["errors"]
    assert error["source"] == {"pointer": "/data/attributes/legs/1/conditions/balance/eq"}
    assert error["meta"]["wallet"] == other.id
    refused = [{"code": "condition_failed", "field": "legs.1.conditions.balance.eq"}]
    assert graphql(client, TRANSFER, txid="R", legs=legs("4"))["userErrors"] == refused
    assert snapshot() == before
    assert graphql(client, TRANSFER, txid="R", legs=legs("5"))["userErrors"] == []
    (error,) = rest(client, "POST", "/api/transfers/", new(txid="S", legs=legs("9")), status=412)["errors"]
    assert error["source"] == {"pointer": "/data/attributes/legs/0/conditions/sequence"}
