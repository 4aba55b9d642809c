"""A to-many relation that is said to be empty: that is true, or else a change that is not made this way."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.rest_api.batches import ATOMIC_TYPE
from tests.rest_api.conftest import Api, problems, refused, resource

EMPTY: dict[str, Any] = {"data": []}


def with_empty(document: Any, *names: str) -> Any:
    document["data"].setdefault("relationships", {}).update(dict.fromkeys(names, EMPTY))
    return document


def test_a_new_resource_has_empty_relations(api: Api) -> None:
    response = api.post("/api/wallets/", with_empty(resource("Wallet", label="A"), "transactions", "entries"))
    assert response.status_code == 201
    wallet = response.json()["data"]["id"]
    document = with_empty(resource("Transaction", wallet=wallet, txid="T", amount="1"), "entries")
    assert api.post("/api/transactions/", document).status_code == 201
    batch = {"atomic:operations": [{"op": "add", **with_empty(resource("Wallet", label="B"), "transactions")}]}
    assert api.post("/api/operations", batch, content_type=ATOMIC_TYPE).status_code == 200


def test_a_change_may_declare_an_empty_relation_empty_and_removes_nothing(api: Api) -> None:
    wallet = api.create_wallet(label="A")["id"]
    document = with_empty(resource("Wallet", wallet, label="B"), "transactions", "entries")
    batch = {"atomic:operations": [{"op": "update", "data": document["data"]}]}
    assert api.patch(f"/api/wallets/{wallet}/", document).status_code == 200
    assert api.post("/api/operations", batch, content_type=ATOMIC_TYPE).status_code == 200
    transaction = api.create_transaction(wallet, txid="T", amount="1.00")["id"]
    pointer = "/relationships/transactions"
    answer = refused(api, "PATCH", f"/api/wallets/{wallet}/", document)
    assert answer == (403, [("forbidden", f"/data{pointer}")])
    answer = refused(api, "POST", "/api/operations", batch, content_type=ATOMIC_TYPE)
    assert answer == (403, [("forbidden", f"/atomic:operations/0/data{pointer}")])
    document = with_empty(resource("Transaction", transaction, amount="2"), "entries")
    answer = refused(api, "PATCH", f"/api/transactions/{transaction}/", document)
    assert answer == (403, [("forbidden", "/data/relationships/entries")])


@pytest.mark.parametrize(
    "relationship", [{"data": [{"type": "Transaction", "id": "1"}]}, {"data": None}, {}, [], None]
)
def test_anything_else_is_refused(api: Api, relationship: object) -> None:
    document = resource("Wallet", label="A")
    document["data"]["relationships"] = {"transactions": relationship}
    answer = refused(api, "POST", "/api/wallets/", document)
    assert answer == (403, [("forbidden", "/data/relationships/transactions")])


def test_a_refusal_names_the_rule_of_the_field(api: Api) -> None:
    wallet = api.create_wallet(label="A")["id"]
    for name, value, said in (
        ("balance", "1.00", "Only transactions change the balance of a wallet."),
        ("currency", "EUR", "The currency of a wallet never changes."),
    ):
        response = api.patch(f"/api/wallets/{wallet}/", resource("Wallet", wallet, **{name: value}))
        assert problems(response) == [("immutable", f"/data/attributes/{name}")]
        assert response.json()["errors"][0]["detail"] == said


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/api/wallets/1/", "/api/operations", "/graphql/"])
def test_a_page_of_an_allowed_origin_may_send_and_read_what_the_api_speaks(
    client: Client, settings: Any, url: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    names = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"]
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": ",".join(names)}
    preflight = client.options(url, headers={"origin": "https://app.example", "host": "localhost", **asked})
    assert preflight["Access-Control-Allow-Origin"] == "https://app.example"
    assert set(names) <= {name.strip() for name in preflight["Access-Control-Allow-Headers"].split(",")}
    assert preflight["Access-Control-Max-Age"] == "86400"
    answered = client.get(url, headers={"origin": "https://app.example", "host": "localhost"})
    exposed = {name.strip() for name in answered["Access-Control-Expose-Headers"].split(",")}
    assert {"ETag", "Location", "Retry-After", "Idempotency-Replayed"} < exposed
    assert {"RateLimit", "RateLimit-Policy", "X-Request-ID"} < exposed
    assert len(exposed) == 7
    stranger = client.get(url, headers={"origin": "https://evil.example", "host": "localhost"})
    assert "Access-Control-Allow-Origin" not in stranger
