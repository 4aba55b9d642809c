"""A row, the places that a process can keep a cache in, and its keeper, on a clock that begins at 0."""

from __future__ import annotations

from dataclasses import replace

from walletsvc.cache.lease import Agreement, Keeper, State

UNUSED = Agreement("identity", 1, is_suspended=False, instance="")
IN_USE = Agreement("identity", 2, is_suspended=False, instance="one")
SUSPENDED = Agreement("identity", 3, is_suspended=True, instance="one")


class World:
    """A row, the places that this process can keep a cache in, and a clock that begins at 0."""

    def __init__(self, agreement: Agreement | None = UNUSED, *, own: str = "") -> None:
        self.now = 0.0
        self.keeper = Keeper(row=self, instances=lambda: self, clock=lambda: self.now, sleep=self.sleep)
        self.agreement = agreement
        self.reads = 0
        self.read_seconds = 0.0
        self.changes: list[tuple[bool, str]] = []
        self.is_created = True
        """Whether `create` works."""
        self.slept: list[float] = []
        self.in_doubt = False
        self.own_instance = own
        self.found: str | None = own or "one"
        self.probes = 0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def step(self, at: float | None = None) -> State:
        """Let the keeper make a step, at a time."""
        self.now = self.now if at is None else at
        self.keeper.step()
        return self.keeper.state

    # -- the row

    def read(self) -> Agreement | None:
        self.reads += 1
        self.now += self.read_seconds / 2
        found = self.agreement
        self.now += self.read_seconds / 2
        return found

    def create(self) -> None:
        if self.is_created:
            self.agreement = Agreement("new", 1, is_suspended=True, instance="")

    def change(self, seen: Agreement, *, suspended: bool, instance: str) -> bool:
        assert isinstance(suspended, bool)
        if seen != self.agreement:
            return False
        self.agreement = replace(seen, generation=seen.generation + 1, is_suspended=suspended, instance=instance)
        self.changes.append((suspended, instance))
        return True

    # -- the places

    @property
    def is_shared(self) -> bool:
        return not self.own_instance

    def probe(self) -> str | None:
        self.probes += 1
        return self.found
