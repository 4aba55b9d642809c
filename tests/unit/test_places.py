"""Few threads work, many wait for bodies, and some are parked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from django.db import connections

from walletsvc.server.bodies import Body, Reading, Scope, with_places
from walletsvc.server.places import Places, Seat, Thread
from walletsvc.web.bodies import BodyOverdue

pytestmark = pytest.mark.without_engine

PLACES = 2
TIMEOUT = 30
BODY = b'{"data": {}}'


class Stream:
    """A body that comes once it is let go."""

    def __init__(self) -> None:
        self.is_asked, self.may_come = threading.Event(), threading.Event()
        self.read_all = BytesIO(BODY)

    def read(self, size: int) -> bytes:
        self.is_asked.set()
        assert self.may_come.wait(TIMEOUT)
        return self.read_all.read(size)

    readline = read


class Stage:
    """Calls in threads of a pool, as granian makes them."""

    def __init__(self) -> None:
        self.places, self.reading = Places(PLACES), Reading()
        self.threads = ThreadPoolExecutor(64)
        self.inside, self.most = 0, 0
        self._mutex = threading.Lock()

    def call(self, work: Callable[[Any, Scope], None]) -> Callable[..., Any]:
        """Return a function that begins a call which does the work."""

        def counted(protocol: Any, scope: Scope) -> None:
            self.count(1)
            try:
                work(protocol, scope)
            finally:
                self.count(-1)

        run = with_places(counted, self.places, self.reading)
        return lambda scope=None: self.threads.submit(run, None, {} if scope is None else scope)

    def count(self, change: int) -> None:
        with self._mutex:
            self.inside += change
            self.most = max(self.most, self.inside)

    def end(self) -> None:
        # Nobody asks for more requests.
        while self.places._parked:
            self.places.want(self.places._wanted + 1)
        self.threads.shutdown()


@pytest.fixture
def stage() -> Any:
    stage = Stage()
    yield stage
    stage.end()


def scope_of(stream: Any) -> Scope:
    return {"wsgi.input": stream, "CONTENT_LENGTH": str(len(BODY)), "REQUEST_METHOD": "POST"}


def free(places: Places) -> int:
    return len(places._free) + sum(len(place.seat) for place in places._places)


def test_as_many_work_at_a_time_as_there_are_places(stage: Stage) -> None:
    barrier = threading.Barrier(PLACES)

    def work(*_: Any) -> None:
        barrier.wait(TIMEOUT)

    call = stage.call(work)
    calls = [call() for _ in range(40)]
    release(stage, calls)
    assert stage.most == PLACES
    assert free(stage.places) == PLACES


def release(stage: Stage, calls: list[Any]) -> None:
    """Wait for calls to end. Those that are parked have done their work."""

    def have_ended() -> bool:
        stage.places.want(stage.places._wanted + 1)
        return all(call.done() for call in calls)

    wait_until(have_ended)
    for call in calls:
        call.result(0)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(TIMEOUT * 100):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError


def test_who_waits_for_a_body_has_no_place(stage: Stage) -> None:
    def work(_protocol: Any, scope: Scope) -> None:
        if "wsgi.input" in scope:
            stage.count(-1)
            assert scope["wsgi.input"].read(len(BODY)) == BODY
            stage.count(1)

    call, streams = stage.call(work), [Stream() for _ in range(10)]
    waiting = [call(scope_of(stream)) for stream in streams]
    wait_until(lambda: len(stage.reading) == len(streams))
    others = [call() for _ in range(20)]
    release(stage, others)
    for stream in streams:
        stream.may_come.set()
    release(stage, waiting)
    assert not stage.reading
    assert free(stage.places) == PLACES


def test_a_place_comes_back_from_a_call_that_fails(stage: Stage) -> None:
    def fail(_protocol: Any, scope: Scope) -> None:
        if "wsgi.input" in scope:
            scope["wsgi.input"].read()
        raise ZeroDivisionError

    call = stage.call(fail)
    for scope in ({}, scope_of(BytesIO(BODY)), {}, scope_of(BytesIO(b""))):
        with pytest.raises(ZeroDivisionError):
            call(scope).result(TIMEOUT)
    assert free(stage.places) == PLACES


def test_what_is_overdue_is_not_done_even_if_it_comes_at_last(stage: Stage) -> None:
    done = []

    def work(_protocol: Any, scope: Scope) -> None:
        try:
            done.append(scope["wsgi.input"].read(len(BODY)))
        except Exception:
            done.append(b"caught")

    stream = Stream()
    call = stage.call(work)(scope_of(stream))
    assert stream.is_asked.wait(TIMEOUT)
    (body,) = stage.reading
    assert stage.reading.pop(body, None) is not None
    stream.may_come.set()
    assert call.result(TIMEOUT) is None
    assert done == []
    assert free(stage.places) == PLACES


def test_a_connection_goes_with_its_place(stage: Stage) -> None:
    used, barrier = set(), threading.Barrier(PLACES)

    def work(*_: Any) -> None:
        barrier.wait(TIMEOUT)
        used.add(connections["default"])

    release(stage, [stage.call(work)() for _ in range(40)])
    assert len(used) == PLACES


def test_a_body_is_a_file(stage: Stage) -> None:
    text = b"one\ntwo\n" + b"-" * 200_000
    seat: Seat = []
    place = stage.places.take(seat)
    body = Body(None, {"wsgi.input": BytesIO(text)}, stage.reading, stage.places, seat, place)
    assert body.readline() == b"one\n"
    assert next(iter(body)) == b"two\n"
    assert body.read(100_000) == b"-" * 100_000
    assert not body.is_whole
    assert body.read() == b"-" * 100_000
    assert body.readlines() == []
    assert (body.is_whole, body.received) == (True, len(text))
    stage.reading.clear()
    with pytest.raises(BodyOverdue):
        Body(None, {"wsgi.input": Clearing(stage.reading)}, stage.reading, stage.places, seat, body.place).read(1)


class Clearing:
    """A body whose wait is ended by somebody else."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def read(self, _size: int) -> bytes:
        self.reading.clear()
        return b"x"

    readline = read


def test_no_more_are_parked_than_are_of_no_use(stage: Stage) -> None:
    places, everybody = stage.places, 40
    ready = threading.Barrier(everybody)

    def finish() -> None:
        noted = Thread(places)
        ready.wait(TIMEOUT)
        places.park_surplus([])
        # Who asks for requests stays until all are counted.
        assert may_leave.wait(TIMEOUT)
        del noted

    may_leave = threading.Event()
    threads = [stage.threads.submit(finish) for _ in range(everybody)]
    wait_until(lambda: places._parked == everybody - PLACES)
    # As many more as others wait for bodies: those that were woken still ask.
    for number in (10, 4, 10):
        places.want(number)
        assert places._parked == everybody - PLACES - 10
    # granian lets threads end that have had nothing to do: then parked ones ask in their stead.
    for number in list(places.threads)[:5]:
        places.threads.discard(number)
    places.want(10)
    assert places._parked == everybody - PLACES - 15
    places.want(1000)
    assert places._parked == 0
    may_leave.set()
    for thread in threads:
        thread.result(TIMEOUT)
    assert not places.threads


def test_the_connection_of_a_place_is_looked_at_again_by_who_comes_to_it() -> None:
    places, seat = Places(1), Seat()
    place = places.take(seat)
    for _alias, database in place.connections:
        database.health_check_done = True
    seat.append(place)
    assert places.take([]) is place
    assert not any(database.health_check_done for _alias, database in place.connections)
