"""The conditions that keep a caller to the rows of its owner."""

from __future__ import annotations

import pytest

from walletsvc.ids import NO_ID
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.counts import wallet_in
from walletsvc.queries.questions import Question
from walletsvc.queries.scope import ALL, scope_of, scope_within_parent

pytestmark = pytest.mark.without_engine

ALICE = Principal("k", frozenset({"admin"}), owner="alice")
NOBODY = Principal("k", frozenset({"admin"}), owner="")


def test_only_a_caller_without_an_owner_sees_all() -> None:
    assert ALL == ("", ())
    assert scope_of(ANYONE) == scope_of(ANYONE, wallet=7) == ALL
    assert scope_of(ALICE) == ("owner = %s", ("alice",))
    # Nobody in particular is an owner like others.
    assert scope_of(NOBODY) == ("owner = %s", ("",))


def test_the_rows_of_a_wallet_are_those_of_an_owner_who_has_the_wallet_and_the_row() -> None:
    for wallet in (7, 0):
        text, parameters = scope_of(ALICE, wallet=wallet)
        assert text.startswith("wallet_id = (SELECT wallet_id FROM walletsvc_entry WHERE wallet_id = %s AND ")
        assert text.endswith(" AND owner = %s) AND owner = %s")
        assert parameters == (wallet, "alice", "alice")


def test_only_a_wallet_in_sight_vouches_for_its_rows() -> None:
    assert scope_within_parent(ALICE, key="transaction_id") == scope_of(ALICE)
    assert scope_within_parent(ALICE, key="wallet_id") == ALL
    assert scope_within_parent(ANYONE, key="transaction_id") == ALL


def test_a_question_may_be_about_one_wallet() -> None:
    def about(*filters: tuple[str, str]) -> int | None:
        return wallet_in(Question("Entry", filters=filters))

    assert about(("kind", "post"), ("wallet", "7")) == 7
    assert about(("wallet", "07")) == about(("wallet", "9" * 30)) == NO_ID
    assert about() is about(("transaction", "7")) is None
