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

import httpx
from django.conf import settings
from redis import Redis

from tests.chaos.clients import MEDIA_TYPE
from tests.chaos.spenders import EXPIRES_AFTER_SECONDS, Model, Spender
from tests.hostile_hour.workers import workers_of
from tests.live import LiveServer

SECONDS = float(os.environ.get("CONSERVATION_SECONDS", "8"))
SPENDERS = 8
WALLETS = 5
OPENING = Decimal(100)
SEED = 1962
SECONDS_BETWEEN_KILLS = 6
"""granian gives up if a worker ends within 5.5 s of its start."""


def test_no_money_is_lost_or_made(start_live: Callable[..., LiveServer], redis_urls: tuple[str, str]) -> None:
    server = start_live(workers=2 if settings.REDIS_URL else 1)
    model, is_over = Model(), threading.Event()
    with httpx.Client(base_url=server.url, headers={"Accept": MEDIA_TYPE}, timeout=30) as client:
        wallets = [open_wallet(client, f"W{number}") for number in range(WALLETS)]
        for wallet in wallets:
            model.change((wallet, OPENING), outside=-OPENING)
        spenders = [
            Spender(server.url, f"s{number}", wallets, model, SEED + number, is_over) for number in range(SPENDERS)
        ]
        threads = [threading.Thread(target=each.run, daemon=True) for each in spenders]
        differences: list[str] = []
        reader = threading.Thread(target=read_books, args=(server.url, is_over, differences), daemon=True)
        for each in (*threads, reader):
            each.start()
        trouble(server, redis_urls[1], until=time.monotonic() + SECONDS)
        is_over.set()
        for each in (*threads, reader):
            each.join(90)
            assert not each.is_alive()
        assert [each for spender in spenders for each in spender.surprises] == []
        assert len(differences) > SECONDS
        assert model.repeats or not settings.REDIS_URL
        assert set(differences) == {"0.00"}
        assert {*model.accepted} >= {
            *(
                "createTransaction",
                "createTransfer",
                "createHold",
                "captureHold",
                "releaseHold",
                "reverseTransaction",
            ),
            *("amend", "delete"),
        }, (dict(model.accepted), dict(model.refused))
        # What nobody has captured is free again.
        time.sleep(EXPIRES_AFTER_SECONDS)
        assert server.manage("expire_holds").returncode == 0
        shown = client.get("/api/wallets/").json()["data"]
        assert {each["id"]: Decimal(each["attributes"]["balance"]) for each in shown} == dict(model.balances)
        found = {each["id"]: Decimal(each["attributes"]["held"]) for each in shown}
        assert found == {wallet: model.held[wallet] for wallet in wallets}
        check_what_is_stored(client, model)
        book = client.get("/api/books/USD/").json()["data"]["attributes"]
        assert (Decimal(book["received"]), Decimal(book["paid"])) == (model.received, model.paid)
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


def open_wallet(client: httpx.Client, label: str) -> str:
    attributes = {"label": label, "balance": f"{OPENING}", "currency": "USD"}
    document = {"data": {"type": "Wallet", "attributes": attributes}}
    answer = client.post("/api/wallets/", json=document, headers={"Content-Type": MEDIA_TYPE})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def read_books(url: str, is_over: threading.Event, differences: list[str]) -> None:
    """Read the book of dollars each 10 ms, and note its difference."""
    with httpx.Client(base_url=url, timeout=30) as client:
        while not is_over.wait(0.01):
            try:
                answer = client.get("/api/books/USD/")
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                attributes: dict[str, Any] = answer.json().get("data", {}).get("attributes", {})
                differences.append(attributes.get("difference", answer.text))


def trouble(server: LiveServer, redis_url: str, *, until: float) -> None:
    """Kill a worker now and then, and let Redis forget everything in between."""
    chance = random.Random(SEED)
    for number in itertools.count(1):
        time.sleep(1)
        if time.monotonic() >= until:
            return
        workers = [each.pid for each in workers_of(server.pid)]
        if number % SECONDS_BETWEEN_KILLS == 3 and len(workers) > 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)
        elif redis_url:
            with Redis.from_url(redis_url) as redis:
                redis.flushdb()
