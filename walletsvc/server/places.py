"""The places of a process: as many threads work at a time, however many there are.

A thread that waits for its client has no place, and another goes on in its stead, as in Go's scheduler, whose
processors are taken from threads that block (https://go.dev/src/runtime/proc.go). So clients that send slowly keep
threads, which are cheap, and neither places nor database connections, which go with the places.

A thread keeps its place from one request to the next, and others take it while it is not in use. Nothing else happens
under usual load, because surplus threads leave the queue of requests to those that have a place: they are parked.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from contextlib import suppress
from typing import Any

from django.db import connections


class Place:
    """The right to work, and what belongs to it: a connection to each database."""

    __slots__ = ("connections", "seat")

    def __init__(self) -> None:
        self.seat: Seat = []
        self.connections: list[tuple[str, Any]] = []
        for alias in connections.settings:
            database = connections.create_connection(alias)
            database.inc_thread_sharing()
            self.connections.append((alias, database))


Seat = list[Place]
"""What a thread has: its place, while that is not in use. The thread and others `pop` it, which only one can."""


class Thread:
    """Notes a thread that asks for requests, for as long as this object is there: it belongs to the thread."""

    def __init__(self, places: Places) -> None:
        self._threads = places.threads
        self._number = threading.get_ident()
        self._threads.add(self._number)

    def __del__(self) -> None:
        self._threads.discard(self._number)


class _Waiter:
    __slots__ = ("has_come", "place")

    def __init__(self) -> None:
        self.place: Place | None = None
        self.has_come = threading.Lock()
        self.has_come.acquire()


class Places:
    """Lets `number` threads work at a time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.waiting: deque[_Waiter] = deque()
        """Those who wait for a place. Who is about to leave one in its seat asks `hand_over` if there are any."""
        self.threads: set[int] = set()
        self._places = [Place() for _ in range(number)]
        self._free = list(self._places)
        """Places that no thread has."""
        self._parked = 0
        # Parked threads wait for a byte. Locks would be futexes: the kernel keeps those of a process in few lists,
        # and looks through one whenever a thread is woken. 512 made a post cost 7 % more.
        self._asleep, self._wake = os.pipe()
        self._mutex = threading.Lock()
        self._wanted = 0

    def take(self, seat: Seat) -> Place:
        """Return a place for a thread that has none in its `seat`; wait until there is one."""
        with self._mutex:
            place = self._find()
            if place is None:
                waiter = _Waiter()
                self.waiting.append(waiter)
                # Who left a place before may not have seen that somebody waits.
                place = self._find()
                if place is not None:
                    self.waiting.pop()
        if place is None:
            waiter.has_come.acquire()
            place = waiter.place
            assert place is not None  # noqa: S101 - for the type checker
        place.seat = seat
        for alias, database in place.connections:
            connections[alias] = database
            # Nobody has looked at it for this request, which may have begun with another one.
            database.health_check_done = False
        return place

    def hand_over(self, seat: Seat) -> bool:
        """Give the place in the `seat` to who waits the longest; tell whether it was given."""
        with self._mutex:
            if not self.waiting:
                return False
            try:
                place = seat.pop()
            except IndexError:
                return False
            waiter = self.waiting.popleft()
        waiter.place = place
        waiter.has_come.release()
        return True

    def park_surplus(self, seat: Seat) -> None:
        """Keep a thread from asking for requests until it is wanted, if enough others ask. Its place is free."""
        with self._mutex:
            if len(self.threads) - self._parked <= self.number + self._wanted:
                return
            self._parked += 1
            # Otherwise those without would go on to take each other's.
            with suppress(IndexError):
                self._free.append(seat.pop())
        os.read(self._asleep, 1)

    def want(self, number: int) -> None:
        """Have so many threads more than places ask for requests.

        Also if some of those that did have ended, as granian lets them without work: parked ones are of use then.
        """
        with self._mutex:
            asking = len(self.threads) - self._parked
            woken = min(max(self.number + number - asking, 0), self._parked)
            self._wanted = number
            self._parked -= woken
        if woken:
            os.write(self._wake, bytes(woken))

    def _find(self) -> Place | None:
        """Return a place that is free, or one that is not in use."""
        if self._free:
            return self._free.pop()
        for place in self._places:
            try:
                return place.seat.pop()
            except IndexError:
                continue
        return None
