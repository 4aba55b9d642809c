"""A line to Redis, byte by byte: what it sends, what it makes of the replies, and which Redis it finds."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from tests.cache.sockets import IDENTIFY, INSTANCE, PUSH, Wired, bulk, info
from walletsvc.cache import wire
from walletsvc.cache.store import PROCESS
from walletsvc.cache.wire import REST_SECONDS, Line

pytestmark = pytest.mark.without_engine

PING = b"*1\r\n$4\r\nPING\r\n"


@pytest.fixture
def wired() -> Iterator[Wired]:
    wired = Wired()
    yield wired
    wired.close()


@pytest.fixture
def line(wired: Wired) -> Line:
    return Line(wired)


# -- replies ------------------------------------------------------------------------------------------------------


def test_what_is_sent_is_what_was_given(wired: Wired, line: Line) -> None:
    wired.reply(b"+PONG\r\n")
    assert line.ask(PING, 1) == [b"PONG"]
    assert wired.received() == [[b"PING"]]


def test_replies_come_in_order_and_no_more_than_asked_for(wired: Wired, line: Line) -> None:
    wired.reply(b":1\r\n", b"$-1\r\n", bulk(b"two"), b"+next\r\n")
    assert line.ask(b"", 3) == [1, None, b"two"]


def test_a_reply_may_come_in_parts(wired: Wired, line: Line) -> None:
    """The buffer is filled several times; each time only its beginning counts."""
    first, large = b"a" * 5, b"x" * 70_000
    wired.reply(bulk(first), bulk(large), bulk(b"end"))
    assert line.ask(b"", 3) == [first, large, b"end"]


def test_errors_are_replies(wired: Wired, line: Line) -> None:
    wired.reply(b"-ERR unknown\r\n", b"-NOSCRIPT no matching script\r\n", b"+OK\r\n")
    error, no_script, last = line.ask(b"", 3)
    assert (type(error), str(error)) == (redis.ResponseError, "ERR unknown")
    assert (type(no_script), str(no_script)) == (redis.exceptions.NoScriptError, "NOSCRIPT no matching script")
    assert last == b"OK"


def test_a_message_from_the_server_is_no_reply_and_makes_it_doubtful(wired: Wired, line: Line) -> None:
    line.is_doubtful = False
    wired.reply(b"+a\r\n", PUSH, b"+b\r\n")
    assert line.ask(b"", 2) == [b"a", b"b"]
    assert line.is_doubtful is True


def test_other_replies_leave_it_as_it_is(wired: Wired, line: Line) -> None:
    line.is_doubtful = False
    wired.reply(b"*2\r\n+a\r\n+b\r\n")
    assert line.ask(b"", 1) == [[b"a", b"b"]]
    assert line.is_doubtful is False


# -- failures -----------------------------------------------------------------------------------------------------


def test_a_connection_that_the_server_closes_is_broken(wired: Wired, line: Line) -> None:
    wired.reply(b"$5\r\nhal")
    wired.server.shutdown(socket.SHUT_WR)
    with pytest.raises(redis.ConnectionError, match=r"^Redis has closed the connection\.$") as caught:
        line.ask(PING, 1)
    assert type(caught.value.__cause__) is ConnectionResetError


def test_what_is_not_the_protocol_is_refused(wired: Wired, line: Line) -> None:
    wired.reply(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(redis.InvalidResponse):
        line.ask(PING, 1)


def test_a_late_reply_is_an_error_of_the_connection() -> None:
    wired = Wired(socket_timeout=0.004)
    with pytest.raises(redis.ConnectionError) as caught:
        Line(wired).ask(PING, 1)
    assert type(caught.value.__cause__) is BlockingIOError
    wired.close()


def test_a_late_reply_to_a_socket_that_python_times_is_a_timeout() -> None:
    wired = Wired(socket_timeout=None)
    wired._sock.settimeout(0.004)
    with pytest.raises(redis.TimeoutError, match=r"^timed out$") as caught:
        Line(wired).ask(PING, 1)
    assert type(caught.value.__cause__) is TimeoutError
    wired.close()


# -- which Redis it is --------------------------------------------------------------------------------------------


def test_a_new_line_has_not_found_out_which_redis_it_leads_to(line: Line) -> None:
    assert (line.instance, line.is_doubtful) == ("", True)


def test_a_redis_is_its_process_its_history_and_its_database(wired: Wired, line: Line) -> None:
    wired.reply(info(run_id="b4d", master_replid="4f00"))
    assert line.identify() == line.instance == "b4d:4f00:3"
    assert line.is_doubtful is False
    assert wired.received() == IDENTIFY


@pytest.mark.parametrize(
    "greeting",
    [
        info(role="slave"),
        info().replace(b"run_id", b"xun_id"),
        info().replace(b"master_replid:", b"xaster_replid:"),
        info().replace(b"role", b"xole"),
    ],
    ids=["replica", "no process", "no history", "no role"],
)
def test_what_is_no_primary_for_certain_is_of_no_use(wired: Wired, line: Line, greeting: bytes) -> None:
    line.instance = "earlier"
    wired.reply(greeting)
    assert line.identify() == line.instance == ""


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_redis_that_does_not_say_is_an_error(wired: Wired, line: Line, number: int) -> None:
    replies = [bulk(b"run_id:b4d\r\n"), bulk(b"role:master\r\nmaster_replid:4f00\r\n"), b"+OK\r\n"]
    replies[number] = b"-NOPERM no permission\r\n"
    wired.reply(*replies)
    with pytest.raises(redis.ResponseError, match=r"^NOPERM no permission$"):
        line.identify()


def test_data_that_are_replaced_while_it_identifies_itself_leave_it_doubtful(wired: Wired, line: Line) -> None:
    wired.reply(PUSH, info())
    assert line.identify() == INSTANCE
    assert line.is_doubtful is True


# -- at rest ------------------------------------------------------------------------------------------------------


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time."""
    now = [1000.0]
    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_line_in_use_is_not_looked_at(now: list[float], wired: Wired) -> None:
    wired.is_readable = True
    line = Line(wired)
    now[0] += REST_SECONDS - 0.001
    assert line.is_ready() is True
    wired.reply(b"+PONG\r\n")
    line.ask(PING, 1)
    now[0] += REST_SECONDS - 0.001
    assert line.is_ready() is True
    now[0] += 0.001
    assert line.is_ready() is False


def test_a_line_at_rest_is_ready_if_there_is_nothing_to_read(now: list[float], wired: Wired) -> None:
    line = Line(wired)
    now[0] += REST_SECONDS
    assert line.is_ready() is True
    wired.is_readable = True
    assert line.is_ready() is False
    for failure in (redis.ConnectionError(), OSError()):
        wired.failure = failure
        assert line.is_ready() is False


def test_a_line_of_the_parent_is_left_alone(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    assert line.is_ready() is True
    monkeypatch.setattr(PROCESS, "name", "process:child")
    assert line.is_ready() is False


# -- timeouts -----------------------------------------------------------------------------------------------------


def timeouts_of(sock: Any) -> list[tuple[int, int]]:
    """Return the seconds and microseconds that the kernel waits for a receive and a send."""
    size = struct.calcsize("ll")
    options = (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
    return [struct.unpack("ll", sock.getsockopt(socket.SOL_SOCKET, option, size)) for option in options]


def test_the_kernel_keeps_the_timeout() -> None:
    wired = Wired(socket_timeout=1.5)
    Line(wired)
    assert wired._sock.gettimeout() is None
    assert timeouts_of(wired._sock) == [(1, 500_000)] * 2
    wired.close()


def test_without_a_timeout_nothing_is_changed() -> None:
    wired = Wired(socket_timeout=None)
    wired._sock.settimeout(7)
    Line(wired)
    assert (wired._sock.gettimeout(), timeouts_of(wired._sock)) == (7, [(0, 0)] * 2)
    wired.close()


def test_an_encrypted_connection_is_timed_by_python() -> None:
    """It may have to read in order to write, and the kernel knows nothing of that."""
    wired = Wired(socket_timeout=1.5)
    encrypted = ssl.create_default_context().wrap_socket(
        wired._sock, server_hostname="localhost", do_handshake_on_connect=False
    )
    wired._sock = encrypted
    Line(wired)
    assert (encrypted.gettimeout(), timeouts_of(encrypted)) == (1.5, [(0, 0)] * 2)
    wired.close()
