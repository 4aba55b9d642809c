"""Nothing that one owner is answered depends on another: alice sees the same with bob and without him.

Her requests, of all kinds, run in two worlds with equal ids and an equal clock; in one of them bob acts in between.
All answers, with their headers and tags, are equal: cold and cached, in front of Django and through it. Ids count
what there is, so they are made to begin at the same number before each of her requests: what they tell is known.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.access.histories import Asked, graphql, histories, resource, rest
from tests.access.two_worlds import Worlds
from walletsvc.queries import engine, scope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worlds(guarded_server: None, monkeypatch: pytest.MonkeyPatch) -> Worlds:
    return Worlds(monkeypatch)


def difference(worlds: Worlds, history: list[Asked], seed: int) -> Any:
    """Return the first answers that differ, or None."""
    alone, _ = worlds.run(history, seed=None)
    beside, successes = worlds.run(history, seed=seed)
    assert successes > len(history)
    return next(((one, other) for one, other in zip(alone, beside, strict=True) if one != other), None)


@settings(max_examples=12, deadline=None, suppress_health_check=[*HealthCheck])
@given(histories)
def test_alice_is_answered_the_same_with_bob_and_without_him(
    worlds: Worlds, history: tuple[list[Asked], int]
) -> None:
    found = difference(worlds, *history)
    assert found is None, f"{found[0]}\n{found[1]}"


def test_names_that_another_owner_has_taken_are_free(worlds: Worlds) -> None:
    history = [
        rest("POST", "wallets/", resource("Wallet", label="Savings")),
        rest("POST", "transactions/", resource("Transaction", txid="T2", amount="1", wallet="100")),
        graphql("query($n: String!) { transactionByTxid(txid: $n) { amount } }", n="T2"),
    ]
    answers, _ = worlds.run(history, seed=7)
    assert [status for status, _, _ in answers if status.startswith("201")] == ["201 Created"] * 5
    assert difference(worlds, history, 7) is None


@pytest.mark.parametrize("asked", [rest("GET", "wallets/"), graphql("{ wallets { edges { node { label } } } }")])
def test_a_difference_is_found(worlds: Worlds, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    """Forget the owner in reads, as a fault would."""
    assert difference(worlds, [asked], 1) is None
    monkeypatch.setattr(engine, "scope_of", lambda *_arguments, **_named: scope.ALL)
    assert difference(worlds, [asked], 1) is not None
