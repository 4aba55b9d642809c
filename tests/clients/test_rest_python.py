"""JSON:API clients for Python: `jsonapi-client` and `jsonapi-requests`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from jsonapi_client import Filter, Inclusion, Modifier, Session
from jsonapi_client.exceptions import DocumentError
from jsonapi_requests.data import JsonApiObject
from jsonapi_requests.orm import ApiModel, AttributeField, OrmApi, RelationField
from jsonapi_requests.request_factory import ApiClientError

from tests.live import LiveServer

pytestmark = pytest.mark.clients

TXIDS = ["one", "two", "three", "four", "five", "six", "seven"]
BALANCE_AFTERWARDS = "170.00"  # 100.00, and 10.00 for each


def test_jsonapi_client(server: LiveServer) -> None:
    models = {
        "Wallet": {
            "properties": {
                "label": {"type": ["string", "null"]},
                "balance": {"type": ["string", "null"]},
                "metadata": {"type": "object", "properties": {"color": {"type": ["string", "null"]}}},
                "transactions": {"relation": "to-many", "resource": ["Transaction"]},
            }
        },
        "Transaction": {
            "properties": {
                "txid": {"type": ["string", "null"]},
                "amount": {"type": ["string", "null"]},
                "wallet": {"relation": "to-one", "resource": ["Wallet"]},
            }
        },
    }
    # The client makes URLs out of types, which is not how ours are: writes name the URL, reads the path.
    wallets, transactions = f"{server.url}/api/wallets/", f"{server.url}/api/transactions/"
    with Session(f"{server.url}/api", schema=models) as session:
        wallet = session.create("Wallet", label="jsonapi-client", balance="100.00")
        wallet.create_map("metadata")
        wallet.metadata.color = "red"
        wallet.commit(wallets)
        assert (wallet.type, wallet.balance, wallet.metadata.color) == ("Wallet", "100.00", "red")
        for txid in TXIDS:
            session.create("Transaction", txid=f"jc-{txid}", amount="10.00", wallet=wallet).commit(transactions)

        wallet.refresh()
        assert wallet.balance == BALANCE_AFTERWARDS
        wallet.label = "jsonapi-client, renamed"
        wallet.commit()
        assert session.get("wallets", wallet.id).resource.label == "jsonapi-client, renamed"

        pages = Filter(wallet=wallet.id) + Modifier("page[size]=3") + Inclusion("wallet")
        found = list(session.iterate("transactions", pages))
        assert [each.txid for each in found] == [f"jc-{txid}" for txid in TXIDS]
        assert {each.wallet.id for each in found} == {wallet.id}
        assert [each.txid for each in wallet.transactions] == [each.txid for each in found]

        overdraft = session.create("Transaction", txid="jc-overdraft", amount="-170.01", wallet=wallet)
        with pytest.raises(DocumentError, match=r"Could not POST \(422\): Insufficient funds") as refused:
            overdraft.commit(transactions)
        assert refused.value.response.json()["errors"][0]["source"] == {"pointer": "/data/attributes/amount"}
        with pytest.raises(DocumentError, match="Error 404: Not found"):
            session.get("wallets", "999999")

    asyncio.run(_delete_asynchronously(server, found[-1].id))


async def _delete_asynchronously(server: LiveServer, identifier: str) -> None:
    """Delete in the client's other mode: without asyncio it takes an answer without content for an error."""
    async with Session(f"{server.url}/api", enable_async=True) as session:
        transaction = (await session.get("transactions", identifier)).resource
        transaction.delete()
        await transaction.commit()
        with pytest.raises(DocumentError, match="Error 404: Not found"):
            await session.get("transactions", f"{identifier}/")


def test_jsonapi_requests(server: LiveServer) -> None:
    connection = OrmApi.config({"API_ROOT": f"{server.url}/api", "TIMEOUT": 30, "APPEND_SLASH": False})

    class Wallet(ApiModel):
        class Meta:
            type = "Wallet"
            path = "wallets"
            api = connection

        label = AttributeField("label")
        balance = AttributeField("balance")

    class Transaction(ApiModel):
        class Meta:
            type = "Transaction"
            path = "transactions"
            api = connection

        txid = AttributeField("txid")
        amount = AttributeField("amount")
        wallet = RelationField("wallet")

    wallet = Wallet()
    wallet.label, wallet.balance = "jsonapi-requests", "100.00"
    wallet.save()

    def post(txid: str, amount: str) -> Transaction:
        transaction = Transaction()
        transaction.txid, transaction.amount, transaction.wallet = txid, amount, wallet
        transaction.save()
        return transaction

    posted = [post(f"jr-{txid}", "10.00") for txid in TXIDS]
    wallet.refresh()
    assert wallet.balance == BALANCE_AFTERWARDS
    change = JsonApiObject(type="Wallet", id=wallet.id, attributes={"label": "jsonapi-requests, renamed"})
    connection.endpoint(f"wallets/{wallet.id}").patch(object=change)
    wallet.refresh()
    assert wallet.label == "jsonapi-requests, renamed"

    query = {"filter[wallet]": wallet.id, "page[size]": 3, "include": "wallet"}
    content = connection.endpoint("transactions").get(params=query).content
    found = Transaction.from_response_content(content)
    assert [each.wallet.label for each in found] == ["jsonapi-requests, renamed"] * 3
    while content.links["next"]:
        content = connection.endpoint(content.links["next"]).get().content
        found += Transaction.from_response_content(content)
    assert [(each.id, each.txid) for each in found] == [(each.id, each.txid) for each in posted]

    with pytest.raises(ApiClientError) as refused:
        post("jr-overdraft", "-170.01")
    assert problems(refused.value) == (422, "insufficient_funds", {"pointer": "/data/attributes/amount"})
    posted[0].delete()
    assert not Transaction.exists(posted[0].id)
    with pytest.raises(ApiClientError) as refused:
        wallet.delete()
    assert problems(refused.value) == (409, "wallet_not_empty", None)


def problems(error: ApiClientError) -> tuple[int, str, Any]:
    (problem,) = json.loads(error.content)["errors"]
    return error.status_code, problem["code"], problem.get("source")
