"""Who opens a connection, and whether it may still have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from graphql_api.identity import identify
from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.requests import Refused
from walletsvc import errors
from walletsvc.access.verified import KEY_SECONDS
from walletsvc.principals import Principal
from walletsvc.web.limits import Charge

PAY_SECONDS = 60.0
"""A subscription counts for a request each time that it has lasted so long."""


def admit(find_caller: Callable[[], Principal], charge: Charge | None, authorization: str | None) -> Principal:
    """Charge the caller for what it opens, and return it. In a thread. Raises `Refused`."""

    def find() -> Principal:
        if charge is not None:
            charge.settle(authorization)
        return find_caller()

    return identify(find)


async def still_pays(charge: Charge, hub: Hub, budget: Budget) -> errors.RateLimited:
    """Return the refusal once the caller cannot pay for another minute of a subscription."""
    while True:
        await asyncio.sleep(PAY_SECONDS)
        try:
            await hub.workers.run(partial(charge.spend, 1), budget)
        except errors.RateLimited as refused:
            return refused


async def still_good(find_caller: Callable[[], Principal], hub: Hub, budget: Budget) -> None:
    """Return once the caller is refused: a key that is revoked or expires ends what it has opened within 5 s.

    While the database is away nothing is known, and the connection stays.
    """
    while True:
        await asyncio.sleep(KEY_SECONDS)
        try:
            await hub.workers.run(partial(identify, find_caller), budget)
        except Refused as refused:
            if refused.status in (401, 403):
                return
