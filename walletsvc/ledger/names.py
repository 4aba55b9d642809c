"""The unique names that an operation takes and gives up while it runs.

What others have taken, the database tells when the operation writes. But within one batch a name goes from hand to
hand, and which command was wrong to take it is known here only.
"""

from __future__ import annotations

from collections.abc import Iterable

from walletsvc import errors


class Names:
    """Labels and txids that are taken by what this operation has made so far."""

    def __init__(self) -> None:
        self._labels: set[str] = set()
        self._txids: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._labels or self._txids)

    def take_label(self, label: str) -> None:
        """Note that a wallet has this label now. Raises `DuplicateLabel` if another one of this operation does."""
        if label in self._labels:
            raise errors.DuplicateLabel("Another wallet has this label.", field="label")
        self._labels.add(label)

    def check_txid(self, txid: str) -> None:
        """Raise `DuplicateTxid` if a transaction of this operation has this txid."""
        if txid in self._txids:
            raise errors.DuplicateTxid("Another transaction has this txid.", field="txid")

    def take_txid(self, txid: str) -> None:
        """Note that a transaction has this txid now. Raises `DuplicateTxid` if another one of this operation does."""
        self.check_txid(txid)
        self._txids.add(txid)

    def give_up(self, *, labels: Iterable[str] = (), txids: Iterable[str] = ()) -> None:
        """Note that these are free again, whoever had them."""
        self._labels.difference_update(labels)
        self._txids.difference_update(txids)
