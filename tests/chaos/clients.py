"""Clients that load a live server and remember what it has acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from itertools import count

import httpx

MEDIA_TYPE = "application/vnd.api+json"


def open_wallet(url: str, label: str) -> str:
    """Open an empty wallet and return its id."""
    document = {"data": {"type": "Wallet", "attributes": {"label": label}}}
    answer = httpx.post(f"{url}/api/wallets/", json=document, headers={"Content-Type": MEDIA_TYPE}, timeout=30)
    assert answer.status_code == 201, answer.text
    wallet_id: str = answer.json()["data"]["id"]
    return wallet_id


class Depositor(threading.Thread):
    """The only writer to a wallet: deposits 1.00 again and again, until stopped or cut off."""

    def __init__(
        self, url: str, wallet_id: str, *, name: str, after_each: Callable[[Depositor], None] = lambda _self: None
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.url = url
        self.wallet_id = wallet_id
        self.acknowledged: list[str] = []
        self.surprises: list[str] = []
        self.stopping = threading.Event()
        self._after_each = after_each

    @property
    def balance(self) -> Decimal:
        """Return the acknowledged sum: a lower bound on the wallet's balance."""
        return Decimal(len(self.acknowledged))

    def run(self) -> None:
        with httpx.Client(headers={"Content-Type": MEDIA_TYPE}, timeout=30) as self.client:
            for number in count(1):
                if self.stopping.is_set() or self.surprises:
                    return
                try:
                    self._deposit(f"{self.name}-{number}")
                except httpx.TransportError:
                    return

    def _deposit(self, txid: str) -> None:
        document = {
            "data": {
                "type": "Transaction",
                "attributes": {"txid": txid, "amount": "1.00"},
                "relationships": {"wallet": {"data": {"type": "Wallet", "id": self.wallet_id}}},
            }
        }
        answer = self.client.post(f"{self.url}/api/transactions/", json=document)
        if answer.status_code != 201:
            self.surprises.append(f"{txid}: {answer.status_code} {answer.text}")
            return
        self.acknowledged.append(txid)
        self._after_each(self)


def wait_for(condition: Callable[[], bool], *, timeout_seconds: float = 60) -> None:
    """Return as soon as the condition holds. Raises `AssertionError` if it does not in time."""
    for _ in range(int(timeout_seconds / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("It did not come to that in time.")
