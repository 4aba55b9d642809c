"""Change the settings of a locked wallet, or delete it."""

from __future__ import annotations

from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger.guard import check_empty, decide_floor, decide_state, frozen
from walletsvc.ledger.ledger import Ledger
from walletsvc.models import Wallet
from walletsvc.models.entry import Kind
from walletsvc.models.wallet import State
from walletsvc.money import ZERO


def change_settings(
    ledger: Ledger, shown: Wallet, *, floor: Decimal | None = None, state: State | None = None
) -> None:
    """Give a locked wallet another floor, or state, or both, in one line that says from what to what.

    `shown` gets the same. What is None or the same stays. Raises what the guard raises, with the field `floor`;
    `WalletNotEmpty` for closing a wallet that holds money, and `Invalid` for closing a frozen one.
    """
    wallet = ledger.wallet(shown.id)
    detail: dict[str, object] = {}
    if floor is not None and floor != wallet.floor:
        decide_floor(wallet, floor)
        detail["floor"] = [money.format_amount(each, wallet.currency) for each in (wallet.floor, floor)]
        wallet.floor = shown.floor = floor
    if state is not None and state != wallet.state:
        decide_state(wallet, state)
        detail["state"] = [wallet.state, state.value]
        wallet.state = shown.state = state.value
    if detail:
        ledger.record(wallet, wallet.balance, ZERO, Kind.SETTINGS, detail=detail)


def delete_wallet(ledger: Ledger, wallet_id: int) -> None:
    """Delete a locked wallet with its transactions; its entries stay.

    Raises `WalletNotEmpty`, `WalletFrozen` (a frozen wallet stays for whoever has frozen it), and
    `TransactionBound` if a transaction belongs to a transfer, a hold or a reversal.
    """
    ledger.flush()
    wallet = ledger.wallet(wallet_id)
    if wallet.state == State.FROZEN:
        raise frozen(wallet)
    check_empty(wallet)
    if ledger.writer.has_bonds(wallet_id):
        message = "The wallet has holds, transfers or reversals: it can be closed, but not deleted."
        raise errors.TransactionBound(message, wallet=wallet_id)
    if ledger.names:
        labels, txids = ledger.writer.read_names(wallet_id)
        ledger.names.give_up(wallet.owner, labels=labels, txids=txids)
    ledger.forget_wallet(wallet, transactions=ledger.writer.delete_wallet(wallet_id))
