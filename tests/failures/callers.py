"""Clients that ask a server all the time, and note what they were told and how long that took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from operator import attrgetter

import httpx

MEDIA_TYPE = "application/vnd.api+json"
PATIENCE_SECONDS = 60.0
"""Longer than anything should take: whoever waits for so long hangs."""


@dataclass(frozen=True)
class Told:
    """An answer. `at` is when the request was sent; the status is 0 if no answer came."""

    at: float
    seconds: float
    status: int
    name: str

    @property
    def until(self) -> float:
        """Return when the answer came."""
        return self.at + self.seconds


Send = Callable[[httpx.Client, int], httpx.Response]
"""Sends the request with this number."""


def get(path: str) -> Send:
    """Return a caller that reads `path`; `{}` in it is replaced by the number of the request."""

    def send(client: httpx.Client, number: int) -> httpx.Response:
        return client.get(path.format(number))

    return send


def post(wallet: str, name: str) -> Send:
    """Return a caller that posts 1.00 to the wallet, as `name` and the number of the request."""

    def send(client: httpx.Client, number: int) -> httpx.Response:
        attributes = {"txid": f"{name}-{number}", "amount": "1.00", "wallet": wallet}
        document = {"data": {"type": "Transaction", "attributes": attributes}}
        return client.post("/api/transactions/", json=document, headers={"Content-Type": MEDIA_TYPE})

    return send


class Caller(threading.Thread):
    """One client, which sends its next request once the one before is answered."""

    def __init__(self, url: str, send: Send, name: str, pause_seconds: float) -> None:
        super().__init__(daemon=True)
        self.url, self.send, self.label, self.pause = url, send, name, pause_seconds
        self.told: list[Told] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as client:
            for number in count():
                if self.stopping.is_set():
                    return
                began, status = time.monotonic(), 0
                try:
                    status = self.send(client, number).status_code
                except httpx.TransportError:
                    self.stopping.wait(0.05)
                self.told.append(Told(began, time.monotonic() - began, status, f"{self.label}-{number}"))
                self.stopping.wait(self.pause)


class Callers:
    """Several clients at a time, by what they do."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._callers: dict[str, list[Caller]] = {}

    def start(self, kind: str, make: Callable[[str], Send], *, clients: int = 1, pause_seconds: float = 0.05) -> None:
        """Start clients, each with what `make` makes of its name."""
        for number in range(clients):
            name = f"{kind}-{number}"
            caller = Caller(self._url, make(name), name, pause_seconds)
            self._callers.setdefault(kind, []).append(caller)
            caller.start()

    def told(self, kind: str = "") -> list[Told]:
        """Return what the clients of a kind, or all, were told so far, in the order of the requests."""
        chosen = [each for name, same in self._callers.items() if kind in ("", name) for each in same]
        return sorted((told for each in chosen for told in list(each.told)), key=attrgetter("at"))

    def wait_for(self, kind: str, condition: Callable[[Told], bool], *, seconds: float = PATIENCE_SECONDS) -> Told:
        """Return the first answer of a kind that meets the condition. Raises `AssertionError` if none does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for told in self.told(kind):
                if condition(told):
                    return told
            time.sleep(0.02)
        raise AssertionError(f"{kind}: {self.told(kind)[-3:]}")

    def stop(self) -> None:
        """Let all end after their current request."""
        everyone = [caller for each in self._callers.values() for caller in each]
        for caller in everyone:
            caller.stopping.set()
        for caller in everyone:
            caller.join(PATIENCE_SECONDS)
            assert not caller.is_alive(), f"{caller.label} waits without end"


@contextmanager
def calling(url: str) -> Iterator[Callers]:
    """Yield clients, and stop them at the end."""
    callers = Callers(url)
    try:
        yield callers
    finally:
        callers.stop()


def percentile(told: list[Told], share: float) -> float:
    """Return how long the slowest of this share of answers took, in seconds."""
    seconds = sorted(each.seconds for each in told)
    return seconds[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else 0.0


def txids(url: str) -> set[str]:
    """Return the txids of all transactions."""
    found: set[str] = set()
    page = "/api/transactions/?page[size]=100&fields[Transaction]=txid&sort=id"
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        while page:
            document = client.get(page).json()
            found |= {each["attributes"]["txid"] for each in document["data"]}
            page = document["links"]["next"]
    return found
