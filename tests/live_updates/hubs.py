"""A hub in the process of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.operations import Rejected, subscribe
from graphql_api.requests import GraphQLRequest
from tests.live_updates.clients import TIMEOUT_SECONDS
from walletsvc.principals import ANYONE


def run(work: Callable[[Hub], Awaitable[None]]) -> None:
    """Run `work` beside a hub that follows changes."""

    async def main() -> None:
        hub = Hub()
        following = asyncio.create_task(hub.feeds.run())
        try:
            await asyncio.wait_for(work(hub), TIMEOUT_SECONDS)
        finally:
            following.cancel()
            hub.close()

    asyncio.run(main())


def refusal(query: str, variables: Mapping[str, object]) -> Rejected:
    """Return how a subscription is refused before its first result."""
    refused: list[Rejected] = []

    async def work(hub: Hub) -> None:
        request = GraphQLRequest(query, dict(variables), None, {})
        with pytest.raises(Rejected) as rejected:
            await anext(subscribe(request, principal=ANYONE, hub=hub, budget=Budget()))
        refused.append(rejected.value)

    run(work)
    return refused[0]
