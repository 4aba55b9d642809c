"""Wallets with transactions, all opened and posted at the same moment."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.writes import open_wallet, post_transaction
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)


def open_wallets(number: int, *, each: int, start: int = 0) -> list[Wallet]:
    """Open wallets, the n-th with `each` transactions more than it has ties for, but the first with none."""
    wallets = []
    for place in range(start, start + number):
        wallet = open_wallet(principal=ANYONE, label=f"W{place}", balance="50", clock=lambda: MOMENT)
        wallets.append(wallet)
        for post in range(each if place else 0):
            post_transaction(
                principal=ANYONE,
                txid=f"{place}.{post}",
                wallet_id=wallet.id,
                amount=("1", "-2", "1")[post % 3],
                clock=lambda: MOMENT,
            )
    return wallets
