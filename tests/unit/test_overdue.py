"""The connection of a body that is overdue is found, or left alone."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from walletsvc.server import tcp
from walletsvc.server.bodies import Body, Reading, Scope
from walletsvc.server.overdue import LEAST_RATE, PATIENCE_SECONDS, Watch, _find, _Search
from walletsvc.server.places import Places

pytestmark = pytest.mark.without_engine

TIMEOUT = 30


@pytest.fixture
def pairs() -> Iterator[tuple[int, list[tuple[socket.socket, socket.socket]]]]:
    """Yield a port, and connections to it: the client's end, and ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, ends = listener.getsockname()[1], []
        for _ in range(3):
            client = socket.create_connection(("127.0.0.1", port), TIMEOUT)
            ends.append((client, listener.accept()[0]))
        yield port, ends
        for client, ours in ends:
            client.close()
            ours.close()


def test_what_was_written_is_known_of_our_ends_alone(
    pairs: tuple[int, list[tuple[socket.socket, socket.socket]]],
) -> None:
    port, ends = pairs
    assert tcp.is_known()
    before = tcp.written(port)
    ends[0][1].sendall(b"x" * 1234)
    # To a client that does not read, as much as there is room for.
    ends[1][1].settimeout(0)
    much = ends[1][1].send(b"x" * 10_000_000)
    ends[2][0].sendall(b"x" * 99)
    after = tcp.written(port)
    assert len(before) == len(ends)
    assert sorted(after[cookie] - before[cookie] for cookie in before) == sorted([1234, much, 0])
    (cookie,) = [cookie for cookie in before if after[cookie] - before[cookie] == 1234]
    tcp.shut_down(port, {cookie})
    assert len(ends[0][0].recv(2000)) == 1234
    assert ends[0][0].recv(1) == b""
    assert set(tcp.written(port)) == set(before) - {cookie}
    ends[2][1].sendall(b"still there")
    assert ends[2][0].recv(20) == b"still there"


def answers_of(**earlier: int) -> dict[int, Any]:
    return {500: SimpleNamespace(body=SimpleNamespace(earlier={name.encode(): n for name, n in earlier.items()}))}


def find(answers: dict[int, Any], **change: tuple[int, int]) -> dict[int, bytes]:
    before = {name.encode(): numbers[0] for name, numbers in change.items()}
    after = {name.encode(): numbers[1] for name, numbers in change.items()}
    return dict(_find(answers, before, after))


def test_it_is_the_one_that_was_written_to_by_that_much_after_a_silence() -> None:
    assert find(answers_of(a=7, b=7), a=(7, 507), b=(7, 506)) == {500: b"a"}
    # Both, neither, or one that was written to a moment before, or was not there.
    assert find(answers_of(a=7, b=7), a=(7, 507), b=(7, 507)) == {}
    assert find(answers_of(a=7, b=7), a=(7, 508), b=(7, 7)) == {}
    assert find(answers_of(a=6, b=7), a=(7, 507), b=(7, 8)) == {}
    assert find(answers_of(b=7), a=(7, 507), b=(7, 8)) == {}


class Protocol:
    """What granian has for the answer to a request."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, list[tuple[str, str]], bytes]] = []

    def response_bytes(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.answers.append((status, headers, content))


def refuse(_environ: Scope, start: Any) -> list[bytes]:
    start("408 Request Timeout", [])
    return [b"late"]


def late(places: Places, reading: Reading, *, seconds: float = PATIENCE_SECONDS + 1) -> Body:
    """Return a body that is waited for, for so long."""
    scope = {"wsgi.input": BytesIO(), "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "POST"}
    body = Body(Protocol(), scope, reading, places, [], places._places[0])
    reading[body] = body.since = time.monotonic() - seconds
    return body


def test_a_thread_is_replaced_for_as_long_as_it_waits_although_its_client_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "is_known", lambda: False)
    places, reading = Places(1), Reading()
    watch = Watch(reading, places, refuse)
    bodies = [late(places, reading) for _ in range(3)]
    for _ in range(3):
        watch.look()
        assert [[status for status, *_ in body.protocol.answers] for body in bodies] == [[408]] * 3
        assert (dict(reading), places._wanted) == ({}, 6)
    bodies[0].scope = None
    watch.look()
    assert places._wanted == 4


def test_what_is_wrong_with_a_request_beside_its_body_has_its_own_status() -> None:
    def refuse_otherwise(_environ: Scope, start: Any) -> list[bytes]:
        start("400 Bad Request", [("Content-Length", "5")])
        return [b"wrong"]

    places, reading = Places(1), Reading()
    body = late(places, reading)
    Watch(reading, places, refuse_otherwise).look()
    ((status, headers, content),) = body.protocol.answers
    assert (status, content) == (400, b"wrong")
    assert headers[:2] == [("Connection", "close"), ("Content-Length", "5")]


def test_what_is_only_discarded_gives_no_more_time() -> None:
    places, reading = Places(1), Reading()
    longest = PATIENCE_SECONDS + settings.DATA_UPLOAD_MAX_MEMORY_SIZE / LEAST_RATE
    bodies = [late(places, reading, seconds=longest + more) for more in (-5, 5)]
    for body in bodies:
        body.received = 100 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    Watch(reading, places, refuse).look()
    assert [len(body.protocol.answers) for body in bodies] == [0, 1]


def test_whoever_has_left_is_not_looked_for_any_more() -> None:
    body = SimpleNamespace(scope={}, earlier={b"a": 7})
    search = _Search(80, {b"a": 7}, {500: SimpleNamespace(body=body)}, time.monotonic() + TIMEOUT)  # type: ignore[dict-item]
    assert search.goes_on({b"a": 7})
    # Another answer of the same length is not its own.
    body.scope = None
    assert not search.goes_on({b"a": 507})


def test_an_overdue_body_is_answered_although_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoDescriptorLeft:
        def is_dir(self) -> bool:
            return True

        def iterdir(self) -> Iterator[Any]:
            raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(tcp, "_DESCRIPTORS", NoDescriptorLeft())
    places, reading = Places(1), Reading()
    waiting = late(places, reading, seconds=PATIENCE_SECONDS - 1)
    body = late(places, reading)
    Watch(reading, places, refuse).look()
    assert [status for status, *_ in body.protocol.answers] == [408]
    # It is looked for again.
    assert waiting.earlier is None


def test_who_takes_nothing_of_an_answer_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[1] in tcp.end_unread(1.0)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(listener.getsockname())
            ours, _ = listener.accept()
            with ours:
                ours.settimeout(TIMEOUT)
                with pytest.raises(TimeoutError) as raised:
                    ours.sendall(bytes(100_000_000))
                # The kernel's time-out; that of Python has no number.
                assert raised.value.errno == errno.ETIMEDOUT
