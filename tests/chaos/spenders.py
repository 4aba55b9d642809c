"""Clients that do whatever a ledger can, through both faces, and repeat each request until they know its outcome."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from tests.chaos.clients import MEDIA_TYPE

PATIENCE_SECONDS = 60
EXPIRES_AFTER_SECONDS = 1.5


@dataclass(frozen=True)
class Act:
    """A request that both faces know: its path and type in REST, its mutation and what that makes in GraphQL."""

    path: str
    type: str
    mutation: str
    made: str


POST = Act("/api/transactions/", "Transaction", "createTransaction", "transaction")
TRANSFER = Act("/api/transfers/", "Transfer", "createTransfer", "transfer")
HOLD = Act("/api/holds/", "Hold", "createHold", "hold")
CAPTURE = Act("/api/holds/{id}/captures", "Transaction", "captureHold", "transaction")
RELEASE = Act("/api/holds/{id}/releases", "Hold", "releaseHold", "hold")
REVERSE = Act("/api/transactions/{id}/reversals", "Transaction", "reverseTransaction", "transaction")
UNDECIDED = {"unavailable", "conflict"}
"""The codes of outcomes that are unknown, or that a repeated request may change."""


class Model:
    """What all accepted answers come to, added up with plain decimals."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.held: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.received = self.paid = Decimal()
        self.accepted: defaultdict[str, int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        self.stored: defaultdict[str, set[str]] = defaultdict(set)
        """The ids of all that was accepted and is still there, by type."""
        self.repeats = 0

    def change(self, *legs: tuple[str, Decimal], outside: Decimal = Decimal(), held: Decimal = Decimal()) -> None:
        """Add what changes balances, what the outside gets, and what the first wallet holds more."""
        with self._lock:
            for wallet, amount in legs:
                self.balances[wallet] += amount
            if legs:
                self.held[legs[0][0]] += held
            if outside > 0:
                self.paid += outside
            else:
                self.received -= outside


@dataclass
class Held:
    """A hold that its only client knows, without an expiry."""

    id: str
    wallet: str
    destination: str | None
    remaining: Decimal


@dataclass
class Spender:
    """Does random things, one after the other, until it is told to stop."""

    url: str
    name: str
    wallets: list[str]
    model: Model
    seed: int
    is_over: threading.Event
    surprises: list[str] = field(default_factory=list)
    ACTIONS: ClassVar[list[str]] = [
        *["post"] * 3,
        *["transfer"] * 3,
        *["hold"] * 2,
        *["capture"] * 3,
        *("release", "expiring_hold", "reverse", "reverse", "amend", "delete", "freeze", "batch"),
    ]

    def run(self) -> None:
        self.random = random.Random(self.seed)
        self.count = 0
        self.holds: list[Held] = []
        self.posted: dict[str, tuple[str, Decimal, Decimal]] = {}
        """Wallet, amount and what is reversed of each transaction of its own."""
        try:
            with httpx.Client(base_url=self.url, timeout=30) as self.client:
                while not self.is_over.is_set():
                    getattr(self, self.random.choice(self.ACTIONS))()
        except BaseException as error:
            self.surprises.append(repr(error))

    # -- what it does ----------------------------------------------------------------------------------

    def post(self) -> None:
        wallet, amount = self._wallet(), self._amount()
        made = self._ask(POST, txid=self._txid(), wallet=wallet, amount=f"{amount}")
        if made is not None:
            self.posted[made] = (wallet, amount, Decimal())
            self.model.change((wallet, amount), outside=-amount)

    def transfer(self) -> None:
        legs = [(self._wallet(), self._amount()) for _ in range(self.random.randint(1, 7))]
        total = sum((amount for _, amount in legs), Decimal())
        external: list[dict[str, str]] = []
        if total and self.random.random() < 0.5:
            external = [{"currency": "USD", "amount": f"{-total}"}]
        elif total:
            legs.append((self._wallet(), -total))
        values = [{"wallet": wallet, "amount": f"{amount}"} for wallet, amount in legs]
        made = self._ask(TRANSFER, txid=self._txid(), legs=values, external=external)
        if made is not None:
            self.model.change(*legs, outside=-total if external else Decimal())

    def hold(self) -> None:
        wallet, amount = self._wallet(), abs(self._amount())
        destination = self.random.choice([None, *(each for each in self.wallets if each != wallet)])
        given = {} if destination is None else {"destination": destination}
        made = self._ask(HOLD, txid=self._txid(), wallet=wallet, amount=f"{amount}", **given)
        if made is not None:
            self.holds.append(Held(made, wallet, destination, amount))
            self.model.change((wallet, Decimal()), held=amount)

    def expiring_hold(self) -> None:
        """Hold what nobody captures: in the end nothing of it is left."""
        ends = datetime.now(UTC) + timedelta(seconds=EXPIRES_AFTER_SECONDS)
        amount = f"{abs(self._amount())}"
        self._ask(HOLD, txid=self._txid(), wallet=self._wallet(), amount=amount, expiresAt=ends.isoformat())

    def capture(self) -> None:
        if not self.holds:
            return
        held = self.random.choice(self.holds)
        excess = self.random.random() < 0.2
        amount = held.remaining + 1 if excess else min(held.remaining, abs(self._amount()))
        final = self.random.random() < 0.3
        flags = {"isFinal": final, "allowExcess": excess}
        made = self._ask(CAPTURE, held.id, txid=self._txid(), amount=f"{amount}", **flags)
        if made is not None:
            freed = held.remaining if final or excess else amount
            self._free(held, freed)
            legs = [(held.wallet, -amount)]
            if held.destination is not None:
                legs.append((held.destination, amount))
            self.model.change(*legs, outside=Decimal() if held.destination else amount, held=-freed)

    def release(self) -> None:
        if self.holds:
            held = self.random.choice(self.holds)
            amount = min(held.remaining, abs(self._amount()))
            if self._ask(RELEASE, held.id, amount=f"{amount}") is not None:
                self._free(held, amount)
                self.model.change((held.wallet, Decimal()), held=-amount)

    def reverse(self) -> None:
        if self.posted:
            identifier = self.random.choice([*self.posted])
            wallet, amount, taken = self.posted[identifier]
            part = min(abs(amount) - taken, abs(self._amount()))
            made = None
            if part:
                made = self._ask(REVERSE, identifier, txid=self._txid(), amount=f"{part}")
            if made is not None:
                back = -part if amount > 0 else part
                self.posted[identifier] = (wallet, amount, taken + part)
                self.model.change((wallet, back), outside=-back)

    def amend(self) -> None:
        found = self._unreversed()
        if found is not None:
            identifier, wallet, old = found
            new = self._amount()
            if self._change("PATCH", "Transaction", f"/api/transactions/{identifier}/", identifier, amount=f"{new}"):
                self.model.accepted["amend"] += 1
                self.posted[identifier] = (wallet, new, Decimal())
                self.model.change((wallet, new - old), outside=old - new)

    def delete(self) -> None:
        found = self._unreversed()
        if found is not None:
            identifier, wallet, amount = found
            if self._change("DELETE", "Transaction", f"/api/transactions/{identifier}/", identifier):
                del self.posted[identifier]
                self.model.stored["Transaction"].discard(identifier)
                self.model.accepted["delete"] += 1
                self.model.change((wallet, -amount), outside=amount)

    def freeze(self) -> None:
        wallet = self._wallet()
        for state in ("frozen", "active"):
            self._change("PATCH", "Wallet", f"/api/wallets/{wallet}/", wallet, state=state)

    def batch(self) -> None:
        """Ask for two posts, of which the second is impossible: nothing happens."""
        wallet = self._wallet()
        operations = [
            {
                "op": "add",
                "data": {
                    "type": "Transaction",
                    "attributes": {"txid": self._txid(), "wallet": wallet, "amount": amount},
                },
            }
            for amount in ("1.00", "-99999999.00")
        ]
        media_type = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'
        headers = {"Content-Type": media_type, "Accept": media_type, "Idempotency-Key": self._txid()}
        answer = self._until_known("POST", "/api/operations", {"atomic:operations": operations}, headers)
        if answer.status_code < 400:
            self.surprises.append(f"a batch beyond all money: {answer.text}")

    # -- how it asks -----------------------------------------------------------------------------------

    def _ask(self, act: Act, target: str | None = None, **values: Any) -> str | None:
        """Return the id of what was made, or None if it was refused."""
        by = self._by_rest if self.random.random() < 0.5 else self._by_graphql
        found, code = by(act, target, values)
        if found is not None and act is not RELEASE:
            self.model.stored[act.type].add(found)
        (self.model.accepted if found is not None else self.model.refused)[code or act.mutation] += 1
        return found

    def _by_rest(self, act: Act, target: str | None, values: dict[str, Any]) -> tuple[str | None, str]:
        path = act.path.format(id=target)
        attributes = {name: value for name, value in values.items() if value != []}
        document = {"data": {"type": act.type, "attributes": attributes}}
        headers = {"Content-Type": MEDIA_TYPE, "Idempotency-Key": self._txid()}
        answer = self._until_known("POST", path, document, headers)
        if answer.status_code < 300:
            return str(answer.json()["data"]["id"]), ""
        return None, str(answer.json()["errors"][0]["code"])

    def _by_graphql(self, act: Act, target: str | None, values: dict[str, Any]) -> tuple[str | None, str]:
        given = {f"{name}Id" if name in ("wallet", "destination") else name: each for name, each in values.items()}
        if target is not None:
            given["id"] = target
        given = {name: value for name, value in given.items() if value != []} | {"idempotencyKey": self._txid()}
        kind = f"{act.mutation[0].upper()}{act.mutation[1:]}Input!"
        query = (
            f"mutation ($input: {kind}) {{ done: {act.mutation}(input: $input)"
            f" {{ {act.made} {{ databaseId }} userErrors {{ code }} }} }}"
        )
        document = {"query": query, "variables": {"input": given}}
        done = self._until_known("POST", "/graphql/", document, {}, is_undecided=_is_undecided).json()["data"]["done"]
        if done["userErrors"]:
            return None, str(done["userErrors"][0]["code"])
        return str(done[act.made]["databaseId"]), ""

    def _change(self, method: str, kind: str, path: str, identifier: str, **attributes: str) -> bool:
        """Change or delete something of its own, which can be repeated, and tell whether that was accepted."""
        document = {"data": {"type": kind, "id": identifier, "attributes": attributes}} if attributes else None
        headers = {"Content-Type": MEDIA_TYPE} if attributes else {}
        answer = self._until_known(method, path, document, headers)
        is_gone = method == "DELETE" and answer.status_code == 404
        return answer.status_code < 300 or is_gone

    def _until_known(
        self,
        method: str,
        path: str,
        document: object,
        headers: dict[str, str],
        *,
        is_undecided: Callable[[httpx.Response], bool] = lambda answer: answer.status_code == 503,
    ) -> httpx.Response:
        """Send the same request until its outcome is known."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self.client.request(method, path, json=document, headers=headers)
            except httpx.TransportError:
                self.model.repeats += 1
                time.sleep(0.02)
                continue
            if answer.status_code != 503 and answer.status_code >= 500:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            if not is_undecided(answer):
                return answer
            time.sleep(0.02)
        raise AssertionError(f"{method} {path}: no outcome within {PATIENCE_SECONDS} s")

    def _free(self, held: Held, amount: Decimal) -> None:
        held.remaining -= amount
        if not held.remaining:
            self.holds.remove(held)

    def _unreversed(self) -> tuple[str, str, Decimal] | None:
        mine = [(each, wallet, amount) for each, (wallet, amount, taken) in self.posted.items() if not taken]
        return self.random.choice(mine) if mine else None

    def _txid(self) -> str:
        self.count += 1
        return f"{self.name}-{self.count}"

    def _wallet(self) -> str:
        return self.random.choice(self.wallets)

    def _amount(self) -> Decimal:
        return Decimal(self.random.choice([-1, 1]) * self.random.randint(1, 3000)) / 100


def _is_undecided(answer: httpx.Response) -> bool:
    if answer.status_code == 503:
        return True
    body = answer.json()
    if body.get("errors"):
        codes = {each["extensions"]["code"] for each in body["errors"]}
        if not codes <= UNDECIDED:
            raise AssertionError(answer.text)
        return True
    return any(each["code"] in UNDECIDED for each in body["data"]["done"]["userErrors"])
