"""A write as a value: named, frozen, with checked input. `execute` runs it, alone or with others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from django.db.models import Model

from walletsvc import errors
from walletsvc.commands.inputs import LocalId, Reference
from walletsvc.commands.memories import Memory, restore, snapshot
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.principals import Principal

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Locks(NamedTuple):
    """The locks that a command needs before it decides.

    Wallets, and those of a transaction, of a transfer's legs, and of a hold with its destination.
    """

    wallets: tuple[Reference, ...] = ()
    transaction: Reference | None = None
    transfer: Reference | None = None
    hold: Reference | None = None


class Command(ABC, Generic[T_co]):
    """A write. Subclasses are frozen dataclasses of parsed input.

    The `parse` of each creates it from a caller's values, or raises all refusals of its fields at once.
    """

    name: ClassVar[str]
    """A stable name such as transaction.post."""
    scope: ClassVar[str]
    """The scope that its caller needs, unless `needed_scope` says otherwise."""
    model: ClassVar[type[Model]]
    """The model of its result."""

    @property
    def needed_scope(self) -> str:
        """Return the scope that its caller needs, with these values."""
        return self.scope

    @property
    def shares_commit(self) -> bool:
        """Tell whether it may share a transaction with other callers' commands, if it is a batch by itself.

        Such a command needs only existing wallets, or one hold, and a refusal leaves the ledger unchanged.
        """
        return False

    @property
    def shares_in_batch(self) -> bool:
        """Tell whether it may do so as one of several: `Ledger.take_back` undoes it if another is refused."""
        return self.shares_commit

    @abstractmethod
    def locks(self) -> Locks:
        """Return the locks that it needs."""

    @abstractmethod
    def apply(self, ledger: Ledger) -> T_co:
        """Run it, and return the written object. It may run more than once, each time from the start.

        Raises `WalletError` if it is refused.
        """

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        """Return the refusal of the unique name that it needs, if another object has it."""
        return None

    def remember(self, result: Any) -> dict[str, object]:
        """Return, in JSON's types, what `recall` needs beside the command itself, its moment and the result's id.

        By default the whole result, an instance of `model`.
        """
        return snapshot(result)

    def recall(self, memory: Memory) -> T_co:
        """Return the result again as it was, for a request that is repeated with its key."""
        # A transaction may have been remembered before it had an id.
        result: T_co = restore(self.model, {**memory.values, "id": memory.id})  # type: ignore[assignment]
        return result


def report_id(made: Any, local_id: LocalId | None, ledger: Ledger, *, wallets: Iterable[LockedWallet] = ()) -> None:
    """Tell `local_id`, if there is one, for which object it stands, and of which `wallets`, if it is of several.

    The object gets its id now.
    """
    if local_id is not None:
        ledger.flush(send=True)
        local_id.id, local_id.owner = made.id, made.owner
        local_id.owners = [each.owner for each in wallets]


class Creates(Protocol):
    """The class of a command that creates a resource."""

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Command[object]:
        """Return the command, which reports the new id to `local_id`."""


class Updates(Protocol):
    """The class of a command that changes a resource."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Command[object]:
        """Return the command. Raises `NotFound` for an impossible id."""


class Deletes(Protocol):
    """The class of a command that deletes a resource."""

    @classmethod
    def parse(cls, identifier: object) -> Command[object]:
        """Return the command. Raises `NotFound` for an impossible id."""


class Acts(Protocol):
    """The class of a command on one resource, such as the reversal of a transaction."""

    @classmethod
    def parse(
        cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None
    ) -> Command[object]:
        """Return the command, which reports the id of what it creates to `local_id`.

        Raises `NotFound` for an impossible id.
        """


class Condition(Protocol):
    """A condition that must hold once the wallets of a command are locked."""

    def check(self) -> None:
        """Raise the refusal if it does not hold."""


@dataclass(frozen=True, slots=True)
class Conditional(Command[T]):
    """A command that is refused unless a condition holds."""

    command: Command[T]
    condition: Condition

    @property
    def name(self) -> str:  # type: ignore[override]  # a class attribute elsewhere
        return self.command.name

    @property
    def scope(self) -> str:  # type: ignore[override]
        return self.command.scope

    @property
    def needed_scope(self) -> str:
        return self.command.needed_scope

    def locks(self) -> Locks:
        return self.command.locks()

    def apply(self, ledger: Ledger) -> T:
        # The condition may read what earlier commands have written.
        ledger.flush()
        self.condition.check()
        return self.command.apply(ledger)

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return self.command.find_duplicate(principal)

    def remember(self, result: Any) -> dict[str, object]:
        return self.command.remember(result)

    def recall(self, memory: Memory) -> T:
        return self.command.recall(memory)
