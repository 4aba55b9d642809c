"""The books over REST: what is in them, who may read them, and how they are kept."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.rest_api.conftest import Api
from tests.rest_api.structure import MEDIA_TYPE

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(api: Api) -> str:
    """Return a wallet of 7.50 USD, which received 10.00 and paid 2.50. Another is empty, one has euros."""
    wallet = api.create_wallet(label="W", balance="10.00")
    api.create_wallet(label="Empty")
    api.create_wallet(label="E", balance="3.00", currency="EUR")
    api.create_transaction(wallet["id"], txid="T1", amount="-2.50")
    return wallet["id"]


def test_a_book_says_what_all_wallets_of_a_currency_hold(api: Api, wallet: str) -> None:
    euros, dollars = api.data("/api/books/")
    as_of = dollars["attributes"].pop("asOf")
    assert dollars == {
        "type": "Book",
        "id": "USD",
        "attributes": {
            "balance": "7.50",
            "held": "0.00",
            "received": "10.00",
            "paid": "2.50",
            "difference": "0.00",
            "walletCount": 2,
        },
        "links": {"self": "http://localhost/api/books/USD/"},
    }
    assert (euros["id"], euros["attributes"]["balance"], euros["attributes"]["walletCount"]) == ("EUR", "3.00", 1)
    assert euros["attributes"]["asOf"] == as_of
    assert api.data("/api/books/USD")["attributes"]["balance"] == "7.50"


def test_only_the_selected_fields_are_shown(api: Api, wallet: str) -> None:
    assert api.data("/api/books/USD/?fields[Book]=paid,difference")["attributes"] == {
        "difference": "0.00",
        "paid": "2.50",
    }
    assert [each["attributes"] for each in api.data("/api/books/?fields[Book]=")] == [{}, {}]
    response = api.get("/api/books/?fields[Book]=balance,label")
    assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {"parameter": "fields[Book]"})


@pytest.mark.parametrize("currency", ["JPY", "usd", "1", "%00", "a%20b"])
def test_a_currency_that_was_never_used_has_no_book(api: Api, wallet: str, currency: str) -> None:
    response = api.get(f"/api/books/{currency}/")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "not_found")


def test_no_currency_was_used_on_a_new_server(api: Api) -> None:
    assert api.data("/api/books/") == []


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("url", ["/api/books/", "/api/books/USD/"])
def test_nobody_writes_books(api: Api, wallet: str, url: str, method: str) -> None:
    response = api.send(method, url, {"data": {"type": "Book", "attributes": {}}})
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_book_is_current_after_each_write_and_unchanged_otherwise(api: Api, wallet: str) -> None:
    first = api.get("/api/books/USD/")
    again = api.get("/api/books/USD/", if_none_match=first["ETag"])
    assert again.status_code == 304
    api.create_transaction(wallet, txid="T2", amount="1.00")
    changed = api.get("/api/books/USD/", if_none_match=first["ETag"])
    assert (changed.status_code, changed.json()["data"]["attributes"]["received"]) == (200, "11.00")


def test_for_callers_of_an_owner_there_is_nothing_at_these_urls(client: Client) -> None:
    for method in ("get", "options", "post"):
        for url in ("/api/books/", "/api/books/USD/", "/api/books"):
            ask = getattr(client, method)
            headers = {"Walletsvc-Owner": "alice", "Accept": MEDIA_TYPE}
            answer, other = ask(url, headers=headers), ask(url.replace("books", "nooks"), headers=headers)
            assert answer.status_code == other.status_code == 404
            assert answer.content == other.content.replace(b"nooks", b"books")
            assert dict(answer.headers) == dict(other.headers)
