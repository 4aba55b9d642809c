"""An answer depends on few wallets, or on everything: never on less than it shows."""

from __future__ import annotations

import pytest

from walletsvc.cache.responses import EVERYTHING, owner_stamp
from walletsvc.queries.dependencies import MAX_STAMPS, path_stays_within_wallet, stamps_of, stays_within_wallet

pytestmark = pytest.mark.without_engine


@pytest.mark.parametrize(
    ("resource", "member", "stays"),
    [
        ("Wallet", "label", True),
        ("Wallet", "transactions", True),
        ("Wallet", "entries", True),
        ("Transaction", "wallet", True),
        # Entries and transactions part when a transaction moves.
        ("Transaction", "entries", False),
        ("Entry", "wallet", True),
        ("Entry", "transaction", False),
    ],
)
def test_relations_declare_whether_they_stay_within_a_wallet(resource: str, member: str, stays: bool) -> None:
    assert stays_within_wallet(resource, member) is stays


@pytest.mark.parametrize(
    ("resource", "path", "stays"),
    [
        ("Wallet", (), True),
        ("Wallet", ("entries",), True),
        ("Wallet", ("transactions", "wallet", "entries"), True),
        ("Wallet", ("transactions", "entries"), False),
        ("Wallet", ("entries", "transaction", "wallet"), False),
        ("Entry", ("wallet", "transactions"), True),
        ("Transaction", ("wallet", "transactions", "entries"), False),
    ],
)
def test_a_path_stays_within_a_wallet_if_all_its_relations_do(
    resource: str, path: tuple[str, ...], stays: bool
) -> None:
    assert path_stays_within_wallet(resource, path) is stays


def test_the_stamps_of_an_answer_are_those_of_its_wallets() -> None:
    assert stamps_of([10, "2", 10]) == ("wallet:2", "wallet:10")
    assert stamps_of(range(1, MAX_STAMPS + 1)) == tuple(f"wallet:{number}" for number in range(1, MAX_STAMPS + 1))
    assert stamps_of([3], owner="alice") == ("wallet:3",)


@pytest.mark.parametrize(
    "wallets",
    [None, (), range(1, MAX_STAMPS + 2), ["x"], [1, "x"], ["01", 1], [None]],
    ids=["any", "none", "too many", "no id", "one no id", "leading zeros", "null"],
)
def test_an_answer_about_more_depends_on_all_that_its_caller_may_see(wallets: object) -> None:
    assert stamps_of(wallets) == stamps_of(wallets, owner="") == (EVERYTHING,)  # type: ignore[arg-type]
    assert stamps_of(wallets, owner="alice") == (owner_stamp("alice"),)  # type: ignore[arg-type]
