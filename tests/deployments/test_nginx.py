"""The proxy of deploy/nginx, in front of a real server: what passes, and what does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import httpx
import pytest

from tests.databases import MakeDatabase, url_of
from tests.deployments.nginx import HOST_NAME, Nginx
from tests.live import LiveServer
from tests.live_updates.clients import BALANCE, open_socket
from tests.servers import free_ports

# nginx knows nothing of what is behind the server.
pytestmark = pytest.mark.any_engine

JSON_API = "application/vnd.api+json"
HANG_SECONDS = 20
_numbers = count(1)


@pytest.fixture(scope="module")
def proxy(ready_database: MakeDatabase, redis_urls: tuple[str, str]) -> Iterator[Nginx]:
    """Return nginx in front of a server that runs, and of one that is down."""
    live, down, down_live = free_ports(3)
    with ExitStack() as stack:
        settings = {"TRUSTED_PROXIES": "127.0.0.1", "ALLOWED_HOSTS": f"{HOST_NAME},localhost", "LIVE_PORT": str(live)}
        url = url_of(stack.enter_context(ready_database()))
        server = stack.enter_context(LiveServer(database_url=url, redis_url=redis_urls[1], **settings))
        yield stack.enter_context(Nginx(web_ports=(down, server.port), live_ports=(live, down_live)))


@pytest.fixture
def client(proxy: Nginx) -> Iterator[httpx.Client]:
    headers = {"Host": HOST_NAME}
    with httpx.Client(base_url=proxy.url, verify=proxy.trust(), headers=headers, timeout=HANG_SECONDS) as client:
        yield client


def ask(client: httpx.Client, method: str, path: str, document: Any = None, **headers: str) -> httpx.Response:
    """Send a request by the name that the certificate has."""
    content = None if document is None else json.dumps({"data": document})
    sent = {"Content-Type": JSON_API, **headers} if content else headers
    return client.request(method, path, content=content, headers=sent, extensions={"sni_hostname": HOST_NAME})


def open_wallet(client: httpx.Client) -> str:
    document = {"type": "Wallet", "attributes": {"label": f"Behind {next(_numbers)}", "balance": "100.00"}}
    answer = ask(client, "POST", "/api/wallets/", document)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["id"]


def post(client: httpx.Client, wallet: str, amount: str = "1.00") -> httpx.Response:
    attributes = {"txid": f"BEHIND-{next(_numbers)}", "amount": amount, "wallet": wallet}
    return ask(client, "POST", "/api/transactions/", {"type": "Transaction", "attributes": attributes})


def test_nginx_accepts_the_configuration() -> None:
    web, live = free_ports(2)
    nginx = Nginx(web_ports=(web, web), live_ports=(live, live))
    try:
        finished = nginx.check()
    finally:
        nginx.close()
    assert finished.returncode == 0, finished.stderr
    assert "[warn]" not in finished.stderr
    assert "test is successful" in finished.stderr


def test_each_post_is_stored_once_although_a_server_is_down(client: httpx.Client) -> None:
    wallet = open_wallet(client)
    assert [post(client, wallet).status_code for _ in range(6)] == [201] * 6
    answer = ask(client, "GET", f"/api/wallets/{wallet}/")
    assert answer.json()["data"]["attributes"]["balance"] == "106.00"


def test_links_are_those_of_the_proxy_whatever_the_client_says(client: httpx.Client) -> None:
    wallet = open_wallet(client)
    false = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.9.8.7"}
    answer = ask(client, "GET", f"/api/wallets/{wallet}/", **false)
    assert answer.json()["data"]["links"]["self"] == f"https://{HOST_NAME}/api/wallets/{wallet}/"


def test_plain_http_is_sent_to_https(proxy: Nginx) -> None:
    address = f"http://{proxy.host}:{proxy.plain_port}/api/wallets/?page[size]=1"
    answer = httpx.get(address, headers={"Host": HOST_NAME})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{HOST_NAME}/api/wallets/?page[size]=1")


def test_a_websocket_passes(proxy: Nginx, client: httpx.Client) -> None:
    wallet = open_wallet(client)
    with open_socket(f"wss://{HOST_NAME}/live", sock=proxy.connect(), ssl=proxy.trust()) as socket:
        socket.subscribe(BALANCE, wallet=wallet)
        assert socket.next()["balance"] == "100.00"
        assert post(client, wallet, "-40.00").status_code == 201
        assert socket.next()["balance"] == "60.00"


def test_events_pass_as_they_come(client: httpx.Client) -> None:
    wallet = open_wallet(client)
    content = {"query": BALANCE, "variables": {"wallet": wallet}}
    headers = {"Accept": "text/event-stream"}
    options: dict[str, Any] = {"json": content, "headers": headers, "extensions": {"sni_hostname": HOST_NAME}}
    with client.stream("POST", "/live/graphql/", **options) as answer:
        assert answer.status_code == 200
        lines = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {"))
        assert next(lines)["data"]["walletBalance"]["balance"] == "100.00"
        assert post(client, wallet, "5.00").status_code == 201
        assert next(lines)["data"]["walletBalance"]["balance"] == "105.00"


def test_bodies_that_do_not_arrive_hold_no_thread_of_the_server(proxy: Nginx, client: httpx.Client) -> None:
    wallet = open_wallet(client)
    lines = ("POST /api/wallets/ HTTP/1.1", f"Host: {HOST_NAME}", f"Content-Type: {JSON_API}", "Content-Length: 100")
    begun = "\r\n".join(lines) + "\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(24):  # three times the threads of a server
            connection = stack.enter_context(proxy.connect_safely())
            connection.sendall(begun.encode())
        assert ask(client, "GET", f"/api/wallets/{wallet}/").status_code == 200
        assert post(client, wallet).status_code == 201


def test_no_other_protocol_is_switched_to(proxy: Nginx) -> None:
    request = (
        f"GET /livez HTTP/1.1\r\nHost: {HOST_NAME}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
    )
    with proxy.connect_safely() as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
