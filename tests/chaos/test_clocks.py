"""Servers whose clocks are a minute apart write one ledger: its moments never fall, and any cut of it adds up."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.cache.conftest import HAS_REDIS
from tests.chaos.acts import CAPTURE, HOLD, POST, TRANSFER, Request
from tests.chaos.clients import MEDIA_TYPE, open_wallet
from tests.databases import MakeDatabase, url_of
from tests.live import LiveServer, start_together
from tests.servers import RedisServer

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server, without which servers share no cache"),
]

CUTS = int(os.environ.get("CLOCK_CUTS", "60"))
"""How many moments the period of each wallet is cut at."""
SECONDS_AHEAD = (-60, 0, 60)
CLIENTS, ACTS, WALLETS, SEED = 6, 24, 2, 1962
MICROSECOND = timedelta(microseconds=1)
CLOCK = """
import os
from datetime import timedelta

from django.utils import timezone

_now, _ahead = timezone.now, timedelta(seconds=int(os.environ["TEST_SECONDS_AHEAD"]))
timezone.now = lambda: _now() + _ahead
"""
"""`sitecustomize`, which Python imports before all else (module `site`): the clock is wrong from the start."""


class Line(NamedTuple):
    """An entry: its number in the wallet, its moment and what it changes."""

    sequence: int
    at: datetime
    amount: Decimal
    held: Decimal


@pytest.fixture
def servers(ready_database: MakeDatabase, tmp_path: Path) -> Iterator[list[LiveServer]]:
    """Return three servers of one database and one Redis, each with a clock of its own."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK, "utf-8")
    with ready_database() as database, RedisServer() as redis, ExitStack() as stack:
        shared = {"database_url": url_of(database), "redis_url": redis.url, "PYTHONPATH": str(tmp_path)}
        made = [LiveServer(**shared, TEST_SECONDS_AHEAD=str(seconds)) for seconds in SECONDS_AHEAD]
        for each in made:
            stack.callback(each.close)
        start_together(*made)
        yield made


def write(servers: list[LiveServer], wallets: list[str], seed: int) -> None:
    """Post, transfer, hold and capture, each time by another server."""
    chance = random.Random(seed)

    def send(request: Request) -> str:
        url = chance.choice(servers).url
        answer = client.post(url + request.path, content=request.body, headers=request.headers)
        assert answer.status_code == 201, answer.text
        identifier: str = answer.json()["data"]["id"]
        return identifier

    with httpx.Client(timeout=60) as client:
        for number in range(ACTS):
            txid, amount = f"{seed}-{number}", f"{chance.randint(1, 300) / 100:.2f}"
            source, destination = chance.sample(wallets, 2)
            match number % 4:
                case 0:
                    values = {"txid": txid, "source": source, "destination": destination, "amount": amount}
                    send(TRANSFER.by_rest(txid, values))
                case 1:
                    held = send(HOLD.by_rest(txid, {"txid": txid, "wallet": source, "amount": amount}))
                    send(CAPTURE.by_rest(f"{txid}-c", {"txid": f"{txid}-c", "amount": amount}, held))
                case _:
                    sign = chance.choice(["", "-"])
                    send(POST.by_rest(txid, {"txid": txid, "wallet": source, "amount": sign + amount}))


def lines_of(client: httpx.Client, wallet: str) -> list[Line]:
    """Return all entries of a wallet in the order of their ids."""
    found: list[Line] = []
    page: str | None = f"/api/entries/?filter[wallet]={wallet}&sort=id&page[size]=100"
    while page:
        document = client.get(page).json()
        for each in document["data"]:
            shown = each["attributes"]
            at = datetime.fromisoformat(shown["createdAt"])
            found.append(Line(shown["sequence"], at, Decimal(shown["amount"]), Decimal(shown["held"])))
        page = document["links"]["next"]
    return found


def text_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def get(client: httpx.Client, path: str, **parameters: str) -> dict[str, Any]:
    """Return the answer to a GET."""
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def check_statement(client: httpx.Client, wallet: str, lines: list[Line], begin: datetime, end: datetime) -> None:
    """Assert that a statement and the balances at its ends are the sums of the entries before them and between."""
    period = {"from": text_of(begin), "to": text_of(end)}
    document = get(client, f"/api/wallets/{wallet}/statement", **period, **{"page[size]": "100"})
    shown = document["data"]["attributes"]
    before, within = ([each for each in lines if each.at < at] for at in (begin, end))
    within = within[len(before) :]
    opening = sum((each.amount for each in before), Decimal())
    amounts = [each.amount for each in within]
    expected = {
        "opening": opening,
        "closing": opening + sum(amounts),
        "credits": sum(each for each in amounts if each > 0),
        "debits": -sum(each for each in amounts if each < 0),
        "count": len(within),
    }
    assert {name: Decimal(shown[name]) for name in expected} == expected
    listed = [each["attributes"]["sequence"] for each in document.get("included", ())]
    assert listed == [each.sequence for each in within[:100]]
    # Up to a moment is all that is not after it: an entry of just then is in the balance, and in the statement.
    for at in (begin - MICROSECOND, begin):
        then = [each for each in lines if each.at <= at]
        balance = get(client, f"/api/wallets/{wallet}/balance", at=text_of(at))["data"]["attributes"]
        assert (Decimal(balance["balance"]), Decimal(balance["held"]), balance["sequence"]) == (
            sum((each.amount for each in then), Decimal()),
            sum((each.held for each in then), Decimal()),
            len(then),
        )


def test_any_cut_of_a_ledger_of_unlike_clocks_adds_up(servers: list[LiveServer]) -> None:
    wallets = [open_wallet(servers[1].url, f"W{number}") for number in range(WALLETS)]
    started = datetime.now(UTC)
    for number, wallet in enumerate(wallets):
        values = {"txid": f"funds-{number}", "wallet": wallet, "amount": "5000.00"}
        request = POST.by_rest(f"funds-{number}", values)
        httpx.post(servers[0].url + request.path, content=request.body, headers=request.headers).raise_for_status()
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(partial(write, servers, wallets), range(CLIENTS)))

    chance = random.Random(SEED)
    # The future of the others is this server's past.
    with httpx.Client(base_url=servers[2].url, headers={"Accept": MEDIA_TYPE}, timeout=60) as client:
        for wallet in wallets:
            lines = lines_of(client, wallet)
            assert [each.sequence for each in lines] == [*range(1, len(lines) + 1)]
            moments = [each.at for each in lines]
            assert moments == sorted(moments)
            # They are of two clocks at least, and the one ahead has pulled those of others with it.
            assert moments[0] < started < started + timedelta(seconds=50) < moments[-1]
            assert len(set(moments)) < len(moments)
            cuts = sorted(cut(chance, moments) for _ in range(CUTS))
            ends = [moments[0], *cuts, moments[-1] + MICROSECOND]
            for begin, end in pairwise(ends):
                if begin < end:
                    check_statement(client, wallet, lines, begin, end)
    reconciled = servers[1].manage("reconcile")
    assert (reconciled.returncode, reconciled.stderr) == (0, ""), reconciled.stderr + reconciled.stdout


def cut(chance: random.Random, moments: list[datetime]) -> datetime:
    """Return a moment of the period: any, that of an entry, or one next to it."""
    if chance.random() < 0.5:
        return chance.choice(moments) + chance.choice([-1, 0, 1]) * MICROSECOND
    return moments[0] + chance.random() * (moments[-1] - moments[0])
