"""The connection of a body that is overdue is found, or left alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from walletsvc.server import tcp
from walletsvc.server.overdue import _find

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
