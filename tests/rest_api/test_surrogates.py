"""JSON can spell half a character (RFC 8259, section 8.2), and UTF-8 cannot: it is refused wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest_api.batches import send
from tests.rest_api.conftest import Api, refused
from walletsvc.models import Transaction, Wallet

HALF = "\ud800"

DOCUMENTS: dict[str, tuple[object, int, str]] = {
    "the document": (HALF, 422, "invalid"),
    "data": ({"data": HALF}, 422, "invalid"),
    "type": ({"data": {"type": HALF}}, 409, "type_conflict"),
    "id": ({"data": {"type": "Wallet", "id": HALF}}, 403, "forbidden"),
    "an attribute": ({"data": {"type": "Wallet", "attributes": {HALF: 1}}}, 422, "invalid"),
    "label": ({"data": {"type": "Wallet", "attributes": {"label": HALF}}}, 422, "invalid"),
    "currency": (
        {"data": {"type": "Wallet", "attributes": {"label": "A", "currency": HALF}}},
        422,
        "unknown_currency",
    ),
    "a relationship": ({"data": {"type": "Wallet", "relationships": {HALF: {}}}}, 422, "invalid"),
}


@pytest.mark.parametrize(("document", "status", "code"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_in_a_document(api: Api, document: object, status: int, code: str) -> None:
    found_status, found = refused(api, "POST", "/api/wallets/", document)
    assert (found_status, [each for each, _ in found]) == (status, [code])
    assert not Wallet.objects.exists()


def test_in_the_references_of_a_transaction(api: Api) -> None:
    for related, status, code in (
        ({"type": "Wallet", "id": HALF}, 404, "not_found"),
        ({"type": HALF, "id": "1"}, 409, "type_conflict"),
        ({"type": "Wallet", "lid": HALF}, 422, "invalid"),
    ):
        data: dict[str, Any] = {"type": "Transaction", "attributes": {"txid": "T", "amount": "1.00"}}
        data["relationships"] = {"wallet": {"data": related}}
        found_status, found = refused(api, "POST", "/api/transactions/", {"data": data})
        assert (found_status, [each for each, _ in found]) == (status, [code])
    assert not Transaction.objects.exists()


OPERATIONS: dict[str, tuple[dict[str, object], int, str]] = {
    "op": ({"op": HALF, "data": {"type": "Wallet"}}, 422, "invalid"),
    "href": ({"op": "remove", "href": f"/api/wallets/{HALF}/"}, 404, "not_found"),
    "the path of an href": ({"op": "remove", "href": HALF}, 404, "not_found"),
    "the host of an href": ({"op": "remove", "href": f"//{HALF}/"}, 422, "invalid"),
    "ref": ({"op": "remove", "ref": {"type": "Wallet", "id": HALF}}, 404, "not_found"),
    "the type in a ref": ({"op": "remove", "ref": {"type": HALF, "id": "1"}}, 409, "type_conflict"),
    "the lid in a ref": ({"op": "remove", "ref": {"type": "Wallet", "lid": HALF}}, 422, "invalid"),
    "the relationship in a ref": (
        {"op": "update", "ref": {"type": "Transaction", "id": "1", "relationship": HALF}, "data": None},
        404,
        "not_found",
    ),
    "an id": (
        {"op": "update", "data": {"type": "Wallet", "id": HALF, "attributes": {"label": "A"}}},
        404,
        "not_found",
    ),
}


@pytest.mark.parametrize(("operation", "status", "code"), OPERATIONS.values(), ids=OPERATIONS.keys())
def test_in_an_operation(api: Api, operation: dict[str, object], status: int, code: str) -> None:
    answer = send(api, operation)
    assert answer.status_code == status
    assert f'"code":"{code}"' in answer.content.decode()


def test_a_local_id_may_be_anything(api: Api) -> None:
    wallet = {"type": "Wallet", "lid": HALF, "attributes": {"label": "A"}}
    reference = {"wallet": {"data": {"type": "Wallet", "lid": HALF}}}
    transaction = {"type": "Transaction", "attributes": {"txid": "T", "amount": "1.00"}, "relationships": reference}
    assert send(api, {"op": "add", "data": wallet}, {"op": "add", "data": transaction}).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["sort=%s", "include=%s", "filter[label]=%s", "filter[%s]=1", "page[after]=%s", "fields[Wallet]=%s", "%s=1"],
)
def test_in_the_query(api: Api, query: str) -> None:
    # As percent-encoded bytes: three of them for half a character, and one that begins none.
    for text in ("%ED%A0%80", "%FF"):
        status, [(code, _)] = refused(api, "GET", "/api/wallets/?" + query.replace("%s", text), None)
        assert (status, code) == (400, "invalid_parameter")


@pytest.mark.parametrize("text", ["%ED%A0%80", "%FF"])
def test_in_the_path(api: Api, text: str) -> None:
    for method, path in (
        ("GET", f"/api/wallets/{text}/"),
        ("DELETE", f"/api/wallets/{text}/"),
        ("GET", f"/api/wallets/{text}/transactions/"),
        ("GET", f"/api/wallets/1/relationships/{text}/"),
        ("GET", f"/api/{text}/"),
    ):
        status, found = refused(api, method, path, None)
        assert (status, [each for each, _ in found]) == (404, ["not_found"])
