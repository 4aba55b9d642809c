"""Hooks see every request and every answer once, whichever layer answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import override_settings
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from graphql_api.live.app import make_application
from tests.fast_path.front import Front, graphql, transaction
from walletsvc.models import Transaction, Wallet
from walletsvc.web.bodies import BodyOverdue
from walletsvc.web.hooks import RequestHead, load_hooks, with_hooks, with_hooks_async
from walletsvc.web.proxies import behind_proxies
from walletsvc.web.refusals import Refusal

pytestmark = pytest.mark.django_db(transaction=True)

LIMITED = Refusal(429, "rate_limited", "Too often.", headers={"Retry-After": "7"})


class Watch:
    """Records every call, and refuses once enabled."""

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self.asked: list[RequestHead] = []
        self.answered: list[tuple[RequestHead, int]] = []

    def before(self, request: RequestHead) -> Refusal | None:
        self.asked.append(request)
        return self.refusal

    def headers(self, request: RequestHead) -> list[tuple[str, str]]:
        return [("X-Watched", request.address)]

    def after(self, request: RequestHead, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.answered.append((request, status))

    def take(self) -> tuple[str, str, int]:
        """Return what the one request that was seen was, and its status."""
        ([asked], [(request, status)]) = self.asked, self.answered
        assert asked is request
        self.asked, self.answered = [], []
        return request.method, request.path, status


class Watched:
    """The web server with a hook."""

    def __init__(self, watch: Watch) -> None:
        self.front = Front()
        self._application = behind_proxies(with_hooks(self.front, [watch], refused=self.front.by_django))

    def ask(
        self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {
            "HTTP_HOST": "localhost",
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            **headers,
        }
        setup_testing_defaults(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks: Any = self._application(environ, lambda status, headers, *_: started.append((status, headers)))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        [(status, sent)] = started
        return int(status[:3]), {name.lower(): value for name, value in sent}, content


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def server(watch: Watch) -> Watched:
    return Watched(watch)


@pytest.fixture
def wallet(make_wallet: Callable[..., Wallet]) -> Wallet:
    return make_wallet("100.00", label="Savings")


def test_without_hooks_nothing_is_around_an_application() -> None:
    front = Front()
    assert with_hooks(front, (), refused=front.by_django) is front
    application = make_application()
    assert with_hooks_async(application, ()) is application


def test_hooks_are_named_in_the_settings() -> None:
    with override_settings(REQUEST_HOOKS=[f"{__name__}.Watch"]):
        [hook] = load_hooks()
    assert type(hook).__name__ == "Watch"


def test_hooks_see_replayed_answers_and_those_of_django(server: Watched, watch: Watch, wallet: Wallet) -> None:
    url = f"/api/wallets/{wallet.id}/"
    for _ in range(3):
        status, headers, _ = server.ask(url)
        assert watch.take() == ("GET", url, 200) == ("GET", url, status)
    assert server.ask(url, HTTP_IF_NONE_MATCH=headers["etag"])[0] == 304
    assert watch.take() == ("GET", url, 304)
    assert server.front.reached == 1
    for _ in range(2):
        assert server.ask(**graphql("{ wallets { totalCount } }"))[0] == 200
        assert watch.take() == ("POST", "/graphql/", 200)
    for txid in ("A", "B"):
        assert server.ask(**transaction(wallet.id, txid))[0] == 201
        assert watch.take() == ("POST", "/api/transactions/", 201)
    assert server.ask(**transaction(wallet.id, "C", "-500"))[0] == 422
    assert watch.take() == ("POST", "/api/transactions/", 422)
    assert server.front.reached == 3


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (200, {"path": "/"}),
        (200, {"path": "/healthz"}),
        (200, {"path": "/api/docs/"}),
        (200, {"path": "/static/rest_api/docs.js"}),
        (200, {"path": "/static/rest_api/docs.js", "method": "HEAD"}),
        (204, {"path": "/graphql/", "method": "OPTIONS"}),
        (400, {"path": "/api/", "HTTP_HOST": "evil.example"}),
        (404, {"path": "/nope"}),
        (404, {"path": "/static/nope"}),
        (405, {"path": "/api/docs/", "method": "DELETE"}),
        (406, {"path": "/api/wallets/", "HTTP_ACCEPT": 'application/vnd.api+json; ext="x"'}),
        (
            413,
            {
                "path": "/api/wallets/",
                "method": "POST",
                "body": b" " * 1_000_001,
                "CONTENT_TYPE": "application/vnd.api+json",
            },
        ),
        (415, {"path": "/graphql/", "method": "POST", "body": b"x", "HTTP_CONTENT_ENCODING": "gzip"}),
        (501, {"path": "/api/", "method": "get"}),
    ],
    ids=str,
)
def test_each_kind_of_answer_is_seen_once(
    server: Watched, watch: Watch, status: int, request_: dict[str, Any]
) -> None:
    assert server.ask(**request_)[0] == status
    assert watch.take() == (request_.get("method", "GET"), request_["path"], status)


def test_faults_are_seen(server: Watched, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("rest_api.read.list_records", stumble)
    assert server.ask("/api/wallets/")[0] == 500
    assert watch.take() == ("GET", "/api/wallets/", 500)
    monkeypatch.setattr("walletsvc.web.front_door.print_plainly", stumble)
    assert server.ask("/nope")[0] == 500
    assert watch.take() == ("GET", "/nope", 500)
    # What reaches the server, which answers it.
    monkeypatch.setattr(Front, "get_response", stumble)
    with pytest.raises(ZeroDivisionError):
        server.ask("/")
    assert watch.take() == ("GET", "/", 500)


def test_the_head_is_the_request_s(server: Watched, watch: Watch) -> None:
    server.ask("/", HTTP_X_REQUEST_ID="7", CONTENT_TYPE="text/plain")
    [(request, _)] = watch.answered
    assert [request.headers.get(name) for name in ("X-Request-Id", "content-type", "Missing")] == [
        "7",
        "text/plain",
        None,
    ]


@pytest.mark.parametrize("path", ["/api/wallets/", "/graphql/", "/static/rest_api/docs.js", "/"])
def test_a_hook_refuses_in_the_manner_of_the_face(server: Watched, watch: Watch, path: str) -> None:
    watch.refusal = LIMITED
    status, headers, body = server.ask(path)
    assert (status, headers["retry-after"], headers["x-content-type-options"]) == (429, "7", "nosniff")
    [error] = json.loads(body)["errors"]
    assert "rate_limited" in (error.get("code"), error.get("extensions", {}).get("code"))
    assert watch.take() == ("GET", path, 429)


def test_a_known_document_is_refused_as_well_and_nothing_is_written(
    server: Watched, watch: Watch, wallet: Wallet
) -> None:
    url = f"/api/wallets/{wallet.id}/"
    for request in ({"path": url}, transaction(wallet.id, "A")):
        assert server.ask(**request)[0] in (200, 201)
    watch.refusal = LIMITED
    for request in ({"path": url}, transaction(wallet.id, "B")):
        assert server.ask(**request)[0] == 429
    assert list(Transaction.objects.values_list("txid", flat=True)) == ["A"]


# -- the live server --------------------------------------------------------------------------------------


@pytest.fixture
def live(watch: Watch) -> TestClient:
    return TestClient(with_hooks_async(make_application(), [watch]), base_url="http://localhost")


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (204, "OPTIONS", "/graphql/", {}),
        (400, "GET", "/healthz", {"Host": "evil.example"}),
        (403, "GET", "/graphql/", {"Origin": "https://evil.example"}),
        (404, "GET", "/nope", {}),
        (405, "HEAD", "/graphql/", {}),
        (415, "POST", "/graphql/", {"Content-Encoding": "gzip"}),
    ],
)
def test_the_live_server_is_seen_too(
    live: TestClient, watch: Watch, status: int, method: str, path: str, headers: dict[str, str]
) -> None:
    assert live.request(method, path, headers=headers, content=b"x" * (method == "POST")).status_code == status
    assert watch.take() == (method, path, status)


def test_sockets_are_seen(live: TestClient, watch: Watch) -> None:
    with pytest.raises(WebSocketDisconnect), live.websocket_connect("/graphql/", headers={"Host": "evil.example"}):
        pass
    assert watch.take() == ("GET", "/graphql/", 400)


def test_a_hook_refuses_at_the_live_server(live: TestClient, watch: Watch) -> None:
    watch.refusal = LIMITED
    response = live.get("/graphql/")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json()["errors"][0]["extensions"] == {"code": "rate_limited"}
    assert watch.take() == ("GET", "/graphql/", 429)


def test_a_body_that_is_overdue_is_an_answer_too() -> None:
    """Somebody else has given it. A limit charges addresses when it is asked for the headers."""
    begun: list[RequestHead] = []

    class Charging(Watch):
        def headers(self, request: RequestHead) -> list[tuple[str, str]]:
            begun.append(request)
            return []

    def wait(_environ: Any, _start: Any) -> Any:
        raise BodyOverdue

    watch = Charging()
    environ: dict[str, Any] = {"REQUEST_METHOD": "POST"}
    setup_testing_defaults(environ)
    with pytest.raises(BodyOverdue):
        with_hooks(wait, [watch], refused=wait)(environ, lambda *_: None)
    assert begun == watch.asked
    assert watch.take() == ("POST", "/", 408)
