"""The configurations of MariaDB, Redis and Sentinel, and systemd's units: read by the programs that they are for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis

from tests.deployments.files import DEPLOY, adapted
from tests.servers import RedisServer
from tests.servers.process import find_binary

pytestmark = pytest.mark.without_engine

WAIT_SECONDS = 30


def run(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]


# -- systemd -----------------------------------------------------------------------------------------------


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    names = []
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        text = unit.read_text()
        if unit.suffix == ".service":
            text = adapted(f"systemd/{unit.name}", {"/opt/walletsvc/bin/walletsvc": sys.executable})
        (tmp_path / unit.name).write_text(text)
        names.append(unit.name.replace("@", "@prune"))
    # An instance is a link to its template.
    (tmp_path / "walletsvc-job@prune.service").symlink_to("walletsvc-job@.service")
    finished = run("systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names))
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_systemd_would_have_refused(tmp_path: Path) -> None:
    """It answers 0 whatever a line says, so that only its words count."""
    text = adapted(
        "systemd/walletsvc.service", {"/opt/walletsvc/bin/walletsvc": sys.executable, "ProtectHome": "ProtectHouse"}
    )
    (tmp_path / "walletsvc.service").write_text(text)
    assert "ProtectHouse" in run("systemd-analyze", "verify", "--man=no", str(tmp_path / "walletsvc.service")).stderr


# -- MariaDB -----------------------------------------------------------------------------------------------


def test_mariadb_accepts_the_options_of_a_node(tmp_path: Path) -> None:
    server = find_binary("mariadbd")
    if server is None:
        assert find_binary("mysqld"), "Neither MariaDB nor MySQL is installed."
        pytest.skip("MySQL has no Galera.")
    (tmp_path / "galera.cnf").write_text(adapted("galera/galera.cnf", {}))
    account = ["--user=root"] if os.geteuid() == 0 else []
    finished = run(str(server), f"--defaults-file={tmp_path / 'galera.cnf'}", *account, "--verbose", "--help")
    assert finished.returncode == 0, finished.stderr
    values = dict(line.split(None, 1) for line in finished.stdout.splitlines() if len(line.split(None, 1)) == 2)
    assert values["wsrep-cluster-address"] == "gcomm://db1,db2,db3"
    assert (values["wsrep-on"], values["binlog-format"], values["innodb-autoinc-lock-mode"]) == ("TRUE", "ROW", "2")


# -- Redis -------------------------------------------------------------------------------------------------


class ConfiguredRedis(RedisServer):
    """A Redis with the file of deploy/redis."""

    def __init__(self, *arguments: str) -> None:
        super().__init__()
        self._more = arguments
        text = adapted("redis/redis.conf", {"replica-announce-port 6379": f"replica-announce-port {self.port}"})
        (self.folder / "redis.conf").write_text(text)

    def _arguments(self) -> list[str]:
        own = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)]
        return [str(self.folder / "redis.conf"), *own, *self._more]


class Sentinel(RedisServer):
    """Sentinel with the file of deploy/redis, which watches this primary."""

    def __init__(self, primary: RedisServer) -> None:
        super().__init__()
        changes = {
            "port 26379": f"port {self.port}\nbind {self.host}\ndir {self.folder}",
            "mymaster redis1 6379 2": f"mymaster {primary.host} {primary.port} 2",
        }
        (self.folder / "sentinel.conf").write_text(adapted("redis/sentinel.conf", changes))

    def _arguments(self) -> list[str]:
        return [str(self.folder / "sentinel.conf"), "--sentinel"]


@pytest.fixture
def primary() -> Iterator[ConfiguredRedis]:
    with ConfiguredRedis() as primary:
        yield primary


def test_sentinel_finds_the_primary_and_its_replica(primary: ConfiguredRedis) -> None:
    with ExitStack() as stack:
        replica = stack.enter_context(ConfiguredRedis("--replicaof", primary.host, str(primary.port)))
        sentinel = stack.enter_context(Sentinel(primary))
        client = stack.enter_context(Redis(host=sentinel.host, port=sentinel.port, decode_responses=True))
        assert client.sentinel_get_master_addr_by_name("mymaster") == (primary.host, primary.port)
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := client.sentinel_slaves("mymaster")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert [each["port"] for each in found] == [replica.port]


def test_redis_keeps_nothing_on_disk_and_forgets_when_it_is_full(primary: ConfiguredRedis) -> None:
    with Redis(host=primary.host, port=primary.port) as client:
        names = ("save", "appendonly", "maxmemory-policy", "min-replicas-to-write", "replica-serve-stale-data")
        found = [client.config_get(name)[name] for name in names]
        assert found == ["", "no", "allkeys-lru", "0", "no"]
        client.set("kept", "1")
    primary.stop()
    assert not list(primary.folder.glob("*.rdb"))
    primary.start()
    with Redis(host=primary.host, port=primary.port) as client:
        assert client.get("kept") is None
