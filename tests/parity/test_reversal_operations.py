"""Reversals among atomic operations, and what no change reaches once it is reversed, on both faces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.parity.faces import MEDIA_TYPE, post_graphql, post_rest
from tests.writes import open_wallet, post_transaction, post_transfer, reverse_transaction
from tests.writes import reverse_transfer as reverse_posted_transfer
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

ATOMIC = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def open_wallets() -> list[Wallet]:
    return [open_wallet(principal=ANYONE, label=f"W{number}", balance="100.00") for number in range(3)]


def operate(client: Client, *operations: dict[str, Any]) -> tuple[int, Any]:
    status, document, _ = post_rest(client, "/api/operations", {"atomic:operations": operations}, ATOMIC)
    return status, document


def test_an_operation_reverses_by_url_or_by_local_id(client: Client) -> None:
    wallet, other, _ = open_wallets()
    posted = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="TX", amount="50.00")
    pair = {"txid": "T", "source": str(wallet.id), "destination": str(other.id), "amount": "5"}
    status, document = operate(
        client,
        {
            "op": "add",
            "href": f"/api/transactions/{posted.id}/reversals/",
            "data": {"type": "Transaction", "attributes": {"txid": "R1", "amount": "1"}},
        },
        {
            "op": "add",
            "data": {
                "type": "Transaction",
                "lid": "new",
                "attributes": {"txid": "N", "amount": "7", "wallet": str(wallet.id)},
            },
        },
        {
            "op": "add",
            "ref": {"type": "Transaction", "lid": "new", "relationship": "reversals"},
            "data": {"type": "Transaction", "lid": "back", "attributes": {"txid": "NR", "amount": "3"}},
        },
        {
            "op": "update",
            "data": {"type": "Transaction", "lid": "back", "attributes": {"description": "Named by its local id"}},
        },
        {"op": "add", "data": {"type": "Transfer", "lid": "moved", "attributes": pair}},
        {
            "op": "add",
            "ref": {"type": "Transfer", "lid": "moved", "relationship": "reversals"},
            "data": {"type": "Transfer", "attributes": {"txid": "TR"}},
        },
    )
    assert status == 200, document
    shown = [each["data"] for each in document["atomic:results"]]
    assert [each["attributes"]["txid"] for each in shown] == ["R1", "N", "NR", "NR", "T", "TR"]
    assert [each["attributes"].get("reversed") for each in shown] == ["0.00", "3.00", "0.00", "0.00", None, None]
    assert shown[2] == shown[3]
    assert shown[2]["attributes"]["description"] == "Named by its local id"
    origins = [each["relationships"]["reversalOf"]["data"] for each in shown]
    assert origins == [
        {"type": "Transaction", "id": str(posted.id)},
        None,
        {"type": "Transaction", "id": shown[1]["id"]},
        {"type": "Transaction", "id": shown[1]["id"]},
        None,
        {"type": "Transfer", "id": shown[4]["id"]},
    ]
    assert (balance(wallet.id), balance(other.id)) == ("153.00", "100.00")
    assert_reconciled()


@pytest.mark.parametrize(
    ("operation", "status", "code", "pointer"),
    [
        ({"op": "update", "href": "/api/transactions/{id}/reversals"}, 422, "invalid", "/href"),
        ({"op": "remove", "href": "/api/transactions/{id}/reversals"}, 422, "invalid", "/href"),
        ({"op": "add", "href": "/api/transactions/999999/reversals"}, 404, "not_found", "/href"),
        ({"op": "add", "href": "/api/wallets/1/reversals"}, 404, "not_found", "/href"),
        ({"op": "add", "href": "/api/transactions/{id}/entries"}, 404, "not_found", "/href"),
        (
            {"op": "update", "ref": {"type": "Transaction", "id": "{id}", "relationship": "reversals"}, "data": []},
            403,
            "forbidden",
            "/ref",
        ),
        (
            {"op": "add", "ref": {"type": "Transaction", "id": "{id}", "relationship": "reversals"}, "data": []},
            403,
            "forbidden",
            "/ref",
        ),
        (
            {"op": "add", "ref": {"type": "Transaction", "id": "{id}", "relationship": "entries"}, "data": {}},
            403,
            "forbidden",
            "/ref",
        ),
        (
            {"op": "add", "ref": {"type": "Transaction", "lid": "no", "relationship": "reversals"}},
            422,
            "invalid",
            "/ref/lid",
        ),
        (
            {
                "op": "add",
                "href": "/api/transactions/{id}/reversals",
                "data": {"type": "Transaction", "attributes": {"txid": "R", "amount": "50.01"}},
            },
            422,
            "reversal_exceeds",
            "/data/attributes/amount",
        ),
        (
            {
                "op": "add",
                "href": "/api/transactions/{id}/reversals",
                "data": {"type": "Transaction", "attributes": {"txid": "R", "wallet": "1"}},
            },
            422,
            "invalid",
            "/data/attributes/wallet",
        ),
        ({"op": "add", "href": "/api/transactions/{id}/reversals", "data": None}, 422, "invalid", "/data"),
        (
            {"op": "add", "href": "/api/transactions/{id}/reversals", "data": {"type": "Transfer"}},
            409,
            "type_conflict",
            "/data/type",
        ),
    ],
)
def test_what_an_operation_cannot_do_is_refused_where_it_says_so(
    client: Client, operation: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    wallet, *_ = open_wallets()
    posted = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="TX", amount="50.00")
    plain = {"data": {"type": "Transaction", "attributes": {"txid": "R"}}}
    given = json.loads(json.dumps({**plain, **operation}).replace("{id}", str(posted.id)))
    before = snapshot()
    answered, document = operate(client, given)
    error = document["errors"][0]
    assert (answered, error["code"], error["source"]["pointer"]) == (status, code, f"/atomic:operations/0{pointer}")
    assert snapshot() == before


# -- bound -----------------------------------------------------------------------------------------------


def test_nothing_changes_what_is_bound(client: Client) -> None:
    """A leg, a reversal, a leg of a reversal, and what is reversed in part: on both faces, in every way."""
    wallets = open_wallets()
    posted = post_transaction(principal=ANYONE, wallet_id=wallets[0].id, txid="TX", amount="50.00")
    made = reverse_transaction(principal=ANYONE, transaction_id=posted.id, txid="R", amount="1")
    moved = post_transfer(
        principal=ANYONE, txid="T", source_id=wallets[0].id, destination_id=wallets[1].id, amount="149"
    )
    reverse_posted_transfer(principal=ANYONE, transfer_id=moved.id, txid="TR", amount="1")
    bound = list(Transaction.objects.order_by("id").values_list("id", flat=True))
    assert (len(bound), made.id in bound) == (6, True)
    elsewhere = {"type": "Wallet", "id": str(wallets[2].id)}
    before = snapshot()
    for identifier in map(str, bound):
        url, identity = f"/api/transactions/{identifier}/", {"type": "Transaction", "id": identifier}
        moving = {"wallet": {"data": elsewhere}}
        asked = [
            ("patch", url, {**identity, "attributes": {"amount": "400.00"}}),
            ("patch", url, {**identity, "relationships": moving}),
            ("patch", f"{url}relationships/wallet/", elsewhere),
            ("delete", url, None),
        ]
        for method, path, data in asked:
            body = {} if data is None else {"data": json.dumps({"data": data}), "content_type": MEDIA_TYPE}
            response = getattr(client, method)(path, **body)
            assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "transaction_bound")
        for operation in (
            {"op": "update", "data": {**identity, "attributes": {"amount": "400.00"}}},
            {"op": "update", "data": {**identity, "relationships": moving}},
            {"op": "update", "ref": {**identity, "relationship": "wallet"}, "data": elsewhere},
            {"op": "remove", "ref": identity},
        ):
            status, document = operate(client, operation)
            assert (status, document["errors"][0]["code"]) == (409, "transaction_bound")
        for name, given in (
            ("updateTransaction", f'id: {identifier}, amount: "400.00"'),
            ("updateTransaction", f"id: {identifier}, walletId: {wallets[2].id}"),
            ("deleteTransaction", f"id: {identifier}"),
        ):
            reply = post_graphql(client, f"mutation {{ {name}(input: {{{given}}}) {{ userErrors {{ code }} }} }}", {})
            assert reply["data"][name]["userErrors"] == [{"code": "transaction_bound"}]
    assert snapshot() == before
    # Their wallets can be emptied and closed, and not deleted.
    for wallet in wallets[:2]:
        post_transaction(principal=ANYONE, wallet_id=wallet.id, txid=f"E{wallet.id}", amount=f"-{balance(wallet.id)}")
    before = snapshot()
    for wallet in wallets[:2]:
        response = client.delete(f"/api/wallets/{wallet.id}/")
        assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "transaction_bound")
        status, document = operate(client, {"op": "remove", "ref": {"type": "Wallet", "id": str(wallet.id)}})
        assert (status, document["errors"][0]["code"]) == (409, "transaction_bound")
        query = f"mutation {{ deleteWallet(input: {{id: {wallet.id}}}) {{ userErrors {{ code }} }} }}"
        assert post_graphql(client, query, {})["data"]["deleteWallet"]["userErrors"] == [
            {"code": "transaction_bound"}
        ]
    assert snapshot() == before
