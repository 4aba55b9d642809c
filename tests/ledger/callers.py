"""Callers that arrive at the same time, and so share a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.writes import capture_hold, create_hold, post_transaction, post_transfer
from walletsvc.commands import execute as executing
from walletsvc.commands import runner
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.commands.retry import Attempt
from walletsvc.commands.transactions import PostTransaction
from walletsvc.models import Hold, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, Principal

TIMEOUT = 30


class AtWork(runner.Runner):
    """A worker whose job takes until an event is set. Equal to workers that should wait for it."""

    def alone(self, job: Any) -> Any:
        assert job.wait(TIMEOUT)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, runner.Runner) and astuple(self) == astuple(other)

    __hash__ = runner.Runner.__hash__


class Company:
    """Callers in threads who all come while somebody is at work, and so are served together."""

    def __init__(self, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pool = pool
        self.transactions = 0

        company = self

        class Counted(Attempt):
            def run(self, work: Callable[..., Any]) -> Any:
                company.transactions += 1
                return super().run(work)

        monkeypatch.setattr(runner, "Attempt", Counted)

    def start(self, call: Callable[[], object]) -> Future[Any]:
        def run() -> object:
            try:
                return call()
            finally:
                connection.close()

        return self._pool.submit(run)

    def join(
        self, calls: Sequence[Callable[[], object]], *, principal: Principal = ANYONE, waits: bool = False
    ) -> list[Future[Any]]:
        """Let the calls come one after the other while somebody is at work; the first of them leads."""
        with self.busy(principal, waits=waits) as lane:
            futures = []
            for number, call in enumerate(calls, start=1):
                futures.append(self.start(call))
                wait_for(lambda number=number: len(lane.waiting) == number)
        return futures

    def gather(
        self, calls: Sequence[Callable[[], object]], *, principal: Principal = ANYONE, waits: bool = False
    ) -> list[Any]:
        """Return what each call returned or raised, in their order; the first of them leads."""
        results = [
            each.exception(TIMEOUT) or each.result() for each in self.join(calls, principal=principal, waits=waits)
        ]
        assert executing._queue._lanes == {}
        return results

    @contextmanager
    def busy(self, principal: Principal, *, waits: bool = False) -> Iterator[Any]:
        """Let somebody be at work for the principal: with single posts or, where they wait, with batches."""
        key, event = AtWork(principal, timezone.now, waits=waits), threading.Event()
        leader = self._pool.submit(executing._queue.run, key, event)  # type: ignore[arg-type]
        wait_for(lambda: key in executing._queue._lanes)
        yield executing._queue._lanes[key]
        event.set()
        leader.result(TIMEOUT)


class Holder:
    """Another client that holds a wallet's lock until `release`."""

    def __init__(self, company: Company, wallet: Wallet) -> None:
        self.release = threading.Event()
        self._locked = threading.Event()
        self._future = company.start(lambda: self._hold(wallet))
        assert self._locked.wait(TIMEOUT)

    def _hold(self, wallet: Wallet) -> None:
        with transaction.atomic():
            assert Wallet.objects.select_for_update().filter(id=wallet.id).first() is not None
            self._locked.set()
            assert self.release.wait(TIMEOUT)


needs_row_locks = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks the whole database")


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(TIMEOUT * 1000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("It did not come to that in time.")


def post(wallet: Wallet | int, amount: str, txid: str, principal: Principal = ANYONE) -> Callable[[], Transaction]:
    wallet_id = wallet if isinstance(wallet, int) else wallet.id
    return partial(post_transaction, principal=principal, txid=txid, wallet_id=wallet_id, amount=amount)


def move(source: Wallet, destination: Wallet, amount: str, txid: str) -> Callable[[], Transfer]:
    values = {"source": source.id, "destination": destination.id, "amount": amount}
    return partial(post_transfer, principal=ANYONE, txid=txid, **values)


def hold(wallet: Wallet, amount: str, txid: str, **values: object) -> Callable[[], Hold]:
    return partial(create_hold, principal=ANYONE, txid=txid, wallet_id=wallet.id, amount=amount, **values)


def capture(held: Hold, txid: str, **values: object) -> Callable[[], Transaction]:
    return partial(capture_hold, principal=ANYONE, hold_id=held.id, txid=txid, **values)


def codes(results: Sequence[Any]) -> list[str]:
    return [_code(each.error if isinstance(each, Refused) else each) for each in results]


def _code(result: object) -> str:
    if isinstance(result, Transaction | Transfer | Hold | Done):
        return "done"
    return getattr(result, "code", repr(result))


def post_all(*posts: tuple[Wallet | int, str, str]) -> Callable[[], Done | Refused]:
    """Return the call that posts all of these or none: wallet, amount and txid of each."""
    batch = [
        PostTransaction.parse(
            {"txid": txid, "wallet": wallet if isinstance(wallet, int) else wallet.id, "amount": amount}
        )
        for wallet, amount, txid in posts
    ]
    return partial(executing.execute_all, batch, by=ANYONE)
