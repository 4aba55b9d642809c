"""Requests and answers conform to "GraphQL over HTTP"."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from walletsvc.models import Wallet

pytestmark = pytest.mark.django_db

OK = {"data": {"__typename": "Query"}, "extensions": {"cost": {"requested": 0, "limit": 10_000}}}
NEW = "application/graphql-response+json"
OLD = "application/json"


def get(client: Client, path: str = "/graphql/", **members: str):
    return client.get(f"{path}?{urlencode(members)}", headers={"Accept": NEW})


@pytest.mark.parametrize("path", ["/graphql/", "/graphql"])
def test_a_slash_is_optional(path: str, client: Client) -> None:
    response = client.post(path, '{"query": "{ __typename }"}', content_type="application/json")
    assert (response.status_code, response.json()) == (200, OK)
    response = get(client, path, query="{ __typename }")
    assert (response.status_code, response.json()) == (200, OK)


def test_a_get_has_everything_in_its_url(client: Client) -> None:
    query = "query A($no: Boolean!) { __typename @skip(if: $no) } query B { b: __typename }"
    response = get(client, query=query, operationName="A", variables='{"no": false}')
    assert (response.status_code, response.json()) == (200, OK)
    for members in ({"variables": "{"}, {"variables": "[]"}, {"extensions": "5"}, {"variables": '{"a": NaN}'}):
        response = get(client, query="{ __typename }", **members)
        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"] == {"code": "malformed"}


def test_a_mutation_by_get_is_refused_and_does_nothing(client: Client) -> None:
    query = 'query A { __typename } mutation B { createWallet(input: {label: "A"}) { wallet { id } } }'
    response = get(client, query=query, operationName="B")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert response.json()["errors"][0]["extensions"] == {"code": "method_not_allowed"}
    assert not Wallet.objects.exists()
    assert get(client, query=query, operationName="A").json() == OK


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused(method: str, client: Client) -> None:
    response = getattr(client, method)("/graphql/")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_head_is_answered_as_get_without_a_body(client: Client) -> None:
    url = "/graphql/?query={__typename}"
    answered, headed = client.get(url), client.head(url)
    assert (headed.status_code, headed.content, headed.headers) == (200, b"", answered.headers)
    assert headed["Content-Length"] == str(len(answered.content))
    page = client.head("/graphql/", headers={"accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    refused = client.head("/graphql/?query=mutation{deleteWallet(input:{id:1}){userErrors{code}}}")
    assert (refused.status_code, refused["Allow"]) == (405, "POST")


def test_options_name_the_methods(client: Client) -> None:
    response = client.options("/graphql/")
    assert (response.status_code, response["Allow"], response.content) == (204, "GET, HEAD, POST, OPTIONS", b"")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, OLD),
        ("*/*", OLD),
        ("application/*", OLD),
        (OLD, OLD),
        (NEW, NEW),
        (f"{NEW}; charset=utf-8, {OLD}; charset=utf-8", NEW),
        (f"{NEW}, {OLD}", NEW),
        (f"{OLD}, {NEW}", OLD),
        (f"{NEW};q=0.1, {OLD};q=0.9", OLD),
        (f"{OLD};q=0, {NEW};q=0.1", NEW),
        (f"text/plain, {NEW}", NEW),
    ],
)
def test_the_answer_has_the_type_that_the_client_likes_best(
    accept: str | None, media_type: str, client: Client
) -> None:
    headers = {"Accept": accept} if accept is not None else {}
    response = client.post(
        "/graphql/", '{"query": "{ __typename }"}', content_type="application/json", headers=headers
    )
    assert response["Content-Type"] == f"{media_type}; charset=utf-8"
    assert (response.status_code, response.json()) == (200, OK)


def test_an_unsupported_media_type_is_refused(client: Client) -> None:
    response = client.post(
        "/graphql/", '{"query": "{ __typename }"}', content_type="application/json", headers={"Accept": "text/csv"}
    )
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"] == {"code": "not_acceptable"}


@pytest.mark.parametrize(
    ("query", "variables"),
    [("{", {}), ("{ unknown }", {}), ("query ($a: Boolean!) { __typename @skip(if: $a) }", {"a": 5})],
)
def test_the_newer_type_shows_by_its_status_that_nothing_ran(query: str, variables: object, client: Client) -> None:
    body = json.dumps({"query": query, "variables": variables})
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = client.post("/graphql/", body, content_type="application/json", headers={"Accept": accept})
        assert response.status_code == status
        assert "data" not in response.json()
        assert response.json()["errors"]


def test_a_field_that_fails_is_no_failed_request(client: Client) -> None:
    body = json.dumps({"query": "{ wallet(id: 987654321) { id } }"})
    response = client.post("/graphql/", body, content_type="application/json", headers={"Accept": NEW})
    assert response.status_code == 200
    assert response.json()["data"] == {"wallet": None}


def test_a_request_may_name_its_charset_and_leave_members_null(client: Client) -> None:
    body = '{"query": "{ __typename }", "variables": null, "operationName": null, "extensions": null}'
    response = client.post("/graphql/", body, content_type="application/json; charset=UTF-8")
    assert response.json() == OK


def test_a_browser_gets_a_page(client: Client) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    response = client.get("/graphql/", headers=browser)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    response = client.get("/graphql/?query={__typename}", headers=browser)
    assert response.json() == OK


def test_an_answer_to_a_get_may_be_kept_and_asked_for_again(client: Client, make_wallet: Any) -> None:
    make_wallet(label="A")
    query = "{ wallets { edges { node { label } } } }"
    first = get(client, query=query)
    assert first["Cache-Control"] == "private, no-cache"
    assert first["Vary"].startswith("Accept")
    path = f"/graphql/?{urlencode({'query': query})}"

    def again(etag: str) -> Any:
        return client.get(path, headers={"Accept": NEW, "If-None-Match": etag})

    for etag in (first["ETag"], f"W/{first['ETag']}", f'"other", {first["ETag"]}', "*"):
        response = again(etag)
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == first["ETag"]
        assert response["Cache-Control"] == "private, no-cache"
    assert again('"other"').status_code == 200
    make_wallet(label="B")
    response = again(first["ETag"])
    assert response.status_code == 200
    assert response["ETag"] != first["ETag"]
    assert len(response.json()["data"]["wallets"]["edges"]) == 2


def test_an_answer_with_an_error_is_never_cached(client: Client) -> None:
    response = get(client, query="{ wallet(id: 987654321) { id } }")
    assert response["Cache-Control"] == "private, no-cache"
    assert "ETag" not in response


def test_an_answer_to_a_post_has_no_validators(client: Client) -> None:
    response = client.post("/graphql/", '{"query": "{ __typename }"}', content_type="application/json")
    assert "ETag" not in response
