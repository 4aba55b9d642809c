"""The rows of a file of transactions: its columns, and the values in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from walletsvc import errors
from walletsvc.commands.inputs import parse_reference
from walletsvc.commands.transactions import PostTransaction
from walletsvc.management.csv_records import CsvError, Record, opened, read_header, read_records
from walletsvc.models.entry import Kind
from walletsvc.queries.exports import ENTRY_TITLES, TRANSACTION_TITLES
from walletsvc.web.json_body import MalformedJson, parse_json

COLUMNS = ("kind", "txid", "wallet", "label", "owner", "amount", "currency", "description", "metadata")
"""What a row can say. Exports also write what follows from that."""

_IGNORED = {title: None for title in (*TRANSACTION_TITLES, *ENTRY_TITLES) if title not in COLUMNS}

Titles = Mapping[str, str | None]
"""Titles of columns with the name of what they contain, or None for what is not read."""
WalletName = int | tuple[str, str]
"""How a row refers to its wallet: by id, or by owner and label."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that begins in a `line`, with its cells by column; `refusal` tells why they cannot be read."""

    line: int
    cells: Mapping[str, str] = field(default_factory=dict)
    refusal: errors.WalletError | None = None

    @property
    def is_opening(self) -> bool:
        """Tell whether it is a wallet's opening balance: exports write it as a row without a txid."""
        return self.cells.get("kind") == Kind.OPENING and not self.cells["txid"]

    @property
    def currency(self) -> str | None:
        """Return the currency that its wallet must have, if it says so."""
        return self.cells.get("currency") or None

    def owner(self, of_all: str | None) -> str:
        """Return the owner of its wallet; `of_all` is that of all rows, if there is one. Raises `Invalid`."""
        owner = self.cells.get("owner") or ""
        if of_all is None:
            return owner
        if owner not in ("", of_all):
            raise errors.Invalid("The row is another owner's.", field="owner")
        return of_all

    def wallet_name(self, owner: str | None) -> WalletName:
        """Return the name of its wallet: the label if the file has labels, else the id.

        Raises `Required`, `Invalid`, and `NotFound` for an impossible id.
        """
        owner_name = self.owner(owner)
        if "label" in self.cells:
            if not self.cells["label"]:
                raise errors.Required("A label is required.", field="label")
            return owner_name, self.cells["label"]
        wallet = parse_reference(self.cells["wallet"], what="Wallet", field="wallet")
        assert isinstance(wallet, int)  # noqa: S101 - a file has no local ids
        return wallet

    def metadata(self) -> Mapping[str, object]:
        """Return its metadata. Raises `Invalid` for what is not a JSON object."""
        text = self.cells.get("metadata")
        if not text:
            return {}
        try:
            value = parse_json(text.encode(), name="The metadata")
        except MalformedJson as error:
            raise errors.Invalid(error.message, field="metadata") from error
        if not isinstance(value, dict):
            raise errors.Invalid("The metadata must be a JSON object.", field="metadata")
        return value

    def parse(self, wallet: int) -> PostTransaction:
        """Return the post of its transaction to a wallet. Raises the refusals of its fields."""
        values: dict[str, object] = {"txid": self.cells["txid"], "amount": self.cells["amount"], "wallet": wallet}
        if self.cells.get("description"):
            values["description"] = self.cells["description"]
        metadata = self.metadata()
        if metadata:
            values["metadata"] = metadata
        return PostTransaction.parse(values)


def read_rows(path: Path, titles: Titles) -> Iterator[Row]:
    """Yield the rows of a file. `titles` are those of columns with other titles than their own names.

    Raises `CsvError` for a file that cannot be read on, and for columns that are missing, unknown or given twice.
    """
    with opened(path) as file:
        records = read_records(file)
        own: Titles = {name: name for name in COLUMNS}
        places = read_header(records, {**own, **_IGNORED, **titles})
        missing = [name for name in ("txid", "amount") if name not in places]
        if "label" not in places and "wallet" not in places:
            missing.append("wallet or label")
        if missing:
            raise CsvError(f"There is no column {', and no '.join(missing)}.", line=1)
        for record in records:
            yield _row_of(record, places)


def _row_of(record: Record, places: Mapping[str, int]) -> Row:
    if record.problem is not None:
        return Row(record.line, refusal=errors.Invalid(record.problem))
    return Row(record.line, {name: record.cells[place] for name, place in places.items()})
