"""The steps of a restore drill, their times, and the checks of what came back."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tests.drill.engines import Database
from tests.drill.load import Client, Load, Sent
from tests.live import ROOT, LiveServer

WALLETS = 5
OPENING = Decimal(1000)
_IDENTITY = "SELECT identity FROM walletsvc_cachestate"
_SCOPES = "wallets:read,wallets:write,transactions:read,transactions:write"
_RUN_ALL = """if True:
    import io, json, sys, time
    import django
    from django.core.management import call_command
    django.setup()
    said = []
    for command in json.load(sys.stdin):
        began = time.monotonic()
        call_command(*command, stdout=(out := io.StringIO()), stderr=sys.stderr, no_color=True)
        said.append((out.getvalue(), time.monotonic() - began))
    json.dump(said, sys.stdout)
"""
"""Runs some commands of `manage.py` in one process, as each process takes seconds to start, and measures each."""


class DrillError(AssertionError):
    """What was restored is not what was there."""


class Said(NamedTuple):
    """What a command has printed, and how many seconds it took."""

    text: str
    seconds: float


@dataclass
class Report:
    """What a drill has found: bytes of the dump, seconds of each step, and how many posts came back."""

    seconds: dict[str, float] = field(default_factory=dict)
    dump_bytes: int = 0
    acknowledged: int = 0
    restored: int = 0
    lost: int = 0
    reconciled: str = ""
    revoked: str = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step."""
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began

    def __str__(self) -> str:
        steps = "\n".join(f"  {name:<38} {seconds:6.1f} s" for name, seconds in self.seconds.items())
        down = sum(seconds for name, seconds in self.seconds.items() if name != "dump, under load")
        return (
            f"{steps}\n  {'until a server was ready':<38} {down:6.1f} s\n"
            f"  dump: {self.dump_bytes:,} bytes\n"
            f"  {self.acknowledged:,} posts acknowledged: {self.restored:,} restored,"
            f" {self.lost:,} after the dump lost\n"
            f"  {self.revoked}\n  {self.reconciled}"
        )


def run(source: Database, target: Database, *, folder: Path, redis_url: str = "", seconds: float = 2) -> Report:
    """Dump `source`, which is empty, under load, lose it, and restore it as `target`, which is empty.

    The load goes on for `seconds` before the dump and after it. Raises `DrillError` for whatever came back wrong.
    """
    report = Report()
    before = _server(source, redis_url)
    with closing(before):
        create = ["apikey", "create", "--name", "drill", "--scopes", _SCOPES]
        _, *texts = manage(source, ["setup_database"], create, create)
        good, revoked = (each.text.strip() for each in texts)
        before.start()
        client = Client(before.url, good)
        wallets = [_open_wallet(client, number) for number in range(WALLETS)]
        with Load(before.url, good, wallets) as load:
            time.sleep(seconds)
            dump_began = time.monotonic()
            with report.step("dump, under load"):
                source.dump(folder / "dump")
            dump_ended = time.monotonic()
            time.sleep(seconds)
        # What is in the cache now is younger than the dump.
        for wallet in wallets * 2:
            _balance(client, wallet)
        client.close()
        _, ended = manage(source, ["apikey", "revoke", _id(revoked)], ["apikey", "list", "--ended"])
        (folder / "ended").write_text(ended.text)
        identity = source.read(_IDENTITY)
    report.dump_bytes = (folder / "dump").stat().st_size

    after = _server(target, redis_url)
    with closing(after):
        with report.step("restore the dump"):
            target.restore(folder / "dump")
        revoke = ["apikey", "revoke", "--listed-in", str(folder / "ended"), "--reason", "restored"]
        commands = [["setup_database", "--restored"], revoke, ["reconcile"], ["export_transactions"]]
        *steps, exported = manage(target, *commands)
        for name, said in zip(("set up", "revoke keys again", "reconcile"), steps, strict=True):
            report.seconds[name] = said.seconds
        report.revoked, report.reconciled = (said.text.strip().splitlines()[-1] for said in steps[1:])
        with report.step("start the server"):
            after.start()
        _check(
            target.read("SELECT identity FROM walletsvc_cachestate") != identity,
            "The cache's identity is the old one.",
        )
        for key, status in {good: 200, revoked: 401}.items():
            with closing(Client(after.url, key)) as client:
                found, _ = client.ask("GET", f"/api/wallets/{wallets[0]}/")
                _check(found == status, f"Key {_id(key)} gets {found} instead of {status}.")
        with closing(Client(after.url, good)) as client:
            balances = {wallet: _balance(client, wallet) for wallet in wallets}
    compare(report, load.sent, exported.text, balances, dump_began=dump_began, dump_ended=dump_ended)
    return report


def compare(
    report: Report,
    sent: Sequence[Sent],
    exported: str,
    balances: dict[str, Decimal],
    *,
    dump_began: float,
    dump_ended: float,
) -> None:
    """Compare what was restored with what clients know, and note the numbers. Raises `DrillError`."""
    rows = {row["txid"]: row for row in csv.DictReader(exported.splitlines()) if row["txid"].startswith("DRILL-")}
    sums: Counter[str] = Counter(dict.fromkeys(balances, OPENING))  # type: ignore[arg-type]
    for post in sent:
        is_there = post.txid in rows
        _check(is_there or post.ended > dump_began, f"{post.txid} was acknowledged before the dump, and is lost.")
        _check(not is_there or post.began < dump_ended, f"{post.txid} was sent after the dump, and is there.")
        if is_there:
            _check(Decimal(rows[post.txid]["amount"]) == post.amount, f"{post.txid} has another amount.")
    for row in rows.values():
        sums[row["wallet"]] += Decimal(row["amount"])  # type: ignore[assignment]
    _check(dict(sums) == balances, f"The balances {balances} are not the sums {dict(sums)}.")
    report.acknowledged, report.restored = len(sent), sum(post.txid in rows for post in sent)
    report.lost = report.acknowledged - report.restored


def manage(database: Database, *commands: Sequence[str]) -> list[Said]:
    """Run commands of `manage.py` on a database, and return what each says. Raises `DrillError`."""
    finished = subprocess.run(
        [sys.executable, "-c", _RUN_ALL],
        input=json.dumps(commands),
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "walletsvc.settings", "DATABASE_URL": database.url},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    _check(finished.returncode == 0, finished.stderr)
    return [Said(*each) for each in json.loads(finished.stdout)]


def _server(database: Database, redis_url: str) -> LiveServer:
    # Limits would count in Redis what the load sends.
    return LiveServer(
        database_url=database.url, redis_url=redis_url, AUTH_REQUIRED="true", LIVE_PORT="0", LIMIT_PER_PRINCIPAL=""
    )


def _open_wallet(client: Client, number: int) -> str:
    status, wallet = client.ask("POST", "/api/wallets/", label=f"Drill {number}", balance=str(OPENING))
    _check(status == 201, f"A wallet was not opened: {status}.")
    return str(wallet["id"])


def _balance(client: Client, wallet: str) -> Decimal:
    _, found = client.ask("GET", f"/api/wallets/{wallet}/")
    return Decimal(found["attributes"]["balance"])  # type: ignore[index]


def _id(key: str) -> str:
    return key[5:15]


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise DrillError(problem)
