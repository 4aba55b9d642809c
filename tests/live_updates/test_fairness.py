"""The live server's work for one client delays no other, and is bounded for each connection."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from graphql_api.live.budgets import Budget
from graphql_api.live.results import Results
from tests.live_updates.clients import BALANCE, TIMEOUT_SECONDS, open_events, open_socket
from tests.live_updates.conftest import LiveUpdates
from walletsvc.events.workers import Job, Workers

HANG_SECONDS = 20.0
"""A client without an answer by then hangs. That it does not wait for others' work, the number of answers shows."""


def heavy(size: int = 100) -> str:
    """Return a subscription to 45 pages of a wallet's transactions."""
    pages = " ".join(
        f"p{number}: transactions(first: {size}, filters: {{amount: {{gt: -{number}}}}})"
        " { edges { node { txid amount description createdAt } } }"
        for number in range(1, 46)
    )
    return f"subscription ($wallet: ID!) {{ walletBalance(id: $wallet) {{ sequence {pages} }} }}"


def test_a_client_is_answered_while_results_of_others_are_made(live_updates: LiveUpdates) -> None:
    rounds = 5
    wallet = live_updates.open_wallet("0")
    for _ in range(100):
        live_updates.post(wallet)
    with ExitStack() as stack:
        other, *sockets = [stack.enter_context(open_socket(live_updates.url)) for _ in range(6)]
        for number, socket in enumerate(sockets):
            # Different texts: nothing is shared.
            socket.subscribe(heavy().replace("p1:", f"q{number}:"), wallet=wallet)
        for socket in sockets:
            assert socket.next()["sequence"] == 100
        answered = 0
        with ThreadPoolExecutor(len(sockets)) as threads:
            for sequence in range(101, 101 + rounds):
                live_updates.post(wallet)
                coming = [threads.submit(socket.next) for socket in sockets]
                while not all(each.done() for each in coming):
                    other.send(type="ping")
                    assert other.receive(HANG_SECONDS) == {"type": "pong"}
                    # Before the first result it is unknown whether any is being computed yet.
                    answered += any(each.done() for each in coming)
                assert [each.result()["sequence"] for each in coming] == [sequence] * len(sockets)
    # On the event loop, each result holds up everyone: a ping or two are answered between two of them.
    assert answered > rounds * 2 * (len(sockets) - 1)


def test_the_subscriptions_of_a_connection_have_a_budget(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    with open_socket(live_updates.url) as socket:
        for name in ("1", "2"):
            socket.subscribe(heavy(), name=name, wallet=wallet)
            assert socket.next(name)["sequence"] == 0
        socket.subscribe(heavy(), name="3", wallet=wallet)
        message = socket.receive()
        assert (message["type"], message["id"]) == ("error", "3")
        [error] = message["payload"]
        cost = 45 * 101 + 1
        assert error["extensions"] == {"code": "graphql_too_costly", "limit": 10_000, "cost": 3 * cost}
        # The others continue, a small one fits in, and an ended one gives back its share.
        socket.subscribe(BALANCE, name="small", wallet=wallet)
        assert socket.next("small")["sequence"] == 0
        socket.send(id="1", type="complete")
        socket.subscribe(heavy(), name="1", wallet=wallet)
        assert socket.next("1")["sequence"] == 0
    with open_events(live_updates.url, {"query": heavy(), "variables": {"wallet": wallet}}) as events:
        assert events.next()[0] == "next"


def test_the_texts_of_a_connection_have_a_budget(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    query = BALANCE + "#" * 49_000
    with open_socket(live_updates.url) as socket:
        for number in range(4):
            socket.subscribe(query, name=str(number), wallet=wallet)
            assert socket.next(str(number))["sequence"] == 0
        socket.subscribe(query, name="more", wallet=wallet)
        message = socket.receive()
        assert (message["type"], message["id"]) == ("error", "more")
        assert message["payload"][0]["extensions"] == {"code": "graphql_too_long", "limit": 200_000}


def test_a_budget_is_given_back_whatever_happens() -> None:
    budget = Budget()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.hold(6_000, 120_000):
            raise ZeroDivisionError
    with budget.hold(6_000, 120_000):
        pass


def run(work: Any) -> None:
    asyncio.run(asyncio.wait_for(work, TIMEOUT_SECONDS))


class Gate:
    """Work that runs when permitted, and records when it began."""

    def __init__(self, begun: list[str], name: str) -> None:
        self.opened = threading.Event()
        self._begun = begun
        self._name = name

    def __call__(self) -> str:
        self._begun.append(self._name)
        assert self.opened.wait(TIMEOUT_SECONDS)
        return self._name


def test_clients_have_a_turn_each() -> None:
    async def work() -> None:
        workers, begun = Workers(1, name="test"), []
        gates = {name: Gate(begun, name) for name in ("a1", "a2", "a3", "b1", "c1")}
        tasks = [asyncio.create_task(workers.run(gate, name[0])) for name, gate in gates.items()]
        for gate in gates.values():
            gate.opened.set()
        assert await asyncio.gather(*tasks) == list(gates)
        assert begun == ["a1", "a2", "b1", "c1", "a3"] or begun == ["a1", "b1", "c1", "a2", "a3"]
        workers.close()

    run(work())


def test_equal_jobs_run_at_the_first_turn_of_their_clients() -> None:
    async def work() -> None:
        workers, begun = Workers(1, name="test"), []
        first, shared, others = Gate(begun, "first"), Gate(begun, "shared"), [Gate(begun, "other") for _ in range(5)]
        for gate in (first, shared, *others):
            gate.opened.set()
        job = Job(shared)
        tasks = [asyncio.create_task(workers.run(gate, "busy")) for gate in (first, *others)]
        tasks += [asyncio.create_task(workers.wait_for(job, client)) for client in ("busy", "quick", "late")]
        await asyncio.gather(*tasks)
        assert begun.count("shared") == 1
        assert begun.index("shared") <= 2
        workers.close()

    run(work())


def test_an_abandoned_job_is_not_run_and_leaves_nothing() -> None:
    async def work() -> None:
        workers, begun = Workers(1, name="test"), []
        running, left = Gate(begun, "running"), Gate(begun, "left")
        results = Results(workers)
        busy = asyncio.create_task(workers.run(running, "a"))
        waiting = [asyncio.create_task(results.get("place", left, client)) for client in ("a", "b", "b")]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not workers._queues
        assert not results._building
        running.opened.set()
        assert await busy == "running"
        assert await workers.run(lambda: "next", "b") == "next"
        assert begun == ["running"]
        workers.close()

    run(work())


def test_a_job_fails_for_all_waiters_and_the_thread_continues() -> None:
    def fail() -> str:
        raise LookupError

    async def work() -> None:
        workers = Workers(1, name="test")
        job = Job(fail)
        waiting = [asyncio.create_task(workers.wait_for(job, client)) for client in range(3)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in found] == [LookupError] * 3
        assert await workers.run(lambda: 1, 1) == 1
        workers.close()

    run(work())


def test_results_are_kept_within_a_bound_of_bytes() -> None:
    async def work() -> None:
        workers = Workers(1, name="test")
        results = Results(workers, max_bytes=10_000)
        for number in range(50):
            assert await results.get(number, lambda: "x" * 400, "client") == "x" * 400
        assert len(results._texts) == 10
        assert results._texts.bytes <= 10_000
        # A kept result is not computed again, and one larger than the limit leaves the others alone.
        assert await results.get("large", lambda: "y" * 10_000, "client") == "y" * 10_000
        assert await results.get(45, lambda: "other", "client") == "x" * 400
        # Four bytes for each character.
        for number in range(50):
            wide = chr(0x1F4B0) * 400
            assert await results.get(f"wide {number}", lambda text=wide: text, "client") == wide
        assert len(results._texts) == 4
        workers.close()

    run(work())
