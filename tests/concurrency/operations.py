"""One of each operation, on new objects, ready to run as often as a test needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from tests.writes import (
    amend_transaction,
    capture_hold,
    close_wallet,
    create_hold,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    release_hold,
    rename_wallet,
    reverse_transaction,
    reverse_transfer,
    update_hold,
)
from walletsvc.commands.execute import execute, execute_all, execute_once
from walletsvc.commands.transactions import PostTransaction
from walletsvc.commands.wallets import ChangeWallet
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

Call = Callable[[], object]


@dataclass(frozen=True)
class Operation:
    """`prepare` creates the objects that the operation needs, under names that contain a text, and returns the call.

    `code` is that of its refusal, if it should be refused.
    """

    name: str
    prepare: Callable[[str], Call]
    code: str | None = None


def _wallet(label: str, balance: str = "100") -> Wallet:
    return open_wallet(principal=ANYONE, label=label, balance=balance)


def _transaction(tag: str, amount: str = "5") -> Transaction:
    return post_transaction(principal=ANYONE, txid=tag, wallet_id=_wallet(f"{tag} wallet").id, amount=amount)


def _open(tag: str) -> Call:
    return partial(open_wallet, principal=ANYONE, label=tag, balance="7")


def _open_twice(tag: str) -> Call:
    _wallet(tag)
    return _open(tag)


def _rename(tag: str) -> Call:
    return partial(rename_wallet, principal=ANYONE, wallet_id=_wallet(tag).id, label=f"{tag} renamed")


def _close(tag: str) -> Call:
    wallet = _wallet(tag)
    post_transaction(principal=ANYONE, txid=tag, wallet_id=wallet.id, amount="-100")
    return partial(close_wallet, principal=ANYONE, wallet_id=wallet.id)


def _post(tag: str) -> Call:
    return partial(post_transaction, principal=ANYONE, txid=tag, wallet_id=_wallet(tag).id, amount="-3")


def _post_twice(tag: str) -> Call:
    _transaction(tag)
    return _post(tag)


def _overdraw(tag: str) -> Call:
    return partial(post_transaction, principal=ANYONE, txid=tag, wallet_id=_wallet(tag).id, amount="-100.01")


def _amend(tag: str) -> Call:
    return partial(amend_transaction, principal=ANYONE, transaction_id=_transaction(tag).id, amount="9")


def _move(tag: str) -> Call:
    transaction, target = _transaction(tag), _wallet(f"{tag} target")
    return partial(
        amend_transaction,
        principal=ANYONE,
        transaction_id=transaction.id,
        wallet_id=target.id,
        amount="8",
        txid=f"{tag}!",
    )


def _delete(tag: str) -> Call:
    return partial(delete_transaction, principal=ANYONE, transaction_id=_transaction(tag).id)


def _transfer(tag: str) -> Call:
    source, destination = _wallet(f"{tag} source"), _wallet(f"{tag} destination")
    return partial(
        post_transfer,
        principal=ANYONE,
        txid=tag,
        source_id=source.id,
        destination_id=destination.id,
        amount="4",
    )


def _reverse_transfer(tag: str) -> Call:
    made: Any = _transfer(tag)()
    return partial(reverse_transfer, principal=ANYONE, transfer_id=made.id, txid=f"{tag}!", amount="1")


def _reverse(tag: str) -> Call:
    made = _transaction(tag)
    return partial(reverse_transaction, principal=ANYONE, transaction_id=made.id, txid=f"{tag}!", amount="2")


def _post_with_key(tag: str) -> Call:
    command = PostTransaction.parse({"txid": tag, "wallet": _wallet(tag).id, "amount": "-3"})
    return partial(execute_once, command, by=ANYONE, key=tag)


def _batch(tag: str) -> Call:
    wallets = [_wallet(f"{tag} {number}").id for number in range(2)]
    rows = [{"txid": f"{tag} {number}", "wallet": each, "amount": "-3"} for number, each in enumerate(wallets)]
    return partial(execute_all, [PostTransaction.parse(each) for each in rows], by=ANYONE)


def _change_settings(tag: str) -> Call:
    return partial(execute, ChangeWallet.parse(_wallet(tag).id, {"floor": "-5", "state": "frozen"}), by=ANYONE)


def _hold(tag: str) -> Call:
    expires_at = (timezone.now() + timedelta(hours=1)).isoformat()
    return partial(create_hold, principal=ANYONE, txid=tag, wallet=_wallet(tag).id, amount="9", expires_at=expires_at)


def _held(tag: str, **values: object) -> int:
    held = create_hold(principal=ANYONE, txid=tag, wallet=_wallet(f"{tag} wallet").id, amount="9", **values)
    return int(held.id)


def _change_hold(tag: str) -> Call:
    return partial(update_hold, principal=ANYONE, hold_id=_held(tag), amount="12")


def _capture(tag: str) -> Call:
    return partial(capture_hold, principal=ANYONE, hold_id=_held(tag), txid=f"{tag}!", amount="4")


def _capture_too_much(tag: str) -> Call:
    return partial(capture_hold, principal=ANYONE, hold_id=_held(tag), txid=f"{tag}!", amount="9.01")


def _capture_to_destination(tag: str) -> Call:
    hold = _held(tag, destination=_wallet(f"{tag} destination").id)
    return partial(capture_hold, principal=ANYONE, hold_id=hold, txid=f"{tag}!", amount="4", is_final=True)


def _release(tag: str) -> Call:
    return partial(release_hold, principal=ANYONE, hold_id=_held(tag), amount="4")


OPERATIONS = [
    Operation("open a wallet", _open),
    Operation("open a wallet under a taken label", _open_twice, code="duplicate_label"),
    Operation("change a wallet", _rename),
    Operation("delete a wallet", _close),
    Operation("post", _post),
    Operation("post under a taken txid", _post_twice, code="duplicate_txid"),
    Operation("post too much", _overdraw, code="insufficient_funds"),
    Operation("amend", _amend),
    Operation("move", _move),
    Operation("delete a transaction", _delete),
    Operation("transfer", _transfer),
    Operation("reverse a transfer", _reverse_transfer),
    Operation("reverse a part of a transaction", _reverse),
    Operation("post with a key", _post_with_key),
    Operation("batch", _batch),
    Operation("change a floor and a state", _change_settings),
    Operation("hold", _hold),
    Operation("change a hold", _change_hold),
    Operation("capture", _capture),
    Operation("capture too much", _capture_too_much, code="hold_exceeded"),
    Operation("capture to a destination", _capture_to_destination),
    Operation("release", _release),
]
