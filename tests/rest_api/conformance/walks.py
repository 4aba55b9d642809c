"""Documents of every kind, and iteration over their parts."""

from __future__ import annotations

from typing import Any

from tests.rest_api.conformance.conftest import World


def documents(world: World) -> list[Any]:
    """Return one document of each kind."""
    urls = [
        "/api/",
        "/api/wallets/?include=transactions.wallet,entries",
        "/api/transactions/?page[size]=1&include=wallet",
        "/api/entries/",
        "/api/nope",
        world.wallet_url,
        world.transaction_url,
        f"{world.transaction_url}wallet/",
        f"{world.transaction_url}relationships/wallet/",
        f"{world.wallet_url}relationships/transactions/",
        f"{world.wallet_url}transactions/?include=wallet",
    ]
    return [world.api.get(url).json() for url in urls]


def resources(world: World) -> list[Any]:
    """Return the resource objects of all of them."""
    found = []
    for document in documents(world):
        data = document.get("data")
        primary = data if isinstance(data, list) else [data]
        found += [each for each in (*primary, *document.get("included", [])) if each and "links" in each]
    return found


def relationships(world: World) -> list[Any]:
    return [each for found in resources(world) for each in found.get("relationships", {}).values()]


def names(value: Any) -> set[str]:
    """Return the member names of a document, except for what callers keep in `metadata`."""
    if isinstance(value, list):
        return {name for item in value for name in names(item)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for key, item in value.items() if key != "metadata" for name in names(item)}


def all_names(world: World) -> set[str]:
    return {name for document in documents(world) for name in names(document)}
