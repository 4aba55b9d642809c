"""A request that is repeated with its key gets its first answer again, whichever face it goes through."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.parity.faces import MEDIA_TYPE, post_graphql
from tests.writes import amend_transaction, close_wallet, delete_transaction, open_wallet
from walletsvc.models import Entry, ReplayKey, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

ATOMIC = MEDIA_TYPE + '; ext="https://jsonapi.org/ext/atomic"'
SHOWN = "databaseId txid amount reversed currency owner description metadata createdAt updatedAt"
CREATE_TRANSACTION = (
    "mutation ($input: CreateTransactionInput!) { done: createTransaction(input: $input)"
    f" {{ isReplay transaction {{ {SHOWN} }} userErrors {{ code field }} }} }}"
)
CREATE_WALLET = (
    "mutation ($input: CreateWalletInput!) { done: createWallet(input: $input)"
    " { isReplay wallet { databaseId label balance sequence createdAt } userErrors { code field } } }"
)
DETAILS = {"description": "Rent\n", "metadata": {"b": [1], "a": None}}


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="10.00")


def transaction(wallet: Wallet, amount: object, txid: str = "T") -> dict[str, Any]:
    data = {"type": "Transaction", "attributes": {"txid": txid, "amount": amount, **DETAILS}}
    return {**data, "relationships": {"wallet": {"data": {"type": "Wallet", "id": str(wallet.id)}}}}


def by_rest(data: Any, key: str, path: str = "/api/transactions/") -> Any:
    return Client().post(path, json.dumps({"data": data}), MEDIA_TYPE, headers={"Idempotency-Key": key})


def by_operations(operations: list[Any], key: str) -> Any:
    body = json.dumps({"atomic:operations": operations})
    return Client().post("/api/operations", body, ATOMIC, headers={"Idempotency-Key": key})


def by_graphql(values: dict[str, Any], mutation: str = CREATE_TRANSACTION) -> Any:
    reply = post_graphql(Client(), mutation, {"input": values})
    assert "errors" not in reply
    return reply["data"]["done"]


def assert_replayed(first: Any, again: Any) -> None:
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, first.headers["Location"]) == (again.content, again.headers["Location"])
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_rest_then_graphql(wallet: Wallet) -> None:
    first = by_rest(transaction(wallet, "-6.00"), '"k"')
    # It would overdraw now, and its txid is taken: by its own first attempt.
    assert_replayed(first, by_rest(transaction(wallet, "-6"), "k"))
    reply = by_graphql({"txid": "T", "amount": "-6", "walletId": wallet.id, "idempotencyKey": "k", **DETAILS})
    data = first.json()["data"]
    shown = {"databaseId": data["id"], **data["attributes"]}
    assert reply == {"isReplay": True, "transaction": shown, "userErrors": []}
    assert Wallet.objects.get().balance == 4
    assert (Transaction.objects.count(), Entry.objects.count(), ReplayKey.objects.count()) == (1, 2, 1)


def test_graphql_then_rest(wallet: Wallet) -> None:
    values = {"txid": "T", "amount": -6, "walletId": str(wallet.id), "idempotencyKey": "k", **DETAILS}
    first = by_graphql(values)
    assert first["isReplay"] is False
    assert by_graphql(values) == {**first, "isReplay": True}
    again = by_rest(transaction(wallet, "-6.00"), "k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    data = again.json()["data"]
    assert {"databaseId": data["id"], **data["attributes"]} == first["transaction"]
    # One operation alone is the same request as well. Its result is shown as the whole document has left it.
    assert data.pop("meta") == {"wallet": {"sequence": 2, "balance": "4.00", "held": "0.00"}}
    document = by_operations([{"op": "add", "data": transaction(wallet, "-6.00")}], "k").json()
    assert [each["data"] for each in document["atomic:results"]] == [data]
    assert Transaction.objects.count() == 1


def test_a_wallet_is_opened_once(wallet: Wallet) -> None:
    data = {"type": "Wallet", "attributes": {"label": "B", "balance": "5"}}
    first = by_rest(data, "w", "/api/wallets/")
    close = Wallet.objects.get(label="B")
    assert_replayed(first, by_rest(data, "w", "/api/wallets/"))
    reply = by_graphql({"label": "B", "balance": "5.00", "idempotencyKey": "w"}, CREATE_WALLET)
    assert (reply["isReplay"], reply["wallet"]["databaseId"]) == (True, str(close.id))
    # Without an opening balance nothing but the wallet is written.
    data = {"type": "Wallet", "attributes": {"label": "C"}}
    assert_replayed(by_rest(data, "v", "/api/wallets/"), by_rest(data, "v", "/api/wallets/"))
    close_wallet(principal=ANYONE, wallet_id=Wallet.objects.get(label="C").id)
    assert by_rest(data, "v", "/api/wallets/").headers["Idempotency-Replayed"] == "true"
    assert not Wallet.objects.filter(label="C").exists()


@pytest.mark.parametrize("what", ["amended", "deleted"])
def test_the_first_answer_stays_whatever_became_of_the_transaction(wallet: Wallet, what: str) -> None:
    first = by_rest(transaction(wallet, "6.00"), "k")
    identifier = Transaction.objects.get().id
    if what == "amended":
        changes = {"txid": "U", "amount": "7", "description": "", "metadata": {}}
        amend_transaction(principal=ANYONE, transaction_id=identifier, **changes)
    else:
        delete_transaction(principal=ANYONE, transaction_id=identifier)
    before = list(Entry.objects.values())
    assert_replayed(first, by_rest(transaction(wallet, "6.00"), "k"))
    assert list(Entry.objects.values()) == before


def test_another_request_under_the_key_is_refused(wallet: Wallet) -> None:
    by_rest(transaction(wallet, "6.00"), "k")
    others = [transaction(wallet, "6.01"), transaction(wallet, "6", "U"), transaction(wallet, "-999")]
    for data in others:
        refused = by_rest(data, "k")
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["code"], error["source"]) == (
            422,
            "idempotency_conflict",
            {"header": "Idempotency-Key"},
        )
    wallet_data = {"type": "Wallet", "attributes": {"label": "T"}}
    assert by_rest(wallet_data, "k", "/api/wallets/").status_code == 422
    reply = by_graphql({"txid": "U", "amount": "6", "walletId": wallet.id, "idempotencyKey": "k"})
    problem = {"code": "idempotency_conflict", "field": "idempotencyKey"}
    assert reply == {"isReplay": False, "transaction": None, "userErrors": [problem]}
    refused = by_operations([{"op": "add", "data": each} for each in others], "k")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "idempotency_conflict")
    assert (Transaction.objects.count(), Wallet.objects.count()) == (1, 1)


def test_a_refusal_leaves_no_key(wallet: Wallet) -> None:
    data = transaction(wallet, "-11.00")
    assert by_rest(data, "k").status_code == 422
    assert not ReplayKey.objects.exists()
    by_rest(transaction(wallet, "1", "U"), "l")
    first = by_rest(data, "k")
    assert_replayed(first, by_rest(data, "k"))


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 256])
def test_a_key_without_its_form_is_refused(wallet: Wallet, key: str) -> None:
    refused = by_rest(transaction(wallet, "1"), key)
    assert (refused.status_code, [(each["code"], each["source"]) for each in refused.json()["errors"]]) == (
        400,
        [("invalid", {"header": "Idempotency-Key"})],
    )
    assert by_operations([{"op": "add", "data": transaction(wallet, "1")}], key).status_code == 400
    reply = by_graphql({"txid": "T", "amount": "1", "walletId": wallet.id, "idempotencyKey": key})
    assert reply["userErrors"] == [{"code": "invalid", "field": "idempotencyKey"}]
    assert not Transaction.objects.exists()


def test_no_key_at_all_is_none(wallet: Wallet) -> None:
    reply = by_graphql({"txid": "T", "amount": "1", "walletId": wallet.id, "idempotencyKey": None})
    assert (reply["isReplay"], reply["userErrors"]) == (False, [])
    assert not ReplayKey.objects.exists()


def test_a_document_of_operations_runs_once(wallet: Wallet) -> None:
    to_new = {"wallet": {"data": {"type": "Wallet", "lid": "w"}}}
    to_old = Transaction.objects.create(
        txid="old",
        wallet=wallet,
        amount=1,
        currency="USD",
        created_at=wallet.created_at,
        updated_at=wallet.created_at,
    )
    operations = [
        {"op": "add", "data": {"type": "Wallet", "lid": "w", "attributes": {"label": "B", "balance": "5"}}},
        {
            "op": "add",
            "data": {"type": "Transaction", "attributes": {"txid": "1", "amount": "-2"}, "relationships": to_new},
        },
        {"op": "add", "data": transaction(wallet, "3", "2")},
        {"op": "update", "data": {"type": "Wallet", "id": str(wallet.id), "attributes": {"label": "Renamed"}}},
        {"op": "remove", "ref": {"type": "Transaction", "id": str(to_old.id)}},
        {
            "op": "add",
            "data": {"type": "Transaction", "attributes": {"txid": "3", "amount": "-1"}, "relationships": to_new},
        },
    ]
    first, again = by_operations(operations, "k"), by_operations(operations, "k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first.json()["atomic:results"][0]["data"]["attributes"]["balance"] == "2.00"
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    refused = by_operations(operations[:-1], "k")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "idempotency_conflict")
    assert (Transaction.objects.count(), Wallet.objects.count(), ReplayKey.objects.count()) == (3, 2, 1)


def test_a_document_without_results_runs_once(wallet: Wallet) -> None:
    by_rest(transaction(wallet, "1"), "a")
    remove = [{"op": "remove", "ref": {"type": "Transaction", "id": str(Transaction.objects.get().id)}}]
    first, again = by_operations(remove, "k"), by_operations(remove, "k")
    assert (first.status_code, again.status_code) == (204, 204)
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
