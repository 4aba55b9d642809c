"""Both faces tell the same of the books, and refuse the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.writes import open_wallet, post_transaction, post_transfer
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

NAMES = ("balance", "held", "received", "paid", "difference", "walletCount")


@pytest.fixture(autouse=True)
def wallets() -> None:
    first, second = (open_wallet(principal=ANYONE, label=label, balance="100") for label in "AB")
    open_wallet(principal=ANYONE, label="E", balance="0.12345678", currency="BTC")
    post_transaction(principal=ANYONE, txid="T1", wallet_id=first.id, amount="-0.50")
    post_transfer(principal=ANYONE, txid="X", source_id=first.id, destination_id=second.id, amount="20")


def rest(client: Client, path: str, **headers: str) -> Any:
    document = json.loads(client.get(path, headers=headers).content)
    return document["errors"][0]["code"] if "errors" in document else document["data"]


def graphql(client: Client, query: str, **headers: str) -> Any:
    body = json.dumps({"query": query})
    reply = json.loads(client.post("/graphql/", body, content_type="application/json", headers=headers).content)
    return reply["errors"][0]["extensions"]["code"] if "errors" in reply else reply["data"]


def test_the_books_are_the_same(client: Client) -> None:
    listed = rest(client, f"/api/books/?fields[Book]={','.join(NAMES)}")
    assert graphql(client, f"{{ books {{ currency {' '.join(NAMES)} }} }}")["books"] == [
        {"currency": each["id"], **each["attributes"]} for each in listed
    ]
    assert [(each["id"], each["attributes"]["balance"]) for each in listed] == [
        ("BTC", "0.12345678"),
        ("USD", "199.50"),
    ]
    assert listed[1]["attributes"]["paid"] == "0.50"


def test_a_book_is_the_same(client: Client) -> None:
    one = rest(client, f"/api/books/USD/?fields[Book]={','.join(NAMES)}")
    assert graphql(client, f'{{ book(currency: "USD") {{ {" ".join(NAMES)} }} }}')["book"] == one["attributes"]
    shown = graphql(client, '{ book(currency: "USD") { asOf } }')["book"]["asOf"]
    assert len(shown) == len(rest(client, "/api/books/USD/")["attributes"]["asOf"])


@pytest.mark.parametrize("currency", ["EUR", "usd", "nothing"])
def test_an_unknown_book_is_refused_alike(client: Client, currency: str) -> None:
    found = rest(client, f"/api/books/{currency}/")
    assert (found, graphql(client, f'{{ book(currency: "{currency}") {{ paid }} }}')) == ("not_found", "not_found")


def test_for_an_owner_there_are_none(client: Client) -> None:
    headers = {"Walletsvc-Owner": "alice"}
    assert rest(client, "/api/books/", **headers) == graphql(client, "{ books { paid } }", **headers) == "not_found"
    one = graphql(client, '{ book(currency: "USD") { paid } }', **headers)
    assert rest(client, "/api/books/USD/", **headers) == one == "not_found"
