"""Redis is stopped, restarted with an old snapshot and flushed under load: no write fails, and no read is stale."""

import json
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection
from types import MappingProxyType

import pytest

from tests.chaos.clients import Depositor, open_wallet, wait_for
from tests.servers import RedisServer

DEPOSITS_BETWEEN_BLOWS = 8


@pytest.fixture
def redis():
    with RedisServer(persistent=True) as server:
        yield server


def read_through_both_faces(depositor):
    """Ask, over new connections so that any worker may answer, for the wallet that was just written to."""
    for read in (read_rest, read_graphql):
        shown = read(depositor.url, depositor.wallet_id)
        if shown != depositor.balance:
            depositor.surprises.append(f"{read.__name__}: {shown} after {depositor.balance} was acknowledged")


def read_rest(url, wallet_id):
    answer = ask(url, "GET", f"/api/wallets/{wallet_id}/")
    return Decimal(answer["data"]["attributes"]["balance"])


def read_graphql(url, wallet_id):
    query = {"query": "query ($id: ID!) { wallet(id: $id) { balance } }", "variables": {"id": wallet_id}}
    answer = ask(url, "POST", "/graphql/", json.dumps(query), {"Content-Type": "application/json"})
    return Decimal(answer["data"]["wallet"]["balance"])


def ask(url, method, path, body=None, headers=MappingProxyType({})):
    with closing(HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
        connection.request(method, path, body, dict(headers))
        return json.loads(connection.getresponse().read())


def test_no_blow_to_redis_fails_a_write_or_makes_a_read_stale(start_live, redis):
    live = start_live(workers=2, redis_url=redis.url)
    depositors = [
        Depositor(
            live.url, open_wallet(live.url, f"Wallet {number}"), name=f"D{number}", after_each=read_through_both_faces
        )
        for number in range(3)
    ]

    def go_on():
        """Let each depositor get on for a while, whatever state Redis is in."""
        goals = [len(depositor.acknowledged) + DEPOSITS_BETWEEN_BLOWS for depositor in depositors]
        wait_for(
            lambda: (
                any(each.surprises for each in depositors)
                or all(len(each.acknowledged) >= goal for each, goal in zip(depositors, goals, strict=True))
            )
        )

    for depositor in depositors:
        depositor.start()
    try:
        for _ in range(2):
            go_on()
            redis.stop()
            go_on()
            redis.start()
            go_on()
            redis.flush()
            go_on()
    finally:
        for depositor in depositors:
            depositor.stopping.set()
            depositor.join(timeout=60)
    assert [depositor.surprises for depositor in depositors] == [[], [], []]

    # The cached answer at the end proves that the cache was in use.
    wallet_id = depositors[0].wallet_id
    assert read_rest(live.url, wallet_id) == read_rest(live.url, wallet_id) == depositors[0].balance
    assert live.manage("reconcile").returncode == 0
