"""Measure subscribers: what an idle one costs, and how soon the last one has a change.

All of them watch one wallet: the hardest case, because each change goes to everybody.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.harness import dataset
from benchmarks.harness.contenders import our_contender, prepare_walletsvc, reconcile
from benchmarks.harness.goals import Goal
from benchmarks.harness.servers import BenchmarkMariaDB, HttpServer

MOST_BYTES = 200_000
MOST_SECONDS = 0.1
_DATABASE = "live"
_AT_ONCE = 50
_CHANGES = 20
_PROTOCOL = Subprotocol("graphql-transport-ws")
_POST = "mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { userErrors { code } } }"
_OPEN = "mutation ($input: CreateWalletInput!) { createWallet(input: $input) { wallet { databaseId } } }"
_SUBSCRIPTION = "subscription ($id: ID!) { walletBalance(id: $id) { id balance sequence } }"

Say = Callable[[str], None]


def measure_live(
    database: BenchmarkMariaDB, redis_url: str, *, subscribers: int, folder: Path, say: Say
) -> Iterator[Goal]:
    """Yield what was measured, each beside its bound. Raises HarnessError if the books are not clean afterwards."""
    with dataset.connect(database.url) as connection:
        dataset.create_database(connection, _DATABASE)
    url = database.url_of(_DATABASE)
    prepare_walletsvc(url, redis_url, dataset.Size(10, 10))
    contender = our_contender(_DATABASE, url, redis_url, live=True)
    with contender.server(folder) as server, _many_files():
        say(f"Live: {subscribers:,} subscribers of one wallet")
        held, delays = asyncio.run(_measure(server, subscribers))
    reconcile(contender)
    middle, name = statistics.median(delays), f"{subscribers:,} subscribers of a wallet"
    say(f"Live: from {min(delays) * 1000:.0f} to {max(delays) * 1000:.0f} ms until the last one has a change")
    yield Goal(
        f"{name}: milliseconds from a post's answer until the last one has it, median of {_CHANGES}",
        f"≤ {MOST_SECONDS * 1000:g} ms",
        middle * 1000,
        middle <= MOST_SECONDS,
    )
    yield Goal(f"{name}: memory of each, KB", f"≤ {MOST_BYTES / 1000:g} KB", held / 1000, held <= MOST_BYTES)


@contextmanager
def _many_files() -> Iterator[None]:
    """Let this process have as many open sockets as it may, for a while."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


async def _measure(server: HttpServer, subscribers: int) -> tuple[float, list[float]]:
    """Return the bytes that each subscriber costs, and how long after each answer the last one had the change."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:

        async def mutate(query: str, **values: str) -> Any:
            answer = await client.post("/graphql/", json={"query": query, "variables": {"input": values}})
            return answer.json()["data"]

        wallet = (await mutate(_OPEN, label="Watched"))["createWallet"]["wallet"]["databaseId"]
        before = server.live_memory()
        sockets: list[ClientConnection] = []
        for start in range(0, subscribers, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, subscribers))
            sockets += await asyncio.gather(*(_subscribe(server.live_url, wallet) for _ in some))
        held = (server.live_memory() - before) / subscribers
        delays = []
        for sequence in range(1, _CHANGES + 1):
            waiting = [asyncio.create_task(_wait_for(socket, sequence)) for socket in sockets]
            # The client itself is idle before a change.
            await asyncio.sleep(0.2)
            await mutate(_POST, txid=f"change-{sequence}", walletId=wallet, amount="1")
            answered = time.perf_counter()
            delays.append(max(await asyncio.gather(*waiting)) - answered)
        await asyncio.gather(*(socket.close() for socket in sockets))
    return held, delays


async def _subscribe(url: str, wallet: str) -> ClientConnection:
    socket = await connect(url, subprotocols=[_PROTOCOL], ping_interval=None, compression=None, open_timeout=60)
    await socket.send('{"type":"connection_init"}')
    await socket.recv()
    payload = {"query": _SUBSCRIPTION, "variables": {"id": wallet}}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
    await socket.recv()
    return socket


async def _wait_for(socket: ClientConnection, sequence: int) -> float:
    """Return the time when a result with that sequence arrived."""
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == "ping":
            await socket.send('{"type":"pong"}')
        elif message["payload"]["data"]["walletBalance"]["sequence"] >= sequence:
            return time.perf_counter()
