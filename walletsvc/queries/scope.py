"""What a principal can see of each table: the rows of its owner, which each of them names itself."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from walletsvc.principals import Principal

M = TypeVar("M", bound=Model)

# The wallet itself may be gone. Whose it is, its first entry says, and an index finds that: to look at each row of
# another's wallet would take as long as there are.
_OF_WALLET = (
    "wallet_id = (SELECT wallet_id FROM walletsvc_entry WHERE wallet_id = %s AND sequence = 1 AND owner = %s) AND "
)


class Scope(NamedTuple):
    """A condition for a WHERE clause, "" for none, and its parameters."""

    text: str
    parameters: tuple[Any, ...]


ALL = Scope("", ())


def scope_of(principal: Principal, *, wallet: int | None = None) -> Scope:
    """Return what rows that `principal` can see have in common; of one `wallet`, if it is named.

    As text: the ORM would take longer to compile it than the server takes to answer.
    """
    if principal.owner is None:
        return ALL
    if wallet is None:
        return Scope("owner = %s", (principal.owner,))
    return Scope(f"{_OF_WALLET}owner = %s", (wallet, principal.owner, principal.owner))


def scope_within_parent(principal: Principal, *, key: str) -> Scope:
    """Return what rows have in common whose `key` refers to a record that `principal` can see.

    What has a wallet within reach is within reach itself.
    """
    return ALL if key == "wallet_id" else scope_of(principal)


def within_reach(queryset: QuerySet[M], principal: Principal) -> QuerySet[M]:
    """Return the part of `queryset` that `principal` can see."""
    return queryset if principal.owner is None else queryset.filter(owner=principal.owner)
