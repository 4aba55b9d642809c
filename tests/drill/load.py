"""Clients that post all the time, and remember what was acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlsplit

CLIENTS = 3
JSON_API = "application/vnd.api+json"


@dataclass(frozen=True)
class Sent:
    """A post that was acknowledged; the moments are those of `time.monotonic`."""

    txid: str
    wallet: str
    amount: Decimal
    began: float
    ended: float


class Client:
    """A connection with a key."""

    def __init__(self, url: str, key: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": JSON_API, "Accept": JSON_API}

    def ask(self, method: str, path: str, **attributes: str) -> tuple[int, dict[str, object]]:
        """Return the status and `data` of an answer. Attributes are those of a new resource."""
        kind = "Wallet" if "wallets" in path else "Transaction"
        body = json.dumps({"data": {"type": kind, "attributes": attributes}}) if attributes else None
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read()).get("data", {})

    def close(self) -> None:
        self._connection.close()


class Load:
    """Some clients that post to these wallets until the end of a `with` block."""

    def __init__(self, url: str, key: str, wallets: Sequence[str]) -> None:
        self.sent: list[Sent] = []
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(Client(url, key), wallets, number)) for number in range(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(90)

    def _post(self, client: Client, wallets: Sequence[str], number: int) -> None:
        chance, count = random.Random(number), 0
        while not self._ending.is_set():
            count += 1
            wallet, amount = chance.choice(wallets), Decimal(chance.randint(-999, 1500)) / 100 or Decimal(1)
            txid, began = f"DRILL-{number}-{count}", time.monotonic()
            try:
                status, _ = client.ask("POST", "/api/transactions/", txid=txid, amount=str(amount), wallet=wallet)
            except (OSError, HTTPException):
                return  # The server is gone, and nobody knows whether this was stored.
            if status == 201:
                self.sent.append(Sent(txid, wallet, amount, began, time.monotonic()))
        client.close()
