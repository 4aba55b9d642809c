"""The ledger's interfaces to a database, so that its decisions can be tested without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from walletsvc.ledger.hold_writer import HoldAsRead
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.totals import Total
from walletsvc.ledger.writer import KeyRow, Line, PostedTransfer
from walletsvc.models import Hold, Transaction, Wallet
from walletsvc.principals import Principal


class LockWallets(Protocol):
    """Locks wallets: `lock_wallets`, or a test's replacement."""

    def __call__(self, ids: Sequence[int], *, principal: Principal, skip_locked: bool) -> Iterable[LockedWallet]:
        """Lock the wallets with these ids, in order, and return those that the principal can see."""


class Writer(Protocol):
    """Writes the decisions: the module `writer`, or a test's replacement."""

    def write_changes(
        self,
        lines: Sequence[Line],
        posted: Sequence[Transaction],
        *,
        transfers: Sequence[PostedTransfer],
        keys: Sequence[KeyRow],
        new_holds: Sequence[Hold],
        changed_holds: Sequence[Hold],
        by: Principal,
        at: datetime,
        send: bool,
    ) -> None:
        """Write the wallets that `lines` change, the transactions `posted` with the `transfers` that some of them
        belong to, the `keys`, the holds, and an entry for each line."""

    def insert_wallet(self, wallet: Wallet) -> None:
        """Insert a new wallet, and set its id."""

    def read_names(self, wallet_id: int) -> tuple[list[str], list[str]]:
        """Return the label of a wallet, and the txids of its transactions."""

    def read_bonds(self, transaction: Transaction, *, by: Principal) -> dict[str, Any]:
        """Return what a transaction belongs to, and its reversals, as far as the principal can see them."""

    def has_bonds(self, wallet_id: int) -> bool:
        """Tell whether a wallet has holds, or transactions that belong to anything."""

    def delete_wallet(self, wallet_id: int) -> int:
        """Delete a wallet with its transactions, and return the number of transactions."""

    def write_reversed(self, transaction: Transaction) -> None:
        """Write how much of a transaction is reversed."""

    def delete_transaction_row(self, transaction: Transaction) -> None:
        """Delete the row of a transaction."""

    def add_to_totals(self, added: Mapping[str, Total]) -> None:
        """Add to the totals of these currencies."""


class HoldWriter(Protocol):
    """Reads and writes holds: the module `hold_writer`, or a test's replacement."""

    def read_hold(self, identifier: int, *, by: Principal) -> Hold | None:
        """Return a hold that the principal can see, and lock its row."""

    def find_holds(self, ids: Iterable[int], *, by: Principal) -> Sequence[HoldAsRead]:
        """Return what captures decide by of the holds that the principal can see."""

    def read_due(self, wallet_ids: Sequence[int], *, at: datetime) -> list[Hold]:
        """Return the open holds of these wallets that end at this moment or have ended before."""

    def first_expiries(self, wallet_ids: Sequence[int], *, after: datetime) -> Mapping[int, datetime]:
        """Return when the first open hold of each wallet ends after this moment, if one does."""

    def write_next_expiry(self, wallet: LockedWallet) -> None:
        """Write when the first open hold of a locked wallet ends."""

    def expire_whole(self, holds: Sequence[Hold], *, at: datetime) -> None:
        """Write that these holds have expired before a part of them was captured or released."""

    def update_holds(self, holds: Sequence[Hold], *, at: datetime) -> None:
        """Write the amounts and the states of holds."""
