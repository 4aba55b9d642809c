"""Servers that write to different nodes of one cluster at the same time: nothing is lost, half stored or stale."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from tests.cluster.conftest import Perform, Stage
from tests.cluster.load import MEDIA_TYPE, open_wallet, transaction
from tests.servers import GaleraCluster


def one_for_each_node(make_stage: Perform, cluster: GaleraCluster) -> Stage:
    first, second, third = cluster.nodes
    return make_stage([first], [second], [third])


@pytest.mark.cluster_core
def test_whatever_is_written_through_all_nodes_at_once(make_stage: Perform, cluster: GaleraCluster) -> None:
    stage = one_for_each_node(make_stage, cluster)
    with stage.load() as model:
        time.sleep(12)
    assert {kind for kind, status in model.statuses if status < 300} == {"POST", "PATCH", "DELETE", "batch", "GET"}
    assert model.statuses["POST", 201] > 100

    # Of one txid that all post at the same moment, one is stored.
    wallet = open_wallet(stage.servers[0].url, "One txid")
    ready = threading.Barrier(6)

    def post(number: int) -> httpx.Response:
        document = {"data": transaction("the one", wallet, Decimal(number + 1))}
        ready.wait()
        return send(stage, number, document)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(post, range(6)))
    statuses = sorted(each.status_code for each in answers)
    assert statuses == [201, 409, 409, 409, 409, 409], [each.text for each in answers]

    # Twelve debits race for what suffices for five of them.
    wallet = open_wallet(stage.servers[0].url, "Race", "5.00")

    def debit(number: int) -> httpx.Response:
        document = {"data": transaction(f"race-{number}", wallet, Decimal(-1))}
        while (answer := send(stage, number, document)).status_code == 503:
            pass
        return answer

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(debit, range(12)))
    assert sorted(each.status_code for each in answers) == [201] * 5 + [422] * 7, [each.text for each in answers]
    for node in cluster.nodes:
        assert stage.balance(node, wallet) == 0


def send(stage: Stage, number: int, document: object) -> httpx.Response:
    server = stage.servers[number % len(stage.servers)]
    headers = {"Content-Type": MEDIA_TYPE}
    return httpx.post(f"{server.url}/api/transactions/", json=document, headers=headers, timeout=30)
