"""Operations of the Atomic Operations extension, as clients write them."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from tests.ledger.state import snapshot
from tests.rest_api.conftest import Api, problems
from tests.rest_api.structure import ATOMIC_TYPE, RESULTS

URL = "/api/operations/"
OPERATIONS = "atomic:operations"


def send(api: Api, *operations: object, **headers: str) -> HttpResponse:
    """Send the operations as one request."""
    named = {"content_type": ATOMIC_TYPE, "accept": ATOMIC_TYPE, **headers}
    return api.post(URL, {OPERATIONS: list(operations)}, **named)


def results(response: HttpResponse) -> Any:
    """Return the results of a batch that was done."""
    assert response.status_code == 200, response.content
    return json.loads(response.content)[RESULTS]


def add_wallet(label: str, balance: str = "0.00", *, lid: str | None = None) -> Any:
    """Return the operation that creates a wallet."""
    data: dict[str, Any] = {"type": "Wallet", "attributes": {"label": label, "balance": balance}}
    return {"op": "add", "data": data | ({"lid": lid} if lid else {})}


def post(txid: str, wallet: Any, amount: object, *, lid: str | None = None) -> Any:
    """Return the operation that posts a transaction; `wallet` is an id, or an identifier's members."""
    named = wallet if isinstance(wallet, dict) else {"id": wallet}
    data: dict[str, Any] = {
        "type": "Transaction",
        "attributes": {"txid": txid, "amount": amount},
        "relationships": {"wallet": {"data": {"type": "Wallet", **named}}},
    }
    return {"op": "add", "data": data | ({"lid": lid} if lid else {})}


def update(type_name: str, identity: Any, **attributes: object) -> Any:
    """Return the operation that changes a resource; `identity` is an id, or `{"lid": ...}`."""
    named = {"type": type_name, **(identity if isinstance(identity, dict) else {"id": identity})}
    return {"op": "update", "ref": named, "data": {**named, "attributes": attributes}}


def remove(type_name: str, identity: Any) -> Any:
    """Return the operation that deletes a resource."""
    named = identity if isinstance(identity, dict) else {"id": identity}
    return {"op": "remove", "ref": {"type": type_name, **named}}


def move(identity: Any, wallet: Any) -> Any:
    """Return the operation that moves a transaction to another wallet through its relationship."""
    named = identity if isinstance(identity, dict) else {"id": identity}
    target = wallet if isinstance(wallet, dict) else {"id": wallet}
    return {
        "op": "update",
        "ref": {"type": "Transaction", **named, "relationship": "wallet"},
        "data": {"type": "Wallet", **target},
    }


def refused(api: Api, *operations: object) -> Any:
    """Send a request that must be refused, and return status and problems."""
    before = snapshot()
    response = send(api, *operations)
    assert snapshot() == before
    assert response["Content-Type"] == ATOMIC_TYPE
    return response.status_code, problems(response)
