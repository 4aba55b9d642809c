"""Commands as functions, for tests that need existing objects."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.execute import execute
from walletsvc.commands.holds import CreateHold, ReleaseHold, UpdateHold
from walletsvc.commands.reversals import ReverseTransaction, ReverseTransfer
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.ledger.ledger import Clock
from walletsvc.models import Hold, Transaction, Transfer, Wallet
from walletsvc.principals import Principal

UNSET = object()
"""The value of a field that the caller did not name, as opposed to null."""


def open_wallet(*, principal: Principal, clock: Clock = timezone.now, **values: object) -> Wallet:
    return execute(OpenWallet.parse(_named(values)), by=principal, clock=clock)


def rename_wallet(
    *, principal: Principal, wallet_id: object, clock: Clock = timezone.now, **values: object
) -> Wallet:
    return execute(ChangeWallet.parse(wallet_id, _named(values)), by=principal, clock=clock)


def close_wallet(*, principal: Principal, wallet_id: object, clock: Clock = timezone.now) -> Wallet:
    return execute(DeleteWallet.parse(wallet_id), by=principal, clock=clock)


def post_transaction(*, principal: Principal, clock: Clock = timezone.now, **values: object) -> Transaction:
    return execute(PostTransaction.parse(_named(values)), by=principal, clock=clock)


def amend_transaction(
    *, principal: Principal, transaction_id: object, clock: Clock = timezone.now, **values: object
) -> Transaction:
    return execute(AmendTransaction.parse(transaction_id, _named(values)), by=principal, clock=clock)


def delete_transaction(*, principal: Principal, transaction_id: object, clock: Clock = timezone.now) -> Transaction:
    return execute(DeleteTransaction.parse(transaction_id), by=principal, clock=clock)


def post_transfer(*, principal: Principal, clock: Clock = timezone.now, **values: object) -> Transfer:
    return execute(PostTransfer.parse(_named(values)), by=principal, clock=clock)


def reverse_transaction(
    *, principal: Principal, transaction_id: object, clock: Clock = timezone.now, **values: object
) -> Transaction:
    return execute(ReverseTransaction.parse(transaction_id, _named(values)), by=principal, clock=clock)


def reverse_transfer(
    *, principal: Principal, transfer_id: object, clock: Clock = timezone.now, **values: object
) -> Transfer:
    return execute(ReverseTransfer.parse(transfer_id, _named(values)), by=principal, clock=clock)


def create_hold(*, principal: Principal, clock: Clock = timezone.now, **values: object) -> Hold:
    return execute(CreateHold.parse(_named(values)), by=principal, clock=clock)


def update_hold(*, principal: Principal, hold_id: object, clock: Clock = timezone.now, **values: object) -> Hold:
    return execute(UpdateHold.parse(hold_id, values), by=principal, clock=clock)


def capture_hold(
    *, principal: Principal, hold_id: object, clock: Clock = timezone.now, **values: object
) -> Transaction:
    return execute(CaptureHold.parse(hold_id, values), by=principal, clock=clock)


def release_hold(*, principal: Principal, hold_id: object, clock: Clock = timezone.now, **values: object) -> Hold:
    return execute(ReleaseHold.parse(hold_id, values), by=principal, clock=clock)


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Return the given values by the domain's field names: `wallet_id` is `wallet`."""
    return {name.removesuffix("_id"): value for name, value in values.items() if value is not UNSET}
