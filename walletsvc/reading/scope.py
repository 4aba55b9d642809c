"""What a principal can see of each table."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import Principal

M = TypeVar("M", bound=Model)

_OWNER_PATHS: dict[type[Model], str] = {Wallet: "owner", Transaction: "wallet__owner", Entry: "wallet__owner"}


def within_reach(queryset: QuerySet[M], principal: Principal) -> QuerySet[M]:
    """Return the part of `queryset` that `principal` can see."""
    if principal.owner is None:
        return queryset
    return queryset.filter(**{_OWNER_PATHS[queryset.model]: principal.owner})
