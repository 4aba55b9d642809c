"""What a principal can see of each table."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from walletsvc.models import Wallet
from walletsvc.principals import Principal

M = TypeVar("M", bound=Model)


def within_reach(queryset: QuerySet[M], principal: Principal) -> QuerySet[M]:
    """Return the part of `queryset` that `principal` can see."""
    if principal.owner is None:
        return queryset
    return queryset.filter(owner=principal.owner)


def within_reach_of_parent(queryset: QuerySet[M], principal: Principal, *, key: str) -> QuerySet[M]:
    """Return the part of `queryset` that `principal` can see, of records whose `key` refers to one it can see.

    Without a JOIN. What has a wallet within reach is within reach itself.
    """
    if principal.owner is None or key == "wallet_id":
        return queryset
    return queryset.filter(Exists(Wallet.objects.filter(id=OuterRef("wallet_id"), owner=principal.owner)))
