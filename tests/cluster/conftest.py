"""A Galera cluster, servers in front of it, and what has to be true of all of them afterwards.

`make test-cluster` runs these tests; the two halves of `make test` leave them out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.cluster.load import OPENING, Model, loaded
from tests.live import LiveServer, start_together
from tests.servers import GaleraCluster, GaleraNode, RedisServer

collect_ignore_glob = [] if os.environ.get("TEST_CLUSTER") else ["test_*.py"]

WALLETS = 3


@pytest.fixture(scope="session")
def cluster() -> Iterator[GaleraCluster]:
    with GaleraCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as redis:
        yield redis


@dataclass
class Stage:
    """A database of its own on the cluster, and servers."""

    cluster: GaleraCluster
    name: str
    servers: list[LiveServer]

    def url_of(self, *nodes: GaleraNode) -> str:
        return self.cluster.url_of(*nodes).rpartition("/")[0] + f"/{self.name}"

    @contextmanager
    def load(self, *, writers: int = 6, servers: Sequence[LiveServer] = ()) -> Iterator[Model]:
        """Let writers load the servers until the end of the block, and then check what is stored."""
        urls = [each.url for each in servers or self.servers]
        with loaded(urls, writers=writers, wallets=WALLETS) as (model, wallets):
            yield model
        self.check(model, wallets)

    def check(self, model: Model, wallets: Sequence[str]) -> None:
        """Every node has what was acknowledged, and nothing that was refused; its books are right."""
        for node in self.cluster.nodes:
            node.run("SET GLOBAL wsrep_sync_wait = 7")
            node.wait_until_synced()
            rows = self.ask(node, "SELECT txid, id, wallet_id, amount FROM walletsvc_transaction")
            found = {row[0]: (str(row[1]), str(row[2]), row[3]) for row in rows}
            for txid, each in model.stored.items():
                assert found.get(txid) == (each.id, each.wallet, each.amount), (txid, each, found.get(txid))
            assert not model.absent & found.keys()
            for wallet in wallets:
                posted = self.ask(node, "SELECT SUM(amount) FROM walletsvc_transaction WHERE wallet_id = %s", wallet)
                assert self.balance(node, wallet) == (posted[0][0] or 0) + Decimal(OPENING)
            self.reconcile(node)

    def ask(self, node: GaleraNode, statement: str, *values: object) -> Sequence[Sequence[Any]]:
        """Run a SELECT on a node, and return its rows."""
        connection = node.connect()
        try:
            connection.select_db(self.name)
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def balance(self, node: GaleraNode, wallet: str) -> Decimal:
        """Return the balance of a wallet, as a node has it."""
        ((balance,),) = self.ask(node, "SELECT balance FROM walletsvc_wallet WHERE id = %s", wallet)
        return Decimal(balance)

    def reconcile(self, node: GaleraNode) -> None:
        server = LiveServer(database_url=self.url_of(node))
        try:
            finished = server.manage("reconcile")
        finally:
            server.close()
        assert (finished.returncode, finished.stderr) == (0, ""), finished.stdout + finished.stderr


Perform = Callable[..., Stage]


@pytest.fixture
def make_stage(cluster: GaleraCluster, redis: RedisServer) -> Iterator[Perform]:
    """Return a function that sets a database up, and starts a server for each of the addresses that it is given.

    An address is the nodes in the order of preference. All servers read at those of `read_from`.
    """
    with ExitStack() as stack:

        def make(*addresses: Sequence[GaleraNode], read_from: Sequence[GaleraNode] = (), **settings: Any) -> Stage:
            name = f"cluster_{uuid4().hex[:8]}"
            cluster.nodes[0].run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            stage = Stage(cluster, name, [])
            redis.flush()
            if read_from:
                settings["DATABASE_READ_URL"] = stage.url_of(*read_from)
            for nodes in addresses:
                server = LiveServer(database_url=stage.url_of(*nodes), **{"redis_url": redis.url, **settings})
                stack.callback(server.close)
                stack.callback(lambda server=server: print(server.log[-4000:]))
                stage.servers.append(server)
            stage.servers[0].set_up_database()
            start_together(*stage.servers)
            return stage

        yield make


@pytest.fixture(autouse=True)
def whole_cluster(cluster: GaleraCluster) -> Iterator[None]:
    """Leave a cluster with all its nodes, in sync."""
    yield
    for node in cluster.nodes:
        if not node.is_running:
            cluster.restart(node)
    for node in cluster.nodes:
        node.wait_until_synced()


def wait_for(condition: Callable[[], bool], *, seconds: float) -> float:
    """Wait until the condition holds, and return for how long. Raises `AssertionError`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "It did not come to that in time."
        time.sleep(0.05)
    return time.monotonic() - began
