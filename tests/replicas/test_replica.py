"""Uncached reads at a replica: nobody who knows of a write is answered without it, whatever the replica has."""

from __future__ import annotations

import pytest

from tests.replicas.stage import Stage, wait_for

pytestmark = pytest.mark.any_engine


def test_an_uncached_read_goes_to_the_replica_if_that_has_what_the_caller_knows(stage: Stage) -> None:
    quiet, busy = stage.open("Quiet"), stage.open("Busy")
    at_the_replica = stage.differ(quiet)
    assert stage.ask(f'{{ wallet(id: "{quiet}") {{ label }} }}')["wallet"]["label"] == at_the_replica
    labels = [each["attributes"]["label"] for each in stage.read("/api/wallets/?sort=-id&page[size]=2")]
    assert labels == ["Busy", at_the_replica]

    stage.replica.lag()
    for number in range(1, 4):
        assert stage.post(busy).status_code == 201
        assert stage.wallet(busy)["sequence"] == number + 1
        shown = stage.ask(f'{{ wallet(id: "{busy}") {{ n{number}: sequence transactions {{ totalCount }} }} }}')
        assert shown["wallet"] == {f"n{number}": number + 1, "transactions": {"totalCount": number}}
        assert len(stage.read(f"/api/transactions/?filter[wallet]={busy}")) == number
        # A list of everything has all writes; nothing was written to this wallet, which the replica has.
        assert [each["attributes"]["label"] for each in stage.read("/api/wallets/?sort=-id&page[size]=2")] == [
            "Busy",
            "Quiet",
        ]
        assert stage.wallet(quiet)["label"] == at_the_replica

    # What was read meanwhile is in the cache, for everybody, and right.
    stage.replica.go_on()
    stage.replica.catch_up(stage.primary)
    for server in (0, 1):
        assert len(stage.read(f"/api/transactions/?filter[wallet]={busy}", server=server)) == 3


def test_a_write_that_has_nothing_to_change_takes_nothing_back(stage: Stage) -> None:
    """MariaDB writes nothing to its binary log then, and each session still has the position of a write before."""
    quiet, busy = stage.open("Long ago"), stage.open("Lately")
    for _ in range(16):
        assert stage.post(quiet, server=1).status_code == 201
    stage.replica.catch_up(stage.primary)
    stage.replica.lag()
    for sequence in (2, 3, 4):
        posted = stage.post(busy)
        stage.change_nothing(posted, server=1)
        for server in (0, 1):
            assert stage.wallet(busy, server=server)["sequence"] == sequence


def test_who_asks_for_a_txid_asks_the_writer(stage: Stage) -> None:
    wallet = stage.open("Wallet")
    posted = stage.post(wallet).json()["data"]["attributes"]["txid"]
    stage.differ(wallet)
    stage.replica.run_here("UPDATE walletsvc.walletsvc_transaction SET description = 'replica'")
    listed = stage.ask("{ transactions { edges { node { description } } } }")["transactions"]["edges"]
    assert {"node": {"description": "replica"}} in listed
    shown = stage.ask(f'{{ transactionByTxid(txid: "{posted}") {{ description }} }}')
    assert shown["transactionByTxid"] == {"description": ""}
    [found] = stage.read(f"/api/transactions/?filter[txid]={posted}")
    assert found["attributes"]["description"] == ""


def test_a_replica_that_is_silent_gone_or_of_another_database_is_done_without(stage: Stage) -> None:
    quiet, busy = stage.open("Patient"), stage.open("Other")
    at_the_replica = stage.differ(quiet)

    stage.replica.pause()
    try:
        for number in range(1, 4):
            assert stage.post(busy).status_code == 201
            assert stage.wallet(busy)["sequence"] == number + 1
            assert stage.wallet(quiet)["label"] == "Patient"
    finally:
        stage.replica.resume()
    wait_for(lambda: stage.wallet(quiet)["label"] == at_the_replica)

    stage.claim("another")
    wait_for(lambda: stage.wallet(quiet)["label"] == "Patient")
    stage.replica.kill()
    assert stage.post(busy).status_code == 201
    assert (stage.wallet(busy)["sequence"], stage.wallet(quiet)["label"]) == (5, "Patient")


def test_without_redis_all_is_read_at_the_writer(stage: Stage) -> None:
    wallet = stage.open("Lonely")
    stage.differ(wallet)
    stage.redis.stop()
    assert stage.post(wallet).status_code == 201
    shown = stage.wallet(wallet)
    assert (shown["label"], shown["sequence"]) == ("Lonely", 2)
    stage.redis.start()
    # It knows no stamp any more, and nothing of the writes before.
    wait_for(lambda: stage.post(wallet).status_code == 201)
    assert stage.wallet(wallet)["label"] == "Lonely"
