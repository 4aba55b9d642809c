"""Requests that refer to a wallet, on both faces: everything that takes the id of one next to what is one's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.access.owners import ATOMIC, JSON_API, Caller

BEYOND_ALL = {"balance": {"gte": "1000000"}}
"""A condition that no wallet of these tests meets."""

_PAIR = {"source": "{own}", "destination": "{second}", "amount": "1.50"}
_LEGS = ("-1.50", "1.00", "0.50")
_MUTATION = "mutation ($input: %s!) { done: %s(input: $input) { %s { txid } userErrors { code message field } } }"


@dataclass(frozen=True, slots=True)
class Case:
    """A request in which `{foreign}` stands for the id in question, and `place` for where a refusal points at.

    `{global}` is the same id in GraphQL's other form; `{own}` and `{second}` are wallets of the caller, `{posted}` is
    its transaction. `{taken}` is a txid that it has used for everything.
    """

    name: str
    method: str
    path: str
    content: Any
    content_type: str
    place: str
    can_succeed: bool = True
    """Whether it is done with a wallet of the caller."""

    def ask(self, caller: Caller, ids: dict[str, str], identifier: str) -> tuple[int, Any]:
        """Return the status and the document of the answer to it, about the wallet with this id."""
        whole = base64.b64encode(f"Wallet:{identifier}".encode()).decode()
        text = json.dumps([self.path, self.content])
        for name, value in {**ids, "foreign": identifier, "global": whole}.items():
            text = text.replace(f"{{{name}}}", value)
        path, content = json.loads(text)
        status, body = caller.ask(self.method, path, content, self.content_type)
        return int(status[:3]), json.loads(body) if body else None


def cases() -> Iterator[Case]:
    """Yield all of them, each with names of its own for what it would create."""
    for number, each in enumerate([*_rest_cases(), *_graphql_cases()]):
        content = json.loads(json.dumps(each.content).replace("{new}", f"N{number}"))
        yield Case(each.name, each.method, each.path, content, each.content_type, each.place, each.can_succeed)


# -- REST, and its atomic operations ---------------------------------------------------------------------


def _rest_cases() -> Iterator[Case]:
    for type_name, members, place, *can in _new_resources():
        data = {"type": type_name, **members}
        path = f"/api/{type_name.lower()}s/"
        can_succeed = not can
        yield Case(f"POST {path} {members}", "POST", path, {"data": data}, JSON_API, f"/data{place}", can_succeed)
        yield _operation({"op": "add", "data": data}, f"/data{place}", can_succeed)
    for members, place in (
        ({"attributes": {"wallet": "{foreign}"}}, "/attributes/wallet"),
        ({"attributes": {"wallet": "{foreign}", "amount": "2.00"}}, "/attributes/wallet"),
        ({"relationships": {"wallet": _linked("{foreign}")}}, "/relationships/wallet"),
    ):
        data = {"type": "Transaction", "id": "{posted}", **members}
        path = "/api/transactions/{posted}/"
        yield Case(f"PATCH {path} {members}", "PATCH", path, {"data": data}, JSON_API, f"/data{place}")
        yield _operation({"op": "update", "data": data}, f"/data{place}")
    path, linked = "/api/transactions/{posted}/relationships/wallet/", _linked("{foreign}")
    yield Case(f"PATCH {path}", "PATCH", path, linked, JSON_API, "/data")
    reference = {"type": "Transaction", "id": "{posted}", "relationship": "wallet"}
    yield _operation({"op": "update", "ref": reference, **linked}, "/data")


def _new_resources() -> Iterator[tuple[Any, ...]]:
    """Yield the type of a new resource, its members, the pointer to the wallet in question, and False if any wallet
    is refused."""
    for kind, names in {"Transaction": ("wallet",), "Hold": ("wallet", "destination")}.items():
        for name in names:
            own = {"wallet": "{own}"} if name == "destination" else {}
            given = {"txid": "{new}", "amount": "1.50"}
            yield kind, {"attributes": {**given, **own, name: "{foreign}"}}, f"/attributes/{name}"
            linked = {each: _linked(value) for each, value in {**own, name: "{foreign}"}.items()}
            yield kind, {"attributes": given, "relationships": linked}, f"/relationships/{name}"
            too_much = "-999999.00" if kind == "Transaction" else "999999.00"
            for more in ({"txid": "{taken}"}, {"amount": too_much}, {"conditions": BEYOND_ALL}):
                attributes = {**given, **own, name: "{foreign}", **more}
                yield kind, {"attributes": attributes}, f"/attributes/{name}", False
    for name in ("source", "destination"):
        pair = {"txid": "{new}", **_PAIR, name: "{foreign}"}
        yield "Transfer", {"attributes": pair}, f"/attributes/{name}"
        yield "Transfer", {"attributes": {**pair, "amount": None, "upTo": "1.50"}}, f"/attributes/{name}"
        given = {"txid": "{new}", "amount": "1.50"}
        linked = {each: _linked(pair[each]) for each in ("source", "destination")}
        yield "Transfer", {"attributes": given, "relationships": linked}, f"/relationships/{name}"
        for more in ({"txid": "{taken}"}, {"amount": "999999.00"}, {"conditions": BEYOND_ALL}):
            yield "Transfer", {"attributes": {**pair, **more}}, f"/attributes/{name}", False
    for place in range(len(_LEGS)):
        legs = _legs(place)
        where = f"/attributes/legs/{place}/wallet"
        yield "Transfer", {"attributes": {"txid": "{new}", "legs": legs}}, where
        yield "Transfer", {"attributes": {"txid": "{taken}", "legs": legs}}, where, False
        legs = [*legs[:place], {**legs[place], "conditions": BEYOND_ALL}, *legs[place + 1 :]]
        yield "Transfer", {"attributes": {"txid": "{new}", "legs": legs}}, where, False
    alone = {"legs": [{"wallet": "{foreign}", "amount": "1.50"}]}
    external = {"external": [{"currency": "USD", "amount": "-1.50"}]}
    yield "Transfer", {"attributes": {"txid": "{new}", **alone, **external}}, "/attributes/legs/0/wallet"


def _operation(operation: Any, place: str, can_succeed: bool = True) -> Case:
    """Return a case of an operation that follows one with which nothing is wrong."""
    good = {"op": "add", "data": {"type": "Wallet", "attributes": {"label": "{new}"}}}
    document = {"atomic:operations": [good, operation]}
    place = f"/atomic:operations/1{place}"
    return Case(f"operation {operation}", "POST", "/api/operations", document, ATOMIC, place, can_succeed)


def _linked(identifier: str) -> dict[str, object]:
    return {"data": {"type": "Wallet", "id": identifier}}


def _legs(foreign: int) -> list[dict[str, object]]:
    """Return three legs, of which one is of the wallet in question."""
    own = ("{own}", "{second}", "{second}")
    return [
        {"wallet": "{foreign}" if place == foreign else own[place], "amount": amount}
        for place, amount in enumerate(_LEGS)
    ]


# -- GraphQL ---------------------------------------------------------------------------------------------


def _graphql_cases() -> Iterator[Case]:
    for form in ("{foreign}", "{global}"):
        given = {"txid": "{new}", "amount": "1.50"}
        yield _mutation("createTransaction", {**given, "walletId": form}, "walletId")
        yield _mutation("createTransaction", {**given, "walletId": form, "idempotencyKey": "{new}"}, "walletId")
        yield _mutation("updateTransaction", {"id": "{posted}", "walletId": form}, "walletId")
        yield _mutation("createHold", {**given, "walletId": form}, "walletId")
        yield _mutation("createHold", {**given, "walletId": "{own}", "destinationId": form}, "destinationId")
        for name in ("source", "destination"):
            yield _mutation("createTransfer", {"txid": "{new}", **_PAIR, name: form}, name)
        for place in range(len(_LEGS)):
            legs = [{**each, "wallet": str(each["wallet"]).replace("{foreign}", form)} for each in _legs(place)]
            yield _mutation("createTransfer", {"txid": "{new}", "legs": legs}, "legs", str(place), "wallet")
        rows = [{**given, "txid": "{new}a", "walletId": "{own}"}, {**given, "txid": "{new}b", "walletId": form}]
        yield _mutation("createTransactions", rows, "1", "walletId")


def _mutation(name: str, given: object, *place: str) -> Case:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    shown = name.removeprefix("create").removeprefix("update")
    shown = shown[0].lower() + shown[1:]
    query = _MUTATION % ("[TransactionRowInput!]" if isinstance(given, list) else input_type, name, shown)
    content = {"query": query, "variables": {"input": given}}
    return Case(f"{name} {given}", "POST", "/graphql/", content, "application/json", ".".join(place))
