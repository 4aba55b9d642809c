"""A reply that comes a byte at a time keeps nobody waiting, though each byte comes in time."""

from __future__ import annotations

import socket
import threading
import time
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
import redis

from walletsvc.cache.wire import REST_OF_REPLY_SECONDS, Line

pytestmark = pytest.mark.without_engine

TIMEOUT_SECONDS = 0.25


def test_a_trickled_reply_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    is_over = threading.Event()

    def trickle() -> None:
        # Each byte well within the timeout of a read.
        parts = chain([b"$"], repeat(b"1"))
        while not is_over.wait(TIMEOUT_SECONDS / 5):
            theirs.send(next(parts))

    line = Line(SimpleNamespace(_sock=ours, socket_timeout=TIMEOUT_SECONDS, db=0))
    thread = threading.Thread(target=trickle)
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(redis.TimeoutError, match="too slowly"):
            line.ask(b"*1\r\n$4\r\nPING\r\n", 1)
        assert time.monotonic() < began + REST_OF_REPLY_SECONDS + 10
    finally:
        is_over.set()
        thread.join()
        ours.close()
        theirs.close()


def test_a_long_reply_in_many_parts_is_taken() -> None:
    ours, theirs = socket.socketpair()
    body = b"x" * 3_000_000
    thread = threading.Thread(target=theirs.sendall, args=(b"$%d\r\n%s\r\n" % (len(body), body),))
    line = Line(SimpleNamespace(_sock=ours, socket_timeout=5, db=0))
    thread.start()
    assert line.ask(b"*1\r\n$4\r\nPING\r\n", 1) == [body]
    thread.join()
    ours.close()
    theirs.close()
