"""What has a line in the log, and what the line says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from graphql_api.live.app import make_application
from tests.fast_path.front import graphql, transaction
from tests.telemetry.servers import Log, Server
from walletsvc.access import identify as way_in
from walletsvc.access import keys
from walletsvc.access.verified import Verified
from walletsvc.models import Wallet
from walletsvc.principals import SYSTEM
from walletsvc.telemetry import logs
from walletsvc.web import watching
from walletsvc.web.hooks import load_hooks, with_hooks_async

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.any_engine,
    pytest.mark.usefixtures("no_usual_reads"),
]

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_write_has_a_line_with_every_field(server: Server, log: Log, wallet: Wallet) -> None:
    for txid in ("A", "B"):  # by Django, and in front of it
        server.ask(**transaction(wallet.id, txid), HTTP_X_REQUEST_ID="mine", HTTP_TRACEPARENT=TRACE)
        [line] = log.take_requests()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
        assert 0 < line.pop("ms") < 60_000
        assert line == {
            "level": "info",
            "event": "write",
            "request_id": "mine",
            "traceparent": TRACE,
            "face": "rest",
            "operation": "POST /api/transactions",
            "status": 201,
            "principal": "anonymous",
            "wallets": [wallet.id],
        }


def test_a_known_mutation_has_the_same_line(server: Server, log: Log, wallet: Wallet) -> None:
    lines = []
    for txid in "ABCD":  # the last two in front of Django
        given = f'{{txid: "{txid}", walletId: "{wallet.id}", amount: "1"}}'
        asked = graphql(f"mutation {{ createTransaction(input: {given}) {{ userErrors {{ code }} }} }}")
        server.ask(**asked, HTTP_X_REQUEST_ID="mine", HTTP_TRACEPARENT=TRACE)
        lines += log.take_requests()
    assert server.front.reached == 2
    for line in lines:
        line.pop("time"), line.pop("ms")
    assert lines == [lines[0]] * 4
    said = lines[0]["event"], lines[0]["face"], lines[0]["operation"], lines[0]["wallets"], lines[0]["principal"]
    assert said == ("write", "graphql", "mutation createTransaction", [wallet.id], "anonymous")


def test_what_the_layer_leaves_to_django_has_the_line_of_django(server: Server, log: Log, wallet: Wallet) -> None:
    for txid in "ABC":
        given = f'{{txid: "{txid}", walletId: "{wallet.id}", amount: "1"}}'
        server.ask(**graphql(f"mutation {{ createTransaction(input: {given}) {{ userErrors {{ code }} }} }}"))
    log.take()
    server.ask(**graphql("mutation {"))
    [line] = log.take_requests()
    assert (line["event"], line["operation"], line["code"]) == ("refused", "POST /graphql", "graphql_parse_failed")


def test_a_refused_write_says_why(server: Server, log: Log, wallet: Wallet) -> None:
    for txid in ("A", "B"):
        server.ask(**transaction(wallet.id, "paid" + txid))
        log.take()
        server.ask(**transaction(wallet.id, txid, "-500.00"))
        [line] = log.take_requests()
        said = line["event"], line["status"], line["code"], line["wallets"]
        assert said == ("write", 422, "insufficient_funds", [wallet.id])
    given = f'{{txid: "C", walletId: "{wallet.id}", amount: "-500"}}'
    server.ask(**graphql(f"mutation {{ createTransaction(input: {given}) {{ userErrors {{ code }} }} }}"))
    [line] = log.take_requests()
    assert (line["event"], line["status"], line["code"]) == ("write", 200, "insufficient_funds")
    assert (line["face"], line["operation"]) == ("graphql", "mutation createTransaction")


def test_an_opened_wallet_is_named(server: Server, log: Log) -> None:
    server.ask(**graphql('mutation { createWallet(input: {label: "New"}) { wallet { databaseId } } }'))
    [line] = log.take_requests()
    assert line["wallets"] == [Wallet.objects.get(label="New").id]


@pytest.mark.parametrize(
    ("request_", "event", "operation", "code"),
    [
        ({"path": "/api/wallets/7/"}, "refused", "GET /api/wallets/{identifier}", "not_found"),
        ({"path": "/api/wallets/7/holds/"}, "refused", "GET /api/wallets/{identifier}/holds", "not_found"),
        ({"path": "/api/nope"}, "refused", "other", "not_found"),
        ({"path": "/nope"}, "refused", "other", "not_found"),
        ({"path": "/api/wallets/?sort=x"}, "refused", "GET /api/wallets", "invalid_parameter"),
        ({"path": "/api/wallets/7/", "method": "PUT"}, "refused", "other", "method_not_allowed"),
        ({"path": "/api/wallets/", "HTTP_HOST": "evil.example"}, "refused", "other", "invalid_host"),
        (graphql("{ nope }"), "refused", "query other", "graphql_validation_failed"),
        (graphql("{ w: wallets { totalCount } nope }"), "refused", "query several", "graphql_validation_failed"),
        (graphql("{"), "refused", "POST /graphql", "graphql_parse_failed"),
    ],
    ids=str,
)
def test_refused_reads_have_a_line(
    server: Server, log: Log, request_: dict[str, Any], event: str, operation: str, code: str | None
) -> None:
    server.ask(**request_)
    [line] = log.take_requests()
    assert (line["event"], line["operation"], line.get("code")) == (event, operation, code)


def test_reads_have_one_if_they_are_slow_or_chosen(
    server: Server, log: Log, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = [{"path": f"/api/wallets/{wallet.id}"}, graphql("{ wallets { totalCount } }")]
    for request in [*asked, *asked]:
        server.ask(**request)
    assert log.take_requests() == []
    monkeypatch.setattr(watching, "SLOW_SECONDS", 0.0)
    for request in asked:
        server.ask(**request)
    slow = [(line["event"], line["operation"]) for line in log.take_requests()]
    assert slow == [("slow read", "GET /api/wallets/{identifier}"), ("slow read", "query wallets")]
    monkeypatch.setattr(watching, "SLOW_SECONDS", 60.0)
    chances = iter([0.02, 0.009, 0.5])
    monkeypatch.setattr(watching, "SHARE_OF_READS", 0.01)
    monkeypatch.setattr(watching.random, "random", lambda: next(chances))
    for _ in range(3):
        server.ask(f"/api/wallets/{wallet.id}")
    assert [line["event"] for line in log.take_requests()] == ["read"]


def test_refusals_of_access_have_a_line_and_callers_a_name(
    log: Log, wallet: Wallet, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(way_in, "verified", Verified())
    made = keys.create_key(
        by=SYSTEM, name="k", scopes=frozenset({"wallets:read"}), owner=None, expires_at=None, at=wallet.created_at
    )
    server, key = Server(), {"HTTP_AUTHORIZATION": f"Bearer {made.text}"}
    server.ask("/api/wallets/")
    [line] = log.take_requests()
    assert (line["event"], line["status"], line["code"]) == ("access refused", 401, "unauthenticated")
    server.ask(**graphql("{ wallets { totalCount } }"), HTTP_AUTHORIZATION="Bearer nonsense")
    assert [line["code"] for line in log.take_requests()] == ["unauthenticated"]
    for request in (transaction(wallet.id, "A"), graphql("{ transactions { totalCount } }")):
        server.ask(**request, **key)
        [line] = log.take_requests()
        assert (line["event"], line["code"], line["principal"]) == ("access refused", "forbidden", made.key.id)
    for _ in range(2):
        server.ask("/api/wallets/", **key)
    assert log.take_requests() == []


def test_a_fault_is_written_with_its_traceback_and_the_id(
    server: Server, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("over nothing")

    monkeypatch.setattr("rest_api.read.list_records", stumble)
    server.ask("/api/wallets/", HTTP_X_REQUEST_ID="mine")
    first, *_, last = log.take()
    assert (first["event"], first["level"], first["request_id"]) == ("Unforeseen", "error", "mine")
    assert "ZeroDivisionError: over nothing" in first["exception"]
    assert (last["event"], last["level"], last["status"], last["code"]) == ("failed", "error", 500, "internal_error")


def test_lines_may_wait_and_none_is_lost(server: Server, log: Log, wallet: Wallet) -> None:
    logs.waiting.start()
    try:
        for txid in ("A", "B", "C"):
            server.ask(**transaction(wallet.id, txid))
        assert log.take_requests() == []
        logs.waiting.write()
        assert [line["status"] for line in log.take_requests()] == [201, 201, 201]
        server.ask(**transaction(wallet.id, "D"))
    finally:
        logs.waiting.stop()
    assert [line["status"] for line in log.take_requests()] == [201]


def test_connections_of_the_live_server_have_a_line_at_their_end(log: Log) -> None:
    with TestClient(with_hooks_async(make_application(), load_hooks()), base_url="http://localhost") as live:
        with live.websocket_connect("/graphql/", ["graphql-transport-ws"]) as socket:
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json()["type"] == "connection_ack"
        live.get("/nope")
    opened, missing = log.take_requests()
    assert (opened["event"], opened["face"], opened["operation"]) == ("connection ended", "live", "websocket")
    assert (missing["event"], missing["face"], missing["status"]) == ("refused", "live", 404)
