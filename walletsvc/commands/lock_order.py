"""The order in which commands of several wallets lock them: who waits for a wallet keeps no other from anybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from walletsvc.commands import bulkheads
from walletsvc.commands.inputs import Reference, resolve
from walletsvc.commands.retry import Outdated
from walletsvc.ledger import statements
from walletsvc.ledger.hold_writer import HoldAsRead
from walletsvc.ledger.ledger import Ledger

POLITE_ATTEMPTS = 3
"""How often commands of several wallets try to lock them without holding some while they wait for others."""


@dataclass(slots=True)
class LockOrder:
    """The order in which a batch that runs alone locks its wallets.

    It first waits for the one that others hold, and only then locks the others. While it waited the other way round,
    it would keep them from everybody else. If others hold all, or if they stay scattered, the order of their ids must
    do.
    """

    first: Reference | None
    polite_attempts: int

    def lock(self, wallet_ids: Collection[int], ledger: Ledger, holds: Sequence[HoldAsRead] = ()) -> None:
        """Lock the wallets, of which `holds` were read. Raises `Outdated` to try again, with a wallet to wait for."""
        if len(wallet_ids) < 2 or not self.polite_attempts or not statements.can_skip_locked():
            self._wait_for_all(wallet_ids, ledger, holds)
            return
        # A transaction that moves meanwhile needs other wallets than before.
        waits_for = resolve(self.first) if self.first is not None and resolve(self.first) in wallet_ids else None
        with bulkheads.wallets.place([] if waits_for is None else [waits_for]):
            skipped = ledger.lock(wallet_ids, skip_locked=True, waits_for=waits_for, holds=holds)
        if len(skipped) == len(wallet_ids):
            self._wait_for_all(wallet_ids, ledger, holds)
        elif skipped:
            self.polite_attempts -= 1
            self.first = skipped[0]
            raise Outdated

    @staticmethod
    def _wait_for_all(wallet_ids: Collection[int], ledger: Ledger, holds: Sequence[HoldAsRead]) -> None:
        with bulkheads.wallets.place(wallet_ids):
            ledger.lock(wallet_ids, holds=holds)
