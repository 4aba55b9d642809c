"""What all commands share: a unique name, a scope, and immutable values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pkgutil import iter_modules
from typing import Any

import pytest

from walletsvc import commands
from walletsvc.commands.command import Command, Conditional
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.errors import NotFound, Required, Several

pytestmark = pytest.mark.without_engine

for module in iter_modules(commands.__path__, "walletsvc.commands."):
    __import__(module.name)


def every(kind: type[Command[Any]] = Command) -> Iterator[type[Command[Any]]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("walletsvc.") and each.__name__ != "Conditional":
            yield each
        yield from every(each)


def test_each_has_a_unique_name_and_a_scope() -> None:
    # With slots, a dataclass is created again, and its original class still exists.
    kinds = {f"{each.__module__}.{each.__qualname__}": each for each in every()}
    names = sorted(each.name for each in kinds.values())
    assert names == [
        "hold.capture",
        "hold.create",
        "hold.release",
        "hold.update",
        "transaction.amend",
        "transaction.delete",
        "transaction.post",
        "transaction.post_each",
        "transaction.reverse",
        "transfer.change",
        "transfer.post",
        "transfer.reverse",
        "wallet.change",
        "wallet.delete",
        "wallet.open",
        "wallet.recount",
    ]
    assert {each.scope for each in kinds.values()} == {
        "admin",
        "holds:write",
        "transactions:write",
        "transfers:write",
        "wallets:write",
    }


POST = PostTransaction.parse({"txid": "A", "wallet": "7", "amount": "1.50"})


@pytest.mark.parametrize(
    "command",
    [
        POST,
        OpenWallet.parse({"label": "A"}),
        ChangeWallet.parse("7", {"label": "B"}),
        DeleteWallet.parse("7"),
        AmendTransaction.parse("7", {"amount": "2"}),
        DeleteTransaction.parse("7"),
        Conditional(POST, POST),  # type: ignore[arg-type]  # it is not asked
    ],
)
def test_commands_are_frozen(command: Command[Any]) -> None:
    assert is_dataclass(command)
    for each in fields(command):
        with pytest.raises(FrozenInstanceError):
            setattr(command, each.name, None)


def test_a_condition_leaves_the_command_its_name() -> None:
    conditional = Conditional(POST, POST)  # type: ignore[arg-type]  # it is not asked
    assert (conditional.name, conditional.scope, conditional.locks()) == (POST.name, POST.scope, POST.locks())
    # The value that a condition compares must be read separately.
    assert (POST.shares_commit, conditional.shares_commit) == (True, False)


def test_all_problems_of_the_fields_are_reported_at_once() -> None:
    with pytest.raises(Several) as caught:
        PostTransaction.parse({"amount": "0", "wallet": "7", "metadata": []})
    found = [(each.code, each.field) for each in caught.value.each()]
    assert found == [("required", "txid"), ("invalid_amount", "amount"), ("invalid", "metadata")]
    with pytest.raises(Required):
        OpenWallet.parse({})


def test_a_missing_object_is_reported_before_its_fields_are_refused() -> None:
    command = ChangeWallet.parse("7", {"label": "", "balance": "5"})
    assert command.refused is not None
    assert [each.code for each in command.refused.each()] == ["blank", "immutable"]
    with pytest.raises(NotFound):
        ChangeWallet.parse("seven", {"label": ""})


def test_a_name_that_no_field_has_is_a_fault() -> None:
    with pytest.raises(TypeError, match="colour"):
        OpenWallet.parse({"label": "A", "colour": "red"})
