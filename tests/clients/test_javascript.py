"""JavaScript clients of both faces and of the live server: each runs through its own script in `js/`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.pages import serve_pages
from tests.live import LiveServer

pytestmark = pytest.mark.clients


@pytest.mark.parametrize("client", ["datx", "devour", "jsona", "kitsu", "orbit", "spraypaint"])
def test_json_api(client: str, server: LiveServer, run_script: Callable[..., None]) -> None:
    run_script(client, server)


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_graphql(client: str, server: LiveServer, run_script: Callable[..., None]) -> None:
    run_script(client, server)


def test_relay(server: LiveServer, run_script: Callable[..., None], relay_artifacts: Path) -> None:
    run_script("relay", server, ARTIFACTS=str(relay_artifacts))


@pytest.mark.parametrize("client", ["graphql-ws", "graphql-sse"])
def test_subscriptions(client: str, server: LiveServer, run_script: Callable[..., None]) -> None:
    run_script(client, server)


def test_the_playground_in_a_browser(server: LiveServer, run_script: Callable[..., None], tmp_path: Path) -> None:
    run_script("playground", server, FOLDER=str(tmp_path))


def test_a_page_of_another_origin(
    server: LiveServer, page_origin: str, run_script: Callable[..., None], tmp_path: Path
) -> None:
    with serve_pages() as stranger:
        run_script("origins", server, FOLDER=str(tmp_path), PAGE_ORIGIN=page_origin, STRANGER_ORIGIN=stranger)


def test_a_page_of_another_origin_with_a_key(
    guarded: LiveServer,
    make_key: Callable[..., str],
    page_origin: str,
    run_script: Callable[..., None],
    tmp_path: Path,
) -> None:
    keys = {"KEY": make_key(), "LIMITED_KEY": make_key("--limit", "5/minute")}
    run_script("origins-with-key", guarded, FOLDER=str(tmp_path), PAGE_ORIGIN=page_origin, **keys)


def test_the_pages_take_a_key(
    guarded: LiveServer, make_key: Callable[..., str], run_script: Callable[..., None], tmp_path: Path
) -> None:
    run_script("pages", guarded, FOLDER=str(tmp_path), KEY=make_key())
