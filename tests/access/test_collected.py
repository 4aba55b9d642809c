"""Something new that can be asked, and that no case covers, fails the matrix."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import get_resolver, re_path
from graphql import build_schema, extend_schema, parse

from graphql_api.schema import schema
from rest_api.openapi.document import describe
from tests.access.all_cases import all_cases
from tests.access.collected import described, fields, routes
from tests.access.contract import Uncovered
from tests.access.graphql_cases import graphql_cases
from tests.access.rest_cases import described_cases
from tests.access.route_cases import route_cases

pytestmark = pytest.mark.without_engine

CHOICE = {"name": "include", "in": "query", "schema": {"pattern": "^(?:(?:secret)(?:,(?:secret)){0,9})?$"}}


def test_all_that_is_collected_is_covered() -> None:
    covered = {thing for cases in all_cases().values() for case in cases for thing in case.covers}
    collected = {*routes(get_resolver().url_patterns), *described(describe()), *fields(schema._schema)}
    of_others = {
        thing
        for thing in collected - covered
        # Subscriptions have their own tests. Every URL has the same fields: one is asked for each.
        if not thing.place.startswith("Subscription")
        and thing.kind not in ("header", "path")
        and not thing.kind.startswith("fields[")
    }
    assert of_others == set()
    chosen = {(thing.kind, thing.name) for thing in covered if thing.kind.startswith("fields[")}
    assert chosen == {(thing.kind, thing.name) for thing in collected if thing.kind.startswith("fields[")}
    assert len(covered) > 400


@pytest.mark.parametrize("name", ["secrets", "secrets-list", "wallets-secrets", "wallets-relationships-secrets"])
def test_a_new_route_is_noticed(name: str) -> None:
    new = re_path("secrets", lambda _request: HttpResponse(), name=name)
    with pytest.raises(Uncovered):
        list(route_cases(routes([*get_resolver().url_patterns, new])))


def test_a_new_method_of_a_route_is_noticed() -> None:
    new = re_path("x", lambda _request: HttpResponse(), name="wallets-list")
    new.callback.view_initkwargs = {"http_method_names": ["put"]}  # type: ignore[attr-defined]
    with pytest.raises(Uncovered):
        list(route_cases(routes([new])))


def add_path(document: dict[str, Any]) -> None:
    document["paths"]["/api/secrets/"] = {"get": {"parameters": [CHOICE]}}


def add_filter(document: dict[str, Any]) -> None:
    document["paths"]["/api/wallets/"]["get"]["parameters"].append(
        {"name": "filter[secret]", "in": "query"} | {"schema": {}}
    )


def add_parameter(document: dict[str, Any]) -> None:
    document["paths"]["/api/wallets/"]["get"]["parameters"].append({"name": "secret", "in": "query", "schema": {}})


def add_include(document: dict[str, Any]) -> None:
    document["paths"]["/api/wallets/"]["get"]["parameters"] = [CHOICE]


def add_attribute(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["NewWallet"]["properties"]["attributes"]["properties"]["secret"] = {}


def add_operation(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Operation"]["properties"]["op"]["enum"].append("secret")


@pytest.mark.parametrize("add", [add_path, add_filter, add_parameter, add_include, add_attribute, add_operation])
def test_a_new_part_of_the_document_is_noticed(add: Any) -> None:
    document = deepcopy(describe())
    add(document)
    with pytest.raises(Uncovered):
        list(described_cases(described(document)))


@pytest.mark.parametrize(
    "new",
    [
        "extend type Query { secrets: String }",
        "extend type Mutation { revealSecret: String }",
        "type Secret { text: String } extend type Query { wallets2: Secret }",
        "input SecretInput { text: String } extend type Wallet { secret(input: SecretInput): String }",
        "extend input WalletFilters { secret: String }",
        "extend input CreateWalletInput { secret: String }",
        "extend type UserError { secret: String }",
        "enum Secret { YES } extend type Wallet { secret: Secret }",
    ],
)
def test_a_new_part_of_the_schema_is_noticed(new: str) -> None:
    changed = extend_schema(build_schema(_sdl()), parse(new))
    with pytest.raises(Uncovered):
        list(graphql_cases(fields(changed)))


def test_a_new_field_of_a_record_simply_becomes_a_case() -> None:
    changed = extend_schema(build_schema(_sdl()), parse("extend type Entry { secret: String }"))
    known = {each.covers for each in graphql_cases(fields(schema._schema))}
    [case] = [each for each in graphql_cases(fields(changed)) if each.covers not in known]
    assert case.scopes == {"transactions:read"}
    assert "secret" in case.content["query"]


def _sdl() -> str:
    return schema.as_str()
