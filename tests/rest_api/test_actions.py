"""Actions: commands on one resource, at a URL and as an operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.test import RequestFactory

from rest_api.endpoints import ENDPOINTS, Action
from rest_api.openapi.paths import paths
from rest_api.openapi.requests import request_schemas
from rest_api.views.actions import ActionView
from tests.writes import open_wallet
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.wallets import ChangeWallet
from walletsvc.models import Wallet
from walletsvc.principals import SYSTEM
from walletsvc.schema.resources import WALLET

pytestmark = pytest.mark.django_db(transaction=True)

KIND = "application/vnd.api+json"


class Tag:
    """An action that needs no body: it says in the metadata that a wallet was looked at."""

    @classmethod
    def parse(
        cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None
    ) -> ChangeWallet:
        return ChangeWallet.parse(identifier, {"metadata": {"seen": 1}, **values})


TAG = Action("tags", Tag, WALLET.as_given("metadata"), "Tag one Wallet", creates=False)


def post(path_id: str, document: Any, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    view = ActionView.as_view(endpoint=ENDPOINTS["Wallet"], action=TAG, http_method_names=["post", "options"])
    request = RequestFactory().post(f"/api/wallets/{path_id}/tags/", json.dumps(document), KIND, **headers)
    answer = view(request, identifier=path_id)
    return answer.status_code, json.loads(answer.content), answer.headers


def test_an_action_that_creates_nothing_answers_200_without_a_location() -> None:
    wallet = open_wallet(principal=SYSTEM, label="W")
    status, document, headers = post(str(wallet.id), {"data": {"type": "Wallet"}})
    assert (status, document["data"]["id"], document["data"]["attributes"]["metadata"]) == (
        200,
        str(wallet.id),
        {"seen": 1},
    )
    assert "Location" not in headers
    assert document["links"]["self"] == f"http://testserver/api/wallets/{wallet.id}/"


def test_an_action_takes_the_fields_that_it_names() -> None:
    wallet = open_wallet(principal=SYSTEM, label="W")
    status, document, _ = post(str(wallet.id), {"data": {"type": "Wallet", "attributes": {"metadata": {"a": 1}}}})
    assert (status, document["data"]["attributes"]["metadata"]) == (200, {"a": 1})
    attributes = {"metadata": {}, "floor": "1.00", "currency": "EUR", "nothing": 1}
    status, document, _ = post(str(wallet.id), {"data": {"type": "Wallet", "attributes": attributes}})
    assert status == 422
    assert [(each["code"], each["source"]["pointer"]) for each in document["errors"]] == [
        ("immutable", "/data/attributes/floor"),
        ("immutable", "/data/attributes/currency"),
        ("invalid", "/data/attributes/nothing"),
    ]
    assert Wallet.objects.get().metadata == {"a": 1}


@pytest.mark.parametrize(("identifier", "status"), [("0", 404), ("x", 404), ("999", 404)])
def test_what_does_not_exist_is_not_found(identifier: str, status: int) -> None:
    assert post(identifier, {"data": {"type": "Wallet"}})[0] == status


@pytest.mark.parametrize(
    ("data", "status", "code", "pointer"),
    [
        ({"type": "Transaction"}, 409, "type_conflict", "/data/type"),
        ({"type": "Wallet", "id": "1"}, 403, "forbidden", "/data/id"),
        ([], 422, "invalid", "/data"),
    ],
)
def test_the_document_describes_one_resource_of_the_type(data: Any, status: int, code: str, pointer: str) -> None:
    wallet = open_wallet(principal=SYSTEM, label="W")
    answered, document, _ = post(str(wallet.id), {"data": data})
    error = document["errors"][0]
    assert (answered, error["code"], error["source"]["pointer"]) == (status, code, pointer)
    assert Wallet.objects.get().metadata == {}


def test_a_url_that_cannot_be_read_matches_no_tag() -> None:
    wallet = open_wallet(principal=SYSTEM, label="W")
    assert post(str(wallet.id), {"data": {"type": "Wallet"}}, HTTP_IF_MATCH="*")[0] == 412
    assert Wallet.objects.get().metadata == {}
    assert post(str(wallet.id), {"data": {"type": "Wallet"}}, HTTP_IF_NONE_MATCH="*")[0] == 200


def test_an_action_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = replace(ENDPOINTS["Wallet"], actions={"tags": TAG})
    monkeypatch.setitem(ENDPOINTS, "Wallet", endpoint)  # type: ignore[arg-type]
    described = dict(paths())["/api/wallets/{id}/tags/"]
    assert described.keys() == {"post"}
    post_ = described["post"]
    assert (post_["operationId"], post_["summary"]) == ("createWalletTag", "Tag one Wallet")
    schema = post_["requestBody"]["content"][KIND]["schema"]
    assert schema["properties"]["data"] == {"$ref": "#/components/schemas/NewWalletTag"}
    assert post_["responses"].keys() >= {"200", "404", "412", "422"}
    taken = dict(request_schemas())["NewWalletTag"]
    assert taken["required"] == ["type"]
    assert taken["properties"]["attributes"]["properties"].keys() == {"metadata"}
