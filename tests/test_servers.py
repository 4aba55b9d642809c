"""The private servers that the rest of the suite stands on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.servers import MariaDBServer, RedisServer, ServerError

pytestmark = pytest.mark.without_engine

ROOT = Path(__file__).parent.parent


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float = 10) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_mariadb_keeps_committed_writes_through_a_kill_and_leaves_no_folder() -> None:
    database_driver = pytest.importorskip("MySQLdb")
    with MariaDBServer() as server:

        def connect() -> Any:
            return database_driver.connect(
                host=server.host,
                port=server.port,
                user=server.user,
                password=server.password,
                database=server.database,
            )

        with connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (id INT PRIMARY KEY)")
            cursor.execute("INSERT INTO kept VALUES (7)")
            connection.commit()
            server.kill()
        server.start()
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, @@innodb_flush_log_at_trx_commit, @@character_set_server FROM kept")
            assert cursor.fetchall() == ((7, 1, "utf8mb4"),)
    assert not server.folder.exists()


@pytest.mark.parametrize(("persistent", "kept"), [(True, b"here"), (False, None)])
def test_redis_keeps_its_keys_through_a_kill_only_when_persistent(*, persistent: bool, kept: bytes | None) -> None:
    with RedisServer(persistent=persistent) as server, redis.Redis.from_url(server.url) as client:
        client.set("key", "here")
        server.kill()
        server.start()
        assert client.get("key") == kept
        server.flush()
        assert client.get("key") is None


def test_a_paused_server_answers_nothing_until_it_is_resumed_and_can_be_stopped() -> None:
    with (
        RedisServer() as server,
        redis.Redis.from_url(server.url) as client,
        redis.Redis.from_url(server.url, socket_timeout=0.2, retry=None) as hasty,
    ):
        assert client.ping()
        server.pause()
        with pytest.raises(redis.TimeoutError):
            hasty.ping()
        server.resume()
        assert client.ping()
        server.pause()
        server.stop()
        with pytest.raises(ServerError, match="not running"):
            server.stop()


def test_a_server_ends_with_an_owner_that_was_killed() -> None:
    script = (
        "import time; from tests.servers import RedisServer; server = RedisServer(); server.start();"
        " print(server.pid, server.folder, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        assert is_running(int(pid))
        owner.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_running(int(pid)))
    assert wait_until(lambda: not Path(folder).exists())


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    server = RedisServer()
    monkeypatch.setattr(server, "_arguments", lambda: ["--no-such-option"])
    with pytest.raises(ServerError, match=r"(?s)ended with 1 while starting.*no-such-option"):
        server.__enter__()
    assert not server.folder.exists()


def test_the_command_line_hands_over_both_addresses_and_the_exit_code() -> None:
    script = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"
    finished = subprocess.run(
        [sys.executable, "-m", "tests.servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 7
    database_url, redis_url = finished.stdout.split()
    assert database_url.startswith("mysql://walletsvc:walletsvc@127.0.0.1:")
    assert redis_url.startswith("redis://127.0.0.1:")
