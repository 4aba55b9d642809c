"""Documents are cached until something that they show changes, and never a moment longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.rest_api.conftest import Api, resource

CURSORS = 'application/vnd.api+json; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'


@pytest.fixture
def one(api: Api) -> Any:
    return api.create_wallet(label="One", balance="10.00")


@pytest.fixture
def other(api: Api) -> Any:
    return api.create_wallet(label="Other", balance="20.00")


def queries(api: Api, url: str, **headers: str) -> int:
    """Return how many queries a GET takes."""
    with CaptureQueriesContext(connection) as captured:
        assert api.get(url, **headers).status_code == 200
    return len(captured)


def pages_of(wallet: Any) -> list[str]:
    """Return what shows nothing but one wallet."""
    identifier = wallet["id"]
    return [
        f"/api/wallets/{identifier}/",
        f"/api/wallets/{identifier}/?fields[Wallet]=balance",
        f"/api/wallets/{identifier}/transactions/",
        f"/api/wallets/{identifier}/entries/?sort=-sequence",
        f"/api/wallets/{identifier}/relationships/transactions/",
        f"/api/transactions/?filter[wallet]={identifier}",
        f"/api/entries/?filter[wallet]={identifier}",
    ]


LISTS = ["/api/wallets/", "/api/transactions/", "/api/entries/", "/api/transactions/?include=wallet"]


def test_a_document_is_read_once(api: Api, one: Any) -> None:
    for url in (*pages_of(one), *LISTS, f"/api/wallets/{one['id']}/?include=entries"):
        assert queries(api, url) > 0
        assert queries(api, url) == 0
        first, second = api.get(url), api.get(url)
        assert first.content == second.content


def test_equal_questions_share_a_document(api: Api, one: Any) -> None:
    assert queries(api, "/api/wallets?filter[label]=One&sort=id&page[size]=20&fields[Wallet]=label,balance") > 0
    assert (
        queries(api, "/api/wallets/?fields[Wallet]=balance,label&sort=id&filter%5Blabel%5D=One&page[number]=1") == 0
    )


def test_pages_by_number_and_by_cursor_are_not_mixed_up(api: Api, one: Any) -> None:
    numbered = api.get("/api/wallets/").json()
    assert "pagination" in numbered["meta"]
    assert "profile" in api.get("/api/wallets/", accept=CURSORS).json()["jsonapi"]
    assert queries(api, "/api/wallets/", accept=CURSORS) == 0
    assert api.get("/api/wallets/").json() == numbered


def test_a_missing_resource_is_not_cached(api: Api) -> None:
    assert api.get("/api/wallets/1/").status_code == 404
    wallet = api.create_wallet(label="One")
    assert api.get(f"/api/wallets/{wallet['id']}/").status_code == 200


def rename(api: Api, wallet: Any, transaction: Any) -> None:
    assert api.patch(wallet["links"]["self"], resource("Wallet", wallet["id"], label="Renamed")).status_code == 200


def post(api: Api, wallet: Any, transaction: Any) -> None:
    api.create_transaction(wallet["id"], txid="another", amount="1.00")


def amend(api: Api, wallet: Any, transaction: Any) -> None:
    document = resource("Transaction", transaction["id"], amount="2.00")
    assert api.patch(transaction["links"]["self"], document).status_code == 200


def describe(api: Api, wallet: Any, transaction: Any) -> None:
    document = resource("Transaction", transaction["id"], description="new")
    assert api.patch(transaction["links"]["self"], document).status_code == 200


def delete(api: Api, wallet: Any, transaction: Any) -> None:
    assert api.delete(transaction["links"]["self"]).status_code == 204


WRITES = [rename, post, amend, describe, delete]


@pytest.mark.parametrize("write", WRITES)
def test_each_write_is_seen_at_once_and_by_others_pages_not_at_all(
    api: Api, one: Any, other: Any, write: Callable[[Api, Any, Any], None]
) -> None:
    transaction = api.create_transaction(one["id"], txid="TX1", amount="1.00")
    for url in (*pages_of(one), *pages_of(other), *LISTS, transaction["links"]["self"]):
        queries(api, url)
    write(api, one, transaction)
    for url in (*pages_of(one), *LISTS):
        assert queries(api, url) > 0, url
    for url in pages_of(other):
        assert queries(api, url) == 0, url


def test_a_move_is_seen_in_both_wallets(api: Api, one: Any, other: Any) -> None:
    transaction = api.create_transaction(one["id"], txid="TX1", amount="1.00")
    for url in (*pages_of(one), *pages_of(other)):
        queries(api, url)
    document = resource("Transaction", transaction["id"], wallet=other["id"])
    assert api.patch(transaction["links"]["self"], document).status_code == 200
    for url in (*pages_of(one), *pages_of(other)):
        assert queries(api, url) > 0, url


def test_a_deleted_wallet_disappears_at_once(api: Api) -> None:
    wallet = api.create_wallet(label="One")
    for url in pages_of(wallet):
        queries(api, url)
    assert api.delete(wallet["links"]["self"]).status_code == 204
    assert api.get(wallet["links"]["self"]).status_code == 404
    assert api.get(f"/api/wallets/{wallet['id']}/transactions").status_code == 404


def test_included_data_of_another_wallet_are_never_stale(api: Api, one: Any, other: Any) -> None:
    transaction = api.create_transaction(one["id"], txid="TX1", amount="1.00")
    url = f"/api/wallets/{one['id']}/entries/?include=transaction"
    moved = resource("Transaction", transaction["id"], wallet=other["id"])
    assert api.patch(transaction["links"]["self"], moved).status_code == 200
    assert api.get(url).json()["included"][0]["attributes"]["amount"] == "1.00"
    amended = resource("Transaction", transaction["id"], amount="3.00")
    assert api.patch(transaction["links"]["self"], amended).status_code == 200
    assert api.get(url).json()["included"][0]["attributes"]["amount"] == "3.00"


def test_a_refused_write_leaves_no_trace(api: Api, one: Any) -> None:
    url = one["links"]["self"]
    before = api.get(url).content
    document = resource("Transaction", txid="TX1", amount="-10.01", wallet=one["id"])
    assert api.post("/api/transactions/", document).status_code == 422
    assert api.get(url).content == before
