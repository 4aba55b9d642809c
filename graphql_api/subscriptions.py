"""The subscriptions: the states and entries of a wallet, from a sequence on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from graphql_api import types
from graphql_api.ids import database_id
from graphql_api.live.budgets import page_size
from graphql_api.scalars import Long
from graphql_api.types import Info
from walletsvc.commands.inputs import parse_id
from walletsvc.errors import InvalidParameter
from walletsvc.events.topics import Topic

_AFTER = (
    "The last sequence that you have seen: events after it are sent, so that you miss none between two connections. "
)
BalanceAfter = Annotated[
    Long | None, strawberry.argument(description=_AFTER + "Without it, the present state is sent first.")
]
EntryAfter = Annotated[
    Long | None, strawberry.argument(description=_AFTER + "Without it, only new entries are sent.")
]


@strawberry.type
class Subscription:
    """Events as they happen, sent by the live server (graphql-transport-ws and graphql-sse)."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="A wallet after each change of its balance, of what is held, and of its settings. Quick changes"
        " may come as one; the last always comes."
    )
    async def wallet_balance(
        self,
        info: Info,
        wallet_id: Annotated[strawberry.ID, strawberry.argument(name="id")],
        after_sequence: BalanceAfter = UNSET,
    ) -> AsyncGenerator[types.Wallet, None]:
        records: AsyncGenerator[Any, None] = await _watch(info, "Wallet", wallet_id, after_sequence)
        return records

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="Each entry of a wallet, in the order of `sequence`, without a gap: what made it (`kind`), and "
        "its transaction unless that has been deleted."
    )
    async def transactions(
        self, info: Info, wallet_id: strawberry.ID, after_sequence: EntryAfter = UNSET
    ) -> AsyncGenerator[types.Entry, None]:
        records: AsyncGenerator[Any, None] = await _watch(info, "Entry", wallet_id, after_sequence)
        return records


async def _watch(info: Info, resource: str, wallet_id: object, after: int | None) -> Any:
    """Return the events to come. Raises `NotFound`, and `InvalidParameter` for a sequence below 0."""
    after = None if after is UNSET else after
    if after is not None and after < 0:
        raise InvalidParameter("Sequences are counted from 1.", parameter="afterSequence")
    raw = info._raw_info
    context, planner = raw.context, raw.context.planner(raw)
    # Planning would hold up the event loop.
    selection = await context.compute(partial(planner.select, resource, raw.field_nodes, (raw.path.key,)))
    if planner.refusals:
        raise planner.refusals[0]
    identifier = parse_id(database_id(wallet_id, "Wallet"), what="Wallet")
    topic = Topic(resource, identifier, context.principal.as_reader(), selection)
    if resource == "Entry":
        topic = replace(topic, page_size=page_size(context.cost))
    return await context.hub.feeds.watch(topic, after=after, client=context.client)
