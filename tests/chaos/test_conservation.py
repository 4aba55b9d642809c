"""Money is conserved while workers are killed and Redis forgets: each answer is right, and so is the end."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from redis import Redis

from tests.chaos.clients import MEDIA_TYPE
from tests.chaos.model import Model
from tests.chaos.spenders import EXPIRES_AFTER_SECONDS, Spender
from tests.hostile_hour.workers import workers_of
from tests.live import LiveServer

SECONDS = float(os.environ.get("CONSERVATION_SECONDS", "8"))
SPENDERS = 8
WALLETS = ("USD", "USD", "USD", "USD", "EUR", "EUR", "EUR")
OPENING = Decimal(100)
SEED = 1962
SECONDS_BETWEEN_KILLS = 6
"""granian gives up if a worker ends within 5.5 s of its start."""
PATIENCE_SECONDS = 60
"""How much longer it may take until each kind of write was accepted, and somebody was cut off."""
KINDS = {
    *("createTransaction", "createTransfer", "createHold", "captureHold", "releaseHold"),
    *("reverseTransaction", "reverseTransfer", "amend", "delete", "move", "floor", "batch"),
}


def test_no_money_is_lost_or_made(start_live: Callable[..., LiveServer], redis_urls: tuple[str, str]) -> None:
    server = start_live(workers=2 if settings.REDIS_URL else 1)
    model, is_over = Model(), threading.Event()
    with httpx.Client(base_url=server.url, headers={"Accept": MEDIA_TYPE}, timeout=30) as client:
        for number, currency in enumerate(WALLETS):
            wallet = open_wallet(client, f"W{number}", currency)
            model.currencies[wallet] = currency
            model.change((wallet, OPENING), outside=-OPENING)
        spenders = [Spender(server.url, f"s{number}", model, SEED + number, is_over) for number in range(SPENDERS)]
        threads = [threading.Thread(target=each.run, daemon=True) for each in spenders]
        differences: list[str] = []
        reader = threading.Thread(target=read_books, args=(server.url, is_over, differences), daemon=True)
        for each in (*threads, reader):
            each.start()

        def is_enough() -> bool:
            # Which worker has whose connections is chance, and so is whether one that is killed has any.
            was_cut_off = bool(model.repeats) or not settings.REDIS_URL
            return was_cut_off and len(differences) > SECONDS and model.accepted.keys() >= KINDS

        trouble(server, redis_urls[1], until=time.monotonic() + SECONDS, is_enough=is_enough)
        is_over.set()
        for each in (*threads, reader):
            each.join(90)
            assert not each.is_alive()
        assert [each for spender in spenders for each in spender.surprises] == []
        assert len(differences) > SECONDS
        assert model.repeats or not settings.REDIS_URL
        assert set(differences) == {"0.00"}
        assert model.accepted.keys() >= KINDS, (dict(model.accepted), dict(model.refused))
        # What nobody has captured is free again.
        time.sleep(EXPIRES_AFTER_SECONDS)
        assert server.manage("expire_holds").returncode == 0
        shown = client.get("/api/wallets/").json()["data"]
        assert {each["id"]: Decimal(each["attributes"]["balance"]) for each in shown} == dict(model.balances)
        found = {each["id"]: Decimal(each["attributes"]["held"]) for each in shown}
        assert found == {wallet: model.held[wallet] for wallet in model.currencies}
        check_what_is_stored(client, model)
        for currency in {*WALLETS}:
            book = client.get(f"/api/books/{currency}/").json()["data"]["attributes"]
            sums = (model.received[currency], model.paid[currency])
            assert (Decimal(book["received"]), Decimal(book["paid"])) == sums, currency
    reconciled = server.manage("reconcile")
    assert (reconciled.returncode, reconciled.stderr) == (0, ""), reconciled.stderr + reconciled.stdout


def check_what_is_stored(client: httpx.Client, model: Model) -> None:
    """All that was accepted is there, and nothing else but the legs of transfers, and those that captures made."""
    transactions = list_all(client, "transactions")
    assert {*transactions} >= model.stored["Transaction"]
    alone = {each for each, shown in transactions.items() if shown["transfer"]["data"] is None}
    assert alone <= model.stored["Transaction"]
    assert {*list_all(client, "transfers")} >= model.stored["Transfer"]
    assert {*list_all(client, "holds")} == model.stored["Hold"]


def list_all(client: httpx.Client, path: str) -> dict[str, Any]:
    """Return the relationships of all resources of a kind, by id."""
    found: dict[str, Any] = {}
    page: str | None = f"/api/{path}/?page[size]=100&sort=id"
    while page:
        document = client.get(page).json()
        found |= {each["id"]: each["relationships"] for each in document["data"]}
        page = document["links"]["next"]
    return found


def open_wallet(client: httpx.Client, label: str, currency: str) -> str:
    attributes = {"label": label, "balance": f"{OPENING}", "currency": currency}
    document = {"data": {"type": "Wallet", "attributes": attributes}}
    answer = client.post("/api/wallets/", json=document, headers={"Content-Type": MEDIA_TYPE})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def read_books(url: str, is_over: threading.Event, differences: list[str]) -> None:
    """Read the books each 10 ms, and note their differences."""
    with httpx.Client(base_url=url, timeout=30) as client:
        while not is_over.wait(0.01):
            try:
                answer = client.get("/api/books/")
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                differences += [each["attributes"]["difference"] for each in answer.json()["data"]]
            elif answer.status_code != 503:
                differences.append(answer.text)


def trouble(server: LiveServer, redis_url: str, *, until: float, is_enough: Callable[[], bool]) -> None:
    """Kill a worker now and then, and in between connections to the database, and let Redis forget everything."""
    chance = random.Random(SEED)
    for number in itertools.count(1):
        time.sleep(1)
        now = time.monotonic()
        if now >= until + PATIENCE_SECONDS or (now >= until and is_enough()):
            return
        workers = [each.pid for each in workers_of(server.pid)]
        if number % SECONDS_BETWEEN_KILLS == 3 and len(workers) > 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
        elif redis_url:
            kill_connections(server.database_url, chance)
            with Redis.from_url(redis_url) as redis:
                redis.flushdb()


def kill_connections(database_url: str, chance: random.Random) -> None:
    """Let the database end some of the connections to it, whatever they are doing."""
    import MySQLdb  # SQLite has no connections to lose.

    url = urlsplit(database_url)
    address = {"host": url.hostname, "port": url.port, "database": url.path.lstrip("/")}
    with contextlib.closing(MySQLdb.connect(**address, user=url.username, password=url.password)) as driver:
        cursor = driver.cursor()
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        others = [identifier for (identifier,) in cursor.fetchall()]
        for identifier in chance.sample(others, min(3, len(others))):
            with contextlib.suppress(MySQLdb.OperationalError):
                cursor.execute("KILL CONNECTION %s", [identifier])
