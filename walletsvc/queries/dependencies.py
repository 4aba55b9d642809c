"""The dependencies of an answer: its wallets, if no other wallet's writes can change it, or else everything.

A cached answer is valid while the stamps of its dependencies are unchanged (`cache.responses`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from walletsvc.cache.responses import EVERYTHING, owner_stamp, wallet_stamp
from walletsvc.ids import read_id
from walletsvc.schema.resources import RESOURCES

MAX_STAMPS = 8
"""The most wallets whose own stamps an answer is kept under. Their names are remembered together."""


def stays_within_wallet(resource: str, member: str) -> bool:
    """Tell whether only writes to a record's wallet change its `member`, an attribute or a relation.

    A relation must be declared so.
    """
    declared = RESOURCES[resource]
    relation = declared.to_one.get(member) or declared.to_many.get(member)
    return relation is None or relation.within_wallet


def path_stays_within_wallet(resource: str, path: Iterable[str]) -> bool:
    """Tell whether all relations on a path from a `resource` stay within its wallet."""
    for name in path:
        if not stays_within_wallet(resource, name):
            return False
        declared = RESOURCES[resource]
        resource = (declared.to_one.get(name) or declared.to_many[name]).target
    return True


def stamps_of(wallet_ids: Iterable[object] | None, *, owner: str | None = None) -> Sequence[str]:
    """Return the names of the stamps of an answer that shows only these wallets; None stands for more.

    An invalid id belongs to no wallet: there will be no answer to keep.
    """
    ids = {read_id(str(each)) for each in wallet_ids or ()}
    known = sorted(each for each in ids if each is not None)
    if not known or len(known) != len(ids) or len(known) > MAX_STAMPS:
        return (owner_stamp(owner),) if owner else (EVERYTHING,)
    return tuple(map(wallet_stamp, known))
