"""Which stamps a document is kept under (`walletsvc.cache.responses`)."""

from __future__ import annotations

from walletsvc.cache.responses import EVERYTHING, wallet_stamp
from walletsvc.ids import read_id
from walletsvc.schema.resources import WALLET, Resource

_FACE = "rest"


def cache_key_parts(reach: str, url: str, variant: str) -> tuple[str, ...]:
    """Return the parts of the key of a document. `variant` tells apart what one URL can answer."""
    return _FACE, reach, variant, url


def stamps_of_wallet(identifier: int | str) -> list[str]:
    """Return the stamps of what shows nothing but one wallet's own fields, transactions or entries."""
    number = read_id(str(identifier))
    return [EVERYTHING] if number is None else [wallet_stamp(number)]


def choose_stamps(
    resource: Resource,
    *,
    identifier: int | None = None,
    filters: tuple[tuple[str, str], ...] = (),
    includes: bool,
) -> list[str]:
    """Return the stamps of one resource (`identifier`) or of a list with `filters`.

    What includes other resources may show other wallets' too, so it goes by everything.
    """
    if includes:
        return [EVERYTHING]
    if identifier is not None:
        return stamps_of_wallet(identifier) if resource is WALLET else [EVERYTHING]
    wallet = dict(filters).get("wallet")
    return [EVERYTHING] if wallet is None else stamps_of_wallet(wallet)
