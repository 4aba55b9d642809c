"""Documents by their hash or id, and the list of those that may run."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from graphql_api.persisted import read_allowlist
from tests.cache.stores import Gone
from walletsvc.cache import responses
from walletsvc.models import Wallet

pytestmark = pytest.mark.django_db

QUERY = "query Labels($n: Int) { wallets(first: $n) { edges { node { label } } } }"
HASH = sha256(QUERY.encode()).hexdigest()


def named(identifier: object = HASH, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": identifier}}


@pytest.fixture(params=["POST", "GET"])
def send(request: pytest.FixtureRequest, client: Client) -> Any:
    """Return a function that sends the members of a request either way, and returns the JSON of the answer."""

    def send(**members: Any) -> Any:
        if request.param == "POST":
            return client.post("/graphql/", json.dumps(members), content_type="application/json").json()
        texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in members.items()}
        return client.get(f"/graphql/?{urlencode(texts)}").json()

    return send


def codes(answer: Any) -> list[str]:
    assert "data" not in answer
    return [error["extensions"]["code"] for error in answer["errors"]]


def test_a_query_is_sent_once_and_named_from_then_on(send: Any, make_wallet: Any) -> None:
    make_wallet(label="A")
    expected = {"wallets": {"edges": [{"node": {"label": "A"}}]}}
    missing = send(extensions=named(), variables={"n": 1})
    assert codes(missing) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert missing["errors"][0]["message"] == "PersistedQueryNotFound"
    assert send(query=QUERY, extensions=named(), variables={"n": 1})["data"] == expected
    assert send(extensions=named(), variables={"n": 1})["data"] == expected
    make_wallet(label="B")
    assert send(extensions=named(), variables={"n": 2})["data"] == {
        "wallets": {"edges": [{"node": {"label": "A"}}, {"node": {"label": "B"}}]}
    }


def test_a_hash_of_another_text_is_refused_and_not_kept(send: Any) -> None:
    other = "a" * 64
    assert codes(send(query=QUERY, extensions=named(other))) == ["persisted_query_mismatch"]
    assert codes(send(extensions=named(other))) == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize("text", ["{", "{ unknown }", "{" + "__typename " * 200 + "}"])
def test_a_document_that_is_not_valid_is_not_kept(text: str, send: Any) -> None:
    identifier = sha256(text.encode()).hexdigest()
    assert codes(send(query=text, extensions=named(identifier)))
    assert codes(send(extensions=named(identifier))) == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        (named(version=2), "PERSISTED_QUERY_NOT_SUPPORTED"),
        (named(version="1"), "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"persistedQuery": 5}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        ({"persistedQuery": {}}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        (named(5), "persisted_query_mismatch"),
        (named(None), "persisted_query_mismatch"),
        (named("ä" * 64), "persisted_query_mismatch"),
        (named("a" * 129), "persisted_query_mismatch"),
    ],
)
def test_a_request_without_a_document_is_refused(extensions: Any, code: str, send: Any) -> None:
    assert codes(send(query=QUERY, extensions=extensions)) == [code]


def test_a_mutation_may_be_named_but_not_by_get(client: Client) -> None:
    text = 'mutation { createWallet(input: {label: "A"}) { userErrors { code } } }'
    extensions = json.dumps(named(sha256(text.encode()).hexdigest()))
    body = f'{{"query": {json.dumps(text)}, "extensions": {extensions}}}'
    assert client.post("/graphql/", body, content_type="application/json").json()["data"]
    Wallet.objects.all().delete()
    assert client.get(f"/graphql/?{urlencode({'extensions': extensions})}").status_code == 405
    assert not Wallet.objects.exists()
    assert client.post("/graphql/", f'{{"extensions": {extensions}}}', content_type="application/json").json()["data"]
    assert Wallet.objects.count() == 1


def test_without_a_cache_the_text_is_asked_for_each_time(send: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "store", Gone)
    for _ in range(2):
        assert codes(send(extensions=named())) == ["PERSISTED_QUERY_NOT_FOUND"]
        assert send(query=QUERY, extensions=named())["data"] == {"wallets": {"edges": []}}


def test_a_comment_that_is_not_valid_unicode_does_no_harm(client: Client) -> None:
    text = "{ __typename } # \ud800"
    extensions = named(sha256(text.encode(errors="surrogatepass")).hexdigest())
    for members in ({"query": text, "extensions": extensions}, {"extensions": extensions}):
        response = client.post("/graphql/", json.dumps(members), content_type="application/json")
        assert response.status_code == 200
        assert "internal_error" not in response.content.decode()


# -- the allowlist ---------------------------------------------------------------------------------------


@pytest.fixture(params=["relay", "apollo"])
def allowlist(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> None:
    """Let nothing but QUERY run, named `labels`."""
    content: Any = {"labels": QUERY}
    if request.param == "apollo":
        operation = {"id": "labels", "body": QUERY, "name": "Labels", "type": "query"}
        content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}
    path = tmp_path / "documents.json"
    path.write_text(json.dumps(content))
    settings.GRAPHQL_ALLOWLIST = str(path)


@pytest.mark.usefixtures("allowlist")
def test_with_an_allowlist_registered_documents_run_by_id_or_text(send: Any) -> None:
    expected = {"wallets": {"edges": []}}
    assert send(documentId="labels")["data"] == expected
    assert send(extensions=named("labels"))["data"] == expected
    assert send(query=QUERY)["data"] == expected
    assert send(query=QUERY, extensions=named())["data"] == expected


@pytest.mark.usefixtures("allowlist")
@pytest.mark.parametrize(
    "members",
    [
        {"query": "{ __typename }"},
        {"query": QUERY + " "},
        {"query": "{"},
        {"documentId": "others"},
        {"extensions": named()},
        {"query": "{ __typename }", "extensions": named(sha256(b"{ __typename }").hexdigest())},
        {"query": "{ __typename }", "documentId": "others"},
    ],
)
def test_with_an_allowlist_nothing_else_runs(members: Any, send: Any) -> None:
    assert codes(send(**members)) == ["graphql_not_registered"]


def test_an_allowlist_also_stops_documents_that_ran_before(send: Any, tmp_path: Path, settings: Any) -> None:
    text = "{ wallets { totalCount } }"
    extensions = named(sha256(text.encode()).hexdigest())
    assert send(query=text, extensions=extensions)["data"] == {"wallets": {"totalCount": 0}}
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"labels": QUERY}))
    settings.GRAPHQL_ALLOWLIST = str(path)
    assert codes(send(query=text)) == ["graphql_not_registered"]
    assert codes(send(extensions=extensions)) == ["graphql_not_registered"]


@pytest.mark.parametrize(
    "content", [None, "{", "[]", "5", '{"a": 5}', '{"format": "apollo-persisted-query-manifest"}']
)
def test_a_bad_allowlist_keeps_the_server_from_starting(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "documents.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ImproperlyConfigured, match="GRAPHQL_ALLOWLIST"):
        read_allowlist(str(path))


def test_an_id_without_an_allowlist_names_nothing(send: Any) -> None:
    assert codes(send(documentId="labels")) == ["PERSISTED_QUERY_NOT_FOUND"]
