"""What a subscriber can watch: the state of a wallet, or its entries."""

from __future__ import annotations

from dataclasses import dataclass

from walletsvc.events.since import get_wallet, list_entries_after, sequence_of
from walletsvc.principals import Principal
from walletsvc.queries.questions import MAX_PAGE_SIZE, Selection
from walletsvc.queries.records import Record


@dataclass(frozen=True, slots=True)
class Topic:
    """The entries or the state of a wallet, as callers may see them and documents select them.

    Callers with the same reach share it: `reader` is equal for all of them (`Principal.as_reader`). `page_size` is
    the number of entries that are read at once.
    """

    resource: str
    wallet_id: int
    reader: Principal
    selection: Selection
    page_size: int = MAX_PAGE_SIZE

    def read(self, sequence: int) -> list[Record]:
        """Return the next page of entries after `sequence`, or the wallet if it has changed since.

        Raises `NotFound` if there is no such wallet.
        """
        if self.resource == "Entry":
            return list_entries_after(
                principal=self.reader,
                wallet_id=self.wallet_id,
                sequence=sequence,
                selection=self.selection,
                limit=self.page_size,
            )
        wallet = get_wallet(principal=self.reader, wallet_id=self.wallet_id, selection=self.selection)
        return [wallet] if sequence_of(wallet) > sequence else []

    def read_sequence(self) -> int:
        """Return the current sequence of the wallet. Raises `NotFound`."""
        nothing = Selection(fields=frozenset())
        return sequence_of(get_wallet(principal=self.reader, wallet_id=self.wallet_id, selection=nothing))

    def first_after(self, sequence: int) -> int:
        """Return where a subscriber begins who names no sequence: with the present state, or with the next entry."""
        return sequence if self.resource == "Entry" else -1
