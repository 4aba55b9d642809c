"""A replica becomes the primary under load, or lags, falls silent and dies: nothing is lost, no read is stale."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest

from tests.cluster.load import MEDIA_TYPE, transaction
from tests.live import LiveServer
from tests.replicas.stage import HANG_SECONDS, Stage, goes_on, new_stage


@pytest.fixture
def own_stage() -> Iterator[Stage]:
    with new_stage() as stage:
        yield stage


@pytest.fixture
def left_behind(own_stage: Stage) -> Iterator[LiveServer]:
    """Return a server that knows the old primary only."""
    with LiveServer(database_url=own_stage.primary.url) as server:
        yield server


@pytest.mark.cluster_core
def test_posts_go_on_at_a_replica_that_was_promoted_while_the_old_primary_is_read_only(
    own_stage: Stage, left_behind: LiveServer
) -> None:
    stage = own_stage
    reader = stage.open("Read only by one server")
    with stage.load() as model:
        goes_on(model)
        stage.wallet(reader)
        stage.primary.run("SET GLOBAL read_only = 1")
        stage.replica.catch_up(stage.primary)
        stage.replica.promote()
        goes_on(model)
        # The old primary lives on and follows nobody: whoever still asked it would be shown what it had.
        assert stage.post(reader).status_code == 201
        for server in (0, 1):
            assert stage.wallet(reader, server=server)["sequence"] == 2
        stage.primary.follow(stage.replica)
        goes_on(model)
    print(f"The longest pause of writes: {model.longest_pause():.1f} s")
    stage.primary.catch_up(stage.replica)
    for server in (stage.primary, stage.replica):
        stage.check(server, model)

    document = {"data": transaction("too late", reader, Decimal(1))}
    answer = httpx.post(
        f"{left_behind.url}/api/transactions/",
        json=document,
        headers={"Content-Type": MEDIA_TYPE},
        timeout=HANG_SECONDS,
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "unavailable")
    assert answer.json()["errors"][0]["meta"]["outcomeKnown"] is True
    assert httpx.get(f"{left_behind.url}/readyz", timeout=HANG_SECONDS).status_code == 503


def test_a_primary_that_dies_has_lost_nothing_if_a_replica_confirms_each_write(own_stage: Stage) -> None:
    """https://mariadb.com/kb/en/semisynchronous-replication/"""
    stage = own_stage
    stage.primary.run("SET GLOBAL rpl_semi_sync_master_enabled = 1, GLOBAL rpl_semi_sync_master_timeout = 60000")
    stage.primary.run("SET GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC'")
    stage.replica.run("SET GLOBAL rpl_semi_sync_slave_enabled = 1")
    stage.replica.run("STOP SLAVE IO_THREAD")
    stage.replica.run("START SLAVE IO_THREAD")
    with stage.load() as model:
        goes_on(model)
        stage.primary.kill()
        stage.replica.finish()
        stage.replica.promote()
        goes_on(model)
    print(f"The longest pause of writes: {model.longest_pause():.1f} s")
    stage.check(stage.replica, model)


def test_a_replica_that_lags_falls_silent_and_dies_under_load(own_stage: Stage) -> None:
    stage = own_stage
    with stage.load() as model:
        for _ in range(3):
            goes_on(model)
            stage.replica.lag()
            goes_on(model)
            stage.replica.go_on()
        stage.replica.pause()
        goes_on(model)
        stage.replica.resume()
        goes_on(model)
        stage.replica.kill()
        goes_on(model)
        stage.replica.start()
        goes_on(model)
    stage.replica.follow(stage.primary)
    stage.replica.catch_up(stage.primary)
    for server in (stage.primary, stage.replica):
        stage.check(server, model)
