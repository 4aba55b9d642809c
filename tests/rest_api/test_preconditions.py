"""Entity tags: a client that has the current document is told so, and one that has an old one cannot overwrite."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from rest_api.views import writes
from tests.rest_api.conftest import Api, problems, resource
from walletsvc.etags import is_known, make_etag


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet", balance="10.00")


def etag(api: Api, url: str) -> str:
    return str(api.get(url)["ETag"])


URLS = [
    "/api/",
    "/api/wallets/",
    "/api/wallets/{id}/",
    "/api/wallets/{id}/transactions/",
    "/api/wallets/{id}/relationships/entries/",
    "/api/entries/?include=wallet",
]


@pytest.mark.parametrize("url", URLS)
def test_each_document_has_a_strong_tag(api: Api, wallet: Any, url: str) -> None:
    url = url.format(id=wallet["id"])
    response = api.get(url)
    tag = response["ETag"]
    assert tag == make_etag(response.content)
    assert response["Cache-Control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        for method in ("GET", "HEAD"):
            unchanged = api.send(method, url, if_none_match=known)
            assert (unchanged.status_code, unchanged["ETag"]) == (304, tag)
            assert unchanged["Cache-Control"] == "private, no-cache"
    assert api.get(url, if_none_match='"other"').status_code == 200
    assert api.send("HEAD", url)["ETag"] == tag


def test_a_tag_changes_with_what_is_shown(api: Api, wallet: Any) -> None:
    url = wallet["links"]["self"]
    plain, thin = etag(api, url), etag(api, f"{url}?fields[Wallet]=label")
    assert plain != thin
    api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    assert api.get(url, if_none_match=plain).status_code == 200
    assert api.get(f"{url}?fields[Wallet]=label", if_none_match=thin).status_code == 304


def test_what_one_has_seen_can_be_changed(api: Api, wallet: Any) -> None:
    url = wallet["links"]["self"]
    document = resource("Wallet", wallet["id"], label="Renamed")
    assert api.patch(url, document, if_match=f'"other", {etag(api, url)}').status_code == 200
    assert api.patch(url, document, if_match="*").status_code == 200
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    url = transaction["links"]["self"]
    document = resource("Transaction", transaction["id"], amount="2")
    assert api.patch(url, document, if_match=etag(api, url)).status_code == 200
    relationship = f"{url}relationships/wallet/"
    same = {"data": {"type": "Wallet", "id": wallet["id"]}}
    assert api.patch(relationship, same, if_match=etag(api, relationship)).status_code == 204
    assert api.delete(url, if_match=etag(api, url)).status_code == 204


def test_what_has_changed_since_is_left_alone(api: Api, wallet: Any) -> None:
    url = wallet["links"]["self"]
    seen = etag(api, url)
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="-10.00")
    for stale in (seen, f"W/{etag(api, url)}", '"x"', "nonsense", ""):
        response = api.patch(url, resource("Wallet", wallet["id"], label="Renamed"), if_match=stale)
        assert (response.status_code, problems(response)) == (412, [("precondition_failed", "If-Match")])
        assert api.delete(url, if_match=stale).status_code == 412
    assert api.data(url)["attributes"]["label"] == "My Wallet"
    url = transaction["links"]["self"]
    document = resource("Transaction", transaction["id"], amount="-9.00")
    assert api.patch(url, document, if_match=seen).status_code == 412
    assert api.delete(url, if_match=seen).status_code == 412
    relationship = {"data": {"type": "Wallet", "id": wallet["id"]}}
    assert api.patch(f"{url}relationships/wallet/", relationship, if_match=seen).status_code == 412
    assert api.data(url) == transaction


def test_what_is_not_there_is_not_found_whatever_is_expected(api: Api) -> None:
    assert api.delete("/api/wallets/999/", if_match="*").status_code == 404
    assert api.patch("/api/wallets/999/", resource("Wallet", "999"), if_match='"x"').status_code == 404


def test_a_query_names_the_representation_that_was_seen(api: Api, wallet: Any) -> None:
    url = f"{wallet['links']['self']}?fields[Wallet]=label"
    seen = etag(api, url)
    api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    document = resource("Wallet", wallet["id"], metadata={"a": 1})
    assert api.patch(url, document, if_match=seen).status_code == 200
    assert api.patch(wallet["links"]["self"], document, if_match=seen).status_code == 412


def test_the_precondition_is_decided_under_the_lock(api: Api, wallet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared is read inside the transaction that writes, after its lock."""
    url = wallet["links"]["self"]
    seen = etag(api, url)
    compared: list[bool] = []
    check = writes.check_match

    def check_inside(if_match: str, read_current: Any) -> None:
        compared.append(connection.in_atomic_block and len(connection.savepoint_ids) > 0)
        check(if_match, read_current)

    monkeypatch.setattr(writes, "check_match", check_inside)
    assert api.patch(url, resource("Wallet", wallet["id"], label="Renamed"), if_match=seen).status_code == 200
    assert compared == [True]


def test_tags_are_read_leniently_and_compared_exactly() -> None:
    assert is_known(' , "a" ,"b"', '"b"')
    assert is_known('"a,b"', '"a,b"')
    assert not is_known('"a,b"', '"b"')
    assert not is_known("b", '"b"')
    assert not is_known(None, '"b"')
