"""Many clients repeat the same keyed requests and lose answers: each request runs once, and has one answer."""

from __future__ import annotations

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from django.db import connection

from tests.cache.proxy import Proxy
from tests.chaos.acts import POST
from tests.chaos.clients import MEDIA_TYPE
from tests.chaos.keyed import KINDS, RICH, Answer, Keyed, World, exchange, send_and_leave
from tests.databases import MakeDatabase, run_in, url_of
from tests.live import LiveServer

pytestmark = pytest.mark.skipif(connection.vendor != "mysql", reason="SQLite is a file: no reply of it can be lost")

REQUESTS = int(os.environ.get("REPLAY_STORM_REQUESTS", "13"))
"""How many different requests there are: one of each kind unless more are asked for."""
CLIENTS = 16
FACES = ("rest", "graphql")
SEED = 1962
SECONDS_BETWEEN_LOST_REPLIES = 0.15
PATIENCE_SECONDS = 60
UNDECIDED = {"unavailable", "conflict"}


@dataclass
class Storm:
    """The requests, and every complete answer to them by key and face."""

    address: tuple[str, int]
    requests: list[Keyed]
    answers: defaultdict[tuple[str, str], list[Answer]] = field(default_factory=lambda: defaultdict(list))
    surprises: list[object] = field(default_factory=list)
    refused: int = 0

    def client(self, seed: int) -> None:
        """Ask for everything in an order of its own, and leave about every third time before the answer is there."""
        chance = random.Random(seed)
        for each in chance.sample(self.requests, len(self.requests)):
            while chance.random() < 0.35:
                send_and_leave(self.address, each.request(chance.choice(FACES)), chance)
            self.ask(each, chance.choice(FACES))
            if chance.random() < 0.25:
                self.ask_otherwise(each, chance.choice(FACES))

    def ask(self, keyed: Keyed, face: str) -> None:
        """Ask until there is an answer that tells an outcome."""
        answer = self._decided(keyed, face)
        if answer.status not in (200, 201) or answer.codes:
            self.surprises.append((keyed, face, answer))
        self.answers[keyed.key, face].append(answer)

    def ask_otherwise(self, keyed: Keyed, face: str) -> None:
        """Ask for something else under a key that is in use."""
        answer = self._decided(keyed, face, other=True)
        if (answer.codes, answer.status) != (["idempotency_conflict"], 422 if face == "rest" else 200):
            self.surprises.append((keyed, face, answer))
        self.refused += 1

    def _decided(self, keyed: Keyed, face: str, *, other: bool = False) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = exchange(self.address, keyed.request(face, other=other))
            if not UNDECIDED.intersection(answer.codes):
                return answer
            time.sleep(0.02)
        raise AssertionError(f"{keyed.key}: no outcome")

    def check(self) -> int:
        """Assert that all answers to a request are the same one, and return how many first answers were lost."""
        lost = 0
        for keyed in self.requests:
            found = {face: self.answers[keyed.key, face] for face in FACES}
            for answers in found.values():
                assert len({(each.status, each.body) for each in answers}) == 1, keyed
            records = [answers[0].records(keyed.act.made) for answers in found.values()]
            assert records[0] == records[1]
            firsts = sum(not each.is_replay for answers in found.values() for each in answers)
            assert firsts <= 1
            lost += 1 - firsts
        return lost


@contextmanager
def a_way_to(database: str) -> Iterator[tuple[str, Proxy]]:
    """Yield the address of a database for a server, and what its replies pass."""
    parts = urlsplit(url_of(database))
    way = Proxy(str(parts.hostname), int(parts.port or 3306))
    try:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{way.port}")), way
    finally:
        way.close()


@contextmanager
def losing_replies(way: Proxy) -> Iterator[None]:
    """Let a connection end in place of the database's next reply, again and again."""
    is_over = Event()

    def lose() -> None:
        while not is_over.wait(SECONDS_BETWEEN_LOST_REPLIES):
            way.break_off(after_bytes=0, silent=False)

    with ThreadPoolExecutor(1) as threads:
        losing = threads.submit(lose)
        try:
            yield
        finally:
            is_over.set()
    losing.result()


@pytest.fixture(scope="module")
def database(ready_database: MakeDatabase) -> Iterator[str]:
    with ready_database() as name:
        yield name


def run_all(calls: list[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(len(calls)) as threads:
        for each in [threads.submit(call) for call in calls]:
            each.result()


def test_a_storm_of_repeats_runs_each_request_once(database: str, redis_urls: tuple[str, str]) -> None:
    with (
        a_way_to(database) as (url, way),
        LiveServer(database_url=url, redis_url=redis_urls[1], workers=2 if redis_urls[1] else 1) as server,
    ):
        world = World((server.host, server.port))
        a, b = world.wallet(RICH), world.wallet(RICH)
        requests = [KINDS[number % len(KINDS)](world, f"k{number}", a, b) for number in range(REQUESTS)]
        keys_before = count_keys(database)
        storm = Storm(world.address, requests)
        with losing_replies(way):
            run_all([partial(storm.client, SEED + number) for number in range(CLIENTS)])
        assert storm.surprises == []
        assert count_keys(database) - keys_before == len(requests)
        for keyed in requests:
            world.expect(keyed)
        with httpx.Client(base_url=server.url, headers={"Accept": MEDIA_TYPE}, timeout=30) as client:
            shown = {each["id"]: each["attributes"] for each in list_all(client, "wallets")}
            found = {each: [Decimal(shown[each][name]) for name in ("balance", "held")] for each in world.expected}
            assert found == dict(world.expected)
            reconciled = server.manage("reconcile")
            assert (reconciled.returncode, reconciled.stderr) == (0, ""), reconciled.stderr + reconciled.stdout
            change_everything(client)
        # Once more by each face, whatever has become of what they made; and never for another request.
        for keyed in requests:
            for face in FACES:
                storm.ask(keyed, face)
                storm.ask_otherwise(keyed, face)
    assert storm.surprises == []
    # Some clients lost the answer of the request that was carried out.
    assert storm.check() > 0
    assert storm.refused > 2 * len(requests)


def change_everything(client: httpx.Client) -> None:
    """Change whatever a keyed request has made or needed: capture it, reverse, amend, delete or freeze it."""

    def send(method: str, path: str, kind: str, **values: Any) -> None:
        identifier = {"id": path.split("/")[3]} if method == "PATCH" else {}
        document = {"data": {"type": kind, **identifier, "attributes": values}} if values else None
        answer = client.request(method, path, json=document, headers={"Content-Type": MEDIA_TYPE} if values else {})
        assert answer.status_code < 300 or "transaction_bound" in answer.text, answer.text

    described = {"description": "Changed", "metadata": {"x": 1}}
    for each in list_all(client, "holds"):
        if each["attributes"]["state"] == "open":
            send("PATCH", f"/api/holds/{each['id']}/", "Hold", **described)
            values = {"txid": f"late-{each['id']}", "isFinal": True}
            send("POST", f"/api/holds/{each['id']}/captures", "Transaction", **values)
    for each in list_all(client, "transfers"):
        send("PATCH", f"/api/transfers/{each['id']}/", "Transfer", **described)
    for place, each in enumerate(list_all(client, "transactions")):
        path = f"/api/transactions/{each['id']}/"
        send("PATCH", path, "Transaction", txid=f"changed-{each['id']}", **described)
        if place % 2:
            send("POST", f"{path}reversals", "Transaction", txid=f"back-{each['id']}", amount="0.01")
        else:
            send("DELETE", path, "Transaction")
    for each in list_all(client, "wallets"):
        label = f"Changed {each['id']}"
        send("PATCH", f"/api/wallets/{each['id']}/", "Wallet", label=label, state="frozen", metadata={"x": 1})


def test_another_request_under_a_key_is_refused_within_a_group(database: str, redis_urls: tuple[str, str]) -> None:
    with LiveServer(database_url=url_of(database), redis_url=redis_urls[1]) as server:
        world = World((server.host, server.port))
        wallet = world.wallet(RICH)
        requests = []
        for number in range(12):
            values = {"txid": f"G{number}", "wallet": wallet, "amount": "1"}
            requests.append(Keyed(f"g{number}", POST, values, {**values, "txid": f"G{number}b"}))
        found: dict[tuple[str, bool], list[Answer]] = defaultdict(list)

        def call(each: Keyed, *, other: bool = False) -> None:
            answer = exchange(world.address, each.request("rest", other=other))
            while answer.status == 503:
                # Too many wait for the wallet: nothing was done, and the caller comes again.
                Event().wait(0.05)
                answer = exchange(world.address, each.request("rest", other=other))
            found[each.key, other].append(answer)

        # So many at once that they share transactions.
        calls = [(each, other) for each in requests for other in (False, True)] * 3
        with ThreadPoolExecutor(24) as threads:
            for done in [threads.submit(call, each, other=other) for each, other in calls]:
                done.result()
        for each in requests:
            told = [Counter((one.status, one.is_replay) for one in found[each.key, other]) for other in (False, True)]
            expected = [{(201, False): 1, (201, True): 2}, {(422, False): 3}]
            assert told in (expected, expected[::-1])
            codes = {tuple(one.codes) for other in (False, True) for one in found[each.key, other]}
            assert codes == {(), ("idempotency_conflict",)}
    # What shares a transaction has one moment.
    counts = "COUNT(*), COUNT(DISTINCT created_at)"
    [(stored, moments)] = run_in(database, f"SELECT {counts} FROM walletsvc_transaction WHERE txid LIKE 'G%'")  # noqa: S608
    assert stored == len(requests)
    assert moments < stored


def list_all(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Return all resources of a kind."""
    found: list[dict[str, Any]] = []
    page: str | None = f"/api/{path}/?page[size]=100&sort=id"
    while page:
        document = client.get(page).json()
        found += document["data"]
        page = document["links"]["next"]
    return found


def count_keys(database: str) -> int:
    [(count,)] = run_in(database, "SELECT COUNT(*) FROM walletsvc_replaykey")
    return int(count)
