"""Clients of a hostile hour: each has one connection to each server, and keeps it as long as the server does."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from random import Random

from tests.hostile_hour.requests import WALLETS, Kind, Request
from tests.hostile_hour.rest_kinds import new_wallet
from tests.serving.command import answers, wait_until
from walletsvc.management.commands.serve import MAX_HEADER_BYTES

TIMEOUT_SECONDS = 60
_SIZES = (20, 200, 2_000, 8_000)
LARGE_BYTES = 400_000
_LARGE_SHARE = 0.05
_NOT_IMPLEMENTED = 501
"""The answer to an unknown method."""


class Unanswered(Exception):
    """A request that should be answered, or refused, was not."""


class Client:
    """Sends random requests of `kinds`, one after the other."""

    def __init__(
        self, ports: Mapping[bool, int], kinds: Sequence[Kind], random: Random, numbers: Iterator[int]
    ) -> None:
        """Take the ports of web and live server (`Request.live`), and a number, not used before, for each request."""
        self._ports = ports
        self._connections: dict[bool, http.client.HTTPConnection] = {}
        self._kinds = kinds
        self._random = random
        self._numbers = numbers
        self.statuses: Counter[tuple[str, int]] = Counter()
        """How often each kind was answered with each status."""

    def prepare(self) -> None:
        """Wait for both servers, and make the wallets that requests are about. Raises `Unanswered`."""
        wait_until(lambda: all(map(answers, self._ports.values())))
        for number in range(1, WALLETS + 1):
            if (status := self._ask(new_wallet(f"{number}", 0))) != 201:
                raise Unanswered(f"A wallet was not created: {status}")

    def send(self, number: int) -> None:
        """Send so many requests. Raises `Unanswered`."""
        for _ in range(number):
            size = LARGE_BYTES if self._random.random() < _LARGE_SHARE else self._random.choice(_SIZES)
            self.send_one(self._random.choice(self._kinds), size)

    def send_one(self, kind: Kind, size: int) -> None:
        """Send a request of a kind. Raises `Unanswered`."""
        status = self._ask(kind(f"a{next(self._numbers):08x}", size))
        if status >= 500 and status != _NOT_IMPLEMENTED:
            raise Unanswered(f"{kind.__name__} of {size} bytes: {status}")
        self.statuses[kind.__name__, status] += 1

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()

    def _ask(self, request: Request) -> int:
        for attempt in count():
            try:
                return self._ask_once(request)
            except (ConnectionError, http.client.HTTPException) as error:
                # One that was kept may be closed by the server at any time, and is after some refusals.
                self._connections.pop(request.live).close()
                if attempt and _are_too_long(request.headers):
                    # The system drops an answer together with the connection, if the client is still sending.
                    return 431
                if attempt:
                    raise Unanswered(f"{request.method} {request.path[:80]}: {error!r}") from error
        raise AssertionError

    def _ask_once(self, request: Request) -> int:
        connection = self._connections.get(request.live)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._ports[request.live], timeout=TIMEOUT_SECONDS)
            self._connections[request.live] = connection
        with suppress(BrokenPipeError):
            # The server may have answered before it has read everything, and have closed the connection.
            connection.request(request.method, request.path, request.body, request.headers)
        response = connection.getresponse()
        if request.until and response.status == 200:
            seen = b""
            while request.until not in seen:
                line = response.readline()
                if not line:
                    raise Unanswered(f"The stream ended with {seen[-200:]!r}")
                seen += line
            connection.close()
        else:
            response.read()
        return response.status


def _are_too_long(headers: Mapping[str, str]) -> bool:
    return sum(map(len, headers.values())) > MAX_HEADER_BYTES
