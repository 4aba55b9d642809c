"""When a write is tried again, how often, and what is raised in the end: attempts that fail as they are told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from walletsvc import errors
from walletsvc.commands import retry
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.retry import Attempt, Outdated, durably

pytestmark = pytest.mark.without_engine

DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")
INTERRUPTED = OperationalError(1317, "Query execution was interrupted")
READ_ONLY = OperationalError(1290, "The server is running with the --read-only option")
LOST = OperationalError(2013, "Lost connection to server during query")
DUPLICATE = IntegrityError(1062, "Duplicate entry")
FAULT = OperationalError(1064, "You have an error in your SQL syntax")

BUSY = "Concurrent writes are in the way. Try again."
REFUSES = "The database refuses this at the moment."
UNKNOWN = errors.outcome_unknown().message
TAKEN = Refused(3, errors.DuplicateTxid("Another has it."))


class Stage:
    """A clock, pauses, and attempts that end as `script` says: in a result, or an error, before COMMIT or at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.script: list[Any] = []
        self.tried = 0
        self.slept: list[float] = []
        self.times: list[float] = []
        self.dropped: list[object] = []
        stage = self

        class Scripted(Attempt):
            def run(self, given: Any) -> Any:
                assert given is work
                stage.tried += 1
                end = stage.script.pop(0)
                end, self.is_committing = end if isinstance(end, tuple) else (end, False)
                if isinstance(end, Exception):
                    raise end
                return end

        def uniform(least: float, most: float) -> float:
            assert least == 0
            return most

        monkeypatch.setattr(retry, "Attempt", Scripted)
        monkeypatch.setattr(retry, "random", SimpleNamespace(uniform=uniform))
        monkeypatch.setattr(retry, "time", SimpleNamespace(monotonic=self.now, sleep=self.slept.append))
        monkeypatch.setattr(retry, "drop_useless_connection", self.dropped.append)
        monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: "mysql")

    def now(self) -> float:
        return self.times.pop(0) if self.times else 0.0

    def run(self, *script: Any, find_duplicate: Any = None) -> object:
        """Return what comes of it: the result, or the message of the refusal."""
        self.script = list(script)
        named = {"find_duplicate": find_duplicate} if find_duplicate else {}
        try:
            return durably(work, **named)
        except errors.WalletError as refusal:
            return refusal.message


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


@pytest.mark.parametrize(
    ("script", "outcome", "tried"),
    [
        (["done"], "done", 1),
        ([DEADLOCK, DEADLOCK, "done"], "done", 3),
        ([(DEADLOCK, True), "done"], "done", 2),
        ([Outdated(), "done"], "done", 2),
        ([Outdated()] * 10, BUSY, 10),
        ([DEADLOCK] * 10, BUSY, 10),
        # One server refuses; the next connection may lead to another.
        ([READ_ONLY, "done"], "done", 2),
        ([READ_ONLY, READ_ONLY], REFUSES, 2),
        ([READ_ONLY, DEADLOCK, READ_ONLY], REFUSES, 3),
        ([DEADLOCK, READ_ONLY, DEADLOCK, "done"], "done", 4),
        ([READ_ONLY, *[Outdated()] * 9], REFUSES, 10),
        ([INTERRUPTED, "done"], "done", 2),
        ([(INTERRUPTED, True)], UNKNOWN, 1),
        ([LOST], "The database does not answer.", 1),
        ([(LOST, True)], UNKNOWN, 1),
        # Whoever had the name has gone.
        ([DUPLICATE, "done"], "done", 2),
    ],
)
def test_what_is_tried_again(stage: Stage, script: list[Any], outcome: object, tried: int) -> None:
    assert stage.run(*script) == outcome
    assert stage.tried == tried
    assert stage.dropped == [each[0] if isinstance(each, tuple) else each for each in script if not_an_end(each)]


def not_an_end(each: object) -> bool:
    return not isinstance(each, str | Outdated)


def test_a_fault_is_raised_as_it_is(stage: Stage) -> None:
    with pytest.raises(OperationalError) as caught:
        stage.run(DEADLOCK, FAULT)
    assert caught.value is FAULT
    assert stage.tried == 2


def test_the_holder_of_a_name_is_told(stage: Stage) -> None:
    assert stage.run(DUPLICATE, find_duplicate=lambda: TAKEN) is TAKEN
    assert stage.tried == 1


def test_who_has_a_name_is_asked_before_commit_is_sent_again(stage: Stage) -> None:
    def fail() -> None:
        raise INTERRUPTED

    # That it is interrupted leaves nothing unknown, though COMMIT had been sent: it was refused.
    assert stage.run((DUPLICATE, True), "done", find_duplicate=fail) == "done"
    assert stage.dropped == [INTERRUPTED]


def test_pauses_grow_up_to_a_limit(stage: Stage) -> None:
    assert stage.run(*[DEADLOCK] * 10) == BUSY
    assert stage.slept == [0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.25, 0.25, 0.25]


def test_no_attempt_begins_when_patience_is_over(stage: Stage) -> None:
    stage.times = [100.0, 101.0, 102.5, 102.6]
    assert stage.run(*[DEADLOCK] * 10) == BUSY
    assert (stage.tried, len(stage.slept)) == (3, 2)


# -- one attempt ---------------------------------------------------------------------------------------


class World:
    """A transaction and a publication that note what is done with them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, rolls_back: bool = False, at_commit: Any = None) -> None:
        self.done: list[object] = []
        self.at_commit = at_commit
        transaction = SimpleNamespace(atomic=self.atomic, get_rollback=lambda: rolls_back)
        monkeypatch.setattr(retry, "transaction", transaction)
        monkeypatch.setattr(retry, "Publication", lambda: self)

    @contextmanager
    def atomic(self, *, durable: bool) -> Iterator[None]:
        self.done.append(("begin", durable))
        yield
        if self.at_commit:
            raise self.at_commit
        self.done.append("end")

    def prepare(self, touched: dict[int, str]) -> None:
        self.done.append(("prepare", touched))

    def withdraw(self) -> None:
        self.done.append("withdraw")

    def complete(self) -> None:
        self.done.append("complete")


def work(touched: dict[int, str]) -> str:
    assert touched == {}
    touched[7] = "a"
    return "result"


BEGIN, PREPARE = ("begin", True), ("prepare", {7: "a"})


def test_an_attempt_publishes_what_it_has_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    world, attempt = World(monkeypatch), Attempt()
    assert attempt.run(work) == "result"
    assert world.done == [BEGIN, PREPARE, "end", "complete"]
    assert attempt.is_committing is True


def test_an_attempt_that_is_rolled_back_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, attempt = World(monkeypatch, rolls_back=True), Attempt()
    assert attempt.run(work) == "result"
    assert (world.done, attempt.is_committing) == ([BEGIN, "end"], False)


def test_an_attempt_that_fails_at_commit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    world, attempt = World(monkeypatch, at_commit=DEADLOCK), Attempt()
    with pytest.raises(OperationalError):
        attempt.run(work)
    assert (world.done, attempt.is_committing) == ([BEGIN, PREPARE, "withdraw"], True)


def test_an_attempt_that_is_interrupted_before_withdraws(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_touched: dict[int, str]) -> None:
        raise KeyboardInterrupt

    world, attempt = World(monkeypatch), Attempt()
    with pytest.raises(KeyboardInterrupt):
        attempt.run(interrupt)
    assert (world.done, attempt.is_committing) == ([BEGIN, "withdraw"], False)
