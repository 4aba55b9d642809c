"""Processes, their access to Redis, and the row that they agree by: all in memory, on one simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tests.cache.turns import Actor, Play
from walletsvc.cache.lease import POLL_SECONDS, UNKNOWN, Agreement, Keeper, State
from walletsvc.cache.lease.background import PATIENCE_SECONDS
from walletsvc.cache.memory import LocalCopies, MemoryStore
from walletsvc.cache.store import Unreachable

T = TypeVar("T")


class Database:
    """The committed writes, and the row. A transaction that has locked the row keeps it until COMMIT or rollback."""

    def __init__(self, play: Play) -> None:
        self.committed: frozenset[int] = frozenset()
        self.agreement = Agreement("identity", 1, is_suspended=False, instance="")
        self.owners: set[Actor | None] = set()
        self.lookers: set[Actor | None] = set()
        self._play = play

    def suspend(self) -> None:
        """Suspend the cache, in the transaction of the current actor."""
        self._play.wait(lambda: not self.owners and not self.lookers)
        self.owners.add(self._play.current)

    def suspend_now(self) -> None:
        """Suspend the cache in a separate transaction."""
        self.suspend()
        self._play.pause()
        self.end(frozenset())

    def lock_row(self) -> list[tuple[object, ...]]:
        """Return the row, which no other transaction can change before the end of this one."""
        self._play.wait(lambda: not self.owners)
        self.lookers.add(self._play.current)
        row = self.agreement
        return [(row.identity, row.generation, int(row.is_suspended))]

    def end(self, writes: frozenset[int]) -> None:
        """Commit `writes`, and the suspension if there is one."""
        self.committed |= writes
        if self._play.current in self.owners and not self.agreement.is_suspended:
            self.agreement = replace(self.agreement, generation=self.agreement.generation + 1, is_suspended=True)
        self.roll_back()

    def roll_back(self) -> None:
        """End a transaction of which nothing is kept."""
        self.owners.discard(self._play.current)
        self.lookers.discard(self._play.current)

    # -- the row, as a keeper has it (`walletsvc.cache.lease.Row`) --

    def read(self) -> Agreement:
        self._play.pause()
        found = self.agreement
        self._play.pause()
        return found

    def create(self) -> None:
        raise AssertionError("It is always there.")

    def change(self, seen: Agreement, *, suspended: bool, instance: str) -> bool:
        self._play.wait(lambda: not self.owners and not self.lookers)
        if self.agreement != seen:
            return False
        self.agreement = replace(seen, generation=seen.generation + 1, is_suspended=suspended, instance=instance)
        self._play.pause()
        return True


class Instance(MemoryStore):
    """A Redis, or the memory of one process."""

    def __init__(self, name: str, play: Play) -> None:
        super().__init__(clock=play.clock)
        self.name = name

    def copy(self, name: str, play: Play) -> Instance:
        """Return another instance with the current data: a replica."""
        other = Instance(name, play)
        other._entries, other._bytes = self._entries.copy(), self._bytes
        return other


class Way:
    """One process's access to an instance: a `Store`. It can be cut off, refuse writes, and lose answers."""

    def __init__(self, target: Instance, play: Play, *, is_shared: bool) -> None:
        self.target = target
        self.is_shared = is_shared
        self.own_instance = "" if is_shared else target.name
        self.copies = LocalCopies(clock=play.clock) if is_shared else None
        self.in_doubt = False
        self.is_cut = self.is_read_only = self.loses_answers = False
        self.lost_marks = 0
        self._play = play

    def probe(self) -> str | None:
        self.in_doubt = False
        try:
            return self._do("", lambda: self.target.name, writes=True)
        except Unreachable:
            return None

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        return self._do(instance, lambda: self.target.get_many(keys))

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        return self.get_many(keys, instance), 60

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        self._do(instance, lambda: self.target.put(key, value, seconds=seconds), writes=True)

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        self._do(instance, lambda: self.target.create_missing(tokens), writes=True)

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        if self.lost_marks:
            self.lost_marks -= 1
            self.in_doubt = True
            raise Unreachable
        self._do(instance, lambda: self.target.mark(keys, mark), writes=True)

    def settle(self, tokens: Mapping[str, bytes], *, mark: bytes, instance: str = "", **_rest: Any) -> None:
        self._do(instance, lambda: self.target.settle(tokens, mark=mark), writes=True)

    def _do(self, instance: str, what: Callable[[], T], *, writes: bool = False) -> T:
        self._play.pause()
        is_reached = not self.is_cut and not (writes and self.is_read_only)
        if not is_reached or instance not in ("", self.target.name):
            self.in_doubt = True
            raise Unreachable
        result = what()
        self._play.pause()
        if writes and self.loses_answers:
            self.in_doubt = True
            raise Unreachable
        return result


class TurnKeeper(Keeper):
    """Does what `BackgroundKeeper` does; its thread is an actor's part."""

    def __init__(self, way: Way, database: Database, play: Play) -> None:
        super().__init__(row=database, instances=lambda: way, clock=play.clock, sleep=play.sleep)
        self.rounds = 0
        self.is_stopping = False
        self._play = play

    def refresh(self) -> State:
        enough = self.rounds + 2
        if not self.is_stopping:
            self._play.wait(
                lambda: self.rounds >= enough or self.clock() < self.state.valid_until, seconds=PATIENCE_SECONDS
            )
        return self.state

    def run(self) -> None:
        """Keep the lease until told to stop."""
        while not self.is_stopping:
            self.step()
            self.rounds += 1
            self._play.sleep(POLL_SECONDS * self._play.random.uniform(0.5, 1.5))
        self.give_back()
        assert self.state is UNKNOWN
