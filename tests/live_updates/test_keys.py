"""A live server asks for a key, shows only what it may see, and closes its connections once it is revoked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.databases import MakeDatabase
from tests.live_updates.clients import BALANCE, TIMEOUT_SECONDS, Socket, open_events, open_socket
from tests.live_updates.conftest import LiveUpdates, run_both
from walletsvc.access.verified import KEY_SECONDS


class Guarded:
    """Both servers, and the keys that they take."""

    def __init__(self, both: LiveUpdates) -> None:
        self.url = both.url
        self.server = both.server
        self.operator = self.key()

    def key(self, owner: str | None = None) -> str:
        more = () if owner is None else ("--owner", owner)
        made = self.server.manage("apikey", "create", "--name", "k", "--scopes", "admin", *more)
        return made.stdout.strip()

    def revoke(self, key: str) -> None:
        self.server.manage("apikey", "revoke", key[5:15])

    def open_wallet(self, key: str) -> str:
        query = 'mutation { createWallet(input: {label: "W", balance: "5.00"}) { wallet { databaseId } } }'
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.post(f"{self.server.url}/graphql/", json={"query": query}, headers=headers).json()
        wallet: str = answer["data"]["createWallet"]["wallet"]["databaseId"]
        return wallet


@pytest.fixture(scope="module")
def guarded(ready_database: MakeDatabase, redis_urls: tuple[str, str], django_db_setup: None) -> Iterator[Guarded]:
    with run_both(ready_database, redis_urls[1], AUTH_REQUIRED="true") as both:
        yield Guarded(both)


def closed_with(socket: Socket) -> int | None:
    with suppress(ConnectionClosed):
        while True:
            socket.connection.recv(KEY_SECONDS + TIMEOUT_SECONDS)
    return socket.connection.close_code


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer walk_nonsense"}, {"authorization": 1}])
def test_a_socket_without_a_key_is_closed(guarded: Guarded, payload: object) -> None:
    with open_socket(guarded.url, begin=False) as socket:
        socket.send(type="connection_init", payload=payload)
        assert closed_with(socket) == 4403


def test_events_without_a_key_are_refused(guarded: Guarded) -> None:
    with open_events(guarded.url, {"query": BALANCE, "variables": {"wallet": "1"}}) as events:
        assert events.response.status == 401
        assert events.response.headers["WWW-Authenticate"].startswith("Bearer ")
        assert json.loads(events.response.read())["errors"][0]["extensions"]["code"] == "unauthenticated"


def test_a_key_sees_its_owners_wallets_until_it_is_revoked(guarded: Guarded) -> None:
    alice, bob = guarded.key("alice"), guarded.key("bob")
    wallet = guarded.open_wallet(alice)
    with open_socket(guarded.url, begin=False) as hers, open_socket(guarded.url, begin=False) as his:
        for socket, key in ((hers, alice), (his, bob)):
            socket.send(type="connection_init", payload={"authorization": f"Bearer {key}"})
            assert socket.receive() == {"type": "connection_ack"}
            socket.subscribe(BALANCE, wallet=wallet)
        assert hers.next()["balance"] == "5.00"
        refused = his.receive()
        assert "5.00" not in json.dumps(refused)
        assert "not_found" in json.dumps(refused)
        asked = {"query": BALANCE, "variables": {"wallet": wallet}}
        with open_events(guarded.url, asked, Authorization=f"Bearer {alice}") as events:
            assert events.next()[1]["data"]["walletBalance"]["balance"] == "5.00"
            guarded.revoke(alice)
            assert closed_with(hers) == 4403
            with pytest.raises(AssertionError, match="The stream has ended"):
                events.next()
        # Nobody else is disturbed.
        his.subscribe(BALANCE, name="2", wallet=guarded.open_wallet(bob))
        assert his.next("2")["balance"] == "5.00"
