"""Many transactions at once: GraphQL's createTransactions and REST's atomic operations do the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeWallet
from tests.ledger.state import assert_reconciled, snapshot
from tests.parity.faces import MEDIA_TYPE, post_graphql
from walletsvc.models import Entry, ReplayKey, Transaction, Wallet

pytestmark = pytest.mark.django_db

ATOMIC = MEDIA_TYPE + '; ext="https://jsonapi.org/ext/atomic"'
SHOWN = "databaseId txid amount reversed currency owner description metadata createdAt updatedAt"
CREATE = f"""mutation ($input: [TransactionRowInput!]!, $key: String) {{
  done: createTransactions(input: $input, idempotencyKey: $key) {{
    transactions {{ {SHOWN} }} isReplay userErrors {{ code field message isSame }} }} }}"""


@pytest.fixture
def wallets(make_wallet: MakeWallet) -> list[Wallet]:
    return [make_wallet("10.00", label="A"), make_wallet("0", label="B"), make_wallet("5", label="C", currency="JPY")]


def row(wallet: Wallet | str, txid: str, amount: object, **more: Any) -> dict[str, Any]:
    return {"txid": txid, "amount": amount, "walletId": str(getattr(wallet, "id", wallet)), **more}


def by_graphql(rows: Any, key: str | None = None) -> dict[str, Any]:
    reply = post_graphql(Client(), CREATE, {"input": rows, "key": key})
    assert "errors" not in reply, reply
    done: dict[str, Any] = reply["data"]["done"]
    return done


def by_rest(rows: list[dict[str, Any]], key: str | None = None) -> Any:
    """Return the attributes of each result, or code and pointer of each error."""
    operations = []
    for each in rows:
        attributes = {name: value for name, value in each.items() if name != "walletId"}
        wallet = {"data": {"type": "Wallet", "id": each["walletId"]}}
        data = {"type": "Transaction", "attributes": attributes, "relationships": {"wallet": wallet}}
        operations.append({"op": "add", "data": data})
    headers = {} if key is None else {"Idempotency-Key": key}
    body = json.dumps({"atomic:operations": operations})
    content = Client().post("/api/operations", body, ATOMIC, headers=headers).json()
    if "errors" in content:
        return [(each["code"], each["source"]["pointer"]) for each in content["errors"]]
    return [each["data"]["attributes"] for each in content["atomic:results"]]


def problems(done: dict[str, Any]) -> list[tuple[str, str | None]]:
    assert (done["transactions"], done["isReplay"]) == (None, False)
    return [(each["code"], each["field"]) for each in done["userErrors"]]


def test_both_show_the_same(wallets: list[Wallet]) -> None:
    a, b, c = wallets
    rows = [
        row(a, "1", "-10.00", description="all of it"),
        row(b, "2", 3, metadata={"n": 1.5}),
        row(a, "3", "0.01", conditions={"balance": {"eq": "0.01"}}),
        row(c, "4", "7"),
    ]
    # The second one is decided by what the first has left.
    done = by_graphql(rows)
    assert (done["isReplay"], done["userErrors"]) == (False, [])
    again = by_rest([{**each, "txid": f"{each['txid']}r", "amount": str(each["amount"])} for each in rows[1:]][:1])
    shown = {name: value for name, value in done["transactions"][1].items() if name != "databaseId"}
    times = {name: again[0][name] for name in ("createdAt", "updatedAt")}
    assert again[0] == {**shown, "txid": "2r", **times}
    assert [each["amount"] for each in done["transactions"]] == ["-10.00", "3.00", "0.01", "7"]
    assert Transaction.objects.filter(description="all of it").count() == 1
    assert_reconciled()


REFUSED: list[tuple[list[tuple[int, str, object]], str, str, str]] = [
    ([(0, "1", "-6"), (0, "2", "-6")], "insufficient_funds", "1.amount", "1/data/attributes/amount"),
    ([(0, "1", "1"), (2, "2", "0.5")], "scale_exceeded", "1.amount", "1/data/attributes/amount"),
    ([(0, "1", "1"), (1, "1", "1")], "duplicate_txid", "1.txid", "1/data/attributes/txid"),
    ([(0, "1", "1"), (0, "taken", "1")], "duplicate_txid", "1.txid", "1/data/attributes/txid"),
    ([(0, "1", "1"), (9, "2", "1")], "not_found", "1.walletId", "1/data/relationships/wallet"),
    ([(0, "1", "0")], "invalid_amount", "0.amount", "0/data/attributes/amount"),
    ([(0, "", "1")], "blank", "0.txid", "0/data/attributes/txid"),
    ([(0, "1", "1e5")], "invalid_amount", "0.amount", "0/data/attributes/amount"),
]


@pytest.mark.parametrize(("given", "code", "field", "pointer"), REFUSED)
def test_both_refuse_the_whole(
    wallets: list[Wallet], given: list[tuple[int, str, object]], code: str, field: str, pointer: str
) -> None:
    by_graphql([row(wallets[1], "taken", "1")])
    before = snapshot()
    rows = [row(wallets[place] if place < 3 else "999999", txid, amount) for place, txid, amount in given]
    assert problems(by_graphql(rows)) == [(code, field)]
    assert by_rest(rows) == [(code, f"/atomic:operations/{pointer}")]
    assert snapshot() == before


def test_a_frozen_and_a_closed_wallet(wallets: list[Wallet]) -> None:
    a, b, _ = wallets
    Wallet.objects.filter(id=a.id).update(state="frozen")
    Wallet.objects.filter(id=b.id).update(state="closed")
    assert problems(by_graphql([row(a, "1", "1"), row(a, "2", "-1")])) == [("wallet_frozen", "1")]
    assert problems(by_graphql([row(a, "1", "1"), row(b, "2", "1")])) == [("wallet_closed", "1.walletId")]


def test_all_bad_rows_are_reported_at_once(wallets: list[Wallet]) -> None:
    a = wallets[0]
    before = snapshot()
    faulty = row(a, "4", "1", conditions={"balance": {"gt": "x"}})
    rows = [row(a, " x", "1.5.5"), row(a, "2", "-99"), row("nowhere", "3", "0"), faulty]
    assert problems(by_graphql(rows)) == [
        ("invalid", "0.txid"),
        ("invalid_amount", "0.amount"),
        ("invalid_amount", "2.amount"),
        ("not_found", "2.walletId"),
        ("invalid_amount", "3.conditions.balance.gt"),
    ]
    assert snapshot() == before


def test_is_same_tells_that_a_lost_answer_was_a_success(wallets: list[Wallet]) -> None:
    rows = [row(wallets[0], "1", "-6"), row(wallets[0], "2", "-3")]
    by_graphql(rows)
    [error] = by_graphql(rows)["userErrors"]
    assert (error["code"], error["field"], error["isSame"]) == ("duplicate_txid", "0.txid", True)


def test_a_key_is_that_of_the_whole_and_of_both_faces(wallets: list[Wallet]) -> None:
    rows = [row(wallets[0], "1", "-6.00"), row(wallets[0], "2", "-3.00")]
    first = by_graphql(rows, "k")
    assert by_graphql(rows, "k") == {**first, "isReplay": True}
    shown = [{name: value for name, value in each.items() if name != "databaseId"} for each in first["transactions"]]
    assert by_rest(rows, "k") == shown
    assert problems(by_graphql(rows[:1], "k")) == [("idempotency_conflict", "idempotencyKey")]
    assert problems(by_graphql(rows[::-1], "k")) == [("idempotency_conflict", "idempotencyKey")]
    assert problems(by_graphql(rows, "ü")) == [("invalid", "idempotencyKey")]
    assert (Transaction.objects.count(), ReplayKey.objects.count()) == (2, 1)


def test_one_with_a_key_is_the_same_as_a_single_one(wallets: list[Wallet]) -> None:
    first = by_graphql([row(wallets[0], "1", "-6.00")], "k")
    single = """mutation ($input: CreateTransactionInput!) { done: createTransaction(input: $input) {
      isReplay transaction { databaseId } } }"""
    values = {**row(wallets[0], "1", "-6"), "idempotencyKey": "k"}
    done = post_graphql(Client(), single, {"input": values})["data"]["done"]
    assert done == {"isReplay": True, "transaction": {"databaseId": first["transactions"][0]["databaseId"]}}


def test_a_refused_key_is_free(wallets: list[Wallet]) -> None:
    rows = [row(wallets[0], "1", "-11")]
    assert problems(by_graphql(rows, "k")) == [("insufficient_funds", "0.amount")]
    by_graphql([row(wallets[0], "2", "1")])
    assert by_graphql(rows, "k")["isReplay"] is False
    assert Entry.objects.filter(txid="1").count() == 1


@pytest.mark.parametrize(("count", "code"), [(0, "required"), (1001, "too_many"), (1250, "too_many")])
def test_how_many(wallets: list[Wallet], count: int, code: str) -> None:
    rows = [row(wallets[0], str(number), "0.01") for number in range(count)]
    assert problems(by_graphql(rows)) == [(code, "input")]
    assert Transaction.objects.count() == 0


def test_a_thousand(wallets: list[Wallet]) -> None:
    rows = [row(wallets[number % 2], str(number), "0.01", description="d") for number in range(1000)]
    done = by_graphql(rows)
    assert done["userErrors"] == []
    assert [each["txid"] for each in done["transactions"]] == [str(number) for number in range(1000)]
    assert Transaction.objects.count() == 1000
    assert_reconciled()
