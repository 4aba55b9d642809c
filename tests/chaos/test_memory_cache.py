"""Servers with caches in memory share a database: one at a time uses its cache, and no client reads older data."""

from contextlib import ExitStack
from decimal import Decimal
from itertools import count

import pytest

from tests.chaos.clients import open_wallet, wait_for
from tests.chaos.faces import Client
from tests.databases import run_in, url_of
from tests.live import LiveServer

DEPOSIT = """
from walletsvc.principals import ANYONE
from tests.writes import post_transaction
post_transaction(principal=ANYONE, txid="BESIDE", wallet_id={}, amount="1")
"""


class Stage:
    """Two servers, of which the first is running, and a wallet."""

    def __init__(self, stack, ready_database):
        self.database = stack.enter_context(ready_database())
        self.servers = [LiveServer(database_url=url_of(self.database)) for _ in range(2)]
        for server in self.servers:
            stack.callback(server.close)
        self.servers[0].start()
        wallet = open_wallet(self.servers[0].url, "Wallet 0")
        self.clients = [Client(server.url, wallet) for server in self.servers]
        self.posts = 0
        self.numbers = count(1)

    def row(self):
        [row] = run_in(self.database, "SELECT generation, suspended, instance FROM walletsvc_cachestate")
        return row

    def check(self, *clients):
        """Check that these clients get the stored data, whether new to the server or known to it."""
        for client in (*clients, *clients):
            assert client.see() == {(Decimal(self.posts), self.posts)}

    def holders(self, *clients):
        """Return the clients that get cached answers or confirmations: they miss changes behind the server's back."""
        for client in (*clients, *clients):
            client.label()
        before = [client.label() for client in clients]
        run_in(self.database, f"UPDATE walletsvc_wallet SET label = 'Wallet {next(self.numbers)}'")  # noqa: S608
        found = [client for client, label in zip(clients, before, strict=True) if client.label() == label]
        assert len(found) <= 1
        return found


@pytest.fixture
def stage(ready_database, django_db_setup):
    with ExitStack() as stack:
        stage = Stage(stack, ready_database)
        yield stage
        print(stage.servers[0].log[-3000:])


def test_the_newest_server_replaces_the_other_and_no_client_reads_older_data(stage):
    one, two = stage.clients
    wait_for(lambda: stage.holders(one) == [one], timeout_seconds=30)
    stage.servers[1].start()
    wait_for(lambda: stage.holders(one, two) == [two], timeout_seconds=60)
    # The labels shown meanwhile existed for a moment only.
    for writer in (one, two, one):
        writer.post()
        stage.posts += 1
        stage.check(one, two)


def test_a_process_that_only_writes_takes_no_place_and_is_noticed(stage):
    [one, _] = stage.clients
    wait_for(lambda: stage.holders(one) == [one], timeout_seconds=30)
    one.post()
    stage.posts += 1
    stage.check(one)
    _, _, holder = stage.row()
    done = stage.servers[0].manage("shell", "-c", DEPOSIT.format(one.wallet))
    assert done.returncode == 0, done.stderr
    stage.posts += 1
    stage.check(one)
    wait_for(lambda: stage.holders(one) == [one], timeout_seconds=30)
    assert stage.row()[1:] == (0, holder)


def test_a_server_that_ends_in_order_leaves_its_place_to_the_next(stage):
    [one, _] = stage.clients
    wait_for(lambda: stage.holders(one) == [one], timeout_seconds=30)
    generation, _, _ = stage.row()
    stage.servers[0].stop()
    assert stage.row() == (generation + 1, 0, "")
    stage.servers[0].start()
    wait_for(lambda: stage.holders(one) == [one], timeout_seconds=30)
    # A server that takes over from another suspends the cache first, which adds a generation.
    assert stage.row()[:2] == (generation + 2, 0)
