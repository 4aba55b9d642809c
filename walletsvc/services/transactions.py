"""Post, amend and delete transactions; transfer between wallets."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from walletsvc import errors, money
from walletsvc.models import Transaction
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal
from walletsvc.reading.scope import within_reach
from walletsvc.services.durability import Outdated
from walletsvc.services.inputs import (
    UNSET,
    Refusals,
    not_found,
    parse_description,
    parse_id,
    parse_metadata,
    parse_name,
)
from walletsvc.services.posting import Clock, Ledger, change_balances


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two transactions that happened together: out of one wallet, into another."""

    debit: Transaction
    credit: Transaction


def create_transaction(
    *,
    principal: Principal,
    txid: object = UNSET,
    wallet_id: object = UNSET,
    amount: object = UNSET,
    description: object = UNSET,
    metadata: object = UNSET,
    clock: Clock = timezone.now,
) -> Transaction:
    """Post a transaction to a wallet and return it.

    Raises refusals of fields and amounts, `NotFound` for the wallet, `InsufficientFunds`, and `DuplicateTxid`.
    """
    refusals = Refusals()
    transaction = Transaction()
    with refusals.collect():
        transaction.txid = parse_name(txid, field="txid")
    with refusals.collect():
        transaction.amount = _parse_change(amount)
    with refusals.collect():
        transaction.wallet_id = parse_id(wallet_id, what="Wallet", field="wallet")
    with refusals.collect():
        transaction.description = parse_description(description)
    with refusals.collect():
        transaction.metadata = parse_metadata(metadata)
    refusals.raise_if_any()

    def work(ledger: Ledger) -> Transaction:
        ledger.lock(transaction.wallet_id, field="wallet")
        ledger.post(transaction)
        return transaction

    return change_balances(
        work, principal=principal, clock=clock, explain_duplicate=lambda: _duplicate_txid(principal, transaction.txid)
    )


def update_transaction(
    *,
    principal: Principal,
    transaction_id: object,
    txid: object = UNSET,
    wallet_id: object = UNSET,
    amount: object = UNSET,
    description: object = UNSET,
    metadata: object = UNSET,
    clock: Clock = timezone.now,
) -> Transaction:
    """Amend a transaction, move it to another wallet, or change its texts, and return it.

    Raises what `create_transaction` raises, `NotFound` for the transaction too, and `CurrencyMismatch`.
    """
    identifier = parse_id(transaction_id, what="Transaction")
    refusals = Refusals()
    changes: dict[str, object] = {}
    new_amount: Decimal | None = None
    new_wallet_id: int | None = None
    with refusals.collect():
        if txid is not UNSET:
            changes["txid"] = parse_name(txid, field="txid")
    with refusals.collect():
        if amount is not UNSET:
            new_amount = _parse_change(amount)
    with refusals.collect():
        if wallet_id is not UNSET:
            new_wallet_id = parse_id(wallet_id, what="Wallet", field="wallet")
    with refusals.collect():
        if description is not UNSET:
            changes["description"] = parse_description(description)
    with refusals.collect():
        if metadata is not UNSET:
            changes["metadata"] = parse_metadata(metadata)

    def work(ledger: Ledger) -> Transaction:
        transaction = _lock(ledger, identifier, also=new_wallet_id)
        refusals.raise_if_any()
        before = (transaction.amount, transaction.wallet_id)
        ledger.amend(
            transaction,
            amount=transaction.amount if new_amount is None else new_amount,
            wallet_id=transaction.wallet_id if new_wallet_id is None else new_wallet_id,
        )
        changed = [field for field, value in changes.items() if getattr(transaction, field) != value]
        for field in changed:
            setattr(transaction, field, changes[field])
        if changed or (transaction.amount, transaction.wallet_id) != before:
            transaction.updated_at = ledger.at
            transaction.save(update_fields=[*changed, "amount", "wallet", "updated_at"])
        return transaction

    return change_balances(
        work,
        principal=principal,
        clock=clock,
        explain_duplicate=lambda: _duplicate_txid(principal, changes.get("txid")),
    )


def delete_transaction(*, principal: Principal, transaction_id: object, clock: Clock = timezone.now) -> None:
    """Delete a transaction and give its amount back.

    Raises `NotFound`, and `InsufficientFunds` where a credit has been spent.
    """
    identifier = parse_id(transaction_id, what="Transaction")

    def work(ledger: Ledger) -> None:
        ledger.give_back(_lock(ledger, identifier))

    change_balances(work, principal=principal, clock=clock)


def create_transfer(
    *,
    principal: Principal,
    txid: object = UNSET,
    source_id: object = UNSET,
    destination_id: object = UNSET,
    amount: object = UNSET,
    description: object = UNSET,
    metadata: object = UNSET,
    clock: Clock = timezone.now,
) -> Transfer:
    """Move a positive amount from one wallet to another of the same currency, and return both transactions.

    Their txids are `txid` with `.out` and `.in` behind it. Raises what `create_transaction` raises,
    `InvalidAmount` unless the amount is positive, `Invalid` for one wallet twice, and `CurrencyMismatch`.
    """
    refusals = Refusals()
    debit, credit = Transaction(), Transaction()
    with refusals.collect():
        name = parse_name(txid, field="txid")
        debit.txid, credit.txid = parse_name(f"{name}.out", field="txid"), f"{name}.in"
    with refusals.collect():
        credit.amount = _parse_change(amount)
        if credit.amount < 0:
            raise errors.InvalidAmount("The amount of a transfer is positive.", field="amount")
        debit.amount = money.negate(credit.amount)
    with refusals.collect():
        debit.wallet_id = parse_id(source_id, what="Wallet", field="source")
    with refusals.collect():
        credit.wallet_id = parse_id(destination_id, what="Wallet", field="destination")
    with refusals.collect():
        debit.description = credit.description = parse_description(description)
    with refusals.collect():
        debit.metadata = credit.metadata = parse_metadata(metadata)
    refusals.raise_if_any()
    if debit.wallet_id == credit.wallet_id:
        raise errors.Invalid("A transfer takes two wallets.", field="destination")

    def work(ledger: Ledger) -> Transfer:
        ledger.lock(debit.wallet_id, credit.wallet_id)
        currencies = [ledger.wallet(each.wallet_id).currency for each in (debit, credit)]
        if currencies[0] != currencies[1]:
            raise errors.CurrencyMismatch(
                "A transfer takes two wallets of one currency.", field="destination", currencies=currencies
            )
        ledger.post(debit, kind=Kind.TRANSFER_OUT)
        ledger.post(credit, kind=Kind.TRANSFER_IN)
        return Transfer(debit=debit, credit=credit)

    def explain_duplicate() -> errors.DuplicateTxid | None:
        return _duplicate_txid(principal, debit.txid) or _duplicate_txid(principal, credit.txid)

    return change_balances(work, principal=principal, clock=clock, explain_duplicate=explain_duplicate)


def _parse_change(amount: object) -> Decimal:
    parsed = money.parse_amount(None if amount is UNSET else amount)
    if not parsed:
        raise errors.InvalidAmount("The amount of a transaction is not zero.", field="amount")
    return parsed


def _lock(ledger: Ledger, transaction_id: int, *, also: int | None = None) -> Transaction:
    """Lock a transaction's wallet, with another one if given, and return the transaction as it then is."""
    transactions = within_reach(Transaction.objects.filter(id=transaction_id), ledger.principal)
    seen = transactions.values_list("wallet_id", flat=True).first()
    if seen is None:
        raise not_found("Transaction", transaction_id)
    ledger.lock(seen, *([] if also is None else [also]), field="wallet")
    transaction = Transaction.objects.filter(id=transaction_id).select_for_update().first()
    if transaction is None:
        raise not_found("Transaction", transaction_id)
    if transaction.wallet_id != seen:
        # It moved between the two reads. As with any other contention, only a fresh start sees all of it.
        raise Outdated
    return transaction


def _duplicate_txid(principal: Principal, txid: object) -> errors.DuplicateTxid | None:
    holder = Transaction.objects.filter(txid=txid).values_list("id", "wallet__owner").first()
    if holder is None:
        return None
    visible = principal.owner is None or holder[1] == principal.owner
    context = {"transaction": holder[0]} if visible else {}
    return errors.DuplicateTxid("Another transaction has this txid.", field="txid", **context)
