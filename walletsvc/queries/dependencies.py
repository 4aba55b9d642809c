"""What an answer depends on: one wallet, if it shows nothing that another wallet's writes change, or else everything.

A kept answer is good for as long as the stamps of what it depends on are the same (`cache.responses`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from walletsvc.cache.responses import EVERYTHING, owner_stamp, wallet_stamp
from walletsvc.ids import read_id
from walletsvc.schema.resources import RESOURCES

MAX_STAMPS = 8
"""How many wallets' own stamps an answer is kept under: their names are remembered together, and are to be short."""


def stays_within_wallet(resource: str, member: str) -> bool:
    """Tell whether a `member` of a record, an attribute or a relation, changes by writes to the record's wallet only.

    A relation does if it is declared so.
    """
    declared = RESOURCES[resource]
    relation = declared.to_one.get(member) or declared.to_many.get(member)
    return relation is None or relation.within_wallet


def path_stays_within_wallet(resource: str, path: Iterable[str]) -> bool:
    """Tell whether all relations on a path that begins at a `resource` stay within its wallet."""
    for name in path:
        if not stays_within_wallet(resource, name):
            return False
        declared = RESOURCES[resource]
        resource = (declared.to_one.get(name) or declared.to_many[name]).target
    return True


def stamps_of(wallet_ids: Iterable[object] | None, *, owner: str | None = None) -> Sequence[str]:
    """Return the names of the stamps of an answer that shows these wallets and nothing beyond them; None: more.

    What is no id is of no wallet: there will be no answer to keep.
    """
    ids = {read_id(str(each)) for each in wallet_ids or ()}
    known = sorted(each for each in ids if each is not None)
    if not known or len(known) != len(ids) or len(known) > MAX_STAMPS:
        return (owner_stamp(owner),) if owner else (EVERYTHING,)
    return tuple(map(wallet_stamp, known))
