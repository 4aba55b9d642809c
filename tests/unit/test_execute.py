"""How commands run: in what order of steps, and which outcome each caller gets."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from tests.unit.executing import ALICE, BAD, BATCHES, EMPTY, GONE, SINGLE, TAKEN, A, B, World, Write, alone, moment
from walletsvc import errors
from walletsvc.commands import execute as executing
from walletsvc.commands import lock_order
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.outcomes import Done, Failed, Outcome, Refused, RetryAlone
from walletsvc.commands.runner import Runner
from walletsvc.principals import Principal

pytestmark = pytest.mark.without_engine


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


def test_a_command_joins_those_who_wait_for_its_wallet(world: World) -> None:
    world.outcomes = [(Done(["A"]), False)] * 3
    world.lanes |= {
        SINGLE,
        replace(SINGLE, wallet=8),
        replace(SINGLE, principal=replace(ALICE, subject="b"), wallet=7),
    }
    for wallets in ((7, 8), (7, 9)):
        execute(Write("A", wallets=wallets), by=ALICE, clock=moment)
    execute_all([Write("A", wallets=(8,))], by=ALICE, clock=moment)
    assert [runner for runner, _, _ in world.queued] == [replace(SINGLE, wallet=8), SINGLE, BATCHES]


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

    monkeypatch.setattr("walletsvc.commands.needs.within_reach", within_reach)
    amended = Write("A", transaction=5)
    SINGLE.alone([amended])
    assert [each for each in world.done if each[0] == "lock"] == [("lock", [7, 12], True)]


def test_who_waits_for_a_wallet_holds_no_other(world: World) -> None:
    world.skipped = [(8,), (7,)]
    assert SINGLE.alone([Write("A", wallets=(7, 8, 9))]) == Done(["A is stored"])
    tries = [("lock", [7, 8, 9], True), ("lock", [7, 8, 9], True, 8), ("lock", [7, 8, 9], True, 7)]
    assert [each for each in world.done if each[0] == "lock"] == tries
    assert world.done[-2:] == ["A", "complete"]


@pytest.mark.parametrize(("skipped", "again"), [((7, 8), []), ((7,), [7])])
def test_who_finds_all_wallets_locked_waits_for_all_in_order(
    world: World, skipped: tuple[int, ...], again: list[int]
) -> None:
    world.skipped = [skipped]
    SINGLE.alone([Write("A", wallets=(7, 8))])
    first = ["begin", ("lock", [7, 8], True)]
    then = ["again", "begin", ("lock", [7, 8], True, *again)] if again else [("lock", [7, 8], False)]
    assert world.done == [*first, *then, "A", "complete"]


def test_who_needs_other_wallets_by_now_does_not_wait_for_one_of_before(world: World) -> None:
    assert replace(SINGLE, wallet=5).alone([Write("A", wallets=(7, 8))]) == Done(["A is stored"])
    assert world.done[1] == ("lock", [7, 8], True)


def test_who_never_finds_all_wallets_free_waits_for_one_after_the_other(world: World) -> None:
    world.skipped = [(8,), (9,), (8,)]
    assert replace(SINGLE, wallet=9).alone([Write("A", wallets=(7, 8, 9))]) == Done(["A is stored"])
    locks = [each for each in world.done if each[0] == "lock"]
    assert [each[3:] for each in locks] == [(9,), (8,), (9,), ()]
    assert locks[-1] == ("lock", [7, 8, 9], False)


def test_where_nothing_can_be_skipped_all_are_locked_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_order.statements, "can_skip_locked", lambda: False)
    SINGLE.alone([Write("A", wallets=(8, 7))])
    assert world.done == alone("A", wallets=(7, 8))


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
