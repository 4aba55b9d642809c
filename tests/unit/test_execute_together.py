"""How commands of several callers run in one transaction, and which outcome each batch gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import OperationalError

from tests.unit.executing import BAD, BATCHES, EMPTY, GONE, SINGLE, A, B, World, Write
from walletsvc import errors
from walletsvc.commands.outcomes import Done, Failed, Refused, RetryAlone
from walletsvc.commands.runner import Runner

pytestmark = pytest.mark.without_engine


def test_batches_together_are_refused_each_for_itself(world: World) -> None:
    found = BATCHES.together(
        [
            [Write("A", wallets=(7, 4)), B],
            [Write("C", wallets=(5,)), Write("D", wallets=(5,)), Write("E", refusal=EMPTY), A],
            [Write("F", wallets=(6,))],
        ]
    )
    assert found == [Done(["A is stored", "B is stored"]), Refused(2, EMPTY), Done(["F is stored"])]
    lock = ("lock", [4, 5, 6, 7, 8, 9], False)
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


def test_a_group_whose_members_need_the_same_wallets_waits_for_them(world: World) -> None:
    world.skipped = [(7, 8)]
    assert SINGLE.together([[Write("A", wallets=(7, 8))], [Write("B", wallets=(8, 7))]]) == [
        Done(["A is stored"]),
        Done(["B is stored"]),
    ]
    assert world.done[1:3] == [("lock", [7, 8], True), ("lock", [7, 8], False)]


def test_a_group_whose_members_need_different_wallets_waits_for_none(world: World) -> None:
    world.skipped = [(7, 8)]
    found = SINGLE.together([[Write("A", wallets=(7, 8), refusal=GONE)], [Write("B", wallets=(8,), refusal=GONE)]])
    assert found == [RetryAlone(7), RetryAlone(8)]
    assert [each for each in world.done if each[0] == "lock"] == [("lock", [7, 8], True)]


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
