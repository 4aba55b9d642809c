"""Transfer money between wallets."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from walletsvc import errors, money
from walletsvc.models import Transaction
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal
from walletsvc.services.inputs import (
    UNSET,
    Refusals,
    parse_description,
    parse_id,
    parse_metadata,
    parse_name,
)
from walletsvc.services.performing import perform
from walletsvc.services.posting import Clock, Ledger
from walletsvc.services.steps import Step
from walletsvc.services.transactions import find_txid_holder, parse_change


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two transactions that happened together: out of one wallet, into another."""

    debit: Transaction
    credit: Transaction


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
        credit.amount = parse_change(amount)
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

    def run(ledger: Ledger) -> Transfer:
        source = ledger.wallet(debit.wallet_id, field="source")
        destination = ledger.wallet(credit.wallet_id, field="destination")
        if source.currency != destination.currency:
            raise errors.CurrencyMismatch(
                "A transfer takes two wallets of one currency.",
                field="destination",
                currencies=[source.currency, destination.currency],
            )
        ledger.post(debit, kind=Kind.TRANSFER_OUT)
        ledger.post(credit, kind=Kind.TRANSFER_IN)
        return Transfer(debit=debit, credit=credit)

    def explain_duplicate() -> errors.DuplicateTxid | None:
        return find_txid_holder(principal, debit.txid) or find_txid_holder(principal, credit.txid)

    step = Step(run, wallets=(debit.wallet_id, credit.wallet_id), explain_duplicate=explain_duplicate)
    return perform(step, principal=principal, clock=clock)
