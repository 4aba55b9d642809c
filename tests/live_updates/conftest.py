"""A server with its live server, started once for all tests that leave it unchanged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from tests.databases import MakeDatabase
from tests.live import LiveServer
from tests.live_updates.clients import TIMEOUT_SECONDS
from tests.pairs import serve_with_updates
from tests.servers import find_binary

# Like the other tests of Redis itself, these need one, whichever engine the suite runs on.
collect_ignore = [] if find_binary("redis-server", "valkey-server") else ["test_redis.py"]

_numbers = count(1)
_SHOWN = ("wallet", "transfer", "hold")
"""What mutations show that are named after it; all others show a transaction."""


class LiveUpdates:
    """Both servers: `url` is that of the live one; writes go to the other, which is another process."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.url = server.live_url.removesuffix("/graphql/")
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        self._client.close()

    def mutate(self, name: str, **variables: Any) -> dict[str, Any]:
        """Run a mutation and return its payload, which must have no error."""
        type_name = name[0].upper() + name[1:] + "Input"
        shown = next((each for each in _SHOWN if name.endswith(each.capitalize())), "transaction")
        shown = "transaction" if name == "captureHold" else shown
        chosen = f"{shown} {{ databaseId }} userErrors {{ code }}"
        query = f"mutation ($input: {type_name}!) {{ {name}(input: $input) {{ {chosen} }} }}"
        content = {"query": query, "variables": {"input": variables}}
        answer = self._client.post(f"{self.server.url}/graphql/", json=content).json()
        payload = answer["data"][name]
        assert payload["userErrors"] == []
        return payload

    def open_wallet(self, balance: str = "100.00") -> str:
        """Open a wallet and return its id."""
        wallet = self.mutate("createWallet", label=f"Live {next(_numbers)}", balance=balance)["wallet"]
        return wallet["databaseId"]

    def post(self, wallet: str, amount: str = "1.00", **fields: Any) -> str:
        """Post a transaction by GraphQL and return its id."""
        values = {"txid": f"LIVE-{next(_numbers)}", "walletId": wallet, "amount": amount, **fields}
        return self.mutate("createTransaction", **values)["transaction"]["databaseId"]

    def post_by_rest(self, wallet: str, amount: str = "1.00") -> str:
        """Post a transaction by REST and return its id."""
        attributes = {"txid": f"LIVE-{next(_numbers)}", "amount": amount, "wallet": wallet}
        content = json.dumps({"data": {"type": "Transaction", "attributes": attributes}})
        headers = {"Content-Type": "application/vnd.api+json"}
        answer = self._client.post(f"{self.server.url}/api/transactions/", content=content, headers=headers)
        assert answer.status_code == 201
        return answer.json()["data"]["id"]

    def health(self) -> dict[str, Any]:
        return self._client.get(f"{self.url}/healthz").raise_for_status().json()

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Return once the condition holds. Fails if it takes too long."""
        deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            try:
                if is_so():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"It never was so. The server says:\n{self.server.log[-3000:]}")

    def wait_until_up(self) -> None:
        self.wait_until(lambda: self.health()["status"] == "ok")


@contextmanager
def run_both(make_database: MakeDatabase, redis_url: str, **settings: str) -> Iterator[LiveUpdates]:
    """Run both servers on a new database."""
    with serve_with_updates(make_database, redis_url, **settings) as server:
        both = LiveUpdates(server)
        both.wait_until_up()
        yield both
        both.close()


@pytest.fixture(scope="session")
def live_updates(
    ready_database: MakeDatabase, redis_urls: tuple[str, str], django_db_setup: None
) -> Iterator[LiveUpdates]:
    """Return servers that are running, and keep running for the other tests."""
    with run_both(ready_database, redis_urls[1], CORS_ALLOWED_ORIGINS="https://app.example.com") as both:
        yield both
