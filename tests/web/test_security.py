"""Every answer of both servers carries the headers that keep it safe in browsers and caches, over real sockets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver, resolve
from starlette.routing import Route

from graphql_api.live.app import make_application
from tests.databases import MakeDatabase
from tests.live import ROOT, LiveServer
from tests.pairs import serve_with_updates

NOTHING = f"'sha256-{b64encode(sha256(b'').digest()).decode()}'"
"""The source of a style element without text."""
ANSWER_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    f"default-src 'self'; style-src 'self' {NOTHING}; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'"
)
ALWAYS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept, Authorization, Walletsvc-Owner, Origin",
}
KEPT = {"Content-Security-Policy": ANSWER_POLICY, "Cache-Control": "private, no-cache"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
JSON = {"Content-Type": "application/json"}
DOCUMENT = {"Content-Type": "application/vnd.api+json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = "https://app.example"


def paths() -> Iterator[str]:
    """Return a path for each pattern of the URL resolver."""

    def walk(prefix: str, patterns: list[Any]) -> Iterator[tuple[str, URLPattern]]:
        for each in patterns:
            pattern = str(each.pattern).replace("(?P<currency>[^/]+)", "USD")
            path = prefix + re.sub(r"\(\?:/\|\$\)|/\?", "/", re.sub(r"\^|\\A|\\Z|(?<!\|)\$", "", pattern))
            if isinstance(each, URLPattern):
                path = path.replace("(?s:.*)", "nothing").replace(r"\.", ".")
                yield re.sub(r"\(\?P<identifier>.*?\)", "1", path), each
            else:
                yield from walk(path, each.url_patterns)

    for path, pattern in walk("/", get_resolver().url_patterns):
        assert resolve(path).func is pattern.callback, path
        yield path


@pytest.fixture(scope="module")
def server(ready_database: MakeDatabase, redis_urls: tuple[str, str]) -> Iterator[LiveServer]:
    """Return a server that asks for keys, and whose clients come over HTTPS."""
    chosen = {"AUTH_REQUIRED": "true", "PUBLIC_URL": "https://pay.example", "CORS_ALLOWED_ORIGINS": PAGE}
    # So many requests are asked, mostly without a good key.
    chosen |= dict.fromkeys(["LIMIT_PER_PRINCIPAL", "LIMIT_PER_ADDRESS", "LIMIT_AUTH_FAILURES"], "100000/minute")
    with serve_with_updates(ready_database, redis_urls[1], **chosen) as server:
        yield server


@pytest.fixture(scope="module")
def key(server: LiveServer) -> dict[str, str]:
    """Return the header of a caller who may do everything."""
    made = server.manage("apikey", "create", "--name", "all", "--scopes", "admin")
    [text] = re.findall(r"^walk_\w+$", made.stdout, re.MULTILINE)
    return {"Authorization": f"Bearer {text}"}


class Asker:
    """Asks over one connection at a time, and checks the headers of each answer."""

    def __init__(self, address: str, **kept: str) -> None:
        self._address, self._kept = address, kept
        self.statuses: set[int] = set()

    def __call__(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None, **kept: str
    ) -> HTTPResponse:
        connection = HTTPConnection(self._address, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        connection.close()
        own = {name.replace("_", "-"): value for name, value in (self._kept | kept).items()}
        expected = {**ALWAYS, **KEPT, **own}
        found = {name: answer.headers.get_all(name) for name in expected}
        assert found == {name: [value] for name, value in expected.items()}, (method, path, answer.status)
        assert answer.headers.get("Set-Cookie") is None
        assert answer.headers.get("Access-Control-Allow-Credentials") is None
        self.statuses.add(answer.status)
        return answer


@pytest.fixture
def ask(server: LiveServer) -> Asker:
    return Asker(server.url.removeprefix("http://"))


def test_every_url_and_method_of_the_web_server(ask: Asker, key: dict[str, str]) -> None:
    made = {"data": {"type": "Wallet", "attributes": {"label": "Safe"}}}
    assert ask("POST", "/api/wallets/", made, key | DOCUMENT).status == 201
    for path in paths():
        policy = {"Content_Security_Policy": PAGE_POLICY} if path == "/api/docs/" else {}
        for method in METHODS:
            for headers in ({}, key, key | DOCUMENT, {"Origin": PAGE, "Host": "evil.example"}):
                kept = policy if method in ("GET", "HEAD") and "Host" not in headers else {}
                ask(method, path, {"query": "{"} if method == "POST" else None, headers, **kept)
    assert {200, 204, 400, 401, 404, 405, 415} <= ask.statuses


def test_answers_in_front_of_django_and_unchanged_ones(ask: Asker, key: dict[str, str]) -> None:
    for label in ("A", "B", "C"):
        made = {"data": {"type": "Wallet", "attributes": {"label": label}}}
        location = ask("POST", "/api/wallets/", made, key | DOCUMENT).headers["Location"]
    path = location.removeprefix("https://pay.example")
    for url in (path, "/api/wallets/", "/graphql/?query={wallets{totalCount}}", "/api/schema/"):
        for _ in range(4):
            etag = ask("GET", url, None, key).headers["ETag"]
        for _ in range(3):
            assert ask("GET", url, None, key | {"If-None-Match": etag}).status == 304
    for _ in range(4):
        assert ask("POST", "/graphql/", {"query": "{ wallets { totalCount } }"}, key | JSON).status == 200


def test_refusals_that_precede_the_views(ask: Asker, key: dict[str, str]) -> None:
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "PATCH"}
    for path in ("/api/wallets/", "/graphql/", "/", "/nothing"):
        assert ask("OPTIONS", path, None, preflight).status == 200
        assert ask("get", path).status == 501
        assert ask("POST", path, {}, {"Content-Encoding": "gzip", **key}).status == 415
    assert ask("POST", "/api/wallets/", ["x" * 1_000_001], key | DOCUMENT).status == 413
    assert ask("GET", "/api/wallets/", None, key | {"Accept": 'application/vnd.api+json; ext="x"'}).status == 406


def test_pages_and_files(ask: Asker, server: LiveServer) -> None:
    live = server.live_url.replace("http://127.0.0.1", "wss://pay.example")
    policy = f"{PAGE_POLICY}; connect-src 'self' {live}"
    etag = ask("GET", "/graphql/", None, BROWSER, Content_Security_Policy=policy).headers["ETag"]
    known = BROWSER | {"If-None-Match": etag}
    assert ask("GET", "/graphql/", None, known, Content_Security_Policy=policy).status == 304
    etag = ask("GET", "/api/docs/", None, BROWSER, Content_Security_Policy=PAGE_POLICY).headers["ETag"]
    ask("GET", "/api/docs/", None, {"If-None-Match": etag}, Content_Security_Policy=PAGE_POLICY)
    assert ask("GET", "/static/rest_api/docs.js", Cache_Control="max-age=0, public").status == 200
    assert ask("GET", "/static/nothing").status == 404


def test_every_url_and_method_of_the_live_server(server: LiveServer, key: dict[str, str]) -> None:
    ask = Asker(server.live_url.removeprefix("http://").removesuffix("/graphql/"), Cache_Control="no-store")
    routes = make_application()._app.routes  # type: ignore[attr-defined]
    for path in (*(route.path for route in routes if isinstance(route, Route)), "/nothing"):
        for method in METHODS:
            for headers in ({}, key, {"Origin": PAGE}, {"Origin": "https://evil.example"}, {"Host": "evil.example"}):
                body = {"query": "{"} if method == "POST" else None
                ask(method, path, body, JSON | headers | {"Accept": "application/json"})
    assert {200, 204, 400, 403, 404, 405, 406} <= ask.statuses
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eA==",
    }
    for refused, headers in ((403, {"Origin": "https://evil.example"}), (400, {"Host": "evil.example"})):
        assert ask("GET", "/graphql/", None, handshake | headers).status == refused
    streamed = {"query": "subscription { nothing }"}
    assert ask("POST", "/graphql/", streamed, JSON | {"Accept": "text/event-stream"}).status == 401
    events = JSON | key | {"Accept": "text/event-stream"}
    assert ask("POST", "/graphql/", streamed, events, Cache_Control="no-store, no-transform").status == 200


@pytest.mark.django_db
def test_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    client = Client(raise_request_exception=False)
    for place in ("walletsvc.web.front_door.print_plainly", "rest_api.read.list_records", "graphql_api.views.answer"):
        monkeypatch.setattr(place, stumble)
    for path in ("/nothing", "/api/wallets/", "/graphql/?query={__typename}"):
        response = client.get(path)
        expected = {**ALWAYS, **KEPT}
        del expected["Strict-Transport-Security"]
        assert response.status_code == 500
        assert {name: response.headers.get(name) for name in expected} == expected


# -- what is configured ------------------------------------------------------------------------------------


@pytest.mark.without_engine
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, 0),
        ({"PUBLIC_URL": "http://pay.example"}, 0),
        ({"PUBLIC_URL": "https://pay.example/"}, 31_536_000),
        ({"PUBLIC_URL": "https://pay.example", "SECURE_HSTS_SECONDS": "0"}, 0),
        ({"SECURE_HSTS_SECONDS": "60"}, 60),
    ],
    ids=str,
)
def test_browsers_are_told_to_keep_to_https_where_clients_use_it(variables: dict[str, str], expected: int) -> None:
    shown = "import walletsvc.settings as s; print(s.SECURE_HSTS_SECONDS)"
    found = subprocess.run(
        [sys.executable, "-c", shown],
        cwd=ROOT,
        env={**os.environ, "PUBLIC_URL": "", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(found.stdout) == expected
    with override_settings(SECURE_HSTS_SECONDS=expected):
        told = Client().get("/").headers.get("Strict-Transport-Security")
    assert told == (f"max-age={expected}" if expected else None)


@pytest.mark.without_engine
def test_the_api_has_neither_sessions_nor_cookies_nor_credentials_of_browsers() -> None:
    assert not [name for name in settings.MIDDLEWARE if re.search("session|auth|csrf|messages", name.lower())]
    assert "django.contrib.sessions" not in settings.INSTALLED_APPS
    assert not getattr(settings, "CORS_ALLOW_CREDENTIALS", False)
    assert not getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False)


@pytest.mark.without_engine
def test_the_checks_of_a_deployment_find_nothing(tmp_path: Path) -> None:
    production = {
        "DEBUG": "false",
        "SECRET_KEY": "".join(f"{number:02x}" for number in os.urandom(40)),
        "ALLOWED_HOSTS": "pay.example",
        "PUBLIC_URL": "https://pay.example",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'unused.sqlite3'}",
    }
    found = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level", "DEBUG"],
        cwd=ROOT,
        env={**{k: v for k, v in os.environ.items() if k != "AUTH_REQUIRED"}, **production},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    silenced = len(settings.SILENCED_SYSTEM_CHECKS)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == f"System check identified no issues ({silenced} silenced).\n"
