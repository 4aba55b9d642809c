"""A client of the API that checks the structure of every response."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.rest_api.description import check_described
from tests.rest_api.structure import MEDIA_TYPE, check_response
from walletsvc.models import Entry, Transaction, Wallet

SERVER = "http://localhost"
"""Where the client says it has found the server: links begin with it."""


LEFT_TO_THE_OTHER_HALF = "not (clients or any_engine)"
"""What scripts/test.sh selects on SQLite."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is not selected before it is collected: Schemathesis prepares its requests then, for 9 s."""
    is_left_out = config.option.markexpr == LEFT_TO_THE_OTHER_HALF
    return True if is_left_out and collection_path.name == "test_schemathesis.py" else None


class Api:
    """Sends JSON:API documents. `get`, `post`, `patch` and `delete` return the response."""

    def __init__(self) -> None:
        self._client = Client(headers={"host": "localhost"})

    def get(self, url: str, **headers: str) -> HttpResponse:
        return self.send("GET", url, **headers)

    def delete(self, url: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", url, **headers)

    def post(self, url: str, document: object, **headers: str) -> HttpResponse:
        return self.send("POST", url, document, **headers)

    def patch(self, url: str, document: object, **headers: str) -> HttpResponse:
        return self.send("PATCH", url, document, **headers)

    def send(self, method: str, url: str, document: object = None, **headers: str) -> HttpResponse:
        """Send `document`: bytes unchanged, anything else as JSON. Header names have `_` for `-`."""
        body = b"" if document is None else document if isinstance(document, bytes) else json.dumps(document).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = named.pop("content-type", MEDIA_TYPE)
        # By its CGI name, because the client leaves the type of an empty body out.
        response = self._client.generic(method, url, body, headers=named, CONTENT_TYPE=content_type)
        check_response(response, method=method)
        check_described(response, method=method, url=url)
        return response

    def data(self, url: str, **headers: str) -> Any:
        """Return the primary data at `url`, which must exist."""
        response = self.get(url, **headers)
        assert response.status_code == 200, response.content
        return json.loads(response.content)["data"]

    def create_wallet(self, **attributes: object) -> Any:
        """Create a wallet and return its resource object."""
        return self._create("/api/wallets/", resource("Wallet", **attributes))

    def create_transaction(self, wallet_id: str, **attributes: object) -> Any:
        """Create a transaction of a wallet and return its resource object, as a GET shows it."""
        created = self._create("/api/transactions/", resource("Transaction", wallet=wallet_id, **attributes))
        # How the wallet stood then: only this answer has it.
        del created["meta"]
        return created

    def _create(self, url: str, document: object) -> Any:
        response = self.post(url, document)
        assert response.status_code == 201, response.content
        return json.loads(response.content)["data"]


def resource(type_name: str, identifier: str | None = None, *, wallet: object = None, **attributes: object) -> Any:
    """Return a document with a resource object; `wallet` is the id of the wallet that it relates to."""
    described: dict[str, Any] = {"type": type_name, "attributes": attributes}
    if identifier is not None:
        described["id"] = identifier
    if wallet is not None:
        described["relationships"] = {"wallet": {"data": {"type": "Wallet", "id": wallet}}}
    return {"data": described}


def problems(response: HttpResponse) -> list[tuple[str, str | None]]:
    """Return code and source of each error: the pointer, parameter or header."""
    errors = json.loads(response.content)["errors"]
    return [(error["code"], next(iter(error.get("source", {}).values()), None)) for error in errors]


def labels(api: Api, query: str, **headers: str) -> str:
    """Return the labels of the wallets that a query finds, as one text."""
    return "".join(each["attributes"]["label"] for each in api.data(f"/api/wallets/?{query}", **headers))


def state() -> list[list[Any]]:
    """Return all stored data."""
    return [list(model.objects.order_by("id").values_list()) for model in (Wallet, Transaction, Entry)]


def refused(api: Api, method: str, url: str, document: object, **headers: str) -> Any:
    """Send a request that must be refused, and return status and problems."""
    before = state()
    response = api.send(method, url, document, **headers)
    assert state() == before
    return response.status_code, problems(response)


@pytest.fixture
def api(db: None) -> Api:
    return Api()


@pytest.fixture
def wallets(api: Api) -> list[Any]:
    """Five wallets: A 0, B 10, C 20, d 30 EUR, e 40 EUR."""
    currencies = ["USD", "USD", "USD", "EUR", "EUR"]
    return [
        api.create_wallet(label=label, balance=str(number * 10), currency=currency)
        for number, (label, currency) in enumerate(zip("ABCde", currencies, strict=True))
    ]
