"""Create, resize, capture and release holds. Who calls has locked their wallets through the ledger."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger import hold_rules
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.guard import check_amount, decide
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.models import Hold, Transaction, Transfer
from walletsvc.models.entry import Kind
from walletsvc.models.hold import HoldState
from walletsvc.money import ZERO, negate
from walletsvc.schema.resources import MAX_TRANSFER_TXID_LENGTH


def create_hold(ledger: Ledger, hold: Hold, *, conditions: Conditions | None = None) -> None:
    """Add a new hold to a locked wallet, if its amount is available and the conditions hold.

    Sets everything of it that its maker has not: its id once it is committed, or with `flush(send=True)`. Raises
    `NotFound` and `WalletClosed` for its wallet and its destination, `CurrencyMismatch`, `Invalid` for an expiry that
    is not in the future, what the guard raises, and `DuplicateTxid`; then the ledger is unchanged.
    """
    wanted = [(hold.wallet_id, "wallet")]
    if hold.destination_id is not None:
        wanted.append((hold.destination_id, "destination"))
    wallet, *others = ledger.wallets(wanted)
    if any(each.currency != wallet.currency for each in others):
        raise errors.CurrencyMismatch(
            "A hold needs a destination of the same currency.",
            field="destination",
            currencies=[each.currency for each in (wallet, *others)],
        )
    check_expiry(ledger, hold.expires_at)
    at = None if conditions is None else ledger.at
    decide(wallet, ZERO, hold.amount, field="amount", conditions=conditions, at=at)
    hold.captured, hold.released, hold.remaining, hold.state = ZERO, ZERO, hold.amount, HoldState.OPEN
    ledger.add_hold(hold, wallet)
    expect_expiry(wallet, hold.expires_at)
    ledger.record(wallet, wallet.balance, ZERO, Kind.HOLD, held=hold.amount, hold=hold)


def check_expiry(ledger: Ledger, expires_at: datetime | None) -> None:
    """Raise `Invalid` unless the moment, if there is one, is in the future."""
    if expires_at is not None and expires_at <= ledger.at:
        raise errors.Invalid("A hold expires in the future.", field="expires_at")


def expect_expiry(wallet: LockedWallet, expires_at: datetime | None) -> bool:
    """Let a locked wallet know when one of its holds ends; return whether that is sooner than all that it knew."""
    is_sooner = expires_at is not None and (wallet.next_expiry is None or expires_at < wallet.next_expiry)
    if is_sooner:
        wallet.next_expiry = expires_at
    return is_sooner


def resize_hold(ledger: Ledger, hold: Hold, amount: Decimal) -> None:
    """Give an open hold another amount: what it holds more must be available.

    Raises `HoldExceeded` for less than what has been captured and released, and what the guard raises.
    """
    wallet = ledger.wallet(hold.wallet_id)
    check_amount(amount, currency=wallet.currency, field="amount")
    change = money.subtract(amount, hold.amount)
    if not change:
        return
    decide(wallet, ZERO, change, field="amount")
    hold_rules.resize(hold, amount)
    _change(ledger, hold, wallet, Kind.ADJUST, change)


def release_hold(ledger: Ledger, hold: Hold, amount: Decimal | None) -> None:
    """Give an amount of what an open hold has left back to its wallet, by default all.

    Raises `HoldClosed`, `HoldExceeded`, and what the guard raises of an amount.
    """
    wallet = ledger.wallet(hold.wallet_id)
    hold_rules.check_open(hold)
    amount = hold.remaining if amount is None else amount
    check_amount(amount, currency=wallet.currency, field="amount")
    hold_rules.release(hold, amount)
    _change(ledger, hold, wallet, Kind.RELEASE, negate(amount))


def capture_hold(
    ledger: Ledger,
    hold: Hold,
    captured: Transaction,
    amount: Decimal | None,
    *,
    is_final: bool = False,
    allow_excess: bool = False,
    conditions: Conditions | None = None,
) -> None:
    """Take an amount of what an open hold has left, by default all, out of its wallet, if the conditions hold.

    What remains stays held unless the capture `is_final`. More than remains is taken only with `allow_excess`, and
    only as far as it is available. `captured` becomes the transaction, which has a txid, a fingerprint and its texts;
    if the hold has a destination, it becomes the leg of a new transfer there.

    Raises `NotFound` and `WalletClosed` for the wallets, `HoldClosed`, `HoldExceeded`, `ConditionFailed`,
    `DuplicateTxid`, and what the guard raises.
    """
    wallet, destination = _wallets_of(ledger, hold)
    hold_rules.check_open(hold)
    amount = hold.remaining if amount is None else amount
    check_amount(amount, currency=wallet.currency, field="amount")
    if amount > hold.remaining and not allow_excess:
        raise hold_rules.exceeded(hold, "It is more than remains of the hold.", amount)
    freed = hold.remaining if is_final else min(amount, hold.remaining)
    at = None if conditions is None else ledger.at
    balance, _ = decide(wallet, negate(amount), negate(freed), field="amount", conditions=conditions, at=at)
    captured.wallet_id, captured.amount, captured.hold_id = wallet.id, negate(amount), hold.id
    if destination is None:
        ledger.add(captured, wallet)
    else:
        credit = _credit(captured, amount, destination)
        credited, _ = decide(destination, amount, field="amount")
        transfer = Transfer(
            txid=captured.txid, description=captured.description, fingerprint=captured.fingerprint, metadata={}
        )
        ledger.add_transfer(transfer, [(captured, wallet), (credit, destination)])
        ledger.record(destination, credited, amount, Kind.TRANSFER_IN, credit, added=1)
    hold_rules.capture(hold, amount, freed=freed)
    ledger.record(wallet, balance, captured.amount, Kind.CAPTURE, captured, held=negate(freed), hold=hold, added=1)
    ledger.change_hold(hold)


def _credit(captured: Transaction, amount: Decimal, destination: LockedWallet) -> Transaction:
    """Return the leg of the destination, which is named after the holder's. Raises `TooLong`."""
    if len(captured.txid) > MAX_TRANSFER_TXID_LENGTH:
        limit = MAX_TRANSFER_TXID_LENGTH
        message = f"The txid of a capture with a destination has at most {limit} characters."
        raise errors.TooLong(message, field="txid", limit=limit)
    return Transaction(
        txid=leg_txid(captured.txid),
        wallet_id=destination.id,
        amount=amount,
        description=captured.description,
    )


def leg_txid(txid: str) -> str:
    """Return the txid of the leg in the destination of a hold, for the `txid` of its capture."""
    return f"{txid}.2"


def _wallets_of(ledger: Ledger, hold: Hold) -> tuple[LockedWallet, LockedWallet | None]:
    """Return the locked wallets of a hold that exists. Raises `WalletClosed`, and `NotFound` for its destination."""
    if hold.destination_id is None:
        return ledger.wallet(hold.wallet_id), None
    if not ledger.has_locked(hold.destination_id):
        # It is gone, or another owner's, whom this caller must not pay; then not even its id is told.
        raise errors.NotFound("The destination of the hold is not here.")
    return ledger.wallet(hold.wallet_id), ledger.wallet(hold.destination_id)


def _change(ledger: Ledger, hold: Hold, wallet: LockedWallet, kind: Kind, held: Decimal) -> None:
    ledger.record(wallet, wallet.balance, ZERO, kind, held=held, hold=hold)
    ledger.change_hold(hold)
