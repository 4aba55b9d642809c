"""Post, amend and delete transactions."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from walletsvc import errors, money
from walletsvc.models import Transaction
from walletsvc.principals import Principal
from walletsvc.services.inputs import (
    UNSET,
    LocalId,
    Reference,
    Refusals,
    id_so_far,
    parse_description,
    parse_metadata,
    parse_name,
    parse_reference,
    resolve,
)
from walletsvc.services.performing import perform
from walletsvc.services.posting import Clock, Ledger
from walletsvc.services.steps import Step, find_transaction
from walletsvc.services.transaction_rows import blank_transaction, update_transaction_row


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
    step = prepare_create_transaction(
        principal=principal,
        txid=txid,
        wallet_id=wallet_id,
        amount=amount,
        description=description,
        metadata=metadata,
    )
    return perform(step, principal=principal, clock=clock)


def prepare_create_transaction(
    *,
    principal: Principal,
    txid: object = UNSET,
    wallet_id: object = UNSET,
    amount: object = UNSET,
    description: object = UNSET,
    metadata: object = UNSET,
    local_id: LocalId | None = None,
) -> Step[Transaction]:
    """Return the step behind `create_transaction`; it tells `local_id` the id. Raises refusals of the input."""
    refusals = Refusals()
    transaction = blank_transaction()
    wallet: Reference = 0
    with refusals.collect():
        transaction.txid = parse_name(txid, field="txid")
    with refusals.collect():
        transaction.amount = parse_change(amount)
    with refusals.collect():
        wallet = parse_reference(wallet_id, what="Wallet", field="wallet")
    with refusals.collect():
        transaction.description = parse_description(description)
    with refusals.collect():
        transaction.metadata = parse_metadata(metadata)
    refusals.raise_if_any()

    def run(ledger: Ledger) -> Transaction:
        transaction.id = None
        transaction.wallet_id = resolve(wallet)
        ledger.post(transaction)
        if local_id is not None:
            ledger.flush(send=True)
            local_id.id = transaction.id
        return transaction

    return Step(
        run,
        wallets=(wallet,),
        explain_duplicate=lambda: find_txid_holder(principal, transaction.txid),
        is_shared=local_id is None and not isinstance(wallet, LocalId),
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
    step = prepare_update_transaction(
        principal=principal,
        transaction_id=transaction_id,
        txid=txid,
        wallet_id=wallet_id,
        amount=amount,
        description=description,
        metadata=metadata,
    )
    return perform(step, principal=principal, clock=clock)


def prepare_update_transaction(
    *,
    principal: Principal,
    transaction_id: object,
    txid: object = UNSET,
    wallet_id: object = UNSET,
    amount: object = UNSET,
    description: object = UNSET,
    metadata: object = UNSET,
) -> Step[Transaction]:
    """Return the step behind `update_transaction`. Raises `NotFound` for an id that cannot be one."""
    reference = parse_reference(transaction_id, what="Transaction")
    refusals = Refusals()
    changes: dict[str, object] = {}
    new_amount: Decimal | None = None
    new_wallet: Reference | None = None
    with refusals.collect():
        if txid is not UNSET:
            changes["txid"] = parse_name(txid, field="txid")
    with refusals.collect():
        if amount is not UNSET:
            new_amount = parse_change(amount)
    with refusals.collect():
        if wallet_id is not UNSET:
            new_wallet = parse_reference(wallet_id, what="Wallet", field="wallet")
    with refusals.collect():
        if description is not UNSET:
            changes["description"] = parse_description(description)
    with refusals.collect():
        if metadata is not UNSET:
            changes["metadata"] = parse_metadata(metadata)

    def run(ledger: Ledger) -> Transaction:
        transaction = find_transaction(ledger, reference)
        refusals.raise_if_any()
        before = (transaction.amount, transaction.wallet_id)
        ledger.amend(
            transaction,
            amount=transaction.amount if new_amount is None else new_amount,
            wallet_id=transaction.wallet_id if new_wallet is None else resolve(new_wallet),
        )
        changed = [field for field, value in changes.items() if getattr(transaction, field) != value]
        if "txid" in changed:
            ledger.names.take_txid(str(changes["txid"]))
            ledger.names.give_up(txids=[transaction.txid])
        for field in changed:
            setattr(transaction, field, changes[field])
        if changed or (transaction.amount, transaction.wallet_id) != before:
            transaction.updated_at = ledger.at
            update_transaction_row(transaction)
        return transaction

    return Step(
        run,
        wallets=() if new_wallet is None else (new_wallet,),
        transaction=reference,
        explain_duplicate=lambda: find_txid_holder(principal, changes.get("txid"), but=id_so_far(reference)),
    )


def delete_transaction(*, principal: Principal, transaction_id: object, clock: Clock = timezone.now) -> Transaction:
    """Delete a transaction, give its amount back, and return it as it was.

    Raises `NotFound`, and `InsufficientFunds` where a credit has been spent.
    """
    return perform(prepare_delete_transaction(transaction_id=transaction_id), principal=principal, clock=clock)


def prepare_delete_transaction(*, transaction_id: object) -> Step[Transaction]:
    """Return the step behind `delete_transaction`. Raises `NotFound` for an id that cannot be one."""
    reference = parse_reference(transaction_id, what="Transaction")

    def run(ledger: Ledger) -> Transaction:
        transaction = find_transaction(ledger, reference)
        ledger.give_back(transaction)
        return transaction

    return Step(run, transaction=reference)


def parse_change(amount: object) -> Decimal:
    """Return the amount of a transaction. Raises what `parse_amount` raises, and `InvalidAmount` for zero."""
    parsed = money.parse_amount(None if amount is UNSET else amount)
    if not parsed:
        raise errors.InvalidAmount("The amount of a transaction is not zero.", field="amount")
    return parsed


def find_txid_holder(principal: Principal, txid: object, *, but: int = 0) -> errors.DuplicateTxid | None:
    """Return the refusal of a txid that a transaction, `but` the one of this id, has.

    It names the holder if the principal can see it.
    """
    holder = Transaction.objects.filter(txid=txid).exclude(id=but).values_list("id", "wallet__owner").first()
    if holder is None:
        return None
    visible = principal.owner is None or holder[1] == principal.owner
    context = {"transaction": holder[0]} if visible else {}
    return errors.DuplicateTxid("Another transaction has this txid.", field="txid", **context)
