"""Measure what servers on several machines cost: `python -m tests.cluster.goals`, some minutes, on a quiet machine.

All run on this one machine, so each figure is a ratio of two settings, measured in turns. Nothing is asserted.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import count
from statistics import median
from uuid import uuid4

import httpx

from tests.cluster.load import MEDIA_TYPE, open_wallet, transaction
from tests.live import LiveServer, start_together
from tests.servers import GaleraCluster, MariaDBServer, RedisServer, ReplicatedServer

CLIENTS = 24
"""As many as three servers have threads."""
SECONDS = 5.0
ROUNDS = 3
Request = tuple[str, str, bytes | None]
Make = Callable[[int, str], Request]
"""Makes the next request of a client to a server with this database."""
_NUMBERS = count(1)


class Load:
    """Clients that send requests to servers for some seconds, each over one connection to one of them."""

    def __init__(self, servers: Sequence[LiveServer], make: Make) -> None:
        self.statuses: Counter[int] = Counter()
        self.of_each: Counter[int] = Counter()
        self._servers, self._make = servers, make

    def run(self) -> float:
        """Return how many requests were answered with success in a second."""
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=self._send, args=[number, until]) for number in range(CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return sum(number for status, number in self.statuses.items() if status < 300) / SECONDS

    def _send(self, client: int, until: float) -> None:
        place = client % len(self._servers)
        server = self._servers[place]
        connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        headers = {"Content-Type": MEDIA_TYPE}
        while time.monotonic() < until:
            method, path, body = self._make(client, server.database_url)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            self.statuses[answer.status] += 1
            self.of_each[place] += 1
        connection.close()


def post_to(*servers: LiveServer, wallets: int = CLIENTS) -> Make:
    """Open wallets, and post to them: each client to one."""
    opened = {
        each.database_url: [open_wallet(each.url, f"Wallet {uuid4().hex}", "0") for _ in range(wallets)]
        for each in servers
    }

    def make(client: int, database_url: str) -> Request:
        wallet = opened[database_url][client % wallets]
        document = {"data": transaction(uuid4().hex, wallet, Decimal(1))}
        return "POST", "/api/transactions/", json.dumps(document).encode()

    return make


def read_at(server: LiveServer) -> Make:
    """Open a wallet with some transactions, and ask for lists of it that nobody has asked for."""
    wallet = open_wallet(server.url, f"Wallet {uuid4().hex}", "0")
    for _ in range(50):
        txid = uuid4().hex
        document = {"data": transaction(txid, wallet, Decimal(1))}
        httpx.post(f"{server.url}/api/transactions/", json=document, headers={"Content-Type": MEDIA_TYPE})

    def make(_client: int, _database_url: str) -> Request:
        window = f"filter[wallet]={wallet}&filter[amount.lt]={next(_NUMBERS) + 1000}"
        return "GET", f"/api/transactions/?page[size]=20&{window}", None

    return make


def compare(what: str, make: Make, one: Sequence[LiveServer], other: Sequence[LiveServer]) -> None:
    """Print the rate of `other` as a ratio to that of `one`, measured in turns."""
    rates: tuple[list[float], list[float]] = ([], [])
    refused: Counter[int] = Counter()
    spread: Counter[int] = Counter()
    for servers in (one, other):
        Load(servers, make).run()
    for _ in range(ROUNDS):
        for servers, found in zip((one, other), rates, strict=True):
            load = Load(servers, make)
            found.append(load.run())
            refused.update({status: number for status, number in load.statuses.items() if status >= 300})
            if servers is other:
                spread.update(load.of_each)
    first, second = map(median, rates)
    print(f"{what}: {second / first:.2f} x ({second:.0f}/s, {first:.0f}/s)")
    print(f"    refused: {dict(refused)}; requests to each server: {dict(spread)}")
    sys.stdout.flush()


class Scene:
    """Servers that are started together, and ended with it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def serve(self, url: str, *, number: int = 1, redis_url: str = "", **settings: str) -> list[LiveServer]:
        """Set the database at this address up, and return servers on it."""
        servers = [LiveServer(database_url=url, redis_url=redis_url, **settings) for _ in range(number)]
        for each in servers:
            self._stack.callback(each.close)
        servers[0].set_up_database()
        start_together(*servers)
        return servers


def measure_galera(stack: ExitStack) -> None:
    scene = Scene(stack)
    alone = stack.enter_context(MariaDBServer())
    cluster = stack.enter_context(GaleraCluster())
    caches = [stack.enter_context(RedisServer()).url for _ in range(2)]
    single = scene.serve(alone.url, redis_url=caches[0])
    [first, *others] = scene.serve(cluster.url, number=3, redis_url=caches[1])
    compare("POST to the writer node of three, to a single server", post_to(single[0], first), single, [first])
    hot = post_to(first, wallets=1)
    compare("One hot wallet from three servers, to one of them", hot, [first], [first, *others])
    without = scene.serve(cluster.url, DATABASE_CAUSAL_READS="off", CACHE_SECONDS="0")
    causal = scene.serve(cluster.url, CACHE_SECONDS="0")
    compare("Uncached reads with causal reads, to without", read_at(first), without, causal)


def measure_replica(stack: ExitStack) -> None:
    scene = Scene(stack)
    primary, replica = stack.enter_context(ReplicatedServer()), stack.enter_context(ReplicatedServer())
    redis = stack.enter_context(RedisServer())
    replica.follow(primary)
    plain = scene.serve(primary.url, redis_url=redis.url)
    reading = scene.serve(primary.url, redis_url=redis.url, DATABASE_READ_URL=replica.url)
    compare("POST with a server for reads, to without", post_to(plain[0]), plain, reading)
    read = read_at(reading[0])
    replica.catch_up(primary)
    compare("Uncached reads at a replica, to the writer", read, plain, reading)


if __name__ == "__main__":
    for measure in (measure_galera, measure_replica):
        with ExitStack() as stack:
            measure(stack)
