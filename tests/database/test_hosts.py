"""Connections go to the first of several hosts that is ready, stay there, and go back at rest."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

if "mysql" not in settings.DATABASES["default"]["ENGINE"]:
    pytest.skip("Only MySQL's backend has a list of hosts, and it needs the driver.", allow_module_level=True)

from MySQLdb import OperationalError

from walletsvc.db.mysql import hosts
from walletsvc.db.mysql.hosts import HANDOVER_SECONDS, REST_SECONDS, RETRY_SECONDS, HostList
from walletsvc.db.mysql.session import Cluster, Facts

ONE, TWO, THREE = ("db1", 3306), ("db2", 3307), ("db3", 3306)


class World:
    """Hosts with faults, or errors, and a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.faults: dict[hosts.Host, str | OperationalError] = {}
        self.cluster = Cluster.GALERA
        self.asked: list[hosts.Host] = []
        self.list = HostList((ONE, TWO, THREE))
        clock = SimpleNamespace(monotonic=lambda: self.now, sleep=self.pass_time)
        monkeypatch.setattr(hosts, "time", clock)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def open_one(self, host: hosts.Host) -> Any:
        self.asked.append(host)
        fault = self.faults.get(host)
        if isinstance(fault, OperationalError):
            raise fault
        facts = Facts(has_compounds=True, cluster=self.cluster, fault=fault, number=0, numbers=1)
        return SimpleNamespace(host=host, facts=facts, close=lambda: None)

    def connect(self) -> hosts.Host:
        self.asked.clear()
        host: hosts.Host = self.list.connect(self.open_one).host
        assert self.asked[-1] == host
        return host

    def may_keep(self, host: hosts.Host) -> bool:
        """Ask, and wait for what it looks for in the background."""
        answer = self.list.may_keep(host, self.open_one)
        for thread in threading.enumerate():
            if thread.name == "database-hosts":
                thread.join(10)
        return answer


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


AWAY = OperationalError(2003, "Can't connect")


def test_the_first_host_that_is_ready_is_taken(world: World) -> None:
    assert (world.connect(), world.asked) == (ONE, [ONE])
    world.faults = {ONE: "is read-only"}
    assert (world.connect(), world.asked) == (TWO, [ONE, TWO])
    world.faults = {ONE: "is read-only", TWO: AWAY}
    assert (world.connect(), world.asked) == (THREE, [TWO, THREE])


def test_a_host_that_was_not_ready_is_asked_last_for_a_while(world: World) -> None:
    world.faults = {ONE: AWAY}
    world.connect()
    world.faults = {ONE: AWAY, TWO: AWAY}
    assert (world.connect(), world.asked) == (THREE, [TWO, THREE])
    world.faults = {THREE: AWAY}
    assert (world.connect(), world.asked) == (ONE, [THREE, ONE])
    world.faults = {ONE: AWAY, THREE: AWAY}
    world.pass_time(RETRY_SECONDS)
    assert (world.connect(), world.asked) == (TWO, [ONE, TWO])


def test_if_none_is_ready_the_error_names_all(world: World) -> None:
    world.faults = {ONE: AWAY, TWO: "is read-only", THREE: "is cut off from its cluster"}
    with pytest.raises(OperationalError) as caught:
        world.connect()
    code, text = caught.value.args
    assert code == 2003
    assert text == (
        "No database host is ready: db1:3306 says Can't connect; db2:3307 is read-only;"
        " db3:3306 is cut off from its cluster"
    )


@pytest.mark.parametrize("code", [1040, 1045, 1049, 1203, 1226])
def test_a_host_that_is_well_and_refuses_this_process_is_no_reason_to_write_elsewhere(
    world: World, code: int
) -> None:
    world.faults = {ONE: OperationalError(code, "")}
    with pytest.raises(OperationalError):
        world.connect()
    assert world.asked == [ONE]


def test_connections_go_back_once_an_earlier_host_has_been_ready_for_some_time(world: World) -> None:
    world.faults = {ONE: AWAY}
    assert world.connect() == TWO
    assert world.may_keep(TWO)
    world.faults = {}
    for _ in range(int(REST_SECONDS / RETRY_SECONDS)):
        world.pass_time(RETRY_SECONDS)
        assert world.may_keep(TWO)
        # New ones stay where the others are.
        assert world.connect() == TWO
    world.pass_time(RETRY_SECONDS)
    world.may_keep(TWO)
    assert not world.may_keep(TWO)
    assert (world.connect(), world.asked) == (ONE, [ONE])


def test_a_host_that_comes_and_goes_is_not_gone_back_to(world: World) -> None:
    world.faults = {ONE: AWAY}
    world.connect()
    for number in range(20):
        world.faults = {} if number % 4 else {ONE: "is read-only"}
        world.pass_time(RETRY_SECONDS)
        assert world.may_keep(TWO)


def test_outside_of_a_cluster_another_host_is_used_once_nobody_asks_the_previous_one_any_more(world: World) -> None:
    world.cluster = Cluster.NONE
    began = world.now
    world.connect()
    assert world.now == began + HANDOVER_SECONDS
    world.connect()
    assert world.now == began + HANDOVER_SECONDS
    world.faults = {ONE: "is read-only"}
    world.connect()
    assert world.now == began + 2 * HANDOVER_SECONDS


def test_within_a_cluster_nobody_waits(world: World) -> None:
    began = world.now
    world.connect()
    world.faults = {ONE: AWAY}
    world.connect()
    assert world.now == began
