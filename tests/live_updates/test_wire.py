"""The bytes on the wire, to the web server and to the live server."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.live_updates.conftest import LiveUpdates

JSON_API = b"Content-Type: application/vnd.api+json\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SUBSCRIPTION = b'{"query":"subscription{walletBalance(id:\\"%s\\"){balance}}"}'
TOO_LONG = b" " * 1_000_001


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        [error] = json.loads(self.body)["errors"]
        return error.get("code") or error["extensions"]["code"]


def send(url: str, request: bytes, *, is_answered_early: bool = False) -> Answer:
    """Send `request` with the headers that every request needs, and return the answer."""
    line, _, rest = request.partition(b"\r\n")
    own = b"" if b"Host:" in rest else b"Host: localhost\r\n"
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        try:
            connection.sendall(line + b"\r\n" + own + b"Connection: close\r\n" + rest)
        except OSError:
            # The server may close before all is sent where it need not read it.
            assert is_answered_early
        with connection.makefile("rb") as stream:
            head = stream.readline()
            headers = {}
            while (field := stream.readline().strip()) != b"":
                name, _, value = field.decode().partition(":")
                headers[name.lower()] = value.strip()
            if "content-length" in headers and not line.startswith(b"HEAD "):
                body = stream.read(int(headers["content-length"]))
            elif headers.get("content-type", "").startswith("text/event-stream"):
                body = b""
            else:
                body = stream.read()
    return Answer(int(head.split()[1]), headers, body)


def chunked(body: bytes, *, size: int = 7) -> bytes:
    """Return a body in chunks (RFC 9112, section 7.1)."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def wallet_document(label: bytes) -> bytes:
    return b'{"data":{"type":"Wallet","attributes":{"label":"%s"}}}' % label


def mutation(label: bytes) -> bytes:
    return b'{"query":"mutation{createWallet(input:{label:\\"%s\\"}){wallet{label} userErrors{code}}}"}' % label


def labels(servers: LiveUpdates) -> set[str]:
    answer = send(servers.server.url, b"GET /api/wallets/?fields[Wallet]=label&page[size]=100 HTTP/1.1\r\n\r\n")
    return {each["attributes"]["label"] for each in json.loads(answer.body)["data"]}


def test_chunked_bodies_are_read_by_all(live_updates: LiveUpdates) -> None:
    web = live_updates.server.url
    for size in (1, 7, 4096):
        rest = send(
            web,
            b"POST /api/wallets/ HTTP/1.1\r\n"
            + JSON_API
            + CHUNKED
            + b"\r\n"
            + chunked(wallet_document(b"R%d" % size), size=size),
        )
        graphql = send(
            web,
            b"POST /graphql/ HTTP/1.1\r\n" + JSON + CHUNKED + b"\r\n" + chunked(mutation(b"G%d" % size), size=size),
        )
        assert (rest.status, graphql.status) == (201, 200)
        assert json.loads(graphql.body)["data"]["createWallet"]["wallet"] == {"label": f"G{size}"}
    assert labels(live_updates) >= {"R1", "R7", "R4096", "G1", "G7", "G4096"}
    wallet = live_updates.open_wallet().encode()
    events = send(
        live_updates.url,
        b"POST /graphql/ HTTP/1.1\r\nAccept: text/event-stream\r\n"
        + JSON
        + CHUNKED
        + b"\r\n"
        + chunked(SUBSCRIPTION % wallet),
    )
    assert events.status == 200


def test_chunked_bodies_have_the_limit_of_all_bodies(live_updates: LiveUpdates) -> None:
    targets = [
        (live_updates.server.url, b"POST /api/wallets/", JSON_API),
        (live_updates.server.url, b"POST /graphql/", JSON),
        (live_updates.url, b"POST /graphql/", JSON + b"Accept: text/event-stream\r\n"),
    ]
    for url, target, headers in targets:
        for length in (len(TOO_LONG), 3 * len(TOO_LONG)):
            body = chunked(b" " * length, size=65_536)
            answer = send(url, target + b" HTTP/1.1\r\n" + headers + CHUNKED + b"\r\n" + body, is_answered_early=True)
            assert (answer.status, answer.code) == (413, "too_long")


def test_a_chunked_body_that_is_empty_or_breaks_off_is_malformed(live_updates: LiveUpdates) -> None:
    before = labels(live_updates)
    for target, headers in ((b"POST /api/wallets/", JSON_API), (b"POST /graphql/", JSON)):
        answer = send(live_updates.server.url, target + b" HTTP/1.1\r\n" + headers + CHUNKED + b"\r\n" + chunked(b""))
        assert (answer.status, answer.code) == (400, "malformed")
        address = urlsplit(live_updates.server.url)
        body = wallet_document(b"Half") if headers is JSON_API else mutation(b"Half")
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            start = target + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + CHUNKED + b"\r\n"
            connection.sendall(start + chunked(body)[: -len(b"0\r\n\r\n") - 20])
            connection.shutdown(socket.SHUT_WR)
            assert b" 201 " not in connection.recv(65_536)
    assert labels(live_updates) == before


@pytest.mark.parametrize(
    ("line", "headers", "status", "code"),
    [
        (b"POST /api/wallets/", JSON_API + b"Content-Encoding: gzip\r\n", 415, "unsupported_media_type"),
        (b"POST /graphql/", JSON + b"Content-Encoding: gzip\r\n", 415, "unsupported_media_type"),
        (b"get /api/wallets/", b"", 501, "not_implemented"),
        (b"post /api/wallets/", JSON_API, 501, "not_implemented"),
        (b"get /", b"", 501, "not_implemented"),
        (b"PROPFIND /api/wallets/", b"", 405, "method_not_allowed"),
        (b"PROPFIND /graphql/", b"", 405, "method_not_allowed"),
        (b"DELETE /healthz", b"", 405, "method_not_allowed"),
        (b"PUT /", b"", 405, "method_not_allowed"),
        (b"CONNECT /", b"", 405, "method_not_allowed"),
        (b"GET /graphql/?query={__typename}", b"Host: evil.example\r\n", 400, "invalid_host"),
        (b"GET /healthz", b"Host: evil.example\r\n", 400, "invalid_host"),
        (b"GET /healthz", b"Host: 10.0.0.9\r\n", 200, None),
        (b"GET /nope", b"", 404, "not_found"),
    ],
)
def test_both_refuse_unsupported_requests(
    live_updates: LiveUpdates, line: bytes, headers: bytes, status: int, code: str | None
) -> None:
    before = labels(live_updates)
    body = b""
    if line.upper().startswith(b"POST"):
        body = wallet_document(b"Refused") if b"/api/" in line else mutation(b"Refused")
        headers += b"Content-Length: %d\r\n" % len(body)
    request = line + b" HTTP/1.1\r\n" + headers + b"\r\n" + body
    answer = send(live_updates.server.url, request)
    assert (answer.status, answer.code if code else None) == (status, code)
    is_of_live = b"/graphql/" in line or b"/healthz" in line or b"/nope" in line
    if is_of_live:
        answer = send(live_updates.url, request)
        assert (answer.status, answer.code if code else None) == (status, code)
    assert labels(live_updates) == before


@pytest.mark.parametrize("line", [b"get /graphql/?query={__typename}", b"Post /graphql/", b"get /healthz"])
def test_methods_are_case_sensitive(live_updates: LiveUpdates, line: bytes) -> None:
    request = line + b" HTTP/1.1\r\n" + JSON + b"Accept: text/event-stream\r\n\r\n"
    for url, refused in (
        (live_updates.server.url, (501, "not_implemented")),
        (live_updates.url, (405, "method_not_allowed")),
    ):
        answer = send(url, request)
        assert (answer.status, answer.code) == refused


def test_other_transfer_codings_are_not_implemented(live_updates: LiveUpdates) -> None:
    before = labels(live_updates)
    coded = b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    for url, target, headers, body in (
        (live_updates.server.url, b"POST /api/wallets/", JSON_API, wallet_document(b"Coded")),
        (live_updates.server.url, b"POST /graphql/", JSON, mutation(b"Coded")),
        (live_updates.url, b"POST /graphql/", JSON, SUBSCRIPTION % b"1"),
    ):
        answer = send(url, target + b" HTTP/1.1\r\n" + headers + coded + chunked(body))
        assert (answer.status, answer.code) == (501, "not_implemented")
    assert labels(live_updates) == before


@pytest.mark.parametrize(
    "path", [b"/", b"/healthz", b"/api/wallets/", b"/api/docs/", b"/graphql/?query={__typename}"]
)
def test_head_has_the_headers_of_get(live_updates: LiveUpdates, path: bytes) -> None:
    got, head = (
        send(live_updates.server.url, method + b" " + path + b" HTTP/1.1\r\n\r\n") for method in (b"GET", b"HEAD")
    )
    assert (got.status, head.status, head.body) == (200, 200, b"")
    assert got.body
    of_each = {"date": "", "x-request-id": ""}
    assert got.headers | of_each == head.headers | of_each


def test_the_host_in_a_target_counts_where_there_is_no_other(live_updates: LiveUpdates) -> None:
    address = urlsplit(live_updates.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(b"GET http://evil.example/api/wallets/ HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
