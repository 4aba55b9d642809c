"""Transfers through both faces: what each does, refuses and shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeWallet, Post
from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.parity.faces import MEDIA_TYPE, post_graphql
from walletsvc.models import Transfer, Wallet

pytestmark = pytest.mark.django_db

CREATE = """mutation ($input: CreateTransferInput!) { done: createTransfer(input: $input) {
  transfer { databaseId txid description metadata external createdAt owner
    legs { totalCount edges { node { txid amount wallet { databaseId balance } transfer { txid } } } } }
  userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateTransferInput!) { done: updateTransfer(input: $input) {
  transfer { txid description metadata } userErrors { code field } } }"""


@pytest.fixture
def wallets(make_wallet: MakeWallet) -> list[Wallet]:
    """Make three wallets with 100.00, and one in another currency."""
    return [
        *(make_wallet("100.00", label=f"W{number}") for number in range(3)),
        make_wallet("5.00", label="Euros", currency="EUR"),
    ]


def rest(client: Client, method: str, path: str, data: object = None, status: int = 200) -> Any:
    """Return the document of an answer with this status."""
    body = "" if data is None else json.dumps(data if "atomic:operations" in str(data) else {"data": data})
    media_type = MEDIA_TYPE
    if path.startswith("/api/operations"):
        media_type += '; ext="https://jsonapi.org/ext/atomic"'
    response = client.generic(method, path, body, content_type=media_type, headers={"Accept": media_type})
    assert response.status_code == status, response.content
    return json.loads(response.content) if response.content else None


def new(**attributes: Any) -> dict[str, Any]:
    return {"type": "Transfer", "attributes": attributes}


def graphql(client: Client, mutation: str, **values: Any) -> Any:
    reply = post_graphql(client, mutation, {"input": values})
    assert "errors" not in reply, reply
    return reply["data"]["done"]


# -- creating ------------------------------------------------------------------------------------------


def test_the_source_of_a_pair_has_conditions(client: Client, wallets: list[Wallet]) -> None:
    one, two = (str(each.id) for each in wallets[:2])
    pair = {"source": one, "destination": two, "amount": "60.00"}
    met, missed = ({"available": {"gte": each}} for each in ("40.00", "40.01"))
    before = snapshot()
    refused = rest(client, "POST", "/api/transfers/", new(txid="T1", **pair, conditions=missed), 412)
    [problem] = refused["errors"]
    assert (problem["code"], problem["source"]["pointer"]) == (
        "condition_failed",
        "/data/attributes/conditions/available/gte",
    )
    [error] = graphql(client, CREATE, txid="T1", **pair, conditions=missed)["userErrors"]
    assert (error["code"], error["field"]) == ("condition_failed", "conditions.available.gte")
    legs = [{"wallet": one, "amount": "-1.00"}, {"wallet": two, "amount": "1.00"}]
    [error] = graphql(client, CREATE, txid="T1", legs=legs, conditions=met)["userErrors"]
    assert (error["code"], error["field"]) == ("invalid", "conditions")
    assert snapshot() == before
    rest(client, "POST", "/api/transfers/", new(txid="T1", **pair, conditions=met), 201)
    pair |= {"source": two, "destination": one}
    assert graphql(client, CREATE, txid="T2", **pair, conditions={"sequence": 2})["userErrors"] == []
    assert [balance(each.id) for each in wallets[:2]] == ["100.00", "100.00"]
    assert_reconciled()


def test_money_moves_from_a_source_to_a_destination(client: Client, wallets: list[Wallet]) -> None:
    one, two = (str(each.id) for each in wallets[:2])
    sent = new(txid="T1", source=one, destination=two, amount="5.00", description="Rent")
    made = rest(client, "POST", "/api/transfers/?include=legs.wallet", sent, 201)
    data = made["data"]
    assert data["attributes"] | {"createdAt": ""} == {
        "txid": "T1",
        "external": [],
        "owner": "",
        "description": "Rent",
        "metadata": {},
        "createdAt": "",
    }
    legs = [each for each in made["included"] if each["type"] == "Transaction"]
    assert [(each["attributes"]["txid"], each["attributes"]["amount"]) for each in legs] == [
        ("T1.1", "-5.00"),
        ("T1.2", "5.00"),
    ]
    assert {each["relationships"]["transfer"]["data"]["id"] for each in legs} == {data["id"]}
    assert [each["attributes"]["balance"] for each in made["included"] if each["type"] == "Wallet"] == [
        "95.00",
        "105.00",
    ]
    again = graphql(client, CREATE, txid="T2", source=two, destination=one, amount="5.00", metadata={"a": 1})
    assert again["userErrors"] == []
    shown = again["transfer"]
    assert (shown["txid"], shown["external"], shown["metadata"], shown["owner"]) == ("T2", [], {"a": 1}, "")
    nodes = [each["node"] for each in shown["legs"]["edges"]]
    assert [(each["txid"], each["amount"], each["wallet"]["balance"], each["transfer"]) for each in nodes] == [
        ("T2.1", "-5.00", "100.00", {"txid": "T2"}),
        ("T2.2", "5.00", "100.00", {"txid": "T2"}),
    ]
    assert shown["legs"]["totalCount"] == 2
    assert_reconciled()


def test_the_proper_form_is_relationships(client: Client, wallets: list[Wallet]) -> None:
    sent = new(txid="T1", upTo="500")
    sent["relationships"] = {
        name: {"data": {"type": "Wallet", "id": str(wallet.id)}}
        for name, wallet in zip(("source", "destination"), wallets, strict=False)
    }
    rest(client, "POST", "/api/transfers/", sent, 201)
    assert [balance(each.id) for each in wallets[:2]] == ["0.00", "200.00"]
    refused = rest(client, "POST", "/api/transfers/", sent | {"attributes": {"txid": "T2", "upTo": "1"}}, 422)
    assert refused["errors"][0]["source"] == {"pointer": "/data/attributes/upTo"}
    assert (refused["errors"][0]["code"], refused["errors"][0]["meta"]["available"]) == ("insufficient_funds", "0.00")


def test_legs_and_what_is_external(client: Client, wallets: list[Wallet]) -> None:
    one, _, three, _ = (str(each.id) for each in wallets)
    legs = [{"wallet": one, "amount": "97.00"}, {"wallet": three, "amount": "3.00", "description": "Fee"}]
    external = [{"currency": "USD", "amount": "-100.00"}]
    made = rest(client, "POST", "/api/transfers/", new(txid="T2", legs=legs, external=external), 201)
    assert made["data"]["attributes"]["external"] == external
    shown = rest(client, "GET", f"/api/transfers/{made['data']['id']}/?include=legs")
    assert shown["data"] == made["data"] | {"relationships": shown["data"]["relationships"]}
    assert [each["attributes"]["description"] for each in shown["included"]] == ["", "Fee"]
    done = graphql(client, CREATE, txid="T3", legs=legs, external=external)["transfer"]
    assert (done["external"], done["legs"]["totalCount"]) == (external, 2)
    assert (balance(int(one)), balance(int(three))) == ("294.00", "106.00")


def test_a_transfer_is_one_of_the_operations_of_a_document(client: Client, wallets: list[Wallet]) -> None:
    wallet = {"op": "add", "data": {"type": "Wallet", "lid": "w", "attributes": {"label": "New"}}}
    sent = new(txid="T1", source=str(wallets[0].id), amount="7.00") | {
        "lid": "t",
        "relationships": {"destination": {"data": {"type": "Wallet", "lid": "w"}}},
    }
    changed = {"type": "Transfer", "lid": "t", "attributes": {"description": "Changed"}}
    operations = [wallet, {"op": "add", "data": sent}, {"op": "update", "data": changed}]
    done = rest(client, "POST", "/api/operations/", {"atomic:operations": operations})["atomic:results"]
    assert [each["data"]["type"] for each in done] == ["Wallet", "Transfer", "Transfer"]
    assert (done[0]["data"]["attributes"]["balance"], done[2]["data"]["attributes"]["description"]) == (
        "7.00",
        "Changed",
    )
    before = snapshot()
    operations = [{"op": "remove", "ref": {"type": "Transfer", "id": done[1]["data"]["id"]}}]
    refused = rest(client, "POST", "/api/operations/", {"atomic:operations": operations}, 403)
    assert [each["code"] for each in refused["errors"]] == ["forbidden"]
    assert snapshot() == before


def test_a_key_gets_the_first_answer_again(client: Client, wallets: list[Wallet]) -> None:
    sent = json.dumps({"data": new(**_pair(wallets, description="Rent"))})
    headers = {"Accept": MEDIA_TYPE, "Idempotency-Key": "k1"}
    first, again = (client.post("/api/transfers/", sent, content_type=MEDIA_TYPE, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"]) == (first.content, first["Location"])
    assert again["Idempotency-Replayed"] == "true"
    shown = [graphql(client, CREATE, **_pair(wallets, txid="M", idempotencyKey="k2")) for _ in range(2)]
    assert shown[0] == shown[1]
    assert balance(wallets[0].id) == "98.00"


# -- refusals ------------------------------------------------------------------------------------------


def _pair(wallets: list[Wallet], **changed: Any) -> dict[str, Any]:
    return {"txid": "N", "source": str(wallets[0].id), "destination": str(wallets[1].id), "amount": "1"} | changed


def _legs(wallets: list[Wallet], *amounts: str, **changed: Any) -> dict[str, Any]:
    legs = [{"wallet": str(each.id), "amount": amount} for each, amount in zip(wallets, amounts, strict=False)]
    return {"txid": "N", "legs": legs} | changed


NOBODY = "9223372036854775807"


@pytest.mark.parametrize(
    ("make", "status", "code", "place"),
    [
        (lambda them: _pair(them, amount="100.01"), 422, "insufficient_funds", "amount"),
        (lambda them: _pair(them, amount="0"), 422, "invalid_amount", "amount"),
        (lambda them: _pair(them, amount="-1"), 422, "invalid_amount", "amount"),
        (lambda them: _pair(them, amount="0.001"), 422, "scale_exceeded", "amount"),
        (lambda them: _pair(them, destination=str(them[3].id)), 422, "currency_mismatch", "destination"),
        (lambda them: _pair(them, destination=str(them[0].id)), 422, "invalid", "destination"),
        (lambda them: _pair(them, source=NOBODY), 404, "not_found", "source"),
        (lambda them: _pair(them, txid="taken"), 409, "duplicate_txid", "txid"),
        (lambda them: _pair(them, txid="leg"), 409, "duplicate_txid", "txid"),
        (lambda them: _legs(them, "-1", "2"), 422, "unbalanced", "legs"),
        (
            lambda them: _legs(them, "-1", "1", external=[{"currency": "EUR", "amount": "1"}]),
            422,
            "unbalanced",
            "legs",
        ),
        (lambda them: _legs(them, "-1"), 422, "invalid", "legs"),
        (lambda them: _legs(them, "-1", "0", "1"), 422, "invalid_amount", "legs.1.amount"),
        (lambda them: _legs(them, "1", "-102", "101"), 422, "insufficient_funds", "legs.1.amount"),
        (lambda them: _legs(them, "-1", "1", amount="1"), 422, "invalid", "amount"),
        (lambda them: {"txid": "N", "legs": _legs(them, "1")["legs"] * 101}, 422, "too_many", "legs"),
    ],
)
def test_each_refusal_is_the_same_and_changes_nothing(
    client: Client, wallets: list[Wallet], post: Post, make: Any, status: int, code: str, place: str
) -> None:
    rest(client, "POST", "/api/transfers/", new(**_pair(wallets, txid="taken")), 201)
    post(wallets[0], "1", txid="leg.2")
    before, sent = snapshot(), make(wallets)
    (problem,) = rest(client, "POST", "/api/transfers/", new(**sent), status)["errors"]
    pointer = f"/data/attributes/{place.replace('.', '/')}"
    assert (problem["code"], problem["source"]["pointer"]) == (code, pointer)
    refused = graphql(client, CREATE, **sent)
    assert refused["transfer"] is None
    assert refused["userErrors"] == [{"code": code, "field": place, "message": problem["detail"]}]
    assert snapshot() == before


# -- bound legs ----------------------------------------------------------------------------------------


def test_no_leg_is_changed_by_itself(client: Client, wallets: list[Wallet]) -> None:
    one, _, three, _ = wallets
    made = rest(client, "POST", "/api/transfers/?include=legs", new(**_pair(wallets, amount="100.00")), 201)
    before = snapshot()
    for leg in made["included"]:
        path, identified = f"/api/transactions/{leg['id']}/", {"type": "Transaction", "id": leg["id"]}
        other = {"type": "Wallet", "id": str(three.id)}
        moved = {"relationships": {"wallet": {"data": other}}}
        tried = [
            rest(client, "PATCH", path, identified | {"attributes": {"amount": "400.00"}}, 409),
            rest(client, "PATCH", path, identified | {"attributes": {"wallet": str(three.id)}}, 409),
            rest(client, "PATCH", path, identified | moved, 409),
            rest(client, "PATCH", path, identified | {"attributes": {"txid": "renamed"}}, 409),
            rest(client, "PATCH", f"{path}relationships/wallet/", other, 409),
            rest(client, "DELETE", path, status=409),
            *(
                rest(client, "POST", "/api/operations/", {"atomic:operations": [operation]}, 409)
                for operation in (
                    {"op": "remove", "ref": identified},
                    {"op": "update", "data": identified | {"attributes": {"amount": "1"}}},
                )
            ),
        ]
        assert {each["errors"][0]["code"] for each in tried} == {"transaction_bound"}
        assert {each["errors"][0]["meta"]["transfer"] for each in tried} == {int(made["data"]["id"])}
        for mutation in (
            f'updateTransaction(input: {{id: {leg["id"]}, amount: "400.00"}})',
            f"updateTransaction(input: {{id: {leg['id']}, walletId: {three.id}}})",
            f"deleteTransaction(input: {{id: {leg['id']}}})",
        ):
            reply = post_graphql(client, f"mutation {{ done: {mutation} {{ userErrors {{ code }} }} }}", {})
            assert reply["data"]["done"]["userErrors"] == [{"code": "transaction_bound"}]
    # Its wallet is empty, and yet not deleted.
    assert balance(one.id) == "0.00"
    refused = rest(client, "DELETE", f"/api/wallets/{one.id}/", status=409)
    assert refused["errors"][0]["code"] == "transaction_bound"
    reply = post_graphql(
        client, f"mutation {{ done: deleteWallet(input: {{id: {one.id}}}) {{ userErrors {{ code }} }} }}", {}
    )
    assert reply["data"]["done"]["userErrors"] == [{"code": "transaction_bound"}]
    assert snapshot() == before
    # Its texts may change.
    leg = made["included"][0]
    sent = {"type": "Transaction", "id": leg["id"], "attributes": {"description": "New", "amount": "-100.00"}}
    shown = rest(client, "PATCH", f"/api/transactions/{leg['id']}/", sent)
    assert shown["data"]["attributes"]["description"] == "New"
    assert shown["data"]["relationships"]["transfer"]["data"] == {"type": "Transfer", "id": made["data"]["id"]}


# -- reading and changing ------------------------------------------------------------------------------


def test_transfers_are_found_by_both_faces(client: Client, wallets: list[Wallet], post: Post) -> None:
    plain = post(wallets[0], "1", txid="plain")
    ids = [
        rest(client, "POST", "/api/transfers/", new(**_pair(wallets, txid=txid)), 201)["data"]["id"]
        for txid in ("a", "b")
    ]
    listed = rest(client, "GET", "/api/transfers/?sort=-txid")
    assert [each["id"] for each in listed["data"]] == ids[::-1]
    assert listed["meta"]["pagination"]["count"] == 2
    found = rest(client, "GET", "/api/transfers/?filter[txid]=b")
    assert [each["id"] for each in found["data"]] == ids[1:]
    for path in (f"/api/transactions/?filter[transfer]={ids[0]}", f"/api/transfers/{ids[0]}/legs/"):
        legs = rest(client, "GET", path)["data"]
        assert [each["attributes"]["txid"] for each in legs] == ["a.1", "a.2"]
    linkage = rest(client, "GET", f"/api/transfers/{ids[1]}/relationships/legs/")["data"]
    assert [rest(client, "GET", f"/api/transactions/{each['id']}/transfer/")["data"]["id"] for each in linkage] == [
        ids[1]
    ] * 2
    assert rest(client, "GET", f"/api/transactions/{plain.id}/transfer/")["data"] is None
    query = """query ($id: ID!, $leg: ID!) {
      transfer(id: $id) { txid } transferByTxid(txid: "b") { databaseId legs { edges { node { txid } } } }
      transfers(ordering: [{txid: DESC}], filters: {txid: {icontains: "A"}}) { totalCount edges { node { txid } } }
      transactions(filters: {transfer: $id}) { edges { node { txid transfer { databaseId } } } }
      transaction(id: $leg) { transfer { txid } } }"""
    reply = post_graphql(client, query, {"id": ids[0], "leg": str(plain.id)})
    assert reply["data"] == {
        "transfer": {"txid": "a"},
        "transferByTxid": {
            "databaseId": ids[1],
            "legs": {"edges": [{"node": {"txid": "b.1"}}, {"node": {"txid": "b.2"}}]},
        },
        "transfers": {"totalCount": 1, "edges": [{"node": {"txid": "a"}}]},
        "transactions": {
            "edges": [{"node": {"txid": f"a.{number}", "transfer": {"databaseId": ids[0]}}} for number in (1, 2)]
        },
        "transaction": {"transfer": None},
    }


def test_only_the_texts_of_a_transfer_change(client: Client, wallets: list[Wallet]) -> None:
    made = rest(client, "POST", "/api/transfers/", new(**_pair(wallets)), 201)["data"]
    path, identified = f"/api/transfers/{made['id']}/", {"type": "Transfer", "id": made["id"]}
    assert rest(client, "GET", path)["data"]["attributes"]["description"] == ""
    shown = rest(client, "PATCH", path, identified | {"attributes": {"description": "One", "metadata": {"a": 1}}})
    assert shown["data"]["attributes"] == made["attributes"] | {"description": "One", "metadata": {"a": 1}}
    # No cached answer outlives the change.
    assert rest(client, "GET", path)["data"]["attributes"]["description"] == "One"
    done = graphql(client, UPDATE, id=made["id"], description="Two")
    assert done == {"transfer": {"txid": "N", "description": "Two", "metadata": {"a": 1}}, "userErrors": []}
    assert rest(client, "GET", path)["data"]["attributes"]["description"] == "Two"
    for attributes in ({"txid": "M"}, {"amount": "1"}, {"legs": []}, {"external": []}, {"source": "1"}):
        refused = rest(client, "PATCH", path, identified | {"attributes": attributes}, 422)
        assert [(each["code"], each["source"]["pointer"]) for each in refused["errors"]] == [
            ("immutable", f"/data/attributes/{next(iter(attributes))}")
        ]
    nobody = {"type": "Transfer", "id": NOBODY, "attributes": {"description": "x" * 2000}}
    assert rest(client, "PATCH", f"/api/transfers/{NOBODY}/", nobody, 404)["errors"][0]["code"] == "not_found"
    assert graphql(client, UPDATE, id=NOBODY, description="A")["userErrors"] == [{"code": "not_found", "field": "id"}]
    assert rest(client, "DELETE", path, status=405)["errors"][0]["code"] == "method_not_allowed"
    assert Transfer.objects.get().description == "Two"
