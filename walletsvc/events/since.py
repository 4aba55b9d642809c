"""Read what has happened to a wallet since a given sequence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from walletsvc.errors import NotFound
from walletsvc.models import Wallet
from walletsvc.principals import Principal
from walletsvc.queries.engine import read_many, read_one
from walletsvc.queries.questions import MAX_PAGE_SIZE, Selection
from walletsvc.queries.records import Record
from walletsvc.schema.resources import ENTRY, WALLET

_CHUNK = 500


def get_wallet(*, principal: Principal, wallet_id: int, selection: Selection) -> Record:
    """Return the wallet, with its `sequence`. Raises `NotFound`."""
    record = read_one(WALLET, _with_sequence(selection), principal=principal, id=wallet_id)
    if record is None:
        raise NotFound(f"There is no Wallet '{wallet_id}'.")
    return record


def list_entries_after(
    *, principal: Principal, wallet_id: int, sequence: int, selection: Selection, limit: int = MAX_PAGE_SIZE
) -> list[Record]:
    """Return the first entries after `sequence`, in order. Raises `NotFound` if there is no such wallet."""
    # Sequences have no gap, so a range of them is a page.
    place = {"wallet_id": wallet_id, "sequence__range": (sequence + 1, sequence + limit)}
    records = read_many(ENTRY, _with_sequence(selection), principal=principal, **place)
    if not records:
        get_wallet(principal=principal, wallet_id=wallet_id, selection=Selection(fields=frozenset()))
    return sorted(records, key=sequence_of)


def list_sequences(*, wallet_ids: Collection[int]) -> dict[int, int]:
    """Return the sequence of each wallet that exists, of any owner."""
    ids = sorted(wallet_ids)
    found: dict[int, int] = {}
    for start in range(0, len(ids), _CHUNK):
        rows = Wallet.objects.filter(id__in=ids[start : start + _CHUNK]).order_by()
        found.update(rows.values_list("id", "sequence"))
    return found


def sequence_of(record: Record) -> int:
    """Return the sequence of a record that was read by this module."""
    sequence = record.attributes["sequence"]
    if not isinstance(sequence, int):
        raise TypeError("The record was read without its sequence.")
    return sequence


def _with_sequence(selection: Selection) -> Selection:
    fields = None if selection.fields is None else selection.fields | {"sequence"}
    return replace(selection, fields=fields)
