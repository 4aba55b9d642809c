"""Clients cannot make up operations: each is out of a set that the schema and the routes determine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver
from graphql import get_operation_ast, parse

from graphql_api.operation_names import name_operation
from graphql_api.schema import schema
from tests.fast_path.front import graphql
from tests.telemetry.servers import Log, Server
from walletsvc.web.routes import _template

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]


def routes(resolver: Any, prefix: str = "") -> list[str]:
    """Return all routes, as Django joins them."""
    found = []
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        found += routes(pattern, route) if hasattr(pattern, "url_patterns") else [route]
    return found


def test_each_route_has_a_template_of_its_own() -> None:
    templates = [_template(route) for route in routes(get_resolver())]
    assert {"/", "/api", "/api/wallets/{identifier}", "/api/wallets/{identifier}/relationships/transactions"} <= {
        *templates
    }
    named = [each for each in templates if each is not None]
    assert len(named) == len(set(named)) > 40
    assert templates.count(None) == 2  # what no route takes, below /api and elsewhere
    assert not any(character in template for template in named for character in "^$\\()?*[]<> ")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{ wallets { totalCount } }", "query wallets"),
        ("query Mine { mine: wallets { totalCount } }", "query wallets"),
        ("{ ...F } fragment F on Query { wallets { totalCount } }", "query wallets"),
        ("{ ... { wallets { totalCount } } }", "query wallets"),
        ("{ a: wallets { totalCount } b: wallets { totalCount } }", "query wallets"),
        ("{ wallets { totalCount } transactions { totalCount } }", "query several"),
        ("{ __typename }", "query __typename"),
        ("{ madeUp1 }", "query other"),
        ("{ madeUp1 madeUp2 }", "query other"),
        ("{ ...F } fragment F on Query { ...F }", "query several"),
        ("{ ...Missing }", "query several"),
        ("mutation { madeUp }", "mutation other"),
        ("mutation { deleteWallet(input: {id: 1}) { userErrors { code } } }", "mutation deleteWallet"),
        ("subscription { transactions(walletId: 1) { id } }", "subscription transactions"),
    ],
)
def test_an_operation_is_called_by_its_field(text: str, name: str) -> None:
    ast = parse(text)
    operation = get_operation_ast(ast)
    assert operation is not None
    assert name_operation(schema._schema, ast, operation) == name


def test_names_of_operations_count_only_if_they_are_registered(
    server: Server, log: Log, settings: Any, tmp_path: Path
) -> None:
    document = 'query Mine { wallet(id: "7") { label } }'
    server.ask(**graphql(document))
    settings.GRAPHQL_ALLOWLIST = str(tmp_path / "list.json")
    Path(settings.GRAPHQL_ALLOWLIST).write_text(f'{{"1": {document!r}}}'.replace("'", '"').replace('"7"', '\\"7\\"'))
    ast = parse(document)
    operation = get_operation_ast(ast)
    assert operation is not None
    assert name_operation(schema._schema, ast, operation) == "query Mine"


@pytest.mark.parametrize("method", ["GET", "MADEUP", "get", "PROPFIND"])
def test_methods_and_paths_are_not_taken_over(server: Server, log: Log, method: str) -> None:
    server.ask("/api/made/up/by/a/client", method=method)
    assert [line["operation"] for line in log.take_requests()] == ["other"]
