"""A write takes the scope of its command, alone and in a batch, before anything is read."""

from __future__ import annotations

import pytest

from walletsvc import errors
from walletsvc.commands.command import Conditional
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.recount import RecountWallet
from walletsvc.commands.transactions import DeleteTransaction, PostTransaction
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.principals import Principal

pytestmark = pytest.mark.without_engine

WALLETS = Principal("w", frozenset({"wallets:read", "wallets:write", "transactions:read"}))
TRANSACTIONS = Principal("t", frozenset({"wallets:read", "transactions:read", "transactions:write"}), owner="alice")
OPEN, CLOSE = OpenWallet.parse({"label": "A"}), DeleteWallet.parse("7")
POST, DELETE = PostTransaction.parse({"txid": "A", "wallet": "7", "amount": "1"}), DeleteTransaction.parse("7")


@pytest.mark.parametrize(
    ("principal", "command", "scope"),
    [
        (TRANSACTIONS, OPEN, "wallets:write"),
        (TRANSACTIONS, CLOSE, "wallets:write"),
        (WALLETS, POST, "transactions:write"),
        (WALLETS, DELETE, "transactions:write"),
        (WALLETS, RecountWallet(wallet=7), "admin"),
        (WALLETS, ChangeWallet.parse("7", {"label": "B", "floor": "0"}), "admin"),
        (WALLETS, Conditional(ChangeWallet.parse("7", {"state": "active"}), POST), "admin"),
        (TRANSACTIONS, ChangeWallet.parse("7", {"label": "B"}), "wallets:write"),
    ],
)
def test_a_command_takes_its_scope(principal: Principal, command, scope: str) -> None:
    with pytest.raises(errors.Forbidden) as caught:
        execute(command, by=principal)
    assert caught.value.context == {"scope": scope}
    assert scope in caught.value.message
    outcome = execute_all([command], by=principal)
    assert isinstance(outcome, Refused)
    assert (outcome.index, type(outcome.error), outcome.error.context) == (0, errors.Forbidden, {"scope": scope})


def test_one_command_without_its_scope_refuses_its_batch() -> None:
    refusal = errors.Invalid("It has no form.", field="label")
    for batch, index in (([OPEN, POST, DELETE], 1), ([OPEN, refusal, POST], 2)):
        outcome = execute_all(batch, by=WALLETS)
        assert isinstance(outcome, Refused)
        assert (outcome.index, outcome.error.context) == (index, {"scope": "transactions:write"})
