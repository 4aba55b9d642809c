"""Requests under idempotency keys, what each changes once, and clients that lose answers to them."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import select
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.chaos.acts import (
    BATCH,
    CAPTURE,
    HOLD,
    POST,
    RELEASE,
    REVERSE,
    REVERSE_TRANSFER,
    TRANSFER,
    WALLET,
    Act,
    Batch,
    Request,
    Values,
)

SHOWN = {
    "transaction": "databaseId txid amount currency reversed description metadata createdAt updatedAt",
    "transfer": "databaseId txid external description metadata createdAt",
    "hold": "databaseId txid amount captured released remaining currency state expiresAt description metadata"
    " createdAt updatedAt",
    "wallet": "databaseId label balance held available floor state sequence currency metadata createdAt updatedAt",
}
"""What is selected through GraphQL: REST's attributes of the same names."""
SHOWN["transactions"] = SHOWN["transaction"]
RICH, SMALL = Decimal(1000), Decimal(7)
FIRST_BYTES = 200
MOST_SECONDS_BEFORE_A_CUT = 0.02


@dataclass(frozen=True)
class Answer:
    """A complete answer to a keyed request, and whether it says that it repeats an earlier one."""

    status: int
    body: bytes
    is_replay: bool

    @property
    def codes(self) -> list[str]:
        """Return the codes of its errors."""
        document = json.loads(self.body)
        if "errors" in document:
            return [each["code"] if "code" in each else each["extensions"]["code"] for each in document["errors"]]
        payload = (document.get("data") or {}).get("done") or {}
        return [each["code"] for each in payload.get("userErrors", ())]

    def records(self, made: str) -> list[dict[str, Any]]:
        """Return the attributes of what was made, and its id, as both faces have them; `made` is GraphQL's name."""
        document = json.loads(self.body)
        if "atomic:results" in document:
            found = [each["data"] for each in document["atomic:results"]]
        elif "done" in document["data"]:
            payload = document["data"]["done"][made]
            return payload if isinstance(payload, list) else [payload]
        else:
            found = [document["data"]]
        names = SHOWN[made].split()[1:]
        return [{"databaseId": each["id"]} | {name: each["attributes"][name] for name in names} for each in found]


@dataclass(frozen=True)
class Keyed:
    """A request under a key, another one under the same key, and what the first changes: balances and holds."""

    key: str
    act: Act | Batch
    values: Values
    other_values: Values
    target: str | None = None
    changes: tuple[tuple[str, Decimal, Decimal], ...] = ()

    def request(self, face: str, *, other: bool = False) -> Request:
        """Return the request of a face, or the other one under its key."""
        values = self.other_values if other else self.values
        if face == "rest":
            return self.act.by_rest(self.key, values, self.target)
        return self.act.by_graphql(self.key, values, self.target, shown=SHOWN[self.act.made])


def exchange(address: tuple[str, int], request: Request) -> Answer:
    """Send a request on a connection of its own and return the complete answer."""
    connection = _send(address, request)
    try:
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    is_replay = response.headers.get("Idempotency-Replayed") == "true"
    if request.path == "/graphql/":
        is_replay = b'"isReplay":true' in body
        body = body.replace(b'"isReplay":true', b'"isReplay":false')
    return Answer(response.status, body, is_replay)


def send_and_leave(address: tuple[str, int], request: Request, chance: random.Random) -> None:
    """Send a request and close the connection: at once, soon after, when the answer comes, or amid the answer."""
    connection = _send(address, request)
    try:
        how = chance.randrange(4)
        if how == 1:
            time.sleep(chance.random() * MOST_SECONDS_BEFORE_A_CUT)
        elif how > 1:
            select.select([connection.sock], [], [], 30)
        if how == 3:
            connection.sock.recv(chance.randint(1, FIRST_BYTES))
    finally:
        connection.close()


def _send(address: tuple[str, int], request: Request) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("POST", request.path, request.body, request.headers)
    return connection


@dataclass
class World:
    """Makes wallets, holds, transactions and transfers for keyed requests to need."""

    address: tuple[str, int]
    expected: defaultdict[str, list[Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: [Decimal(), Decimal()])
    )
    """The balance of each wallet and what it holds, as of now."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def make(self, act: Act, values: Values, target: str | None = None) -> str:
        """Create something under a key that nobody else uses, and return its id."""
        number = next(self._numbers)
        named = {"label": f"W{number}"} if act is WALLET else {"txid": f"made-{number}"}
        answer = exchange(self.address, act.by_rest(f"made-{number}", {**named, **values}, target))
        assert answer.status == 201, answer.body
        identifier: str = json.loads(answer.body)["data"]["id"]
        return identifier

    def wallet(self, balance: Decimal) -> str:
        """Open a wallet and return its id."""
        identifier = self.make(WALLET, {"balance": f"{balance}"})
        self.expected[identifier][0] += balance
        return identifier

    def hold(self, wallet: str, **values: str) -> str:
        """Hold 5.00 and return the hold's id."""
        self.expected[wallet][1] += 5
        return self.make(HOLD, {"wallet": wallet, "amount": "5.00", **values})

    def credit(self, wallet: str) -> str:
        """Post 5.00 and return the transaction's id."""
        self.expected[wallet][0] += 5
        return self.make(POST, {"wallet": wallet, "amount": "5.00"})

    def transfer(self, source: str, destination: str) -> str:
        """Transfer 5.00 and return the transfer's id."""
        self.expected[source][0] -= 5
        self.expected[destination][0] += 5
        return self.make(TRANSFER, {"source": source, "destination": destination, "amount": "5.00"})

    def expect(self, keyed: Keyed) -> None:
        """Count what a request changes, once."""
        for wallet, amount, held in keyed.changes:
            self.expected[wallet][0] += amount
            self.expected[wallet][1] += held


Kind = Callable[[World, str, str, str], Keyed]
_3, _5, _0 = Decimal(3), Decimal(5), Decimal()


def spend(world: World, key: str, _a: str, _b: str) -> Keyed:
    """Spend all that a wallet has."""
    poor = world.wallet(SMALL)
    values = {"txid": key, "wallet": poor, "amount": f"{-SMALL}", "metadata": {"b": [1], "a": None}}
    return Keyed(key, POST, values, {**values, "amount": "-6.99"}, None, ((poor, -SMALL, _0),))


def post(_world: World, key: str, a: str, _b: str) -> Keyed:
    values = {"txid": key, "wallet": a, "amount": "3", "conditions": {"balance": {"gte": "1.00"}}}
    return Keyed(key, POST, values, {**values, "amount": "3.01"}, None, ((a, _3, _0),))


def move(_world: World, key: str, a: str, b: str) -> Keyed:
    values = {"txid": key, "source": a, "destination": b, "amount": "3.00"}
    return Keyed(key, TRANSFER, values, {**values, "source": b, "destination": a}, None, ((a, -_3, _0), (b, _3, _0)))


def drain(world: World, key: str, _a: str, b: str) -> Keyed:
    """Move as much as there is."""
    poor = world.wallet(SMALL)
    values = {"txid": key, "source": poor, "destination": b, "upTo": "10.00"}
    return Keyed(key, TRANSFER, values, {**values, "upTo": "9.00"}, None, ((poor, -SMALL, _0), (b, SMALL, _0)))


def receive(_world: World, key: str, a: str, b: str) -> Keyed:
    legs = [{"wallet": a, "amount": "3.00"}, {"wallet": b, "amount": "5.00"}]
    values = {"txid": key, "legs": legs, "external": [{"currency": "USD", "amount": "-8.00"}]}
    return Keyed(key, TRANSFER, values, {**values, "legs": legs[::-1]}, None, ((a, _3, _0), (b, _5, _0)))


def hold(_world: World, key: str, a: str, b: str) -> Keyed:
    values = {"txid": key, "wallet": a, "destination": b, "amount": "3.00", "expiresAt": "2100-01-01T00:00:00Z"}
    return Keyed(key, HOLD, values, {**values, "destination": None}, None, ((a, _0, _3),))


def capture(world: World, key: str, a: str, b: str) -> Keyed:
    target = world.hold(a, destination=b)
    values = {"txid": key, "amount": "3.00"}
    return Keyed(key, CAPTURE, values, {**values, "isFinal": True}, target, ((a, -_3, -_3), (b, _3, _0)))


def finish(world: World, key: str, a: str, _b: str) -> Keyed:
    """Capture a part, and let the rest go."""
    values = {"txid": key, "amount": "3.00", "isFinal": True}
    return Keyed(key, CAPTURE, values, {**values, "isFinal": False}, world.hold(a), ((a, -_3, -_5),))


def release(world: World, key: str, a: str, _b: str) -> Keyed:
    return Keyed(key, RELEASE, {"amount": "3.00"}, {"amount": "2.00"}, world.hold(a), ((a, _0, -_3),))


def reverse(world: World, key: str, a: str, _b: str) -> Keyed:
    values = {"txid": key, "amount": "3.00"}
    return Keyed(key, REVERSE, values, {"txid": key}, world.credit(a), ((a, -_3, _0),))


def reverse_transfer(world: World, key: str, a: str, b: str) -> Keyed:
    target = world.transfer(a, b)
    values = {"txid": key, "description": "Returned"}
    return Keyed(key, REVERSE_TRANSFER, values, {"txid": key}, target, ((a, _5, _0), (b, -_5, _0)))


def open_wallet(_world: World, key: str, _a: str, _b: str) -> Keyed:
    values = {"label": key, "balance": "3.00"}
    return Keyed(key, WALLET, values, {**values, "label": f"{key}!"})


def batch(_world: World, key: str, a: str, b: str) -> Keyed:
    first, second = ({"txid": f"{key}-{each}", "wallet": each, "amount": "3.00"} for each in (a, b))
    changes = ((a, _3, _0), (b, _3, _0))
    return Keyed(key, BATCH, {"rows": [first, second]}, {"rows": [second, first]}, None, changes)


KINDS: list[Kind] = [
    *(spend, post, move, drain, receive, hold, capture, finish),
    *(release, reverse, reverse_transfer, open_wallet, batch),
]
