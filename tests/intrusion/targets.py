"""What requests are about: things of both owners, and names that both have taken."""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from tests.intrusion.callers import Caller
from tests.intrusion.requests import Connection, Request

JSON_API = "application/vnd.api+json"
PATHS = {
    "Wallet": "wallets",
    "Transaction": "transactions",
    "Entry": "entries",
    "Transfer": "transfers",
    "Hold": "holds",
}
TYPES = (*PATHS,)
_KEPT = 12
NAMES = ("Rent", "Savings", "Zoë's", "a_b%c", "'; --")
"""Names that each owner has given to a wallet and to a transaction, and that requests may hold: they mark nothing."""
_LIKELY = {"balance": ("1.00", "0"), "amount": ("1.00", "-0.50"), "currency": ("USD",)}
"""Values that most wallets take: random ones are nearly always refused."""
_REFERENCES = {"wallet": "Wallet", "source": "Wallet", "destination": "Wallet"}
"""Attributes that hold an id, and of what."""
_GRAPHQL_ID = re.compile(
    r'\b(id|walletId|wallet|source|destination|destinationId|transaction|transfer|hold|reversalOf): ?"[^"\n]*"'
    r"|\bids: ?\[[^\]\n]*\]"
)
_GRAPHQL_TEXT = re.compile(r'\b(label|txid|description|search|icontains|exact): ?"[^"\n]*"')


@dataclass
class Targets:
    """The newest things of each type, of all owners alike. New names begin with `prefix`."""

    markers: dict[str, str]
    prefix: str = ""
    ids: dict[str, deque[str]] = field(default_factory=lambda: {name: deque(["1"], _KEPT) for name in TYPES})
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def add(self, connection: Connection, owners: tuple[Caller, ...]) -> None:
        """Let each owner open a wallet and post to it, and remember what that made."""
        number = next(self._numbers)
        for caller in owners:
            marker = self.markers[caller.owner]
            own = f"{self.prefix}{number} {marker}"
            name = NAMES[number - 1] if number <= len(NAMES) else own
            secret = {"metadata": {"secret": marker}}
            wallet = self._create(connection, caller, "Wallet", label=name, balance="1000.00", **secret)
            for amount, text in (("-1.50", name), ("2.00", f"{own} b")):
                posted = {"txid": text, "amount": amount, "wallet": wallet, "description": marker, **secret}
                self._create(connection, caller, "Transaction", **posted)
            details = {"wallet": wallet, "amount": "3.00", "description": marker, **secret}
            self._create(connection, caller, "Hold", txid=f"{own} c", **details)
            legs = [{"wallet": wallet, "amount": "1.00", "description": marker}]
            external = [{"currency": "USD", "amount": "-1.00"}]
            moved = {"legs": legs, "external": external, "description": marker, **secret}
            self._create(connection, caller, "Transfer", txid=f"{own} d", **moved)
            answer = connection.send(_get(f"/api/wallets/{wallet}/entries/").with_headers(caller.headers))
            for entry in json.loads(answer.body)["data"]:
                self.ids["Entry"].append(entry["id"])

    def _create(self, connection: Connection, caller: Caller, type_name: str, **attributes: Any) -> str:
        body = json.dumps({"data": {"type": type_name, "attributes": attributes}}).encode()
        headers = (("Content-Type", JSON_API.encode()),)
        request = Request("targets", "POST", f"/api/{PATHS[type_name]}/".encode(), headers, body)
        answer = connection.send(request.with_headers(caller.headers))
        if answer.status == 409 and attributes.get("label", attributes.get("txid")) in NAMES:
            # Another client, or a random request, was faster.
            name = f"{self.prefix}{next(self._numbers)} {self.markers[caller.owner]}"
            renamed = {key: name for key in ("label", "txid") if key in attributes}
            return self._create(connection, caller, type_name, **{**attributes, **renamed})
        assert answer.status == 201, answer
        identifier: str = json.loads(answer.body)["data"]["id"]
        self.ids[type_name].append(identifier)
        return identifier

    # -- random requests, led to these things ------------------------------------------------------------

    def an_id(self, random: Random, *types: str) -> str:
        """Return the id of a thing, or of none."""
        if random.random() < 0.05:
            return str(random.choice((0, 7 * 10**8, 10**17, -1)))
        return random.choice(self.ids[random.choice(types or TYPES)])

    def a_global_id(self, random: Random) -> str:
        """Return the id of a thing for GraphQL, in either form."""
        name = random.choice(TYPES)
        plain = self.an_id(random, name)
        return plain if random.random() < 0.5 else base64.b64encode(f"{name}:{plain}".encode()).decode()

    def a_text(self, random: Random, owner: str) -> str:
        """Return a name that is taken, or one that tells whose it is."""
        if owner and random.random() < 0.6:
            return f"{random.randrange(10**6)} {self.markers[owner]}"
        return random.choice(NAMES)

    def lead_json(self, value: Any, random: Random, owner: str) -> Any:
        """Return a JSON document with most ids replaced by those of things, and some texts by names."""
        if isinstance(value, list):
            return [self.lead_json(each, random, owner) for each in value]
        if not isinstance(value, dict):
            return value
        led = {name: self.lead_json(each, random, owner) for name, each in value.items()}
        for name in led:
            if name == "id" and random.random() < 0.8:
                led[name] = self.an_id(
                    random, *({led["type"]} & {*TYPES} if isinstance(led.get("type"), str) else ())
                )
            elif name in _REFERENCES and isinstance(led[name], str) and random.random() < 0.8:
                led[name] = self.an_id(random, _REFERENCES[name])
            elif name in ("label", "txid", "description") and isinstance(led[name], str) and random.random() < 0.6:
                led[name] = self.a_text(random, owner)
            elif name in _LIKELY and random.random() < 0.7:
                led[name] = random.choice(_LIKELY[name])
        return led

    def lead_graphql(self, text: str, random: Random, owner: str) -> str:
        """Return a document with most ids replaced by those of things, and some texts by names."""

        def give_id(found: re.Match[str]) -> str:
            if random.random() < 0.2:
                return found[0]
            if found[1] is None:
                return f"ids: {json.dumps([self.a_global_id(random) for _ in range(random.randrange(4))])}"
            return f"{found[1]}: {json.dumps(self.a_global_id(random))}"

        def give_text(found: re.Match[str]) -> str:
            if random.random() < 0.4:
                return found[0]
            return f"{found[1]}: {json.dumps(self.a_text(random, owner))}"

        return _GRAPHQL_TEXT.sub(give_text, _GRAPHQL_ID.sub(give_id, text))


def _get(path: str) -> Request:
    return Request("targets", "GET", path.encode())
