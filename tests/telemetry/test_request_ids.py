"""Each answer of both servers has an id, whoever answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.live.app import make_application
from tests.fast_path.front import graphql, transaction
from tests.telemetry.servers import Server
from walletsvc.models import Wallet
from walletsvc.web.hooks import load_hooks, with_hooks_async

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

MADE = re.compile(r"[0-9a-f]{16}-[0-9a-f]+")
REQUESTS: list[tuple[int, dict[str, Any]]] = [
    (200, {"path": "/"}),
    (200, {"path": "/livez"}),
    (200, {"path": "/api/wallets/"}),
    (200, {"path": "/static/rest_api/docs.js"}),
    (204, {"path": "/graphql/", "method": "OPTIONS"}),
    (
        200,
        {
            "path": "/api/",
            "method": "OPTIONS",
            "HTTP_ORIGIN": "https://a",
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET",
        },
    ),
    (400, {"path": "/api/", "HTTP_HOST": "evil.example"}),
    (404, {"path": "/nope"}),
    (405, {"path": "/api/docs/", "method": "DELETE"}),
    (415, {"path": "/graphql/", "method": "POST", "body": b"x", "HTTP_CONTENT_ENCODING": "gzip"}),
    (501, {"path": "/api/", "method": "get"}),
]


@pytest.mark.parametrize(("status", "request_"), REQUESTS, ids=str)
def test_each_answer_has_the_id_of_its_request(server: Server, status: int, request_: dict[str, Any]) -> None:
    answered, headers, _ = server.ask(**request_)
    assert (answered, bool(MADE.fullmatch(headers["x-request-id"]))) == (status, True)
    assert server.ask(**request_, HTTP_X_REQUEST_ID="Of_the-Client7")[1]["x-request-id"] == "Of_the-Client7"


def test_replayed_answers_have_their_own(server: Server, wallet: Wallet) -> None:
    url = f"/api/wallets/{wallet.id}/"
    etag = server.ask(url)[1]["etag"]
    asked: list[dict[str, Any]] = [{"path": url}, {"path": url, "HTTP_IF_NONE_MATCH": etag}]
    asked += [graphql("{ wallets { totalCount } }"), transaction(wallet.id, "A"), transaction(wallet.id, "B")]
    for request in asked:
        server.ask(**request)
    reached = server.front.reached
    ids = [server.ask(**request)[1]["x-request-id"] for request in [*asked[:3], transaction(wallet.id, "C")]]
    assert server.front.reached == reached  # Django has seen none of them
    assert len(set(ids)) == 4
    assert server.ask(url, HTTP_X_REQUEST_ID="mine")[1]["x-request-id"] == "mine"
    assert server.front.reached == reached


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a\tb", "ä", "a.b", "a,b", "1\n", "\uff11", "{}"])
def test_an_id_that_is_none_is_replaced(server: Server, given: str) -> None:
    assert MADE.fullmatch(server.ask("/", HTTP_X_REQUEST_ID=given)[1]["x-request-id"])


def test_a_refused_caller_gets_an_id(server: Server, settings: Any) -> None:
    settings.AUTH_REQUIRED = True
    settings.REDIS_URL = ""
    settings.LIMIT_PER_ADDRESS = "1/minute"
    settings.REQUEST_HOOKS = ["walletsvc.web.watching.Watching", "walletsvc.web.limits.RequestLimits"]
    limited = Server()
    for status in (401, 429):
        answered, headers, _ = limited.ask("/api/wallets/", HTTP_X_REQUEST_ID="mine")
        assert (answered, headers["x-request-id"]) == (status, "mine")


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (200, "GET", "/livez", {}),
        (204, "OPTIONS", "/graphql/", {}),
        (400, "GET", "/healthz", {"Host": "evil.example"}),
        (403, "GET", "/graphql/", {"Origin": "https://evil.example"}),
        (404, "GET", "/nope", {}),
    ],
)
def test_the_live_server_has_them_too(status: int, method: str, path: str, headers: dict[str, str]) -> None:
    with TestClient(with_hooks_async(make_application(), load_hooks()), base_url="http://localhost") as live:
        answered = live.request(method, path, headers=headers)
        assert (answered.status_code, bool(MADE.fullmatch(answered.headers["x-request-id"]))) == (status, True)
        answered = live.request(method, path, headers={**headers, "X-Request-ID": "mine"})
        assert (answered.status_code, answered.headers["x-request-id"]) == (status, "mine")


def test_an_opened_socket_has_one() -> None:
    with (
        TestClient(with_hooks_async(make_application(), load_hooks()), base_url="http://localhost") as live,
        live.websocket_connect("/graphql/", ["graphql-transport-ws"], headers={"X-Request-ID": "mine"}) as socket,
    ):
        assert [value for name, value in socket.extra_headers or () if name == b"x-request-id"] == [b"mine"]
