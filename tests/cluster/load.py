"""Writers that load several servers at once, and a model of what the servers have told them.

The model keeps only what was answered: what is stored in the end has to agree with it, whatever happened meanwhile.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, pairwise
from typing import Any
from uuid import uuid4

import httpx

MEDIA_TYPE = "application/vnd.api+json"
ATOMIC_TYPE = 'application/vnd.api+json;ext="https://jsonapi.org/ext/atomic"'
OPENING = "20.00"
PROMPT_SECONDS = 15.0
"""No request takes longer, whatever happens to the database."""


@dataclass(frozen=True)
class Stored:
    """A transaction as it was acknowledged."""

    id: str
    wallet: str
    amount: Decimal


@dataclass
class Model:
    """What the servers have told all writers."""

    stored: dict[str, Stored] = field(default_factory=dict)
    """By txid: acknowledged, and not deleted."""
    absent: set[str] = field(default_factory=set)
    """Deleted, or refused."""
    uncertain: set[str] = field(default_factory=set)
    """What the servers could not tell."""
    sequences: dict[str, int] = field(default_factory=dict)
    """By wallet: the highest sequence that an answer had."""
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    acknowledged_at: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, txid: str, stored: Stored | None) -> None:
        with self.lock:
            self.stored.pop(txid, None)
            if stored is None:
                self.absent.add(txid)
            else:
                self.stored[txid] = stored
            self.acknowledged_at.append(time.monotonic())

    def lose_sight(self, txid: str) -> None:
        with self.lock:
            self.stored.pop(txid, None)
            self.uncertain.add(txid)

    def see(self, wallet: str, sequence: int) -> None:
        with self.lock:
            self.sequences[wallet] = max(sequence, self.sequences.get(wallet, 0))

    def longest_pause(self) -> float:
        """Return for how long no write was acknowledged, in seconds."""
        times = sorted(self.acknowledged_at)
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


class Writer(threading.Thread):
    """Posts, amends, moves and deletes transactions of its own, alone and in batches, in wallets that all share.

    After each answer it asks another server for the wallet, which must not show an earlier state.
    """

    def __init__(self, name: str, urls: Sequence[str], wallets: Sequence[str], model: Model, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.stopping = threading.Event()
        self._urls = urls
        self._wallets = wallets
        self._model = model
        self._random = random.Random(seed)
        self._mine: list[str] = []
        self._numbers = count(1)

    def run(self) -> None:
        try:
            with httpx.Client(headers={"Accept": MEDIA_TYPE}, timeout=PROMPT_SECONDS) as self._client:
                while not self.stopping.is_set():
                    self._act()
        except Exception as error:
            self._model.surprises.append(f"{self.name}: {error!r}")

    def _act(self) -> None:
        acts = [self._post] * 5 + [self._batch]
        if len(self._mine) > 2:
            acts += [self._amend, self._move, self._remove]
        self._random.choice(acts)()
        self._look()

    def _amount(self) -> Decimal:
        return Decimal(self._random.choice((-7, -3, -1, 1, 2, 4))).quantize(Decimal("0.01"))

    def _new_txid(self) -> str:
        return f"{self.name}-{next(self._numbers)}"

    def _post(self) -> None:
        txid, wallet, amount = self._new_txid(), self._random.choice(self._wallets), self._amount()
        answer = self._send("POST", "/api/transactions/", [txid], {"data": transaction(txid, wallet, amount)})
        if answer is not None:
            self._store(txid, Stored(answer["data"]["id"], wallet, amount))
            self._model.see(wallet, answer["data"]["meta"]["wallet"]["sequence"])

    def _batch(self) -> None:
        """Open a wallet with a local id, and post to it and to another one, all or nothing."""
        lid, label = "new", self._new_txid()
        first, second = f"{label}-a", f"{label}-b"
        wallet = {"type": "Wallet", "lid": lid, "attributes": {"label": label, "balance": "1.00"}}
        there = self._random.choice(self._wallets)
        amount = self._amount()
        within = transaction(first, "", Decimal(1))
        within["relationships"]["wallet"]["data"] = {"type": "Wallet", "lid": lid}
        added = [wallet, within, transaction(second, there, amount)]
        answer = self._send(
            "POST",
            "/api/operations/",
            [first, second],
            {"atomic:operations": [{"op": "add", "data": each} for each in added]},
        )
        if answer is not None:
            opened, *posted = (each["data"]["id"] for each in answer["atomic:results"])
            self._model.settle(first, Stored(posted[0], opened, Decimal("1.00")))
            self._store(second, Stored(posted[1], there, amount))

    def _amend(self) -> None:
        txid, before = self._take()
        amount = self._amount()
        self._change(txid, before, {"attributes": {"amount": str(amount)}}, Stored(before.id, before.wallet, amount))

    def _move(self) -> None:
        txid, before = self._take()
        wallet = self._random.choice(self._wallets)
        change = {"relationships": {"wallet": {"data": {"type": "Wallet", "id": wallet}}}}
        self._change(txid, before, change, Stored(before.id, wallet, before.amount))

    def _change(self, txid: str, before: Stored, change: dict[str, Any], after: Stored) -> None:
        document = {"data": {"type": "Transaction", "id": before.id, **change}}
        answer = self._send("PATCH", f"/api/transactions/{before.id}/", [txid], document, before=before)
        if answer is not None:
            self._store(txid, after)

    def _remove(self) -> None:
        txid, before = self._take()
        answer = self._send("DELETE", f"/api/transactions/{before.id}/", [txid], None, before=before)
        if answer is not None:
            self._model.settle(txid, None)

    def _take(self) -> tuple[str, Stored]:
        txid = self._mine.pop(self._random.randrange(len(self._mine)))
        return txid, self._model.stored[txid]

    def _store(self, txid: str, stored: Stored) -> None:
        self._model.settle(txid, stored)
        self._mine.append(txid)

    def _send(
        self, method: str, path: str, txids: Sequence[str], document: Any, *, before: Stored | None = None
    ) -> Any:
        """Return the document of a write that was done; note what became of `txids` otherwise.

        `before` is what was stored of the one transaction, if there was one.
        """
        media_type = ATOMIC_TYPE if "operations" in path else MEDIA_TYPE
        headers = {"Content-Type": media_type, "Accept": media_type}
        url = self._random.choice(self._urls)
        try:
            answer = self._client.request(method, url + path, json=document, headers=headers)
        except httpx.TransportError as error:
            self._model.surprises.append(f"{method} {path}: {error!r}")
            for txid in txids:
                self._model.lose_sight(txid)
            return None
        kind = "batch" if "operations" in path else method
        with self._model.lock:
            self._model.statuses[kind, answer.status_code] += 1
        if answer.is_success:
            return answer.json() if answer.content else {}
        if answer.status_code not in (422, 503):
            self._model.surprises.append(f"{method} {path}: {answer.status_code} {answer.text}")
        for txid in txids:
            if not is_certain(answer):
                self._model.lose_sight(txid)
            elif before is None:
                self._model.absent.add(txid)
            else:
                self._mine.append(txid)
        return None

    def _look(self) -> None:
        """Ask any server for a wallet: it shows at least what was answered before the question."""
        wallet = self._random.choice(self._wallets)
        known = self._model.sequences.get(wallet, 0)
        url = self._random.choice(self._urls)
        try:
            answer = self._client.get(f"{url}/api/wallets/{wallet}/")
        except httpx.TransportError as error:
            self._model.surprises.append(f"GET: {error!r}")
            return
        with self._model.lock:
            self._model.statuses["GET", answer.status_code] += 1
        if answer.status_code == 200:
            attributes = answer.json()["data"]["attributes"]
            if attributes["sequence"] < known:
                self._model.surprises.append(f"stale: {wallet} at {attributes['sequence']} after {known}")
            if Decimal(attributes["balance"]) < 0:
                self._model.surprises.append(f"overdrawn: {attributes}")
        elif answer.status_code != 503:
            self._model.surprises.append(f"GET: {answer.status_code} {answer.text}")


def transaction(txid: str, wallet: str, amount: Decimal) -> dict[str, Any]:
    return {
        "type": "Transaction",
        "attributes": {"txid": txid, "amount": str(amount)},
        "relationships": {"wallet": {"data": {"type": "Wallet", "id": wallet}}},
    }


def is_certain(answer: httpx.Response) -> bool:
    """Tell whether a refusal says that nothing is stored."""
    if answer.status_code != 503:
        return answer.status_code < 500
    return all(
        each.get("meta", {}).get("outcomeKnown", each["code"] == "conflict") for each in answer.json()["errors"]
    )


def open_wallet(url: str, label: str, balance: str = OPENING) -> str:
    document = {"data": {"type": "Wallet", "attributes": {"label": label, "balance": balance}}}
    answer = httpx.post(f"{url}/api/wallets/", json=document, headers={"Content-Type": MEDIA_TYPE}, timeout=30)
    assert answer.status_code == 201, answer.text
    opened: str = answer.json()["data"]["id"]
    return opened


@contextmanager
def loaded(urls: Sequence[str], *, writers: int, wallets: int) -> Iterator[tuple[Model, list[str]]]:
    """Let writers load the servers until the end of the block; give it what they were told, and their wallets."""
    model, run = Model(), uuid4().hex[:6]
    opened = [open_wallet(urls[0], f"{run} {number}") for number in range(wallets)]
    threads = [Writer(f"{run}-{number}", urls, opened, model, seed=number) for number in range(writers)]
    for each in threads:
        each.start()
    try:
        yield model, opened
    finally:
        for each in threads:
            each.stopping.set()
        for each in threads:
            each.join(60)
    print(sorted(model.statuses.items()), f"uncertain: {len(model.uncertain)}")
    assert not any(each.is_alive() for each in threads)
    assert not model.surprises, model.surprises
