"""A hub in the process of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from graphql_api.live.feeds import Hub
from tests.live_updates.clients import TIMEOUT_SECONDS


def run(work: Callable[[Hub], Awaitable[None]]) -> None:
    """Run `work` beside a hub that follows changes."""

    async def main() -> None:
        hub = Hub()
        following = asyncio.create_task(hub.run())
        try:
            await asyncio.wait_for(work(hub), TIMEOUT_SECONDS)
        finally:
            following.cancel()
            hub.close()

    asyncio.run(main())
