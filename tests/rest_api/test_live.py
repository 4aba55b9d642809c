"""The real server through a real socket: behaviour that a client inside the process would not notice."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx

from tests.live import LiveServer
from tests.rest_api.structure import MEDIA_TYPE, check_document

DOCUMENT = b'{"data":{"type":"Wallet","attributes":{"label":"%s","balance":"100.00"}}}'


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


def test_the_server_speaks_json_api_over_http(live: LiveServer) -> None:
    headers = {"Content-Type": MEDIA_TYPE}
    with httpx.Client(base_url=live.url) as client:
        created = client.post("/api/wallets/", content=DOCUMENT % b"One", headers=headers)
        assert created.status_code == 201
        url = created.headers["Location"]
        got, head = client.get(url), client.head(url)
        assert got.content == created.content
        assert head.content == b""
        assert head.headers["Content-Length"] == str(len(got.content))
        assert head.headers["Content-Type"] == got.headers["Content-Type"] == MEDIA_TYPE

        for _ in range(2):
            unchanged = client.get(url, headers={"If-None-Match": got.headers["ETag"]})
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            assert unchanged.headers["ETag"] == head.headers["ETag"] == got.headers["ETag"]

        # Without a length, as streaming clients send it.
        chunked = client.post("/api/wallets/", content=chunks(DOCUMENT % b"Two"), headers=headers)
        assert chunked.status_code == 201
        for content in (b" " * 1_000_001, chunks(b" " * 1_000_001)):
            refused = client.post("/api/wallets/", content=content, headers=headers)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (413, "too_long")

        paged = client.get("/api/wallets/?page[size]=1&sort=-label")
        following = client.get(paged.json()["links"]["next"])
        assert [each["attributes"]["label"] for each in following.json()["data"]] == ["One"]

        refused = client.get(url, headers={"Host": "evil.example"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "invalid_host")
        assert client.delete(url, headers={"If-Match": '"old"'}).status_code == 412
        assert client.delete(url).status_code == 409


ODD = {
    b"GET /api/wallets/?filter[label]=\xc3\xbc HTTP/1.1": 200,
    b"GET /api/%00 HTTP/1.1": 404,
    b"GET /api/wallets/%0a HTTP/1.1": 404,
    b"GET /api/wallets/?page[size]=%FF HTTP/1.1": 400,
    b"FOO /api/wallets/ HTTP/1.1": 405,
    b"get /api/wallets/ HTTP/1.1": 501,
}


def test_odd_requests_are_answered_in_json_api(live: LiveServer) -> None:
    for request_line, status in ODD.items():
        with socket.create_connection((live.host, live.port), timeout=10) as connection:
            connection.sendall(request_line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with connection.makefile("rb") as stream:
                head, _, body = stream.read().partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == str(status).encode(), request_line
        check_document(json.loads(body))
