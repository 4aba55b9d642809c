"""Which connection a command goes over, and what becomes of the connection afterwards."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import redis

from tests.cache.sockets import IDENTIFY, INSTANCE, PUSH, Pool, info
from walletsvc.cache.connections import Connections, Elsewhere
from walletsvc.cache.store import PROCESS
from walletsvc.cache.wire import Line

pytestmark = pytest.mark.without_engine

GET = [b"GET", b"a"]
OTHER = info(run_id="other")
READ_ONLY = b"-READONLY You can't write against a read only replica.\r\n"


@pytest.fixture
def connections(pool: Pool) -> Connections:
    return Connections(pool)


def get(connections: Connections, instance: str = "") -> Any:
    [value] = connections.ask(("GET", "a"), instance=instance)
    return value


def fates(pool: Pool) -> list[str]:
    """Return what has become of each connection, in the order in which they were made."""
    closed = [each.calls == ["disconnect"] for each in pool.made]
    assert [each in pool.released for each in pool.made] == closed
    return ["dropped" if each else "kept" for each in closed]


# -- one packet -----------------------------------------------------------------------------------------------


def test_commands_go_in_one_packet_and_their_replies_come_in_order(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), b"+OK\r\n:7\r\n"]]
    assert connections.ask(("SET", "a", b"\r\n"), ("GET", 5)) == [b"OK", 7]
    assert pool.made[0].received() == [*IDENTIFY, [b"SET", b"a", b"\r\n"], [b"GET", b"5"]]


def test_the_connection_is_used_again(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), b"+1\r\n"]]
    assert get(connections, INSTANCE) == b"1"
    pool.made[0].reply(b"*2\r\n$-1\r\n$1\r\n2\r\n")
    pool.made[0].reply(b"+3\r\n")
    assert connections.get_many(("b", "a"), INSTANCE) == [None, b"2"]
    assert get(connections) == b"3"
    assert pool.made[0].received() == [*IDENTIFY, GET, [b"MGET", b"b", b"a"], GET]
    assert fates(pool) == ["kept"]


# -- which Redis ----------------------------------------------------------------------------------------------


def test_any_redis_will_do_if_none_is_named(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(role="slave"), b"+1\r\n"]]
    assert get(connections) == b"1"
    assert fates(pool) == ["kept"]


def test_another_redis_is_not_asked(pool: Pool, connections: Connections) -> None:
    pool.next = [[OTHER], [OTHER]]
    with pytest.raises(Elsewhere):
        get(connections, INSTANCE)
    with pytest.raises(Elsewhere):
        connections.get_many(("a",), INSTANCE)
    assert [each.received() for each in pool.made] == [IDENTIFY, IDENTIFY]
    assert fates(pool) == ["dropped", "dropped"]


def test_an_idle_connection_to_another_redis_is_dropped(pool: Pool, connections: Connections) -> None:
    pool.next = [[OTHER, b"+1\r\n"], [info(), b"+2\r\n"]]
    assert get(connections) == b"1"
    assert get(connections, INSTANCE) == b"2"
    assert pool.made[0].received() == [*IDENTIFY, GET]
    assert fates(pool) == ["dropped", "kept"]


def test_a_connection_of_the_parent_is_neither_used_nor_closed(
    pool: Pool, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.next = [[info(), b"+1\r\n"], [info(), b"+2\r\n"]]
    assert get(connections) == b"1"
    monkeypatch.setattr(PROCESS, "name", "process:child")
    pool.made[0].pid += 1
    assert get(connections) == b"2"
    assert fates(pool) == ["kept", "kept"]


def test_a_connection_that_another_thread_takes_first_is_no_failure(pool: Pool, connections: Connections) -> None:
    class Emptied(list[Line]):
        """A list that has something in it until one takes it."""

        def __bool__(self) -> bool:
            return True

    connections._ready = Emptied()
    pool.next = [[info(), b"+1\r\n"]]
    assert get(connections) == b"1"


@pytest.mark.parametrize("answers", [info(), b"-NOPERM no permission\r\n" * 3], ids=["silent", "refusing"])
def test_a_connection_that_cannot_be_used_is_dropped(pool: Pool, connections: Connections, answers: bytes) -> None:
    pool.next = [[answers]]
    with pytest.raises(redis.RedisError):
        get(connections, INSTANCE)
    assert fates(pool) == ["dropped"]


# -- data that are replaced while the connection stays open ---------------------------------------------------


def test_a_redis_that_has_other_data_is_another_one(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), PUSH + b"+1\r\n", OTHER]]
    with pytest.raises(Elsewhere):
        get(connections, INSTANCE)
    assert pool.made[0].received() == [*IDENTIFY, GET, *IDENTIFY]
    assert fates(pool) == ["dropped"]


def test_a_redis_that_was_emptied_is_the_same(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), PUSH + b"+1\r\n", info()]]
    assert get(connections, INSTANCE) == b"1"
    assert fates(pool) == ["kept"]


def test_what_any_redis_may_answer_is_not_looked_into(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), PUSH + b"+1\r\n"]]
    assert get(connections) == b"1"
    assert pool.made[0].received() == [*IDENTIFY, GET]


# -- errors among the replies -----------------------------------------------------------------------------------


def test_the_first_error_is_raised_and_the_connection_kept(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), b"+OK\r\n-ERR first\r\n-ERR second\r\n"]]
    with pytest.raises(redis.ResponseError, match=r"^ERR first$"):
        connections.ask(("SET", "a", "b"), ("INCR", "a"), ("INCR", "a"))
    pool.made[0].reply(b"+1\r\n")
    assert get(connections) == b"1"
    assert fates(pool) == ["kept"]


def test_an_error_of_a_server_that_may_be_replaced_drops_the_connection(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), READ_ONLY], [info(), b"+1\r\n"]]
    with pytest.raises(redis.ResponseError, match=r"^READONLY "):
        get(connections, INSTANCE)
    assert get(connections, INSTANCE) == b"1"
    assert fates(pool) == ["dropped", "kept"]


# -- a connection for one purpose -----------------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_a_new_connection_is_for_one_use(pool: Pool, connections: Connections, fails: bool) -> None:
    seen: list[Line] = []

    def use(line: Line) -> str:
        assert pool.made[-1].calls == ["disconnect", "connect"]
        seen.append(line)
        if fails:
            raise redis.ResponseError("of no use")
        return line.instance

    if fails:
        with pytest.raises(redis.ResponseError, match="of no use"):
            connections.try_new(use)
    else:
        assert connections.try_new(use) == INSTANCE
    [connection] = pool.made
    assert seen[0].connection is connection
    assert connection.calls == ["disconnect", "connect", "disconnect"]
    assert pool.released == [connection]


# -- the end ----------------------------------------------------------------------------------------------------


def test_idle_connections_go_back_to_the_pool_with_their_owner(pool: Pool, connections: Connections) -> None:
    pool.next = [[info(), b"+1\r\n"]]
    connections = Connections(pool)
    get(connections)
    assert pool.released == []
    del connections
    gc.collect(0)
    assert pool.released == pool.made
    assert pool.made[0].calls == []
