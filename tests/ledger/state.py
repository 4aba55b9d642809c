"""The contents of the tables, and proofs that a refusal left them unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from walletsvc import errors
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet
from walletsvc.money import format_amount
from walletsvc.queries.reconciliation import compute_discrepancies

Refusal = tuple[str, str | None]
"""A code and the field at fault."""


def snapshot() -> dict[str, list[Any]]:
    """Return all rows of all tables."""
    models = (Wallet, Transaction, Transfer, Hold, Entry)
    return {model.__name__: list(model.objects.order_by("id").values_list()) for model in models}


def lines(wallet_id: int) -> list[tuple[int, str, str, str, str]]:
    """Return a wallet's ledger: sequence, kind, amount, balance after, txid."""
    columns = ("sequence", "kind", "amount", "balance_after", "txid", "currency")
    entries = Entry.objects.filter(wallet_id=wallet_id).order_by("sequence").values_list(*columns)
    return [
        (sequence, kind, format_amount(amount, currency), format_amount(after, currency), txid)
        for sequence, kind, amount, after, txid, currency in entries
    ]


def balance(wallet_id: int) -> str:
    """Return a wallet's balance, as it prints."""
    wallet = Wallet.objects.get(id=wallet_id)
    return format_amount(wallet.balance, wallet.currency)


def assert_reconciled() -> None:
    """Assert the invariants of every wallet and its entries."""
    assert list(compute_discrepancies()) == []


def refusals_of(error: errors.WalletError) -> list[Refusal]:
    """Return the single refusals in an error."""
    return [(each.code, each.field) for each in error.each()]


@contextmanager
def refused(*expected: Refusal) -> Iterator[pytest.ExceptionInfo[errors.WalletError]]:
    """Assert that the calls inside are refused with exactly these codes and fields, and that nothing changed."""
    before = snapshot()
    with pytest.raises(errors.WalletError) as caught:
        yield caught
    assert refusals_of(caught.value) == list(expected)
    assert snapshot() == before


def funds(balance: str, amount: str, wallet_id: int) -> dict[str, object]:
    """Return the context of the refusal of `amount` in a wallet in USD where nothing is held."""
    return {
        "balance": balance,
        "held": "0.00",
        "floor": "0.00",
        "available": balance,
        "amount": amount,
        "currency": "USD",
        "wallet": wallet_id,
    }
