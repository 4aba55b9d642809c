"""A write as a value: named, frozen, its input checked. `execute` runs it, alone or with others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from walletsvc import errors
from walletsvc.commands.inputs import LocalId, Reference
from walletsvc.ledger.ledger import Ledger
from walletsvc.principals import Principal

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Locks:
    """What is locked before a command decides: wallets, and the wallet of a transaction."""

    wallets: tuple[Reference, ...] = ()
    transaction: Reference | None = None


class Command(ABC, Generic[T_co]):
    """A write. Subclasses are frozen dataclasses of what has been parsed.

    `parse` of each returns it from what a caller sent, or raises all refusals of the fields at once.
    """

    name: ClassVar[str]
    """A stable name such as transaction.post."""
    scope: ClassVar[str]
    """What a caller needs to be allowed."""

    @property
    def shares_commit(self) -> bool:
        """Tell whether it may share a transaction with others' commands.

        It only posts then, and what refuses it leaves the ledger as it was.
        """
        return False

    @abstractmethod
    def locks(self) -> Locks:
        """Return what it needs locked."""

    @abstractmethod
    def apply(self, ledger: Ledger) -> T_co:
        """Do it, and return what was written. It may run more than once, each time as if it were the first.

        Raises `WalletError` for what it refuses.
        """

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        """Return the refusal of a unique name that it was to take, if another has it."""
        return None


class Creates(Protocol):
    """The class of a command that creates a resource."""

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Command[object]:
        """Return the command; it tells `local_id` the id."""


class Updates(Protocol):
    """The class of a command that changes a resource."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Command[object]:
        """Return the command. Raises `NotFound` for an id that cannot be one."""


class Deletes(Protocol):
    """The class of a command that deletes a resource."""

    @classmethod
    def parse(cls, identifier: object) -> Command[object]:
        """Return the command. Raises `NotFound` for an id that cannot be one."""


class Condition(Protocol):
    """What has to hold once the wallets of a command are locked."""

    def check(self) -> None:
        """Raise the refusal if it does not hold."""


@dataclass(frozen=True, slots=True)
class Conditional(Command[T]):
    """A command that is refused where a condition does not hold."""

    command: Command[T]
    condition: Condition

    @property
    def name(self) -> str:  # type: ignore[override]  # that of the class, for all others
        return self.command.name

    @property
    def scope(self) -> str:  # type: ignore[override]
        return self.command.scope

    def locks(self) -> Locks:
        return self.command.locks()

    def apply(self, ledger: Ledger) -> T:
        # The condition may read what commands before this one have written.
        ledger.flush()
        self.condition.check()
        return self.command.apply(ledger)

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return self.command.find_duplicate(principal)
