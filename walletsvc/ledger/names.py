"""The unique names that an operation takes and releases while it runs.

The database detects names taken by others when the operation writes. But within one batch a name can pass from one
command to another, and only this class knows which command was wrong to take it. Names are unique within an owner.
"""

from __future__ import annotations

from collections.abc import Iterable

from walletsvc import errors


class Names:
    """The labels and txids, each with its owner, that objects of this operation have so far.

    Transfers and holds have name spaces of their own. They are never renamed or deleted, and only transfers are taken
    back.
    """

    def __init__(self) -> None:
        self._labels: set[tuple[str, str]] = set()
        self._txids: set[tuple[str, str]] = set()
        self._transfers: set[tuple[str, str]] = set()
        self._holds: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._labels or self._txids)

    def take_label(self, owner: str, label: str) -> None:
        """Note that a wallet has this label now. Raises `DuplicateLabel` if another of this operation has it."""
        if (owner, label) in self._labels:
            raise errors.DuplicateLabel("Another wallet has this label.", field="label")
        self._labels.add((owner, label))

    def check_txid(self, owner: str, txid: str) -> None:
        """Raise `DuplicateTxid` if a transaction of this operation has this txid."""
        if (owner, txid) in self._txids:
            raise errors.DuplicateTxid("Another transaction has this txid.", field="txid")

    def take_txid(self, owner: str, txid: str) -> None:
        """Note that a transaction has this txid now. Raises `DuplicateTxid` if another of this operation has it."""
        self.check_txid(owner, txid)
        self._txids.add((owner, txid))

    def check_transfer(self, owner: str, txid: str) -> None:
        """Raise `DuplicateTxid` if a transfer of this operation has this txid."""
        if (owner, txid) in self._transfers:
            raise errors.DuplicateTxid("Another transfer has this txid.", field="txid")

    def take_transfer(self, owner: str, txid: str) -> None:
        """Note that a transfer has this txid. Raises `DuplicateTxid` if another of this operation has it."""
        self.check_transfer(owner, txid)
        self._transfers.add((owner, txid))

    def give_up_transfer(self, owner: str, txid: str) -> None:
        """Note that this name of a transfer is free again."""
        self._transfers.discard((owner, txid))

    def take_hold(self, owner: str, txid: str) -> None:
        """Note that a hold has this txid. Raises `DuplicateTxid` if another of this operation has it."""
        if (owner, txid) in self._holds:
            raise errors.DuplicateTxid("Another hold has this txid.", field="txid")
        self._holds.add((owner, txid))

    def give_up(self, owner: str, *, labels: Iterable[str] = (), txids: Iterable[str] = ()) -> None:
        """Note that these names are free again."""
        self._labels.difference_update((owner, label) for label in labels)
        self._txids.difference_update((owner, txid) for txid in txids)
