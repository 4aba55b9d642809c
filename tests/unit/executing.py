"""A ledger, a transaction and a queue that record what commands ask them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from walletsvc import errors
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.inputs import Reference
from walletsvc.commands.outcomes import Outcome, Refused
from walletsvc.commands.retry import Outdated
from walletsvc.commands.runner import Runner
from walletsvc.principals import Principal

ALICE = Principal("alice", frozenset({"transactions:write"}), owner="a")
EMPTY = errors.InsufficientFunds("Not enough.")
TAKEN = errors.DuplicateTxid("Another has it.")
GONE = errors.NotFound("There is none.")
BAD = errors.Invalid("It has no form.", field="txid")


def moment() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Write(Command[str]):
    """A command that tells the ledger its name, and is refused or not."""

    name: str  # type: ignore[misc]  # a class attribute elsewhere
    wallets: tuple[Reference, ...] = (7,)
    refusal: Exception | None = None
    duplicate: errors.WalletError | Exception | None = None
    shares_commit: bool = True
    transaction: Reference | None = None
    scope = "transactions:write"

    def locks(self) -> Locks:
        return Locks(self.wallets, self.transaction)

    def apply(self, ledger: Any) -> str:
        ledger.world.done.append(self.name)
        ledger.posts += 1
        if self.refusal is not None:
            raise self.refusal
        return f"{self.name} is stored"

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        assert principal is ALICE
        if isinstance(self.duplicate, errors.WalletError) or self.duplicate is None:
            return self.duplicate
        raise self.duplicate


class OpenLedger:
    """A ledger that records what it is told."""

    def __init__(self, world: World, touched: dict[int, str]) -> None:
        self.world = world
        self.touched = touched
        self.posts = 0
        self.expired: set[int] = set()
        self.holds: dict[int, object] = {}

    def lock(
        self,
        wallet_ids: Iterable[int],
        *,
        skip_locked: bool = False,
        waits_for: int | None = None,
        holds: Sequence[object] = (),
    ) -> Sequence[int]:
        waiting = () if waits_for is None else (waits_for,)
        self.world.done.append(("lock", sorted(wallet_ids), skip_locked, *waiting))
        self.touched.update(self.owners_of(wallet_ids))
        return self.world.skipped.pop(0) if skip_locked and self.world.skipped else ()

    def mark(self) -> int:
        return self.posts

    def owners_of(self, wallet_ids: Iterable[int]) -> dict[int, str]:
        return {each: f"owner of {each}" for each in wallet_ids}

    def take_back(self, posts: int) -> None:
        self.world.done.append(("take back to", posts))
        self.posts = posts

    def count_written(self) -> None:
        """Count nothing."""

    def complete(self) -> None:
        self.world.done.append("complete")


@dataclass
class World:
    """A ledger, a transaction and a queue that record what they are asked."""

    done: list[Any] = field(default_factory=list)
    queued: list[Any] = field(default_factory=list)
    outcomes: list[tuple[Outcome, bool]] = field(default_factory=list)
    """What the queue answers: outcome, and whether it ran alone."""
    find_duplicate: Callable[[], Refused | None] | None = None
    touched: dict[int, str] = field(default_factory=dict)
    """What the cache is told of."""
    is_committing: bool = False
    """Of an attempt whose work is done, or has failed."""
    dropped: list[object] = field(default_factory=list)
    lanes: set[Runner] = field(default_factory=set)
    """The workers whose jobs run now."""
    skipped: list[Sequence[int]] = field(default_factory=list)
    """The wallets that others hold each time when they may be skipped."""

    def open_ledger(self, *, principal: Principal, clock: object, touched: dict[int, str]) -> OpenLedger:
        assert (principal, clock) == (ALICE, moment)
        return OpenLedger(self, touched)

    def durably(self, work: Callable[..., Any], *, find_duplicate: Callable[[], Refused | None]) -> Any:
        self.find_duplicate = find_duplicate
        while True:
            try:
                return self.run(work)
            except Outdated:
                self.done.append("again")

    def run(self, work: Callable[..., Any]) -> Any:
        self.done.append("begin")
        return work(self.touched)

    def set_rollback(self, rollback: object) -> None:
        assert rollback is True
        self.done.append("roll back")

    def queue(self, runner: Runner, batch: Sequence[Any], **limits: Any) -> tuple[Outcome, bool]:
        self.queued.append((runner, batch, limits))
        return self.outcomes.pop(0)


def alone(*names: str, wallets: Sequence[int] = (7,)) -> list[Any]:
    """Return the steps of commands that are stored in a transaction of their own."""
    return ["begin", ("lock", list(wallets), False), *names, "complete"]


A, B = Write("A"), Write("B", wallets=(9, 8))
SINGLE, BATCHES = Runner(ALICE, moment), Runner(ALICE, moment, waits=True)
