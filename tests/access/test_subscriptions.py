"""Subscriptions ask for what queries ask for: nobody is connected, and nobody is sent what it may not see."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from graphql_api.live.app import make_application
from graphql_api.schema import schema
from tests.access.collected import Thing, fields
from tests.access.contract import Uncovered, reading
from tests.access.world import ALL_SCOPES, CHALLENGE, Caller, World, digest, marker

with warnings.catch_warnings():
    # It would rather have the successor of a library that it still takes.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

pytestmark = pytest.mark.django_db(transaction=True)

SUBSCRIPTIONS = {"walletBalance": ("id", "Wallet", "label"), "transactions": ("walletId", "Entry", "kind txid")}
TAKES = {"Wallet": reading("Wallet"), "Entry": reading("Wallet", "Entry")}
"""The scopes of each. The entries are those of a wallet."""
RELATED = {"Wallet": "transactions { totalCount }", "Entry": "transaction { txid }"}


def documents(world: World) -> list[tuple[Thing, str, frozenset[str]]]:
    """Return a subscription for each field, argument and relation, with the scopes that it takes."""
    wallet, made = world.ids["alice"]["wallet"], []
    for thing in fields(schema._schema):
        if not thing.place.startswith("Subscription"):
            continue
        name = thing.name if thing.kind == "field" else thing.place.partition(".")[2]
        if name not in SUBSCRIPTIONS:
            raise Uncovered(thing)
        argument, resource, shown = SUBSCRIPTIONS[name]
        if thing.kind == "argument" and thing.name not in (argument, "afterSequence"):
            raise Uncovered(thing)
        # From the beginning, so that the first event comes at once.
        after = "" if thing.name == argument and resource == "Wallet" else ", afterSequence: 0"
        text = f'subscription {{ {name}({argument}: "{wallet}"{after}) {{ %s }} }}'
        made.append((thing, text % shown, TAKES[resource]))
        if thing.kind == "field":
            made.append((thing, text % RELATED[resource], TAKES[resource] | reading("Transaction")))
    return made


@pytest.fixture
def world(transactional_db: None, guarded_server: None, hostile_tokens: dict[str, str]) -> World:
    return World(hostile_tokens)


@pytest.fixture
def live(world: World) -> Iterator[TestClient]:
    """Return a client of a live server in this process."""
    with TestClient(make_application()) as client:
        yield client


def headers_of(caller: Caller) -> dict[str, str]:
    return {name.removeprefix("HTTP_").replace("_", "-"): value for name, value in caller.headers.items()}


def events(live: TestClient, caller: Caller, text: str) -> Any:
    """Return the answer to a subscription over HTTP that is refused, and so ends."""
    sent = {"Accept": "text/event-stream", **headers_of(caller)}
    return live.post("/graphql/", json={"query": text}, headers=sent)


def first_message(live: TestClient, caller: Caller, text: str) -> dict[str, Any]:
    """Return the first message to a subscriber over a WebSocket. Raises `WebSocketDisconnect`."""
    with live.websocket_connect(
        "/graphql/", subprotocols=["graphql-transport-ws"], headers=headers_of(caller)
    ) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json()["type"] == "connection_ack"
        socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": text}})
        message: dict[str, Any] = socket.receive_json()
        return message


def test_nobody_subscribes(world: World, live: TestClient) -> None:
    before = digest()
    for place, (thing, text, _) in enumerate(documents(world)):
        for nobody in world.nobodies if place == 0 else world.nobodies[place % 3 :: 3]:
            answer = events(live, nobody, text)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE), (thing, nobody)
            assert answer.json()["errors"][0]["extensions"]["code"] == "unauthenticated"
            with pytest.raises(WebSocketDisconnect) as closed:
                first_message(live, nobody, text)
            assert closed.value.code == 4403, (thing, nobody)
    assert digest() == before


def test_subscribers_need_the_scope_of_each_thing_that_they_select(world: World, live: TestClient) -> None:
    for thing, text, scopes in documents(world):
        message = first_message(live, world.caller(scopes), text)
        assert message["type"] == "next", (thing, message)
        assert "errors" not in message["payload"], (thing, message)
        for scope in scopes:
            caller = world.caller(ALL_SCOPES - {scope})
            message = first_message(live, caller, text)
            assert message["type"] == "error", (thing, scope)
            assert message["payload"][0]["extensions"]["code"] == "forbidden"
            answer = events(live, caller, text)
            assert code_of(answer.text) == "forbidden", (thing, scope)
            assert marker("alice") not in json.dumps(message) + answer.text


def test_anothers_wallet_is_one_that_is_not_there(world: World, live: TestClient) -> None:
    wallet, absent = world.ids["alice"]["wallet"], "49001"
    for thing, text, _ in documents(world):
        for caller in (world.caller(owner="bob"), world.caller(owner=None, narrowed="bob")):
            theirs, nothing = (events(live, caller, each) for each in (text, text.replace(wallet, absent)))
            assert code_of(theirs.text) == "not_found", thing
            assert theirs.text.replace(wallet, "#") == nothing.text.replace(absent, "#")
            message = first_message(live, caller, text)
            assert message["payload"][0]["extensions"]["code"] == "not_found", thing
        answer = events(live, world.caller(narrowed="bob"), text)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "forbidden")


def code_of(stream: str) -> str:
    """Return the code of the error in a stream of events."""
    [data] = [
        line.removeprefix("data:") for line in stream.splitlines() if line.startswith("data:") and "errors" in line
    ]
    code: str = json.loads(data)["errors"][0]["extensions"]["code"]
    return code
