"""The cache key and the stamps of a document (`walletsvc.cache.responses`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from walletsvc.cache.responses import wallet_stamp
from walletsvc.queries.dependencies import path_stays_within_wallet, stamps_of
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import WALLET

_FACE = "rest"


def cache_key_parts(reach: str, url: str, variant: str) -> tuple[str, ...]:
    """Return the parts of a document's cache key. `variant` separates the documents that one URL can serve."""
    return _FACE, reach, variant, url


def choose_stamps(
    resource: Resource,
    *,
    identifier: int | None = None,
    filters: tuple[tuple[str, str], ...] = (),
    include: tuple[str, ...] = (),
    owner: str | None,
) -> Sequence[str]:
    """Return the stamps of one resource (`identifier`) or of a list with `filters`, and of what it includes."""
    if include and not _stay_within_wallet(resource.name, include):
        return stamps_of(None, owner=owner)
    if resource.name == WALLET.name:
        return stamps_of(None, owner=owner) if identifier is None else (wallet_stamp(identifier),)
    relation = resource.to_one.get("wallet")
    wallet = dict(filters).get("wallet") if relation is not None and relation.within_wallet else None
    return stamps_of(None if wallet is None else [wallet], owner=owner)


@lru_cache(maxsize=1024)
def _stay_within_wallet(resource_name: str, include: tuple[str, ...]) -> bool:
    return all(path_stays_within_wallet(resource_name, path.split(".")) for path in include)
