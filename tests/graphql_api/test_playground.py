"""The page for browsers, with or without a built GraphiQL, and the samples in its tabs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client, override_settings
from graphql import OperationDefinitionNode, OperationType, parse

import graphql_api
from graphql_api import documents, pages
from graphql_api.schema import schema

pytestmark = pytest.mark.without_engine

SAMPLES = sorted((Path(graphql_api.__file__).parent / "playground" / "samples").iterdir())
LIVE_PORT = settings.LIVE_PORT
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_a_valid_operation_with_a_name(path: Path) -> None:
    document = documents.load(schema._schema, path.read_text(encoding="utf-8"))
    assert document.errors == ()
    [operation] = document.ast.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None


def test_there_is_a_sample_for_each_operation_that_deletes_nothing() -> None:
    shown = set()
    for path in SAMPLES:
        [operation] = parse(path.read_text(encoding="utf-8")).definitions
        assert isinstance(operation, OperationDefinitionNode)
        shown |= {(operation.operation.value, node.name.value) for node in operation.selection_set.selections}
    known = {
        (operation.value, name)
        for operation in OperationType
        for name in schema._schema.get_root_type(operation).fields  # type: ignore[union-attr]
    }
    assert shown == {(operation, name) for operation, name in known if not name.startswith("delete")}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_mutation_waits_for_its_input(path: Path) -> None:
    [operation] = parse(path.read_text(encoding="utf-8")).definitions
    assert isinstance(operation, OperationDefinitionNode)
    for node in operation.selection_set.selections:
        if node.name.value.startswith("update"):
            [variable] = operation.variable_definitions
            assert (variable.variable.name.value, variable.default_value) == ("id", None)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pretend that GraphiQL has been built."""
    (tmp_path / "playground.js").write_text("// GraphiQL")
    (tmp_path / "playground.css").write_text("/* GraphiQL */")
    monkeypatch.setattr(pages, "ASSETS", tmp_path)
    finders.get_finder.cache_clear()
    with override_settings(
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STATICFILES_DIRS=[("graphql_api", tmp_path)],
    ):
        yield
    finders.get_finder.cache_clear()


@pytest.mark.parametrize("path", ["/graphql/", "/graphql"])
@pytest.mark.usefixtures("built")
def test_the_page_loads_everything_from_this_server(path: str, client: Client) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert re.findall(r"[a-z]+://[^\"]*", response.content.decode()) == [f"ws://testserver:{LIVE_PORT}/graphql/"]
    for name, media_type in (("playground.js", "text/javascript"), ("playground.css", "text/css")):
        assert f'"/static/graphql_api/{name}"' in response.content.decode()
        asset = client.get(f"/static/graphql_api/{name}")
        assert (asset.status_code, asset["Content-Type"]) == (200, f'{media_type}; charset="utf-8"')
        assert b"GraphiQL" in b"".join(asset)


@pytest.mark.parametrize(
    ("changed", "headers", "expected"),
    [
        ({}, {"Host": "localhost:1234"}, f"ws://localhost:{LIVE_PORT}/graphql/"),
        ({}, {"Host": "[::1]:1234"}, f"ws://[::1]:{LIVE_PORT}/graphql/"),
        ({"LIVE_PORT": 9}, {"Host": "127.0.0.1"}, "ws://127.0.0.1:9/graphql/"),
        ({"LIVE_PORT": 0}, {"Host": "127.0.0.1"}, ""),
        ({"LIVE_URL": "wss://live.example/graphql"}, {"Host": "127.0.0.1"}, "wss://live.example/graphql"),
        ({"LIVE_URL": "wss://live.example/", "LIVE_PORT": 0}, {"Host": "127.0.0.1"}, "wss://live.example/"),
        ({"PUBLIC_URL": "https://pay.example:444/base"}, {}, f"wss://pay.example:{LIVE_PORT}/graphql/"),
    ],
)
@pytest.mark.usefixtures("built")
def test_the_page_connects_to_the_live_server_and_nothing_else(
    changed: dict[str, object], headers: dict[str, str], expected: str, client: Client
) -> None:
    with override_settings(**changed):
        response = client.get("/graphql/", headers=BROWSER | headers)
    assert f'data-live-url="{expected}"' in response.content.decode()
    allowed = [each for each in response["Content-Security-Policy"].split("; ") if each.startswith("connect-src")]
    assert allowed == ([f"connect-src 'self' {expected}"] if expected else [])


@pytest.mark.usefixtures("built")
def test_over_tls_the_page_connects_over_tls(client: Client) -> None:
    response = client.get("/graphql/", headers=BROWSER, secure=True)
    assert f'data-live-url="wss://testserver:{LIVE_PORT}/graphql/"' in response.content.decode()


@pytest.mark.usefixtures("built")
def test_the_page_knows_whether_a_key_is_needed_and_a_schema_is_told(client: Client) -> None:
    for setting, name in (("AUTH_REQUIRED", "needs-key"), ("GRAPHQL_INTROSPECTION", "has-schema")):
        for value, expected in ((True, "true"), (False, "")):
            with override_settings(**{setting: value}):
                response = client.get("/graphql/", headers=BROWSER)
            assert (response.status_code, f'data-{name}="{expected}"' in response.content.decode()) == (200, True)


def test_a_page_says_so_where_it_was_not_built(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ASSETS", tmp_path)
    response = client.get("/graphql/", headers=BROWSER)
    assert response.status_code == 200
    page = response.content.decode()
    assert "make assets" in page
    assert "<script" not in page
    assert "://" not in page
    assert response["Content-Security-Policy"].startswith("default-src 'self'; ")
