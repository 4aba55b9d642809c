"""Take back a transaction or a transfer, in whole or in part, by transactions of the opposite sign.

The caller has read the original under the lock of its wallets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger.amendments import bound
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.guard import check_amount, check_stored
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.together import Leg
from walletsvc.models import Transaction, Transfer
from walletsvc.models.entry import Kind


def reverse_transaction(
    ledger: Ledger,
    original: Transaction,
    reversal: Transaction,
    *,
    amount: Decimal | None = None,
    conditions: Conditions | None = None,
) -> None:
    """Post `reversal`, which takes back an `amount` of a transaction, or all that is left, if the conditions hold.

    Raises `WalletClosed`, `TransactionBound` for a leg of a transfer and for a reversal, what `decide_part` raises,
    and what `Ledger.post` raises: money that has been spent is not taken back.
    """
    ledger.wallet(original.wallet_id)
    if original.transfer_id is not None or original.reversal_of_id is not None:
        raise bound(ledger, original, "A leg is reversed with its transfer, and a reversal is not reversed.")
    part = decide_part(original, amount)
    reversal.wallet_id, reversal.amount = original.wallet_id, _opposite(original, part)
    reversal.reversal_of_id = original.id
    ledger.post(reversal, kind=Kind.REVERSAL, conditions=conditions)
    ledger.add_reversed(original, part)


def reverse_transfer(
    ledger: Ledger,
    original: Transfer,
    legs: Sequence[Transaction],
    reversal: Transfer,
    *,
    amount: Decimal | None = None,
    conditions: Conditions | None = None,
) -> None:
    """Post `reversal`, which takes back an `amount` of a transfer with these `legs`, or all that is left.

    Each of its legs reverses one of those, in their order. The `conditions` are those of the wallet that gives the
    money back. Raises `WalletClosed`, `TransactionBound` for a reversal, what `decide_parts` and `check_conditions`
    raise, and what `Ledger.transfer` raises.
    """
    ledger.wallets((each.wallet_id, None) for each in legs)
    if original.reversal_of_id is not None:
        message = "A reversal is not reversed."
        raise errors.TransactionBound(message, transfer=original.id, reversal_of=original.reversal_of_id)
    is_one_amount = moves_one_amount(legs, original.external)
    parts = decide_parts(legs, amount, is_one_amount=is_one_amount)
    check_conditions(conditions, is_one_amount=is_one_amount)
    reversal.reversal_of_id = original.id
    back = [
        Transaction(
            txid=f"{reversal.txid}.{number}",
            wallet_id=leg.wallet_id,
            amount=_opposite(leg, part),
            currency=leg.currency,
            description=reversal.description,
            reversal_of_id=leg.id,
        )
        for number, (leg, part) in enumerate(zip(legs, parts, strict=True), 1)
    ]
    outside = {currency: _missing(back, currency) for currency in original.external}
    giving = next((each for each in back if each.amount < 0), back[0])
    conditional = [Leg(each, conditions if each is giving else None) for each in back]
    ledger.transfer(reversal, conditional, outside, kind=Kind.REVERSAL)
    for leg, part in zip(legs, parts, strict=True):
        ledger.add_reversed(leg, part)


def decide_part(original: Transaction, amount: Decimal | None) -> Decimal:
    """Return how much of a transaction is taken back: the positive `amount`, or all that is left.

    Raises `ScaleExceeded` or `PrecisionExceeded` for what cannot be stored exactly, and `ReversalExceeds` for more
    than is left, or if nothing is.
    """
    currency = original.currency
    if amount is not None:
        check_amount(amount, currency=currency, field="amount")
    rest = money.subtract(original.amount.copy_abs(), original.reversed)
    part = rest if amount is None else amount
    if not rest or part > rest:
        raise errors.ReversalExceeds(
            "That is more than is left to reverse." if rest else "Nothing is left to reverse.",
            field="amount",
            rest=money.format_amount(rest, currency),
            amount=None if amount is None else money.format_amount(amount, currency),
            currency=currency,
        )
    check_stored(money.add(original.reversed, part), field="amount")
    return part


def moves_one_amount(legs: Sequence[Transaction], external: Mapping[str, str]) -> bool:
    """Tell whether one amount is all that a transfer moved: between two wallets, or between one and the outside."""
    return len(legs) == 1 or (len(legs) == 2 and not external and not money.add(legs[0].amount, legs[1].amount))


def decide_parts(legs: Sequence[Transaction], amount: Decimal | None, *, is_one_amount: bool) -> list[Decimal]:
    """Return how much of each leg of a transfer is taken back.

    A part can be if `is_one_amount`: all that the transfer moved. A part of anything else would have to be rounded,
    or could be shared out in several ways: then an `amount` is `Invalid`. Raises what `decide_part` raises.
    """
    if amount is not None and not is_one_amount:
        message = "This transfer has moved more than one amount: it is reversed in whole."
        raise errors.Invalid(message, field="amount")
    return [decide_part(each, amount) for each in legs]


def check_conditions(conditions: Conditions | None, *, is_one_amount: bool) -> None:
    """Raise `Invalid` for conditions of a wallet if the transfer moved more than one amount.

    Several wallets may give back then, and the conditions do not say which they speak of. A moment is that of all.
    """
    if conditions is None or is_one_amount or conditions == Conditions(not_after=conditions.not_after):
        return
    message = "This transfer has moved more than one amount: only notAfter is a condition of its reversal."
    raise errors.Invalid(message, field="conditions")


def _opposite(original: Transaction, part: Decimal) -> Decimal:
    """Return the amount of the transaction that takes back this part of another."""
    return part if original.amount < 0 else money.negate(part)


def _missing(legs: Sequence[Transaction], currency: str) -> Decimal:
    """Return what the outside gets, so that a currency sums to zero."""
    missing = money.ZERO
    for leg in legs:
        if leg.currency == currency:
            missing = money.subtract(missing, leg.amount)
    return missing
