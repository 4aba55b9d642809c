"""Callers who come at the same time, and so share a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.services import performing
from walletsvc.services.performing import perform_all
from walletsvc.services.transactions import create_transaction, prepare_create_transaction

TIMEOUT = 30


class Company:
    """Callers in threads who all come while somebody is at work, and so are served together."""

    def __init__(self, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pool = pool
        self.transactions = 0

        def count(work: Callable[..., Any]) -> Any:
            self.transactions += 1
            return attempt(work)

        attempt = performing.attempt
        monkeypatch.setattr(performing, "attempt", count)

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
        assert performing._queue._lanes == {}
        return results

    @contextmanager
    def busy(self, principal: Principal, *, waits: bool = False) -> Iterator[Any]:
        """Let somebody be at work for the principal: with single posts or, where they wait, with batches."""
        key, event = performing._Group(principal, timezone.now, waits=waits), threading.Event()

        def work(_job: object) -> None:
            assert event.wait(TIMEOUT)

        leader = self._pool.submit(performing._queue.run, key, None, alone=work, together=lambda _jobs: [])
        wait_for(lambda: key in performing._queue._lanes)
        yield performing._queue._lanes[key]
        event.set()
        leader.result(TIMEOUT)


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(TIMEOUT * 1000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("It did not come to that in time.")


def post(wallet: Wallet | int, amount: str, txid: str, principal: Principal = ANYONE) -> Callable[[], Transaction]:
    wallet_id = wallet if isinstance(wallet, int) else wallet.id
    return partial(create_transaction, principal=principal, txid=txid, wallet_id=wallet_id, amount=amount)


def codes(results: Sequence[Any]) -> list[str]:
    return ["done" if isinstance(each, Transaction | list) else getattr(each, "code", repr(each)) for each in results]


def post_all(*posts: tuple[Wallet | int, str, str]) -> Callable[[], list[Transaction]]:
    """Return the call that posts all of these or none: wallet, amount and txid of each."""
    batch = [
        prepare_create_transaction(
            principal=ANYONE, txid=txid, wallet_id=wallet if isinstance(wallet, int) else wallet.id, amount=amount
        )
        for wallet, amount, txid in posts
    ]
    return partial(perform_all, batch, principal=ANYONE, clock=timezone.now)
