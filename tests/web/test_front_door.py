"""`/`, and wherever there is nothing: a page to browsers, and JSON that names the same to everybody else."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client, override_settings

import walletsvc

pytestmark = pytest.mark.without_engine

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
LINKS = {
    "rest": "/api/",
    "docs": "/api/docs/",
    "schema": "/api/schema/",
    "graphql": "/graphql/",
    "health": "/healthz",
    "version": "/version",
}
PLACES = [
    ({}, {}, "http://testserver", "ws://testserver:9/graphql/"),
    ({"PUBLIC_URL": "https://pay.example/base"}, {}, "https://pay.example/base", "wss://pay.example:9/graphql/"),
    ({"LIVE_URL": "wss://live.example/"}, {}, "http://testserver", "wss://live.example/"),
    ({}, {"Host": "localhost:8000"}, "http://localhost:8000", "ws://localhost:9/graphql/"),
]


@pytest.mark.parametrize(("settings", "headers", "root", "live"), PLACES)
def test_programs_get_the_addresses(settings: dict[str, Any], headers: dict[str, str], root: str, live: str) -> None:
    with override_settings(LIVE_PORT=9, **settings):
        found = Client().get("/", headers=headers)
        lost = Client().get("/nope", headers=headers)
    links = {**{name: root + path for name, path in LINKS.items()}, "live": live}
    assert found.json() == {"service": "walletsvc", "version": walletsvc.__version__, "links": links}
    error = {"code": "not_found", "message": "There is nothing at /nope."}
    assert (lost.status_code, lost.json()) == (404, {"errors": [error], "links": links})


@pytest.mark.parametrize(("settings", "headers", "root", "live"), PLACES)
def test_a_page_names_the_same(settings: dict[str, Any], headers: dict[str, str], root: str, live: str) -> None:
    with override_settings(LIVE_PORT=9, **settings):
        for path, status in (("/", 200), ("/nope", 404)):
            answer = Client().get(path, headers=headers | BROWSER)
            assert (answer.status_code, answer["Content-Type"]) == (status, "text/html; charset=utf-8")
            page = answer.content.decode()
            named = set(re.findall(r'href="([^"]+)"', page)) - {"/static/walletsvc/favicon.svg"}
            assert named - {"/static/walletsvc/front_door.css"} == {
                root + path for name, path in LINKS.items() if name != "rest"
            }
            assert live in page
            assert len(re.findall(f"curl (?:-g ')?{re.escape(root)}/api/", page)) == 3


def test_a_server_without_subscriptions_names_none() -> None:
    with override_settings(LIVE_PORT=0, LIVE_URL=""):
        assert "live" not in Client().get("/").json()["links"]
        assert "Subscriptions" not in Client().get("/", headers=BROWSER).content.decode()


@pytest.mark.parametrize("needs_key", [True, False])
def test_the_commands_show_a_key_where_one_is_needed(needs_key: bool) -> None:
    with override_settings(AUTH_REQUIRED=needs_key):
        page = unescape(Client().get("/", headers=BROWSER).content.decode())
    assert page.count('-H "Authorization: Bearer $KEY"') == 3 * needs_key


def test_nothing_comes_from_elsewhere() -> None:
    answer = Client().get("/", headers=BROWSER)
    assert "unsafe" not in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert Client().get(path).status_code == 200


def test_what_is_not_there_cannot_write_the_page() -> None:
    page = Client().get("/<script>alert(1)</script>" + "a" * 5_000, headers=BROWSER).content.decode()
    assert "<script" not in page
    assert len(page) < 10_000


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_other_methods_of_unknown_addresses_are_answered_as_before(method: str) -> None:
    answer = getattr(Client(), method)("/nope", headers=BROWSER)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")


def test_the_icon_is_where_browsers_look_for_it() -> None:
    answer = Client().get("/favicon.ico")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer.content.startswith(b'<svg xmlns="http://www.w3.org/2000/svg" ')
    assert Client().get("/favicon.ico", headers={"If-None-Match": answer["ETag"]}).status_code == 304
