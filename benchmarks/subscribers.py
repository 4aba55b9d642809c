"""Measure the cost of idle subscribers and how fast a change reaches them: `python -m benchmarks.subscribers`.

Starts its own server with the settings of the environment (DATABASE_URL is required), with all subscribers on one
wallet: the hardest case, because each change goes to all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.servers import free_ports

ROOT = Path(__file__).parent.parent
GOAL_BYTES = 200_000_000
GOAL_SECONDS = 0.25
START_SECONDS = 120
PROTOCOL: Any = "graphql-transport-ws"
POST = "mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { userErrors { code } } }"
QUERY = "subscription ($id: ID!) { walletBalance(id: $id) { id balance sequence } }"


@contextmanager
def run_server(port: int, live_port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Yield the server once it is ready."""
    settings = {"DEBUG": "true", "LOG_LEVEL": "WARNING", "PORT": str(port), "LIVE_PORT": str(live_port)}
    environment = os.environ | settings
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "setup_database", "-v0"], env=environment, check=True)
    with tempfile.TemporaryFile() as log, subprocess.Popen([*manage, "serve"], env=environment, stdout=log) as server:
        try:
            for each in (port, live_port):
                _wait_until_ready(f"http://127.0.0.1:{each}/healthz")
            yield server
        finally:
            server.terminate()
            server.wait()


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} was not ready within {START_SECONDS} s")


def worker_memory(live_port: int) -> int:
    """Return the resident bytes of the largest process of the live server (Linux)."""
    sizes = []
    for status in Path("/proc").glob("[0-9]*/statm"):
        try:
            command = (status.parent / "cmdline").read_bytes()
            if b"asgi" in command and str(live_port).encode() in command:
                sizes.append(int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return max(sizes)


async def _subscribe(url: str, wallet: str) -> ClientConnection:
    socket = await connect(url, subprotocols=[PROTOCOL], ping_interval=None, compression=None, open_timeout=60)
    await socket.send('{"type":"connection_init"}')
    await socket.recv()
    payload = {"query": QUERY, "variables": {"id": wallet}}
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


async def measure(url: str, live_url: str, live_port: int, *, subscribers: int, changes: int) -> bool:
    """Print the measurements, and return whether the goals are met."""
    before = worker_memory(live_port)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def mutate(query: str, **values: str) -> Any:
            answer = await client.post("/graphql/", json={"query": query, "variables": {"input": values}})
            return answer.json()["data"]

        opened = await mutate(
            "mutation ($input: CreateWalletInput!) { createWallet(input: $input) { wallet { databaseId } } }",
            label=f"Subscribers {time.time_ns()}",
        )
        wallet = opened["createWallet"]["wallet"]["databaseId"]
        sockets: list[ClientConnection] = []
        for start in range(0, subscribers, 50):
            size = min(50, subscribers - start)
            sockets += await asyncio.gather(*(_subscribe(live_url, wallet) for _ in range(size)))
        after = worker_memory(live_port)
        delays = []
        for sequence in range(1, changes + 1):
            waiting = [asyncio.create_task(_wait_for(socket, sequence)) for socket in sockets]
            await asyncio.sleep(0.5)
            await mutate(
                POST,
                txid=f"CHANGE-{time.time_ns()}",
                walletId=wallet,
                amount="1",
            )
            answered = time.perf_counter()
            delays.append(max(await asyncio.gather(*waiting)) - answered)
        await asyncio.gather(*(socket.close() for socket in sockets))
    slowest, middle = max(delays), statistics.median(delays)
    print(f"{subscribers} subscribers cost {(after - before) / 1e6:.0f} MB; {before / 1e6:.0f} MB without them")
    print(f"the last of them gets a change after {middle * 1000:.0f} ms (median), {slowest * 1000:.0f} ms (worst)")
    return after - before < GOAL_BYTES and middle < GOAL_SECONDS


def main() -> int:
    """Measure and return 0 if the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=10)
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL"):
        parser.error("DATABASE_URL is not set, and a benchmark must not use the checkout's database")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    port, live_port = free_ports(2)
    with run_server(port, live_port):
        url, live_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{live_port}/graphql/"
        goals = {"subscribers": options.subscribers, "changes": options.changes}
        met = asyncio.run(measure(url, live_url, live_port, **goals))
    print("goals met" if met else "goals missed: 200 MB, 250 ms")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
