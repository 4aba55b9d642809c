"""A command with a condition: all that the command is, once the condition holds."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc import errors
from walletsvc.commands.command import Command, Conditional, Locks
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.without_engine


class Recorder(Command[str]):
    """A command, a ledger and a condition that note what is asked of them."""

    name = "recorder.note"
    scope = "notes:write"

    def __init__(self, refusal: errors.WalletError | None = None) -> None:
        self.done: list[object] = []
        self.refusal = refusal

    def locks(self) -> Locks:
        return Locks(wallets=(7,))

    def apply(self, ledger: Any) -> str:
        self.done.append(("apply", ledger is self))
        return "written"

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return errors.DuplicateTxid("Another has it.", asked_by=principal.subject)

    def flush(self) -> None:
        self.done.append("flush")

    def check(self) -> None:
        self.done.append("check")
        if self.refusal:
            raise self.refusal


def test_the_condition_is_checked_on_what_is_written_before_the_command_runs() -> None:
    each = Recorder()
    conditional = Conditional(each, each)
    assert conditional.apply(each) == "written"  # type: ignore[arg-type]  # it is a ledger for this
    assert each.done == ["flush", "check", ("apply", True)]
    assert (conditional.name, conditional.scope, conditional.locks()) == (each.name, each.scope, Locks(wallets=(7,)))


def test_where_it_does_not_hold_the_command_does_not_run() -> None:
    each = Recorder(errors.Invalid("It has changed."))
    with pytest.raises(errors.Invalid):
        Conditional(each, each).apply(each)  # type: ignore[arg-type]
    assert each.done == ["flush", "check"]


def test_who_has_a_name_is_asked_of_the_command() -> None:
    each = Recorder()
    refusal = Conditional(each, each).find_duplicate(ANYONE)
    assert refusal is not None
    assert refusal.context == {"asked_by": "anonymous"}


def test_a_command_takes_no_name_unless_it_says_so() -> None:
    class Nameless(Recorder):
        find_duplicate = Command.find_duplicate

    assert Nameless().find_duplicate(ANYONE) is None
    assert Nameless().shares_commit is False
