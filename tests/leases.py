"""The row that says whether the cache may be used, in memory: all processes of a test share it."""

from __future__ import annotations

from dataclasses import replace

from walletsvc.cache.lease import Agreement

UNUSED = Agreement("identity", 1, is_suspended=False, instance="")


class SharedRow:
    """Does what `walletsvc.cache.lease.DatabaseRow` does. Each change is committed at once."""

    def __init__(self, agreement: Agreement | None = UNUSED) -> None:
        self.agreement = agreement

    def read(self) -> Agreement | None:
        return self.agreement

    def create(self) -> None:
        """Leave it missing, where it is."""

    def change(self, seen: Agreement, *, suspended: bool, instance: str) -> bool:
        if self.agreement != seen:
            return False
        self.agreement = replace(seen, generation=seen.generation + 1, is_suspended=suspended, instance=instance)
        return True

    def suspend(self) -> None:
        """Do what a writer does (`walletsvc.commands.publication`)."""
        assert self.agreement is not None
        if not self.agreement.is_suspended:
            self.change(self.agreement, suspended=True, instance=self.agreement.instance)
