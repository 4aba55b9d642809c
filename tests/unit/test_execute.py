"""How commands run: alone or with others, in what order of steps, and which outcome each caller gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from walletsvc import errors
from walletsvc.commands import execute as executing
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.execute import Runner, execute, execute_all
from walletsvc.commands.inputs import LocalId, Reference
from walletsvc.commands.outcomes import Done, Failed, Outcome, Refused, RetryAlone
from walletsvc.commands.retry import Outdated
from walletsvc.principals import Principal

pytestmark = pytest.mark.without_engine

ALICE = Principal("alice", frozenset({"transactions:write"}), owner="a")
EMPTY = errors.InsufficientFunds("Not enough.")
TAKEN = errors.DuplicateTxid("Another has it.")
GONE = errors.NotFound("There is none.")
BAD = errors.Invalid("It has no form.", field="txid")


def moment() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Write(Command[str]):
    """A command that tells the ledger its name, and is refused or not."""

    name: str  # type: ignore[misc]  # a class attribute elsewhere
    wallets: tuple[Reference, ...] = (7,)
    refusal: Exception | None = None
    duplicate: errors.WalletError | Exception | None = None
    shares_commit: bool = True
    transaction: Reference | None = None
    scope = "transactions:write"

    def locks(self) -> Locks:
        return Locks(self.wallets, self.transaction)

    def apply(self, ledger: Any) -> str:
        ledger.world.done.append(self.name)
        ledger.posts += 1
        if self.refusal is not None:
            raise self.refusal
        return f"{self.name} is stored"

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        assert principal is ALICE
        if isinstance(self.duplicate, errors.WalletError) or self.duplicate is None:
            return self.duplicate
        raise self.duplicate


class OpenLedger:
    """A ledger that records what it is told."""

    def __init__(self, world: World, touched: dict[int, str]) -> None:
        self.world = world
        self.touched = touched
        self.posts = 0

    def lock(
        self, wallet_ids: Iterable[int], *, skip_locked: bool = False, waits_for: int | None = None
    ) -> Sequence[int]:
        waiting = () if waits_for is None else (waits_for,)
        self.world.done.append(("lock", sorted(wallet_ids), skip_locked, *waiting))
        self.touched.update(self.owners_of(wallet_ids))
        return self.world.skipped.pop(0) if skip_locked and self.world.skipped else ()

    def mark(self) -> int:
        return self.posts

    def owners_of(self, wallet_ids: Iterable[int]) -> dict[int, str]:
        return {each: f"owner of {each}" for each in wallet_ids}

    def take_back(self, posts: int) -> None:
        self.world.done.append(("take back to", posts))
        self.posts = posts

    def complete(self) -> None:
        self.world.done.append("complete")


@dataclass
class World:
    """A ledger, a transaction and a queue that record what they are asked."""

    done: list[Any] = field(default_factory=list)
    queued: list[Any] = field(default_factory=list)
    outcomes: list[tuple[Outcome, bool]] = field(default_factory=list)
    """What the queue answers: outcome, and whether it ran alone."""
    find_duplicate: Callable[[], Refused | None] | None = None
    touched: dict[int, str] = field(default_factory=dict)
    """What the cache is told of."""
    is_committing: bool = False
    """Of an attempt whose work is done, or has failed."""
    dropped: list[object] = field(default_factory=list)
    skipped: list[Sequence[int]] = field(default_factory=list)
    """The wallets that others hold each time when they may be skipped."""

    def open_ledger(self, *, principal: Principal, clock: object, touched: dict[int, str]) -> OpenLedger:
        assert (principal, clock) == (ALICE, moment)
        return OpenLedger(self, touched)

    def durably(self, work: Callable[..., Any], *, find_duplicate: Callable[[], Refused | None]) -> Any:
        self.find_duplicate = find_duplicate
        while True:
            try:
                return self.run(work)
            except Outdated:
                self.done.append("again")

    def run(self, work: Callable[..., Any]) -> Any:
        self.done.append("begin")
        return work(self.touched)

    def set_rollback(self, rollback: object) -> None:
        assert rollback is True
        self.done.append("roll back")

    def queue(self, runner: Runner, batch: Sequence[Any], **limits: Any) -> tuple[Outcome, bool]:
        self.queued.append((runner, batch, limits))
        return self.outcomes.pop(0)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(executing, "Ledger", world.open_ledger)
    monkeypatch.setattr(executing, "durably", world.durably)
    monkeypatch.setattr(executing, "Attempt", lambda: world)
    monkeypatch.setattr(executing, "transaction", world)
    monkeypatch.setattr(executing, "connection", SimpleNamespace(in_atomic_block=False))
    monkeypatch.setattr(executing, "drop_useless_connection", world.dropped.append)
    monkeypatch.setattr(executing, "_queue", SimpleNamespace(run=world.queue))
    monkeypatch.setattr(executing.statements, "can_skip_locked", lambda: True)
    return world


def alone(*names: str, wallets: Sequence[int] = (7,)) -> list[Any]:
    """Return the steps of commands that are stored in a transaction of their own."""
    return ["begin", ("lock", list(wallets), False), *names, "complete"]


A, B = Write("A"), Write("B", wallets=(9, 8))
SINGLE, BATCHES = Runner(ALICE, moment), Runner(ALICE, moment, waits=True)


# -- one command ---------------------------------------------------------------------------------------


def test_a_command_that_does_not_share_runs_alone(world: World) -> None:
    assert execute(Write("A", shares_commit=False), by=ALICE, clock=moment) == "A is stored"
    assert (world.done, world.queued) == (alone("A"), [])
    assert world.touched == {7: "owner of 7"}


def test_a_command_inside_of_a_transaction_runs_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "connection", SimpleNamespace(in_atomic_block=True))
    assert execute(A, by=ALICE, clock=moment) == "A is stored"
    outcome = execute_all([A, B], by=ALICE, clock=moment)
    assert outcome == Done(["A is stored", "B is stored"])
    assert (world.done, world.queued) == (alone("A") + alone("A", "B", wallets=(7, 8, 9)), [])


def test_a_command_that_shares_is_queued(world: World) -> None:
    world.outcomes = [(Done(["first", "second"]), True)]
    assert execute(A, by=ALICE, clock=moment) == "first"
    assert (world.done, world.queued) == ([], [(SINGLE, [A], {})])


@pytest.mark.parametrize("shares", [True, False])
def test_the_refusal_of_a_command_is_raised(world: World, shares: bool) -> None:
    world.outcomes = [(Refused(0, BAD), True)]
    with pytest.raises(errors.Invalid) as caught:
        execute(Write("A", refusal=BAD, shares_commit=shares), by=ALICE, clock=moment)
    assert caught.value is BAD


# -- a batch -------------------------------------------------------------------------------------------


def test_batches_are_queued_by_their_size(world: World) -> None:
    world.outcomes = [(Done(["A", "B"]), False)]
    assert execute_all([A, B], by=ALICE, clock=moment) == Done(["A", "B"])
    limits = {"size": 2, "limit": 500, "patience_seconds": 0.5}
    assert (world.done, world.queued) == ([], [(BATCHES, [A, B], limits)])


@pytest.mark.parametrize("last", [Write("B", shares_commit=False), BAD])
def test_a_batch_with_anything_that_does_not_share_runs_alone(world: World, last: Any) -> None:
    execute_all([A, last], by=ALICE, clock=moment)
    assert (world.done[:3], world.queued) == (["begin", ("lock", [7], False), "A"], [])


def test_a_batch_as_large_as_a_group_runs_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing, "SHARED_COMMANDS", 3)
    world.outcomes = [(Done([]), True)]
    execute_all([A, A], by=ALICE, clock=moment)
    assert (world.done, len(world.queued)) == ([], 1)
    execute_all([A, A, A], by=ALICE, clock=moment)
    assert (world.done, len(world.queued)) == (alone("A", "A", "A"), 1)


# -- alone ---------------------------------------------------------------------------------------------


def test_a_batch_locks_all_its_wallets_and_runs_in_order(world: World) -> None:
    # An object of the batch itself is not there yet, and a refusal in the place of a command needs nothing.
    found = BATCHES.alone([B, Write("C", wallets=(LocalId(), 7)), Write("D", wallets=(8,))])
    assert found == Done(["B is stored", "C is stored", "D is stored"])
    assert world.done == alone("B", "C", "D", wallets=(7, 8, 9))


@pytest.mark.parametrize("batch", [[A, Write("B", refusal=BAD), A], [A, BAD, A]])
def test_the_first_refusal_takes_all_of_a_batch_back(world: World, batch: list[Any]) -> None:
    assert BATCHES.alone(batch) == Refused(1, BAD)
    assert [each for each in world.done if each != "B"] == ["begin", ("lock", [7], False), "A", "roll back"]


def test_a_fault_of_a_command_is_raised(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        BATCHES.alone([A, Write("B", refusal=ZeroDivisionError())])
    assert "complete" not in world.done


def test_a_refusal_alone_is_explained(world: World) -> None:
    assert BATCHES.alone([A, Write("B", refusal=EMPTY, duplicate=TAKEN)]) == Refused(1, TAKEN)


def test_the_first_command_whose_name_is_taken_is_found(world: World) -> None:
    other = errors.DuplicateLabel("Another has it.")
    BATCHES.alone([BAD, A, Write("B", duplicate=TAKEN), Write("C", duplicate=other)])
    assert world.find_duplicate is not None
    assert world.find_duplicate() == Refused(2, TAKEN)
    BATCHES.alone([BAD, A])
    assert world.find_duplicate() is None


def test_the_wallet_of_a_transaction_is_locked_as_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def within_reach(_rows: object, principal: Principal) -> Any:
        assert principal is ALICE
        return SimpleNamespace(values_list=lambda *_, **__: [12])

    monkeypatch.setattr(executing, "within_reach", within_reach)
    amended = Write("A", transaction=5)
    SINGLE.alone([amended])
    SINGLE.together([[amended]])
    locks = [each for each in world.done if each[0] == "lock"]
    assert locks == [("lock", [7, 12], True), ("lock", [7, 12], True)]


def test_who_waits_for_a_wallet_holds_no_other(world: World) -> None:
    world.skipped = [(8,), (7,)]
    assert SINGLE.alone([Write("A", wallets=(7, 8, 9))]) == Done(["A is stored"])
    tries = [("lock", [7, 8, 9], True), ("lock", [7, 8, 9], True, 8), ("lock", [7, 8, 9], True, 7)]
    assert [each for each in world.done if each[0] == "lock"] == tries
    assert world.done[-2:] == ["A", "complete"]


def test_who_never_finds_all_wallets_free_waits_for_one_after_the_other(world: World) -> None:
    world.skipped = [(8,), (9,), (8,)]
    assert replace(SINGLE, wallet=9).alone([Write("A", wallets=(7, 8, 9))]) == Done(["A is stored"])
    locks = [each for each in world.done if each[0] == "lock"]
    assert [each[3:] for each in locks] == [(9,), (8,), (9,), ()]
    assert locks[-1] == ("lock", [7, 8, 9], False)


def test_where_nothing_can_be_skipped_all_are_locked_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executing.statements, "can_skip_locked", lambda: False)
    SINGLE.alone([Write("A", wallets=(8, 7))])
    assert world.done == alone("A", wallets=(7, 8))


# -- together ------------------------------------------------------------------------------------------


def test_batches_together_are_refused_each_for_itself(world: World) -> None:
    new = LocalId()
    new.id = 4
    found = BATCHES.together(
        [
            [Write("A", wallets=(7, new)), B],
            [Write("C", wallets=(5,)), Write("D", wallets=(5,)), Write("E", refusal=EMPTY), A],
            [Write("F", wallets=(6,))],
        ]
    )
    assert found == [Done(["A is stored", "B is stored"]), Refused(2, EMPTY), Done(["F is stored"])]
    lock = ("lock", [5, 6, 7, 8, 9], False)
    assert world.done == ["begin", lock, "A", "B", "C", "D", "E", ("take back to", 2), "F", "complete"]
    # Readers of the refused batch's wallets keep what they have.
    assert world.touched == {number: f"owner of {number}" for number in (4, 6, 7, 8, 9)}


def test_nothing_is_stored_if_all_are_refused(world: World) -> None:
    found = SINGLE.together([[Write("A", refusal=EMPTY)], [BAD]])
    assert found == [Refused(0, EMPTY), Refused(0, BAD)]
    back = ("take back to", 0)
    assert world.done == ["begin", ("lock", [7], False), "A", back, back, "roll back"]


@pytest.mark.parametrize(
    ("runner", "wallets", "passes_over"),
    [(SINGLE, (7, 8), True), (SINGLE, (7,), False), (BATCHES, (7, 8), False), (BATCHES, (7,), False)],
)
def test_single_posts_pass_over_locked_wallets(
    world: World, runner: Runner, wallets: tuple[int, ...], passes_over: bool
) -> None:
    world.skipped = [(7,)]
    found = runner.together([[Write("A", wallets=wallets)], [Write("B", wallets=wallets[:1], refusal=GONE)]])
    assert world.done[1] == ("lock", list(wallets), passes_over)
    # A wallet that is missing may be one that was passed over.
    assert found == [Done(["A is stored"]), RetryAlone(7) if passes_over else Refused(0, GONE)]


def test_a_group_that_waits_for_one_wallet_passes_over_the_others(world: World) -> None:
    world.skipped = [(8,)]
    runner = replace(SINGLE, wallet=7)
    found = runner.together([[Write("A", wallets=(7, 8), refusal=GONE)], [Write("B", refusal=GONE)]])
    assert world.done[1] == ("lock", [7, 8], True, 7)
    # The one that it waited for does not exist.
    assert found == [RetryAlone(), Refused(0, GONE)]


def test_a_batch_whose_first_command_needs_no_wallet_waits_for_none(world: World) -> None:
    found = SINGLE.together([[BAD], [Write("A", wallets=()), Write("B", wallets=(8, 9), refusal=GONE)]])
    assert found[1] == Refused(1, GONE)


@pytest.mark.parametrize("is_committing", [True, False])
def test_an_interrupt_is_the_leaders(world: World, is_committing: bool) -> None:
    world.is_committing, interrupt = is_committing, KeyboardInterrupt()
    first, *rest = SINGLE.together([[Write("A", refusal=interrupt)], [B], [B]])  # type: ignore[arg-type]
    assert first == Failed(interrupt)
    for each in rest:
        if is_committing:
            assert isinstance(each, Failed)
            assert isinstance(each.error, errors.Unavailable)
        else:
            assert each == RetryAlone()
    assert (len(rest), world.dropped) == (2, [])


def test_a_connection_is_dropped_after_an_error_of_the_database(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: "mysql")
    lost = OperationalError(2013, "Lost connection to server during query")
    found = SINGLE.together([[Write("A", refusal=lost)], [B]])
    assert [type(each.error) for each in found if isinstance(each, Failed)] == [errors.Unavailable] * 2
    assert world.dropped == [lost]


# -- what becomes of an outcome ------------------------------------------------------------------------


def share(world: World, batch: list[Any], *outcomes: tuple[Outcome, bool]) -> Done | Refused:
    world.outcomes = list(outcomes)
    outcome = executing._share(SINGLE, batch)
    assert world.outcomes == []
    return outcome


def test_a_failure_is_raised(world: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        share(world, [A], (Failed(KeyboardInterrupt()), False))


def test_who_must_run_alone_does(world: World) -> None:
    assert share(world, [A], (RetryAlone(), False)) == Done(["A is stored"])
    assert (world.done, world.queued) == (alone("A"), [(SINGLE, [A], {})])


def test_those_that_need_the_same_locked_wallet_wait_for_it_together(world: World) -> None:
    done = Done(["A"])
    assert share(world, [A], (RetryAlone(7), False), (done, False)) is done
    assert (world.done, world.queued) == ([], [(SINGLE, [A], {}), (Runner(ALICE, moment, wallet=7), [A], {})])


def test_a_refusal_is_explained_where_it_was_not_yet(world: World) -> None:
    batch = [A, Write("B", duplicate=TAKEN)]
    assert share(world, batch, (Refused(1, EMPTY), False)) == Refused(1, TAKEN)
    assert share(world, batch, (Refused(1, EMPTY), True)) == Refused(1, EMPTY)
    assert world.done == []


def test_a_batch_runs_alone_if_its_refusal_cannot_be_explained(world: World) -> None:
    batch = [Write("A", duplicate=OperationalError("the database is away"))]
    assert share(world, batch, (Refused(0, EMPTY), False)) == Done(["A is stored"])
    assert world.done == alone("A")


@pytest.mark.parametrize("refusal", [EMPTY, errors.OutOfRange("Too large."), errors.PrecisionExceeded("Too exact.")])
def test_a_repeated_post_learns_that_it_is_stored(refusal: errors.WalletError) -> None:
    batch = [A, Write("B", duplicate=TAKEN)]
    assert SINGLE.explain(batch, Refused(1, refusal)) == Refused(1, TAKEN)
    assert SINGLE.explain([A], Refused(0, refusal)) == Refused(0, refusal)


def test_other_refusals_stand(world: World) -> None:
    batch: list[Any] = [Write("A", duplicate=TAKEN), EMPTY]
    for refused in (Refused(0, GONE), Refused(1, EMPTY)):
        assert SINGLE.explain(batch, refused) is refused
