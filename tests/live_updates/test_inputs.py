"""The live server reads input as the web server does, and no input ends another client's subscription."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from urllib.parse import quote, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from tests.live_updates.clients import BALANCE, ENTRIES, TIMEOUT_SECONDS, Events, open_socket
from tests.live_updates.conftest import LiveUpdates

BEYOND_DECIMAL = "1e99999999999999999999"

# The text of `after`, and the code of the answer.
PLACES = {
    "an exponent that no Decimal holds": (BEYOND_DECIMAL, "invalid"),
    "a large exponent": ("1e999999999", "invalid"),
    "more digits than an int reads": ("9" * 5_000, "invalid"),
    "more than 64 bits": (str(2**63), "invalid"),
    "a fraction": ("2.5", "invalid"),
    "a lone surrogate": (r'"\ud800"', "invalid"),
    "below 0": ("-1", "invalid_parameter"),
}


def subscription(variables: str, query: str = ENTRIES) -> str:
    return f'{{"query": {json.dumps(query)}, "variables": {variables}}}'


@pytest.mark.parametrize(("place", "code"), PLACES.values(), ids=PLACES.keys())
def test_a_number_that_is_no_place_is_an_error_of_that_subscription(
    live_updates: LiveUpdates, place: str, code: str
) -> None:
    wallet = live_updates.open_wallet()
    variables = f'{{"wallet": "{wallet}", "after": {place}}}'
    payload = subscription(variables)
    with open_socket(live_updates.url) as socket:
        socket.connection.send(f'{{"id": "a", "type": "subscribe", "payload": {payload}}}')
        message = socket.receive()
        assert (message["type"], message["id"]) == ("error", "a")
        assert [error["extensions"]["code"] for error in message["payload"]] == [code]
        assert "instance" not in message["payload"][0]["message"]
        socket.subscribe(BALANCE, name="b", wallet=wallet)
        assert socket.next("b")["databaseId"] == wallet
    for method, path, body in (
        ("POST", "/graphql/", payload),
        (
            "GET",
            f"/graphql/?query={quote(ENTRIES)}&variables={quote(variables)}",
            None,
        ),
    ):
        assert _codes_of_event(live_updates, method, path, body) == [code]


def _codes_of_event(live_updates: LiveUpdates, method: str, path: str, body: str | None) -> list[str]:
    connection = http.client.HTTPConnection(urlsplit(live_updates.url).netloc, timeout=TIMEOUT_SECONDS)
    connection.request(method, path, body, {"Accept": "text/event-stream", "Content-Type": "application/json"})
    kind, result = Events(connection.getresponse()).next()
    connection.close()
    assert kind == "next"
    return [error["extensions"]["code"] for error in result["errors"]]


MALFORMED = {
    "a doubled member": '{"wallet": "1", "wallet": "2"}',
    "NaN": '{"wallet": NaN}',
    "nested too deeply": '{"wallet": ' + "[" * 120 + "]" * 120 + "}",
}


@pytest.mark.parametrize("variables", MALFORMED.values(), ids=MALFORMED.keys())
def test_invalid_json_is_refused(live_updates: LiveUpdates, variables: str) -> None:
    for method, path, body in (
        ("POST", "/graphql/", subscription(variables)),
        ("POST", "/graphql/", "\ufeff" + subscription("{}")),
        ("GET", f"/graphql/?query={quote(ENTRIES)}&variables={quote(variables)}", None),
    ):
        connection = http.client.HTTPConnection(urlsplit(live_updates.url).netloc, timeout=TIMEOUT_SECONDS)
        content = None if body is None else body.encode()
        headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        [error] = json.loads(response.read())["errors"]
        connection.close()
        assert (response.status, error["extensions"]["code"]) == (400, "malformed")
    with open_socket(live_updates.url) as socket:
        socket.connection.send(f'{{"id": "a", "type": "subscribe", "payload": {subscription(variables)}}}')
        if "NaN" in variables:
            assert _closed(socket.connection) == (4400, "Messages are JSON")
        else:
            # It is valid JSON by its grammar, and the id is readable.
            message = socket.receive()
            assert (message["type"], message["id"]) == ("error", "a")
            assert [error["extensions"]["code"] for error in message["payload"]] == ["malformed"]


def _closed(connection: object) -> tuple[int | None, str | None]:
    with suppress(ConnectionClosed):
        while True:
            connection.recv(TIMEOUT_SECONDS)  # type: ignore[attr-defined]
    return connection.close_code, connection.close_reason  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["a" * 256, "🪙" * 200], ids=["letters", "coins"])
def test_a_long_id_in_use_closes_with_a_reason_that_fits(live_updates: LiveUpdates, name: str) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, name=name, wallet=wallet)
        socket.next(name)
        socket.subscribe(BALANCE, name=name, wallet=wallet)
        code, reason = _closed(socket.connection)
        assert code == 4409
        assert reason is not None
        # RFC 6455, section 5.5: a control frame holds 125 bytes, 2 of which are the code.
        assert reason.startswith(f"Subscriber for {name[:20]}")
        assert len(reason.encode()) <= 123


@pytest.mark.parametrize("text", [r"\ud800", r"a\udfffb"])
def test_a_lone_surrogate_is_an_error_of_its_subscription(live_updates: LiveUpdates, text: str) -> None:
    payloads = [
        (f'{{"query": {json.dumps(BALANCE)}, "variables": {{"wallet": "{text}"}}}}', "not_found"),
        (f'{{"query": "{text}"}}', "graphql_parse_failed"),
        (f'{{"query": {json.dumps(BALANCE)}, "operationName": "{text}"}}', "graphql_validation_failed"),
    ]
    with open_socket(live_updates.url) as socket:
        for number, (payload, code) in enumerate(payloads):
            socket.connection.send(f'{{"id": "{number}", "type": "subscribe", "payload": {payload}}}')
            message = socket.receive()
            assert (message["type"], message["id"]) == ("error", str(number))
            assert [error["extensions"]["code"] for error in message["payload"]] == [code]
    for payload, code in payloads:
        assert _codes_of_event(live_updates, "POST", "/graphql/", payload) == [code]
