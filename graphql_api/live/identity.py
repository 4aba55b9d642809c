"""Whether the caller of an open connection may still have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from graphql_api.identity import identify
from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.requests import Refused
from walletsvc.access.verified import KEY_SECONDS
from walletsvc.principals import Principal


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
