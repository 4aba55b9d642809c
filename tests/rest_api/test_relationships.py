"""Relationship URLs show linkage, and a to-one can be led elsewhere, through commands. No other is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest_api.conftest import SERVER, Api, problems
from walletsvc.models import Entry


@pytest.fixture
def one(api: Api) -> Any:
    return api.create_wallet(label="One", balance="10.00")


@pytest.fixture
def other(api: Api) -> Any:
    return api.create_wallet(label="Other")


@pytest.fixture
def transaction(api: Api, one: Any) -> Any:
    return api.create_transaction(one["id"], txid="TX1", amount="5.00")


def wallet_of(transaction: Any) -> str:
    return f"{SERVER}/api/transactions/{transaction['id']}/relationships/wallet/"


def linkage(type_name: str, identifier: object) -> Any:
    return {"data": {"type": type_name, "id": identifier}}


def balances(api: Api) -> list[str]:
    return [each["attributes"]["balance"] for each in api.data("/api/wallets/?sort=id")]


def test_linkage_is_shown(api: Api, one: Any, transaction: Any) -> None:
    document = api.get(wallet_of(transaction)).json()
    assert document == {
        "jsonapi": {"version": "1.1"},
        "data": {"type": "Wallet", "id": one["id"]},
        "links": {
            "self": wallet_of(transaction),
            "related": f"{SERVER}/api/transactions/{transaction['id']}/wallet/",
        },
    }
    entries = api.get(f"/api/wallets/{one['id']}/relationships/entries").json()
    assert [each["type"] for each in entries["data"]] == ["Entry", "Entry"]
    opening = api.data(f"/api/wallets/{one['id']}/entries/")[0]
    assert api.get(f"/api/entries/{opening['id']}/relationships/transaction/").json()["data"] is None
    assert api.get(f"/api/entries/{opening['id']}/transaction/").json()["data"] is None


def test_a_transaction_is_moved_by_its_relationship(api: Api, one: Any, other: Any, transaction: Any) -> None:
    response = api.patch(wallet_of(transaction), linkage("Wallet", other["id"]))
    assert (response.status_code, response.content) == (204, b"")
    assert balances(api) == ["10.00", "5.00"]
    assert api.data(wallet_of(transaction)) == {"type": "Wallet", "id": other["id"]}
    assert api.patch(wallet_of(transaction), linkage("Wallet", other["id"])).status_code == 204
    assert Entry.objects.count() == 4


def test_a_move_is_guarded(api: Api, one: Any, other: Any, transaction: Any) -> None:
    api.create_transaction(one["id"], txid="TX2", amount="-15.00")
    response = api.patch(wallet_of(transaction), linkage("Wallet", other["id"]))
    assert (response.status_code, problems(response)) == (422, [("insufficient_funds", "/data")])
    euros = api.create_wallet(label="Euros", currency="EUR")
    response = api.patch(wallet_of(transaction), linkage("Wallet", euros["id"]))
    assert (response.status_code, problems(response)) == (422, [("currency_mismatch", "/data")])
    assert balances(api) == ["0.00", "0.00", "0.00"]


@pytest.mark.parametrize(
    ("document", "status", "code", "pointer"),
    [
        (linkage("Wallet", "999"), 404, "not_found", "/data"),
        (linkage("Transaction", "1"), 409, "type_conflict", "/data/type"),
        (linkage("Wallet", 1), 422, "invalid", "/data/id"),
        ({"data": None}, 422, "required", "/data"),
        ({"data": []}, 422, "invalid", "/data"),
        ({}, 422, "required", ""),
        ([], 422, "invalid", ""),
        (b"{", 400, "malformed", None),
    ],
)
def test_an_invalid_wallet_is_refused(
    api: Api, transaction: Any, document: object, status: int, code: str, pointer: str | None
) -> None:
    response = api.patch(wallet_of(transaction), document)
    assert (response.status_code, problems(response)) == (status, [(code, pointer)])
    assert balances(api) == ["15.00"]


def test_a_relationship_to_many_is_not_written(api: Api, one: Any, other: Any, transaction: Any) -> None:
    url = f"/api/wallets/{other['id']}/relationships/transactions/"
    member = {"type": "Transaction", "id": transaction["id"]}
    for method in ("POST", "PATCH", "DELETE"):
        response = api.send(method, url, {"data": [member]})
        assert (response.status_code, problems(response)) == (403, [("forbidden", "/data")])
        assert api.send(method, url, {"data": []}).status_code == 403
        wrong = {"data": [member, {"type": "Wallet", "id": "1"}, None]}
        response = api.send(method, url, wrong)
        assert response.status_code == 400
        assert problems(response) == [("type_conflict", "/data/1/type"), ("invalid", "/data/2")]
        assert problems(api.send(method, url, {"data": member})) == [("invalid", "/data")]
        assert api.send(method, "/api/wallets/999/relationships/transactions", {"data": []}).status_code == 404
        assert api.send(method, url, {"data": []}, content_type="application/json").status_code == 415
        response = api.send(method, f"{url}?page[foo]=1", {"data": []})
        assert (response.status_code, problems(response)) == (400, [("invalid_parameter", "page[foo]")])
    assert balances(api) == ["15.00", "0.00"]


def test_the_ledger_is_not_written(api: Api, one: Any, other: Any) -> None:
    entry = api.data("/api/entries/")[0]
    url = f"/api/entries/{entry['id']}/relationships/wallet/"
    response = api.patch(url, linkage("Wallet", other["id"]))
    assert (response.status_code, problems(response)) == (403, [("forbidden", "/data")])
    assert api.patch("/api/entries/999/relationships/wallet", linkage("Wallet", "1")).status_code == 404
    assert api.data(url) == {"type": "Wallet", "id": one["id"]}


@pytest.mark.parametrize("query", ["include=wallet", "page[size]=1", "foo=1", "fields[Wallet]=label"])
def test_a_relationship_to_one_takes_no_parameters(api: Api, transaction: Any, query: str) -> None:
    for method in ("GET", "PATCH"):
        response = api.send(method, f"{wallet_of(transaction)}?{query}", linkage("Wallet", "1"))
        assert (response.status_code, problems(response)) == (400, [("invalid_parameter", query.partition("=")[0])])


def test_a_relationship_of_nothing_is_not_found(api: Api) -> None:
    for url in ("wallets/1/relationships/entries", "transactions/1/relationships/wallet", "entries/x/transaction"):
        assert api.get(f"/api/{url}").status_code == 404
