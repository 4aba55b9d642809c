"""A live server takes tokens, shows what they may see, and closes its connections once they end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.access.issuers import AUDIENCE, Issuer
from tests.databases import MakeDatabase
from tests.live_updates.clients import BALANCE, Socket, open_events, open_socket
from tests.live_updates.conftest import LiveUpdates, run_both
from tests.live_updates.test_keys import closed_with
from walletsvc.access.tokens import LEEWAY_SECONDS

LIFE_SECONDS = 8


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture(scope="module")
def guarded(
    issuer: Issuer, ready_database: MakeDatabase, redis_urls: tuple[str, str], django_db_setup: None
) -> Iterator[LiveUpdates]:
    settings = {"AUTH_REQUIRED": "true", "OIDC_ISSUER": issuer.url, "OIDC_AUDIENCE": AUDIENCE}
    with run_both(ready_database, redis_urls[1], **settings) as both:
        yield both


def open_wallet(guarded: LiveUpdates, token: str) -> str:
    query = 'mutation { createWallet(input: {label: "W", balance: "5.00"}) { wallet { databaseId } } }'
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{guarded.server.url}/graphql/", json={"query": query}, headers=headers).json()
    wallet: str = answer["data"]["createWallet"]["wallet"]["databaseId"]
    return wallet


def begin(socket: Socket, token: str) -> None:
    socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
    assert socket.receive() == {"type": "connection_ack"}


def test_a_socket_with_a_bad_token_is_closed(guarded: LiveUpdates, issuer: Issuer) -> None:
    for claims in ({"aud": "another"}, {"exp": 1}, {"nonce": "n"}):
        with open_socket(guarded.url, begin=False) as socket:
            payload = {"authorization": f"Bearer {issuer.token(**claims)}"}
            socket.send(type="connection_init", payload=payload)
            assert closed_with(socket) == 4403


def test_a_token_is_no_parameter_of_a_url(guarded: LiveUpdates, issuer: Issuer) -> None:
    asked = {"query": BALANCE, "variables": {"wallet": "1"}}
    path = f"/graphql/?access_token={issuer.token()}"
    with open_events(guarded.url, asked, path=path) as events:
        assert events.response.status == 401


def test_a_token_sees_its_owners_wallets_until_it_ends(guarded: LiveUpdates, issuer: Issuer) -> None:
    lasting, bobs = issuer.token(), issuer.token(sub="bob")
    wallet = open_wallet(guarded, lasting)
    ends_at = int(time.time()) + LIFE_SECONDS
    short = issuer.token(exp=ends_at - LEEWAY_SECONDS)
    asked = {"query": BALANCE, "variables": {"wallet": wallet}}
    with (
        open_socket(guarded.url, begin=False) as ending,
        open_socket(guarded.url, begin=False) as staying,
        open_socket(guarded.url, begin=False) as his,
    ):
        for socket, token in ((ending, short), (staying, lasting), (his, bobs)):
            begin(socket, token)
            socket.subscribe(BALANCE, wallet=wallet)
        for socket in (ending, staying):
            assert socket.next()["balance"] == "5.00"
        refused = json.dumps(his.receive())
        assert "not_found" in refused
        assert "5.00" not in refused
        with open_events(guarded.url, asked, Authorization=f"Bearer {short}") as events:
            assert events.next()[1]["data"]["walletBalance"]["balance"] == "5.00"
            assert closed_with(ending) == 4403
            assert time.time() >= ends_at
            with pytest.raises(AssertionError, match="The stream has ended"):
                events.next()
        # Nobody else is disturbed.
        staying.subscribe(BALANCE, name="2", wallet=wallet)
        assert staying.next("2")["balance"] == "5.00"
