"""The SQL of a commit to the ledger, in order.

Only this module knows how new ids are learned: on MySQL the entries of new transactions refer to them by their place
in the preceding INSERT (`mysql.expressions.new_id`). Another INSERT in between would link entries to the wrong rows;
the backend raises `RuntimeError` for that. Where another has to be in between, the session keeps the ids (`kept_id`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, Q
from django.db.models.base import ModelState

from walletsvc.db.channels import channel
from walletsvc.db.mysql.expressions import KEEP_IDS, Expression, NewId, kept_id, new_id
from walletsvc.ledger import statements
from walletsvc.ledger.hold_writer import insert_holds, update_holds
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.totals import PARTS, Total, add_to_part
from walletsvc.models import Hold, Transaction, Transfer, Wallet
from walletsvc.models.entry import Kind
from walletsvc.money import ZERO
from walletsvc.principals import Principal
from walletsvc.schema.resources import TRANSACTION

MAX_BONDS = 100
"""How many reversals a refusal names."""

M = TypeVar("M", bound=Model)

_DETAILS = [(each.column, each.type.parameter) for each in TRANSACTION.details]
_INSERT_TRANSACTIONS = (
    "INSERT INTO walletsvc_transaction (txid, wallet_id, amount, currency, owner,"
    f" {''.join(f'{column}, ' for column, _ in _DETAILS)}created_at, updated_at, fingerprint)"
)
_INSERT_BOUND_TRANSACTIONS = f"{_INSERT_TRANSACTIONS[:-1]}, transfer_id, reversal_of_id, hold_id)"
_INSERT_TRANSFERS = (
    "INSERT INTO walletsvc_transfer"
    " (txid, owner, description, metadata, external, reversal_of_id, fingerprint, created_at)"
)
_UPDATE_TRANSACTION = (
    "UPDATE walletsvc_transaction SET txid = %s, wallet_id = %s, amount = %s,"  # noqa: S608 - names of our own
    f" {''.join(f'{column} = %s, ' for column, _ in _DETAILS)}updated_at = %s WHERE id = %s"
)
_INSERT_ENTRIES = (
    "INSERT INTO walletsvc_entry"
    " (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal,"
    " owner, created_at, shown_principal)"
)
_INSERT_KEYS = "INSERT INTO walletsvc_replaykey (hash, fingerprint, kind, target, results, created_at)"
_INSERT_ALL_OF_ENTRIES = f"{_INSERT_ENTRIES[:-1]}, held, held_after, hold_id, detail)"


@dataclass(slots=True)
class Line:
    """A decided entry that is not written yet; its transaction may not have an id either."""

    wallet: LockedWallet
    sequence: int
    amount: Decimal
    balance_after: Decimal
    kind: Kind
    transaction: Transaction | None
    held: Decimal = ZERO
    held_after: Decimal = ZERO
    hold: Hold | None = None
    detail: Mapping[str, object] | None = None
    """What a change of settings changed, from and to."""

    @property
    def is_plain(self) -> bool:
        """Tell whether the columns of holds and settings have their defaults."""
        return not self.held_after and not self.held and self.detail is None


@dataclass(frozen=True, slots=True)
class PostedTransfer:
    """A transfer that is not written yet, and its legs, which are among the posted transactions."""

    transfer: Transfer
    legs: Sequence[Transaction]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An idempotency key that commits with what its request has `made`, and what is kept of the `results`."""

    hash: bytes
    fingerprint: bytes
    kind: str
    made: Transaction | Transfer | Wallet | Hold | None
    results: object


def write_changes(
    lines: Sequence[Line],
    posted: Sequence[Transaction],
    *,
    transfers: Sequence[PostedTransfer] = (),
    keys: Sequence[KeyRow] = (),
    new_holds: Sequence[Hold] = (),
    changed_holds: Sequence[Hold] = (),
    by: Principal,
    at: datetime,
    send: bool,
) -> None:
    """Write the wallets that `lines` change, the transactions `posted` with the `transfers` that some of them belong
    to, the `keys`, the holds, and an entry for each line.

    `by` is the author. The statements are sent with the next one or with COMMIT, or with `send` now: then each
    of `posted`, of the transfers and of the new holds has its id.
    """
    moment = statements.from_time(at)
    changed = {line.wallet.id: line.wallet for line in lines}
    columns = _columns_of(lines)
    statements.change("UPDATE walletsvc_wallet", columns, list(changed.values()), at=moment)
    if changed_holds:
        update_holds(changed_holds, at=at)
    ids: dict[int, int | Expression] = {}
    if new_holds:
        insert_holds(new_holds)
        ids |= _ids_of(new_holds, "new_holds" if posted or len(lines) > statements.ROWS_A_STATEMENT else None)
    if posted:
        of_legs: Mapping[int, int | Expression] = {}
        if transfers:
            keeps = any(isinstance(each.made, Transfer) for each in keys)
            of_legs = _insert_transfers(transfers, ids, keeps=keeps, transactions=len(posted))
        _insert_transactions(posted, of_legs)
        if len(lines) > statements.ROWS_A_STATEMENT:
            # New ids can be referred to only directly after their INSERT.
            statements.send()
        ids |= _ids_of(posted)
    if keys:
        _insert_keys(keys, ids, moment)
    for some in statements.chunks(lines):
        is_plain = all(line.is_plain for line in some)
        entries = [_entry_row(line, by, moment, ids, is_plain=is_plain) for line in some]
        statements.insert(
            _INSERT_ENTRIES if is_plain else _INSERT_ALL_OF_ENTRIES,
            entries,
            uses_new_ids=NewId in map(type, chain.from_iterable(entries)),
        )
    if send:
        statements.send()


def insert_wallet(wallet: Wallet) -> None:
    """Insert a new wallet, and set its id."""
    wallet.save(force_insert=True)


def write_available(wallet: LockedWallet) -> bool:
    """Store what is available in a locked wallet; return whether that was something else before."""
    return bool(
        Wallet.objects.filter(id=wallet.id).exclude(available=wallet.available).update(available=wallet.available)
    )


def read_names(wallet_id: int) -> tuple[list[str], list[str]]:
    """Return the label of a wallet, and the txids of its transactions."""
    labels = Wallet.objects.filter(id=wallet_id).values_list("label", flat=True)
    return list(labels), list(Transaction.objects.filter(wallet_id=wallet_id).values_list("txid", flat=True))


def read_bonds(transaction: Transaction, *, by: Principal) -> dict[str, Any]:
    """Return what a transaction belongs to, and its reversals, as far as the principal can see them."""
    seen = Transfer.objects.filter(id=transaction.transfer_id or 0)
    if by.owner is not None:
        seen = seen.filter(owner=by.owner)
    reversals = Transaction.objects.filter(reversal_of_id=transaction.id).order_by("id")
    return {
        "transaction": transaction.id,
        "transfer": seen.values_list("id", flat=True).first(),
        "hold": transaction.hold_id,
        "reversal_of": transaction.reversal_of_id,
        "reversals": list(reversals.values_list("id", flat=True)[:MAX_BONDS]),
    }


def has_bonds(wallet_id: int) -> bool:
    """Tell whether a wallet has holds, or transactions that belong to anything."""
    bound = Q(transfer__isnull=False) | Q(hold__isnull=False) | Q(reversal_of__isnull=False) | Q(reversed__gt=0)
    transactions = Transaction.objects.filter(bound, wallet_id=wallet_id)
    return Hold.objects.filter(wallet_id=wallet_id).exists() or transactions.exists()


def delete_wallet(wallet_id: int) -> int:
    """Delete a wallet with its transactions, and return the number of transactions."""
    deleted = Transaction.objects.filter(wallet_id=wallet_id)._raw_delete(using=connection.alias)
    Wallet.objects.filter(id=wallet_id)._raw_delete(using=connection.alias)
    return deleted


def blank_transaction() -> Transaction:
    """Return a new transaction with almost no field set."""
    return _blank(Transaction, fingerprint=None, transfer_id=None, hold_id=None, reversal_of_id=None, reversed=ZERO)


def blank_transfer() -> Transfer:
    """Return a new transfer with almost no field set."""
    return _blank(Transfer, reversal_of_id=None)


def blank_hold() -> Hold:
    """Return a new hold with no field set."""
    return _blank(Hold)


def _blank(model: type[M], **values: object) -> M:
    """Return a new object with these fields: `__init__`, which sets all, takes twenty times as long.

    Reading a field that is not set would query the database.
    """
    instance = model.__new__(model)
    vars(instance).update(values, _state=ModelState())
    return instance


def update_transaction_row(transaction: Transaction) -> None:
    """Write the fields of a transaction that can change. Its wallet is locked, so the row exists."""
    values: list[statements.Value] = [
        transaction.txid,
        transaction.wallet_id,
        statements.from_decimal(transaction.amount),
        *_details_of(transaction),
        statements.from_time(transaction.updated_at),
        transaction.id,
    ]
    statements.write(_UPDATE_TRANSACTION, values)


def write_reversed(transaction: Transaction) -> None:
    """Write how much of a transaction is reversed. Its wallet is locked, so the row exists."""
    statements.write(
        "UPDATE walletsvc_transaction SET reversed = %s, updated_at = %s WHERE id = %s",
        [statements.from_decimal(transaction.reversed), statements.from_time(transaction.updated_at), transaction.id],
    )


def delete_transaction_row(transaction: Transaction) -> None:
    """Delete the row of a transaction. Its wallet is locked, so the row exists."""
    statements.write("DELETE FROM walletsvc_transaction WHERE id = %s", [transaction.id])


def add_to_totals(added: Mapping[str, Total]) -> None:
    """Add to the totals of these currencies.

    Call it last in a transaction: then a transaction that holds a part waits only for COMMIT, and cannot deadlock.
    """
    add_to_part(channel().share_of(PARTS), added)


_ALWAYS: tuple[str, ...] = ("balance", "available", "sequence", "transaction_count")
_WITH_HELD = ("held", "next_expiry")
_WITH_SETTINGS = ("floor", "state")


def _columns_of(lines: Sequence[Line]) -> Sequence[str]:
    """Return the columns of wallets that these lines may have changed."""
    columns: tuple[str, ...] = _ALWAYS
    if any(line.held for line in lines):
        columns += _WITH_HELD
    if any(line.kind is Kind.SETTINGS for line in lines):
        columns += _WITH_SETTINGS
    return columns


def _ids_of(new: Sequence[Any], kept_as: str | None = None) -> dict[int, int | Expression]:
    """Return the ids of rows of the INSERT before, by their objects' identity: as numbers, if they are known.

    With `kept_as`, they are kept in the session under that name, so that other rows can be inserted meanwhile.
    """
    if new[-1].id is not None or kept_as is None:
        return {id(each): each.id or new_id(place) for place, each in enumerate(new)}
    if len(new) > statements.ROWS_A_STATEMENT:
        # They took several statements.
        statements.send()
        return {id(each): each.id for each in new}
    statements.write(KEEP_IDS.format(name=kept_as), ())
    return {id(each): kept_id(place, kept_as) for place, each in enumerate(new)}


def _insert_transfers(
    transfers: Sequence[PostedTransfer], ids: dict[int, int | Expression], *, keeps: bool, transactions: int
) -> Mapping[int, int | Expression]:
    """Insert the rows, and give each transfer its id, once the statements have been sent.

    Returns the id of each leg's transfer, by the leg's identity. `transactions` are to be inserted next. With
    `keeps`, adds to `ids` what is inserted later can refer to.
    """
    for some in statements.chunks(transfers):
        rows: list[list[statements.Value]] = [
            [
                each.txid,
                each.owner,
                each.description,
                _json(each.metadata),
                _json(each.external),
                each.reversal_of_id,
                each.fingerprint,
                statements.from_time(each.created_at),
            ]
            for each in (posted.transfer for posted in some)
        ]
        statements.insert(_INSERT_TRANSFERS, rows, partial(_take_transfer_ids, some))
    if transactions > statements.ROWS_A_STATEMENT:
        # New ids can be referred to only directly after their INSERT.
        statements.send()
    found = _ids_of([each.transfer for each in transfers], "new_transfers" if keeps else None)
    ids |= found if keeps else {}
    return {id(leg): found[id(posted.transfer)] for posted in transfers for leg in posted.legs}


def _insert_transactions(transactions: Sequence[Transaction], transfers: Mapping[int, int | Expression]) -> None:
    """Insert the rows and give each transaction its id, once the statements have been sent.

    `transfers` has the ids of the transfers that some of them belong to, by their identity.
    """
    for some in statements.chunks(transactions):
        rows: list[list[statements.Value]] = [
            [
                each.txid,
                each.wallet_id,
                statements.from_decimal(each.amount),
                each.currency,
                each.owner,
                *_details_of(each),
                statements.from_time(each.created_at),
                statements.from_time(each.updated_at),
                each.fingerprint,
            ]
            for each in some
        ]
        bonds = [(vars(each).get("reversal_of_id"), vars(each).get("hold_id")) for each in some]
        if not transfers and not any(map(any, bonds)):
            statements.insert(_INSERT_TRANSACTIONS, rows, partial(_take_ids, some))
            continue
        for each, row, (reversed_id, hold_id) in zip(some, rows, bonds, strict=True):
            row += [transfers.get(id(each)), reversed_id, hold_id]
        statements.insert(
            _INSERT_BOUND_TRANSACTIONS,
            rows,
            partial(_take_ids, some),
            uses_new_ids=any(isinstance(each, NewId) for each in transfers.values()),
        )


def _insert_keys(keys: Sequence[KeyRow], ids: Mapping[int, int | Expression], at: str) -> None:
    rows: list[list[statements.Value]] = [
        [
            each.hash,
            each.fingerprint,
            each.kind,
            None if each.made is None else each.made.id or ids[id(each.made)],
            json.dumps(each.results),
            at,
        ]
        # In the same order everywhere: who holds one of several keys and waits for another cannot deadlock.
        for each in sorted(keys, key=attrgetter("hash"))
    ]
    uses_new_ids = any(isinstance(row[_TARGET], NewId) for row in rows)
    statements.insert(_INSERT_KEYS, rows, uses_new_ids=uses_new_ids, keeps_new_ids=True)


_TARGET = 3
"""The place of the id of what a request has made in the row of its key."""
_ID = 6
"""The place of the transaction's id in the row of an entry."""


def _entry_row(
    line: Line, by: Principal, at: str, ids: Mapping[int, int | Expression], *, is_plain: bool
) -> list[statements.Value]:
    transaction, hold = line.transaction, line.hold
    named = transaction or hold
    row: list[statements.Value] = [
        line.wallet.id,
        line.sequence,
        statements.from_decimal(line.amount),
        statements.from_decimal(line.balance_after),
        line.wallet.currency,
        line.kind.value,
        None if transaction is None else transaction.id or ids[id(transaction)],
        "" if named is None else named.txid,
        by.subject,
        line.wallet.owner,
        at,
        by.shown_to_owner,
    ]
    if not is_plain:
        detail = _json(line.detail)
        hold_id = None if hold is None else hold.id or ids[id(hold)]
        row += [statements.from_decimal(line.held), statements.from_decimal(line.held_after), hold_id, detail]
    return row


def _details_of(transaction: Transaction) -> list[str]:
    values = vars(transaction)
    return [parameter(values[column]) for column, parameter in _DETAILS]


def _json(value: Mapping[str, object] | None) -> str:
    # Mostly there is nothing in it.
    return json.dumps(value) if value else "{}"


def _take_ids(transactions: Sequence[Transaction], ids: range) -> None:
    for each, identifier in zip(transactions, ids, strict=True):
        each.id = identifier


def _take_transfer_ids(transfers: Sequence[PostedTransfer], ids: range) -> None:
    for each, identifier in zip(transfers, ids, strict=True):
        each.transfer.id = identifier
        for leg in each.legs:
            leg.transfer_id = identifier
            # Nobody has to read it again.
            leg._state.fields_cache["transfer"] = each.transfer
