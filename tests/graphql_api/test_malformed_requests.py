"""A malformed GraphQL request or meaningless document is refused in JSON, with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

MALFORMED = {
    "broken off": (b'{"query": "{ wallets', 400, "malformed"),
    "only space": (b" ", 400, "malformed"),
    "no UTF-8": (b'{"query": "\xff"}', 400, "malformed"),
    "NaN": (b'{"query": "{ __typename }", "variables": {"a": NaN}}', 400, "malformed"),
    "a list": (b"[]", 400, "malformed"),
    "null": (b"null", 400, "malformed"),
    "a number": (b"5", 400, "malformed"),
    "no query": (b"{}", 400, "malformed"),
    "an empty query": (b'{"query": ""}', 400, "malformed"),
    "a query that is a number": (b'{"query": 5}', 400, "malformed"),
    "variables that are a list": (b'{"query": "{ __typename }", "variables": []}', 400, "malformed"),
    "variables that are a text": (b'{"query": "{ __typename }", "variables": "{}"}', 400, "malformed"),
    "a name that is a number": (b'{"query": "{ __typename }", "operationName": 5}', 400, "malformed"),
    "extensions that are a text": (b'{"query": "{ __typename }", "extensions": "a"}', 400, "malformed"),
    "nested too deeply": (b"[" * 200_000, 400, "malformed"),
    "over 1 MB": (json.dumps({"query": "{ __typename }" + " " * 1_000_000}).encode(), 413, "too_long"),
}


@pytest.mark.parametrize(("body", "status", "code"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_refused_in_json(body: bytes, status: int, code: str, client: Client) -> None:
    response = client.post("/graphql/", body, content_type="application/json")
    assert response.status_code == status
    assert response["Content-Type"] == "application/json; charset=utf-8"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": code}
    assert error["message"]


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/graphql", "multipart/form-data; boundary=x", "", "application/json; charset=latin-1"],
)
def test_another_media_type_is_refused(media_type: str, client: Client) -> None:
    response = client.post("/graphql/", '{"query": "{ __typename }"}', content_type=media_type)
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "graphql_parse_failed"),
        ("{ wallets(first: ) }", "graphql_parse_failed"),
        ("\u0000", "graphql_parse_failed"),
        ("{" * 5000, "graphql_parse_failed"),
        ("{ unknown }", "graphql_validation_failed"),
        ("query A { __typename } query B { __typename }", "graphql_validation_failed"),
        ("fragment F on Query { __typename }", "graphql_validation_failed"),
        ("{ ...F } fragment F on Query { ...F }", "graphql_validation_failed"),
        ('{ wallet(id: {a: "b"}) { id } }', "invalid"),
        ("{ wallet(id: null) { id } }", "required"),
        ('{ wallets(first: "5") { totalCount } }', "invalid"),
        ("{ wallets(filters: {unknown: 5}) { totalCount } }", "invalid"),
        ("{ wallets(ordering: [{metadata: ASC}]) { totalCount } }", "invalid"),
    ],
)
def test_a_meaningless_document_is_refused(query: str, code: str, ask: Any) -> None:
    reply = ask(query)
    assert reply.status == 200
    assert set(reply.codes) == {code}
    assert reply.data is None


def test_a_lone_surrogate_quoted_back_is_escaped(client: Client) -> None:
    query = b"query ($yes: Boolean!) { wallets @include(if: $yes) { totalCount } }"
    body = b'{"query": "%s", "variables": {"yes": "\\ud800"}}' % query
    response = client.post("/graphql/", body, content_type="application/json")
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "invalid"
