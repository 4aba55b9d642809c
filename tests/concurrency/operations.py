"""One of each operation, on new objects, ready to run as often as a test needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    rename_wallet,
)
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
]
