"""The contract about scopes, by hand: which scope a thing takes, and where the relations lead.

It repeats the product's declarations on purpose, and reads none of them: a wrong one fails the matrix.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

READ = {
    "Wallet": "wallets:read",
    "Transaction": "transactions:read",
    "Entry": "transactions:read",
    "Transfer": "transactions:read",
    "Hold": "transactions:read",
}
WRITE = {
    "Wallet": "wallets:write",
    "Transaction": "transactions:write",
    "Transfer": "transfers:write",
    "Hold": "holds:write",
}
PATHS = {
    "wallets": "Wallet",
    "transactions": "Transaction",
    "entries": "Entry",
    "transfers": "Transfer",
    "holds": "Hold",
}
TO_MANY = {
    ("Wallet", "transactions"): "Transaction",
    ("Wallet", "entries"): "Entry",
    ("Wallet", "holds"): "Hold",
    ("Transaction", "entries"): "Entry",
    ("Transaction", "reversals"): "Transaction",
    ("Transfer", "legs"): "Transaction",
    ("Hold", "captures"): "Transaction",
    ("Transfer", "reversals"): "Transfer",
}
TO_ONE = {
    ("Transaction", "wallet"): "Wallet",
    ("Transaction", "transfer"): "Transfer",
    ("Transaction", "hold"): "Hold",
    ("Transaction", "reversalOf"): "Transaction",
    ("Transfer", "reversalOf"): "Transfer",
    ("Entry", "wallet"): "Wallet",
    ("Entry", "transaction"): "Transaction",
    ("Entry", "hold"): "Hold",
    ("Hold", "wallet"): "Wallet",
    ("Hold", "destination"): "Wallet",
}
RELATIONS = TO_ONE | TO_MANY
COMPUTED = {("Wallet", "balance"), ("Wallet", "statement")}
"""URLs of what is computed from the entries of a wallet: reading it takes the scopes of both."""
ACTIONS = {
    ("Hold", "captures"): ("Transaction", 201),
    ("Hold", "releases"): ("Hold", 200),
    ("Transaction", "reversals"): ("Transaction", 201),
    ("Transfer", "reversals"): ("Transfer", 201),
}
"""Commands on a resource, with the type and the status of the answer: it takes the scope of the resource."""
BOOKS = frozenset({"wallets:read", "transactions:read"})
"""What it takes to read the books, which are of callers that are not bound to an owner."""
WRITABLE_RELATIONS = {("Transaction", "wallet")}
GIVEN_RELATIONS = {("Transfer", "source"): "Wallet", ("Transfer", "destination"): "Wallet"}
"""What is given for a new thing, and is no part of it."""
FOR_UNBOUND = {"owner"}
"""What only callers may name that are not bound to an owner."""
SETTINGS = {"floor", "state"}
"""The members of a wallet that only administrators write."""
OPEN_ROUTES = {"index", "favicon", "healthz", "livez", "readyz", "version", "schema", "docs", "static"}
"""What answers without a key, besides the playground's page."""


class Uncovered(AssertionError):
    """A thing that no case of the matrix covers."""


def reading(*resources: str) -> frozenset[str]:
    """Return the scopes that take reading these resources."""
    return frozenset(_look_up(READ, each) for each in resources)


def writing(resource: str, member: str = "") -> frozenset[str]:
    """Return the scope that takes writing a resource, or this member of it."""
    return frozenset({"admin" if member in SETTINGS else _look_up(WRITE, resource)})


def follow(resource: str, path: Iterable[str]) -> list[str]:
    """Return the resources that a path of relations leads through, without the first."""
    passed = []
    for name in path:
        resource = _look_up(RELATIONS, (resource, name))
        passed.append(resource)
    return passed


def of_reversed(text: str) -> str:
    """Return a URL or a query about what has been reversed, so that its list of reversals shows something."""
    return text.replace("{transaction}", "{reversed}").replace("{transfer}", "{reversed_transfer}")


def _look_up(table: Mapping[K, str], name: K) -> str:
    if name not in table:
        raise Uncovered(f"The contract of the matrix says nothing about {name}.")
    return table[name]
