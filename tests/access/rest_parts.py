"""What the cases of the REST face are made of."""

from __future__ import annotations

from typing import Any

from tests.access.case import Case
from tests.access.collected import Thing
from tests.access.contract import PATHS
from tests.access.world import ATOMIC

ID = {
    "wallets": "{wallet}",
    "transactions": "{transaction}",
    "entries": "{entry}",
    "transfers": "{transfer}",
    "holds": "{hold}",
}
IDS = {resource: ID[path] for path, resource in PATHS.items()}
"""The id of a thing, by its path and by its type."""

VALUES: dict[str, Any] = {
    "conditions": {"balance": {"gte": "0"}},
    "floor": "-5.00",
    "state": "active",
    "label": "New",
    "balance": "1.00",
    "currency": "USD",
    "metadata": {"a": 1},
    "txid": "N1",
    "amount": "1.25",
    "description": "text",
    "wallet": "{other}",
    "source": "{wallet}",
    "destination": "{other}",
    "upTo": "1.25",
    "expiresAt": "2999-01-01T00:00:00Z",
    "isFinal": True,
    "allowExcess": True,
    "external": [{"currency": "USD", "amount": "-1.25"}],
    "legs": [{"wallet": "{wallet}", "amount": "0.75"}, {"wallet": "{other}", "amount": "0.50"}],
}
"""A valid value of each attribute that can be written."""

_PERIOD = "from=2020-01-01T00:00:00Z&to=2099-01-01T00:00:00Z"
COMPUTED_PARAMETERS = {
    "balance": {"at": "at=2026-01-01T00:00:00Z", "sequence": "sequence=1"},
    "statement": {
        "from": _PERIOD,
        "to": _PERIOD,
        "page[size]": f"{_PERIOD}&page[size]=1",
        "page[after]": f"{_PERIOD}&page[after]={{cursor}}",
    },
}
"""A query with each parameter of what is computed from the entries of a wallet."""


def new(resource: str, **changed: Any) -> dict[str, Any]:
    """Return the document of a new resource."""
    pair = ("txid", "source", "destination", "amount")
    if resource == "Transfer":
        # Of the ways to say what is moved, there is one.
        others = {"upTo": pair[:3], "legs": ("txid", "external"), "external": ("txid", "legs")}
        pair = next((others[name] for name in others if name in changed), pair)
    posted = ("txid", "amount", "wallet")
    needed = {"Wallet": ("label",), "Transaction": posted, "Transfer": pair, "Hold": posted}[resource]
    attributes = {name: VALUES[name] for name in needed} | ({"wallet": "{wallet}"} if "wallet" in needed else {})
    return {"type": resource, "attributes": attributes | changed}


ACTION_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "captures": {"txid": "N1"},
    "releases": {},
    "reversals": {"txid": "N1"},
}
"""What an action needs at least."""


def operations(covers: tuple[Thing, ...], content: Any, **more: Any) -> Case:
    """Return the case of one operation, or of a document of them."""
    document = content if "atomic:operations" in content else {"atomic:operations": [content]}
    return Case(covers, "POST", "/api/operations/", document, content_type=ATOMIC, **more)
