"""Both faces do the same with the same input: the same refusal, or the same ledger afterwards."""

import json
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client

from tests.parity.faces import MEDIA_TYPE, post_graphql
from walletsvc.models import Entry, Transaction, Wallet

pytestmark = pytest.mark.django_db

AMOUNTS = ["5.00", "-100.00", "-100.01", "0", "NaN", "Infinity", "1e5", "1,000.00", "1." + "0" * 18 + "1", "9" * 40]
AMOUNTS += [7, -3, True, None, [], {}, "0.001", "x" * 1000, ""]
NAMES = [
    "T1",
    "t1",
    "taken",
    "Taken",
    "é",
    "🪙",
    "",
    " a",
    "a ",
    "a\x00b",
    "a\nb",
    "\ud800",
    "x" * 255,
    "x" * 256,
    None,
]
METADATA = [{}, {"a": [1, None]}, {"links": 1}, {"a": "\ud800"}, {"a": 2**70}, [], "text", None]

MUTATION = "mutation ($input: %sInput!) { done: %s(input: $input) { userErrors { code } } }"
CREATE_TRANSACTION = MUTATION % ("CreateTransaction", "createTransaction")
UPDATE_TRANSACTION = MUTATION % ("UpdateTransaction", "updateTransaction")
DELETE_TRANSACTION = MUTATION % ("DeleteTransaction", "deleteTransaction")
CREATE_WALLET = MUTATION % ("CreateWallet", "createWallet")
UPDATE_WALLET = MUTATION % ("UpdateWallet", "updateWallet")
DELETE_WALLET = MUTATION % ("DeleteWallet", "deleteWallet")


@pytest.fixture
def wallet(make_wallet, post):
    """Return a wallet with 100.00 in it, beside another one, and a transaction with the txid `taken`."""
    wallet = make_wallet("95.00", label="taken")
    post(wallet, "5.00", txid="taken")
    make_wallet("1.00", label="Other")
    make_wallet("0", label="Empty")
    make_wallet("1.00", label="Euros", currency="EUR")
    return wallet


@contextmanager
def undone():
    """Roll back the calls inside, as a test is rolled back."""
    block = transaction.atomic()
    block._from_testcase = True  # or commands, whose transactions are durable, would refuse to run in it
    with block:
        yield
        transaction.set_rollback(True)


def ledger():
    """Return the tables' contents without ids and times, which the database never repeats."""
    return [
        list(Wallet.objects.order_by("label").values_list("label", "currency", "balance", "sequence", "metadata")),
        list(Transaction.objects.order_by("txid").values_list("txid", "amount", "wallet__label", "metadata")),
        list(Entry.objects.order_by("id").values_list("sequence", "kind", "amount", "balance_after", "txid")),
    ]


def by_rest(method, path, type_name, attributes, *, identifier=None, wallet_id=None):
    data = {"type": type_name, "attributes": attributes} | ({"id": identifier} if identifier else {})
    if wallet_id is not None:
        data["relationships"] = {"wallet": {"data": {"type": "Wallet", "id": wallet_id}}}
    body = json.dumps({"data": data}) if method != "DELETE" else ""
    with undone():
        answer = Client().generic(method, path, body, content_type=MEDIA_TYPE)
        errors = json.loads(answer.content)["errors"] if answer.status_code >= 400 else []
        return sorted(error["code"] for error in errors), ledger()


def by_graphql(query, values):
    with undone():
        reply = post_graphql(Client(), query, {"input": values})
        refusals = [error["extensions"]["code"] for error in reply.get("errors", ())]
        done = (reply.get("data") or {}).get("done") or {"userErrors": []}
        return sorted([*refusals, *(error["code"] for error in done["userErrors"])]), ledger()


@pytest.mark.parametrize("amount", AMOUNTS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("kind", ["create", "update", "opening"])
def test_amounts(wallet, kind, amount):
    identifier = str(Transaction.objects.get(txid="taken").id)
    if kind == "create":
        values = {"txid": "new", "amount": amount}
        rest = by_rest("POST", "/api/transactions/", "Transaction", values, wallet_id=str(wallet.id))
        assert by_graphql(CREATE_TRANSACTION, values | {"walletId": str(wallet.id)}) == rest
    elif kind == "update":
        path = f"/api/transactions/{identifier}/"
        rest = by_rest("PATCH", path, "Transaction", {"amount": amount}, identifier=identifier)
        assert by_graphql(UPDATE_TRANSACTION, {"id": identifier, "amount": amount}) == rest
    else:
        values = {"label": "New", "balance": amount}
        assert by_graphql(CREATE_WALLET, values) == by_rest("POST", "/api/wallets/", "Wallet", values)


@pytest.mark.parametrize("name", NAMES, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("kind", ["txid", "label", "new txid", "new label"])
def test_names(wallet, kind, name):
    other = Transaction.objects.get(txid="taken")
    if kind == "txid":
        values = {"txid": name, "amount": "1.00"}
        rest = by_rest("POST", "/api/transactions/", "Transaction", values, wallet_id=str(wallet.id))
        assert by_graphql(CREATE_TRANSACTION, values | {"walletId": str(wallet.id)}) == rest
    elif kind == "label":
        assert by_graphql(CREATE_WALLET, {"label": name}) == by_rest(
            "POST", "/api/wallets/", "Wallet", {"label": name}
        )
    elif kind == "new txid":
        path = f"/api/transactions/{other.id}/"
        rest = by_rest("PATCH", path, "Transaction", {"txid": name}, identifier=str(other.id))
        assert by_graphql(UPDATE_TRANSACTION, {"id": str(other.id), "txid": name}) == rest
    else:
        empty = str(Wallet.objects.get(label="Empty").id)
        rest = by_rest("PATCH", f"/api/wallets/{empty}/", "Wallet", {"label": name}, identifier=empty)
        assert by_graphql(UPDATE_WALLET, {"id": empty, "label": name}) == rest


@pytest.mark.parametrize("metadata", METADATA, ids=lambda value: ascii(value)[:20])
def test_metadata(wallet, metadata):
    values = {"label": "New", "metadata": metadata}
    assert by_graphql(CREATE_WALLET, values) == by_rest("POST", "/api/wallets/", "Wallet", values)


@pytest.mark.parametrize("currency", ["USD", "JPY", "BTC", "usd", "XXX", "", None])
def test_currencies(wallet, currency):
    values = {"label": "New", "currency": currency}
    assert by_graphql(CREATE_WALLET, values) == by_rest("POST", "/api/wallets/", "Wallet", values)


@pytest.mark.parametrize("label", ["taken", "Other", "Empty", "Euros", "0", "9" * 30, "abc"])
def test_wallets_are_referred_to_alike(wallet, label):
    """Post to it, move to it, delete it: each wallet, and an id of none."""
    found = Wallet.objects.filter(label=label).first()
    target = str(found.id) if found else label
    moved = str(Transaction.objects.get(txid="taken").id)
    values = {"txid": "new", "amount": "1.00"}
    rest = by_rest("POST", "/api/transactions/", "Transaction", values, wallet_id=target)
    assert by_graphql(CREATE_TRANSACTION, values | {"walletId": target}) == rest
    rest = by_rest("PATCH", f"/api/transactions/{moved}/", "Transaction", {}, identifier=moved, wallet_id=target)
    assert by_graphql(UPDATE_TRANSACTION, {"id": moved, "walletId": target}) == rest
    assert by_graphql(DELETE_WALLET, {"id": target}) == by_rest("DELETE", f"/api/wallets/{target}/", "Wallet", {})


@pytest.mark.parametrize("spent", [False, True], ids=["there", "spent"])
def test_a_transaction_is_deleted_alike(wallet, post, spent):
    if spent:
        post(wallet, "-98.00", txid="spent")
    for identifier in (str(Transaction.objects.get(txid="taken").id), "0", "abc"):
        rest = by_rest("DELETE", f"/api/transactions/{identifier}/", "Transaction", {})
        assert by_graphql(DELETE_TRANSACTION, {"id": identifier}) == rest


def test_both_say_whether_the_holder_of_a_txid_is_of_the_same_request(wallet, post):
    wallet_id, client = str(wallet.id), Client()
    create = "mutation ($input: CreateTransactionInput!) { done: createTransaction(input: $input)"
    create += " { userErrors { code isSame } } }"
    for amount, is_same in (("5.00", True), ("5", True), ("6.00", False)):
        values = {"txid": "T", "amount": amount}
        data = {"type": "Transaction", "attributes": values}
        data["relationships"] = {"wallet": {"data": {"type": "Wallet", "id": wallet_id}}}
        if (amount, is_same) == ("5.00", True):
            assert client.post("/api/transactions/", {"data": data}, content_type=MEDIA_TYPE).status_code == 201
        answer = client.post("/api/transactions/", {"data": data}, content_type=MEDIA_TYPE)
        assert answer.json()["errors"][0]["meta"]["isSame"] is is_same
        reply = post_graphql(client, create, {"input": values | {"walletId": wallet_id}})
        assert reply["data"]["done"]["userErrors"] == [{"code": "duplicate_txid", "isSame": is_same}]
    # No other refusal says it.
    reply = post_graphql(client, create, {"input": {"txid": "U", "amount": "-999", "walletId": wallet_id}})
    assert reply["data"]["done"]["userErrors"] == [{"code": "insufficient_funds", "isSame": None}]
