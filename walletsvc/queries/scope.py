"""The rows that a principal can see: those of its owner, which each row names itself."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from walletsvc.principals import Principal

M = TypeVar("M", bound=Model)

# The wallet itself may be deleted. Its first entry names its owner, and an index finds that entry: checking each row
# of another owner's wallet would take time in proportion to their number.
_OF_WALLET = (
    "{}wallet_id = (SELECT wallet_id FROM walletsvc_entry WHERE wallet_id = %s AND sequence = 1 AND owner = %s) AND "
)


class Scope(NamedTuple):
    """A condition for a WHERE clause, "" for none, and its parameters."""

    text: str
    parameters: tuple[Any, ...]


ALL = Scope("", ())


def scope_of(principal: Principal, *, wallet: int | None = None, table: str = "") -> Scope:
    """Return the condition for the rows that `principal` can see, optionally those of one `wallet`.

    `table` is the quoted name of theirs if there are several. As text: the ORM would take longer to compile it than
    the server takes to answer.
    """
    if principal.owner is None:
        return ALL
    of_table = f"{table}." if table else ""
    if wallet is None:
        return Scope(f"{of_table}owner = %s", (principal.owner,))
    return Scope(f"{_OF_WALLET.format(of_table)}{of_table}owner = %s", (wallet, principal.owner, principal.owner))


def scope_within_parent(principal: Principal, *, key: str) -> Scope:
    """Return the condition for rows whose `key` refers to a record that `principal` can see.

    A row of a visible wallet is visible itself.
    """
    return ALL if key == "wallet_id" else scope_of(principal)


def within_reach(queryset: QuerySet[M], principal: Principal) -> QuerySet[M]:
    """Return the part of `queryset` that `principal` can see."""
    return queryset if principal.owner is None else queryset.filter(owner=principal.owner)
