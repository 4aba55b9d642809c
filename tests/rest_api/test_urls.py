"""Which URLs there are, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest_api.conftest import SERVER, Api, problems, resource
from walletsvc.models import Entry


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("GET", "/api/wallets"),
        ("GET", "/api/wallets/{wallet}"),
        ("GET", "/api/wallets/{wallet}/transactions"),
        ("GET", "/api/wallets/{wallet}/entries"),
        ("GET", "/api/wallets/{wallet}/relationships/transactions"),
        ("GET", "/api/wallets/{wallet}/relationships/entries"),
        ("GET", "/api/transactions"),
        ("GET", "/api/transactions/{transaction}"),
        ("GET", "/api/transactions/{transaction}/wallet"),
        ("GET", "/api/transactions/{transaction}/entries"),
        ("GET", "/api/transactions/{transaction}/relationships/wallet"),
        ("GET", "/api/entries"),
        ("GET", "/api/entries/{entry}"),
        ("GET", "/api/entries/{entry}/wallet"),
        ("GET", "/api/entries/{entry}/transaction"),
        ("OPTIONS", "/api/wallets"),
        ("OPTIONS", "/api"),
    ],
)
def test_a_trailing_slash_is_optional(api: Api, method: str, path: str) -> None:
    wallet = api.create_wallet(label="My Wallet")
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    url = path.format(wallet=wallet["id"], transaction=transaction["id"], entry=Entry.objects.get().id)
    with_slash, without = api.send(method, f"{url}/"), api.send(method, url)
    assert with_slash.status_code == without.status_code == 200
    if method == "GET":
        assert with_slash.content == without.content
        head = api.send("HEAD", url)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Length"] == str(len(without.content))


def test_each_link_of_a_document_leads_somewhere(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="10.00")
    api.create_transaction(wallet["id"], txid="TX1", amount="1.00")

    def links(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {link for item in value.values() for link in links(item)}
        if isinstance(value, list):
            return {link for item in value for link in links(item)}
        return {value} if isinstance(value, str) and value.startswith(f"{SERVER}/api/") else set()

    seen: set[str] = set()
    waiting = {f"{SERVER}/api/"}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        response = api.get(url)
        assert response.status_code == 200, url
        waiting |= links(response.json()) - seen
    assert len(seen) > 20


def test_the_root_names_the_collections(api: Api) -> None:
    assert api.get("/api/").json()["meta"]["collections"] == {
        "Wallet": f"{SERVER}/api/wallets/",
        "Transaction": f"{SERVER}/api/transactions/",
        "Entry": f"{SERVER}/api/entries/",
        "Transfer": f"{SERVER}/api/transfers/",
        "Hold": f"{SERVER}/api/holds/",
    }


@pytest.mark.parametrize(
    ("url", "methods"),
    [
        ("/api/", "GET, HEAD, OPTIONS"),
        ("/api/wallets/", "GET, HEAD, POST, OPTIONS"),
        ("/api/wallets/1/", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("/api/wallets/1/relationships/entries/", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        ("/api/transactions/1/relationships/wallet/", "GET, HEAD, PATCH, OPTIONS"),
        ("/api/transactions/1/wallet/", "GET, HEAD, OPTIONS"),
        ("/api/transactions/1/", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("/api/entries/", "GET, HEAD, OPTIONS"),
        ("/api/entries/1/", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_and_a_refused_method_name_the_methods(api: Api, url: str, methods: str) -> None:
    response = api.send("OPTIONS", url)
    assert response["Allow"] == methods
    assert response.json()["meta"]["methods"] == methods.split(", ")
    for method in {"GET", "POST", "PATCH", "DELETE", "PUT", "TRACE"} - set(methods.split(", ")):
        response = api.send(method, url, resource("Wallet"))
        assert response.status_code == 405
        assert response["Allow"] == methods
        assert problems(response) == [("method_not_allowed", None)]


@pytest.mark.parametrize(
    "path", ["nope", "wallets/1/delete", "wallets/1/_state", "wallets/1/relationships/owner", "wallets/1/2/3", "%0A"]
)
def test_a_url_that_is_not_listed_is_not_found(api: Api, path: str) -> None:
    wallet = api.create_wallet(label="My Wallet")
    path = path.replace("/1/", f"/{wallet['id']}/")
    for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS"):
        response = api.send(method, f"/api/{path}")
        assert response.status_code == 404
        assert problems(response) == [("not_found", None)]
    assert api.data("/api/wallets/") == [wallet]
