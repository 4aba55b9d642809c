"""The page for browsers, with or without a built GraphiQL, and the samples in its tabs."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from graphql import OperationDefinitionNode, parse

import graphql_api
from graphql_api import documents, pages
from graphql_api.schema import schema

SAMPLES = sorted((Path(graphql_api.__file__).parent / "playground" / "samples").iterdir())
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_a_valid_operation_with_a_name(path: Path) -> None:
    document = documents.load(schema._schema, path.read_text(encoding="utf-8"))
    assert document.errors == ()
    [operation] = document.ast.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None


def test_there_is_a_sample_for_each_query_and_mutation() -> None:
    shown = set()
    for path in SAMPLES:
        [operation] = parse(path.read_text(encoding="utf-8")).definitions
        assert isinstance(operation, OperationDefinitionNode)
        shown |= {(operation.operation.value, node.name.value) for node in operation.selection_set.selections}
    query, mutation = schema._schema.query_type, schema._schema.mutation_type
    assert query is not None
    assert mutation is not None
    assert shown == {("query", name) for name in query.fields} | {("mutation", name) for name in mutation.fields}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that GraphiQL has been built."""
    (tmp_path / "playground.js").write_text("// GraphiQL")
    (tmp_path / "playground.css").write_text("/* GraphiQL */")
    monkeypatch.setattr(pages, "ASSETS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["/graphql/", "/graphql"])
@pytest.mark.usefixtures("built")
def test_the_page_loads_everything_from_this_server(path: str, client: Client) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert "://" not in response.content.decode()
    for name, media_type in (("playground.js", "text/javascript"), ("playground.css", "text/css")):
        assert f'"/graphql/assets/{name}"' in response.content.decode()
        asset = client.get(f"/graphql/assets/{name}")
        assert (asset.status_code, asset["Content-Type"]) == (200, media_type)
        assert b"GraphiQL" in b"".join(asset.streaming_content)
        again = client.get(f"/graphql/assets/{name}", headers={"If-None-Match": asset["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("name", ["missing.js", "..", "../schema.graphql", "%2e%2e/schema.graphql", ""])
@pytest.mark.usefixtures("built")
def test_nothing_else_is_served(name: str, client: Client) -> None:
    assert client.get(f"/graphql/assets/{name}").status_code == 404


def test_a_page_of_strawberrys_stands_in_where_it_was_not_built(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ASSETS", tmp_path)
    response = client.get("/graphql/", headers=BROWSER)
    assert response.status_code == 200
    assert "graphiql" in response.content.decode().lower()
