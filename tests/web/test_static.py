"""The files that pages load."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, override_settings

pytestmark = pytest.mark.without_engine

URL = "/static/rest_api/docs.js"
CONTENT = (settings.BASE_DIR / "rest_api/static/rest_api/docs.js").read_bytes()


@pytest.mark.parametrize("debug", [True, False])
def test_a_file_is_served_with_what_keeps_it_fresh_and_safe(client: Client, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        response = client.get(URL)
    assert (response.status_code, b"".join(response)) == (200, CONTENT)
    expected = {
        "Content-Type": 'text/javascript; charset="utf-8"',
        "Content-Length": str(len(CONTENT)),
        "Cache-Control": "max-age=0, public",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    assert {name: response[name] for name in expected} == expected
    assert response["ETag"].startswith('"')
    assert not response.has_header("Access-Control-Allow-Origin")


def test_head_returns_the_same_headers_without_the_file(client: Client) -> None:
    answer, head = client.get(URL), client.head(URL)
    assert (head.status_code, b"".join(head)) == (200, b"")
    assert head.headers == answer.headers


@pytest.mark.parametrize("condition", ["{0}", "W/{0}", '"other", {0}', "*"])
def test_a_file_that_is_known_is_not_sent_again(client: Client, condition: str) -> None:
    etag = client.get(URL)["ETag"]
    response = client.get(URL, headers={"If-None-Match": condition.format(etag)})
    assert (response.status_code, b"".join(response)) == (304, b"")
    assert (response["ETag"], response["Cache-Control"]) == (etag, "max-age=0, public")


def test_other_conditions_hold_as_everywhere(client: Client) -> None:
    answer = client.get(URL)
    modified = answer["Last-Modified"]
    assert client.get(URL, headers={"If-None-Match": '"x"', "If-Modified-Since": modified}).status_code == 200
    assert client.get(URL, headers={"If-Modified-Since": modified}).status_code == 304
    assert client.get(URL, headers={"If-Match": answer["ETag"]}).status_code == 200
    assert client.get(URL, headers={"If-Match": '"x"'}).status_code == 412


def test_a_part_is_not_served(client: Client) -> None:
    response = client.get(URL, headers={"Range": "bytes=0-0", "If-Range": '"x"'})
    assert (response.status_code, b"".join(response)) == (200, CONTENT)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing.js",
        "rest_api",
        "rest_api/",
        "rest_api/../rest_api/docs.js",
        "../walletsvc/settings.py",
        "%2e%2e/walletsvc/settings.py",
        "..%5cwalletsvc/settings.py",
        "/etc/passwd",
        "rest_api//docs.js",
        "rest_api/docs.js/",
        "rest_api/docs.js%00",
    ],
)
def test_nothing_else_is_reached(client: Client, path: str, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        response = client.get(f"/static/{path}")
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")


def test_another_host_gets_no_file(client: Client) -> None:
    assert client.get(URL, headers={"Host": "evil.example"}).status_code == 400


def test_other_paths_have_no_files_looked_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walletsvc.web.static.WhiteNoiseMiddleware", None)
    assert client.get("/").status_code == 200
    with pytest.raises(TypeError):
        client.get(URL)
