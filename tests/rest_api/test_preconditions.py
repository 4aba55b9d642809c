"""Entity tags: a client with the current document gets 304, and one with an old document cannot overwrite."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from rest_api.views import writes
from tests.rest_api.batches import ATOMIC_TYPE
from tests.rest_api.conftest import Api, problems, refused, resource
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


def test_a_tag_changes_with_the_document(api: Api, wallet: Any) -> None:
    url = wallet["links"]["self"]
    plain, thin = etag(api, url), etag(api, f"{url}?fields[Wallet]=label")
    assert plain != thin
    api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    assert api.get(url, if_none_match=plain).status_code == 200
    assert api.get(f"{url}?fields[Wallet]=label", if_none_match=thin).status_code == 304


def test_a_current_document_can_be_changed(api: Api, wallet: Any) -> None:
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


def test_a_document_that_has_changed_since_is_not_changed(api: Api, wallet: Any) -> None:
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


@pytest.fixture
def targets(api: Api, wallet: Any) -> dict[str, str]:
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    return {"wallet": wallet["id"], "transaction": transaction["id"]}


READS = [
    *URLS,
    "/api/wallets/{wallet}/?include=transactions",
    "/api/transactions/{transaction}/wallet/",
    "/api/transactions/{transaction}/relationships/wallet/",
    "/api/transactions/?page[size]=1&page[number]=2",
]
"""Each kind of URL that is read."""

CONDITIONS: list[tuple[dict[str, str], int, str | None]] = [
    ({"if_match": "*"}, 200, None),
    ({"if_match": '"a", {etag}'}, 200, None),
    ({"if_match": "{etag}", "if_none_match": '"a"'}, 200, None),
    ({"if_none_match": '"a", W/"b"'}, 200, None),
    ({"if_match": '"nope"'}, 412, "If-Match"),
    ({"if_match": "nope"}, 412, "If-Match"),
    ({"if_match": "W/{etag}"}, 412, "If-Match"),
    ({"if_match": '"nope"', "if_none_match": "{etag}"}, 412, "If-Match"),
    ({"if_match": "{etag}", "if_none_match": "{etag}"}, 304, "If-None-Match"),
    ({"if_none_match": "*"}, 304, "If-None-Match"),
    ({"if_none_match": '"a", W/{etag}'}, 304, "If-None-Match"),
    ({"if_unmodified_since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200, None),
    ({"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, None),
]
"""What RFC 9110 has a GET answered with (section 13.2.2), and which header decides. Moments: there are none here."""


@pytest.mark.parametrize(("conditions", "status", "header"), CONDITIONS, ids=str)
def test_a_read_is_answered_as_its_preconditions_say(
    api: Api, targets: dict[str, str], conditions: dict[str, str], status: int, header: str | None
) -> None:
    for template in READS:
        url = template.format(id=targets["wallet"], **targets)
        tag = etag(api, url)
        sent = {name: value.replace("{etag}", tag) for name, value in conditions.items()}
        for method in ("GET", "HEAD"):
            response = api.send(method, url, **sent)
            assert response.status_code == status, url
            if status == 412 and method == "GET":
                assert problems(response) == [("precondition_failed", header)]


WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/api/wallets/{wallet}/", resource("Wallet", "{wallet}", label="Renamed")),
    (
        "PATCH",
        "/api/transactions/{transaction}/?include=wallet",
        resource("Transaction", "{transaction}", amount="2"),
    ),
    (
        "PATCH",
        "/api/transactions/{transaction}/relationships/wallet/",
        {"data": {"type": "Wallet", "id": "{wallet}"}},
    ),
    ("DELETE", "/api/transactions/{transaction}/", None),
    ("POST", "/api/wallets/?include=transactions", resource("Wallet", label="New")),
    ("POST", "/api/transactions", resource("Transaction", wallet="{wallet}", txid="TX2", amount="1")),
]
"""Each kind of request that changes something which can be read at its URL."""


@pytest.mark.parametrize(("method", "template", "document"), WRITES, ids=[f"{each[0]} {each[1]}" for each in WRITES])
@pytest.mark.parametrize(("conditions", "read_status", "header"), CONDITIONS, ids=str)
def test_a_write_is_refused_as_its_preconditions_say(
    api: Api,
    targets: dict[str, str],
    method: str,
    template: str,
    document: Any,
    conditions: dict[str, str],
    read_status: int,
    header: str | None,
) -> None:
    url, body = template.format(**targets), json.dumps(document)
    for name, value in targets.items():
        body = body.replace(f"{{{name}}}", value)
    sent = {name: value.replace("{etag}", etag(api, url)) for name, value in conditions.items()}
    content = None if document is None else body.encode()
    if read_status == 200:
        assert api.send(method, url, content, **sent).status_code in (200, 201, 204)
    else:
        assert refused(api, method, url, content, **sent) == (412, [("precondition_failed", header)])


def test_a_url_that_nothing_is_read_at_matches_nothing(api: Api, wallet: Any) -> None:
    """Operations: no representation, so If-Match never holds, and If-None-Match always."""
    operation = {"op": "update", "data": resource("Wallet", wallet["id"], label="Renamed")["data"]}
    batch = {"atomic:operations": [operation]}
    for value in ("*", '"a"'):
        answer = refused(api, "POST", "/api/operations", batch, content_type=ATOMIC_TYPE, if_match=value)
        assert answer == (412, [("precondition_failed", "If-Match")])
    response = api.post("/api/operations", batch, content_type=ATOMIC_TYPE, if_none_match="*")
    assert response.status_code == 200


@pytest.mark.parametrize("url", ["/api/schema/", "/api/docs/", "/graphql/", "/static/rest_api/docs.js"])
@pytest.mark.django_db
def test_pages_and_their_files_have_validators(client: Client, url: str) -> None:
    sent = {"accept": "text/html"}
    page = client.get(url, headers=sent)
    tag, content = page["ETag"], b"".join(page)
    # Files have a date as well: `tests/web/test_static.py`.
    by_tag = [each for each in CONDITIONS if not (url.startswith("/static/") and "if_modified_since" in each[0])]
    for conditions, status, _ in by_tag:
        named = {name.replace("_", "-"): value.replace("{etag}", tag) for name, value in conditions.items()}
        response = client.get(url, headers={**sent, **named})
        assert response.status_code == status, named
        assert ((body := b"".join(response)) == content) == (status == 200)
        assert status != 304 or (body, response["ETag"]) == (b"", tag)


@pytest.mark.django_db
def test_a_missing_page_is_404_whatever_the_precondition(client: Client) -> None:
    for url in ("/api/docs/settings.py", "/static/graphql_api/nothing.js"):
        assert client.get(url, headers={"if-match": '"x"'}).status_code == 404


def test_a_missing_resource_is_404_whatever_the_precondition(api: Api) -> None:
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
    """The compared document is read inside the transaction that writes, after its lock."""
    url = wallet["links"]["self"]
    seen = etag(api, url)
    compared: list[bool] = []
    check = writes.check_write

    def check_inside(headers: Any, read_etag: Any) -> None:
        compared.append(connection.in_atomic_block and len(connection.savepoint_ids) > 0)
        check(headers, read_etag)

    monkeypatch.setattr(writes, "check_write", check_inside)
    assert api.patch(url, resource("Wallet", wallet["id"], label="Renamed"), if_match=seen).status_code == 200
    assert compared == [True]


def test_tags_are_read_leniently_and_compared_exactly() -> None:
    assert is_known(' , "a" ,"b"', '"b"')
    assert is_known('"a,b"', '"a,b"')
    assert not is_known('"a,b"', '"b"')
    assert not is_known("b", '"b"')
    assert not is_known(None, '"b"')
