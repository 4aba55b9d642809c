"""Nodes that fail, fall behind or are locked: nothing acknowledged is lost, and no answer is wrong or late."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from uuid import uuid4

import pytest

from tests.cluster.conftest import Perform, Stage, wait_for
from tests.cluster.load import Model
from tests.live import ROOT, LiveServer
from tests.servers import GaleraCluster
from tests.servers.galera import SUSPECT_SECONDS


@pytest.fixture
def stage(make_stage: Perform, cluster: GaleraCluster) -> Stage:
    """Return two servers that know all nodes, and write to the first one while it is ready."""
    return make_stage(cluster.nodes, cluster.nodes)


def posts(model: Model) -> int:
    return model.statuses["POST", 201]


def goes_on(model: Model, *, seconds: float = 30) -> float:
    """Wait until writes have been acknowledged again, and return for how long."""
    before = posts(model)
    return wait_for(lambda: posts(model) > before + 5, seconds=seconds)


@pytest.mark.cluster_core
def test_the_writer_node_is_killed_and_comes_back(stage: Stage) -> None:
    first = stage.cluster.nodes[0]
    with stage.load() as model:
        goes_on(model)
        first.kill()
        time.sleep(SUSPECT_SECONDS)
        goes_on(model)
        # It takes its data from another node meanwhile.
        stage.cluster.restart(first)
        goes_on(model)
    print(f"The longest pause of writes: {model.longest_pause():.1f} s")


def test_the_writer_node_shuts_down(stage: Stage) -> None:
    first = stage.cluster.nodes[0]
    with stage.load() as model:
        goes_on(model)
        first.stop()
        goes_on(model)
        stage.cluster.restart(first)


def test_the_writer_node_is_locked_for_a_backup(stage: Stage) -> None:
    first = stage.cluster.nodes[0]
    with stage.load() as model:
        goes_on(model)
        with closing(first.connect()) as connection:
            connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
            time.sleep(2)
            # The others go on at another node.
            goes_on(model)
        goes_on(model)


def test_the_node_for_reads_is_locked_for_a_backup_and_killed(make_stage: Perform, cluster: GaleraCluster) -> None:
    *_, third = cluster.nodes
    stage = make_stage(cluster.nodes, cluster.nodes, read_from=[third])
    before = int(third.status("Com_select"))
    with stage.load() as model:
        goes_on(model)
        assert int(third.status("Com_select")) > before + 5
        with closing(third.connect()) as connection:
            connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
            goes_on(model)
        goes_on(model)
        third.kill()
        goes_on(model)
        stage.cluster.restart(third)
        goes_on(model)


def test_most_nodes_are_lost_and_come_back(stage: Stage) -> None:
    first, second, third = stage.cluster.nodes
    with stage.load() as model:
        goes_on(model)
        second.kill()
        third.kill()
        time.sleep(3 * SUSPECT_SECONDS)
        acknowledged = posts(model)
        time.sleep(1)
        # The node that is left could be the smaller part: it takes no writes, and shows nothing.
        assert posts(model) == acknowledged
        first.run("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
        goes_on(model)
        stage.cluster.restart(second)
        stage.cluster.restart(third)


def test_setup_at_three_nodes_at_once(cluster: GaleraCluster) -> None:
    name = f"setup_{uuid4().hex[:8]}"
    cluster.nodes[0].run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    servers = [
        LiveServer(database_url=cluster.url_of(node).rpartition("/")[0] + f"/{name}") for node in cluster.nodes
    ]
    try:
        assert finish([start_setup(each) for each in servers]) == [0, 0, 0]
        # Once more, beside one that was killed in the middle of it.
        cluster.nodes[1].run(f"INSERT INTO {name}.walletsvc_turn VALUES (1, 7, 7)")  # noqa: S608 - our own name
        killed_at = time.monotonic()
        assert finish([start_setup(servers[0])]) == [0]
        assert time.monotonic() < killed_at + 90
    finally:
        for each in servers:
            each.close()


def start_setup(server: LiveServer) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "setup_database"],
        env=server._environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(processes: Sequence[subprocess.Popen[str]]) -> list[int]:
    for each in processes:
        output, _ = each.communicate(timeout=180)
        if each.returncode:
            print(output)
    return [each.returncode for each in processes]
