"""What all connections of the live server share."""

from __future__ import annotations

import asyncio

from django.conf import settings

from graphql_api.live.budgets import Places
from graphql_api.live.results import Results
from walletsvc.events.feeds import Feeds
from walletsvc.events.workers import Workers
from walletsvc.server.draining import FAREWELL_SECONDS, LOOK_SECONDS, is_ending
from walletsvc.server.unread import Unread

EXECUTING_THREADS = 1
"""GraphQL holds the interpreter's lock, which each thread takes from the event loop: with four threads, clients
waited for their pings up to ten times as long, and the results themselves came later."""

UNREAD_BYTES = 131_072
"""How much the kernel keeps for a client that reads nothing.

A subscription that is ended leaves its connection to the kernel, which would try for ever as long as the client's
system answers.
"""


class Hub:
    """The feeds, the thread that parses and executes GraphQL, the latest results' texts, and callers' places."""

    def __init__(self) -> None:
        self.feeds = Feeds()
        self.workers = Workers(EXECUTING_THREADS, name="live-execute")
        self.results = Results(self.workers)
        self.operations = Places("subscriptions", "graphql_too_many_operations")
        self.sockets = Places("sockets", "graphql_too_many_sockets")
        self.ending = asyncio.Event()
        """The server ends: clients should connect to another one, or later again."""

    async def limit_unread(self) -> None:
        """Return once connections that come in have limits."""
        unread = Unread(settings.LIVE_PORT, most_bytes=UNREAD_BYTES)
        while not unread.limit():
            await asyncio.sleep(LOOK_SECONDS)

    async def watch_for_end(self) -> None:
        """Return once the server ends, and clients have had the time to get what has happened before."""
        while not is_ending():
            await asyncio.sleep(LOOK_SECONDS)
        self.feeds.wake_all()
        await asyncio.sleep(FAREWELL_SECONDS / 4)
        self.ending.set()

    def close(self) -> None:
        """End the threads once their work is done."""
        self.feeds.close()
        self.workers.close()
