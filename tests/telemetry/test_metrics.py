"""Metrics count what happened, wherever it was answered, under labels that clients cannot make up."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import prometheus_client
import pytest
from django.core.management import call_command
from django.utils import timezone
from prometheus_client import CollectorRegistry

from rest_api.negotiation import MEDIA_TYPE
from tests.fast_path.front import graphql, transaction
from tests.telemetry.servers import Server
from walletsvc.models import Entry, Wallet
from walletsvc.server.gauges import Gauges
from walletsvc.telemetry import metrics
from walletsvc.telemetry.exposition import Exposition

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]


class Counts:
    """What a scrape would show now."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.exposition = Exposition(version="1.2.3", registry=self.registry)

    def of(self, name: str, **labels: str) -> float | None:
        self.exposition.collect()
        return self.registry.get_sample_value(name, labels)

    def text(self) -> str:
        self.exposition.collect()
        return prometheus_client.generate_latest(self.registry).decode()


@pytest.fixture
def counts() -> Iterator[Counts]:
    metrics.collecting.start()
    yield Counts()
    metrics.collecting.stop()


def test_requests_are_counted_whoever_answers(server: Server, wallet: Wallet, counts: Counts) -> None:
    for _ in range(3):
        server.ask(f"/api/wallets/{wallet.id}/")
        server.ask(**graphql("{ wallets { totalCount } }"))
    for txid in ("A", "B"):
        server.ask(**transaction(wallet.id, txid))
    server.ask(**transaction(wallet.id, "C", "-500"))
    server.ask("/api/wallets/", HTTP_HOST="evil.example")
    assert server.front.reached == 4
    item, post = "GET /api/wallets/{identifier}", "POST /api/transactions"
    requests = "walletsvc_requests_total"
    assert counts.of(requests, face="rest", operation=item, status="200") == 3
    assert counts.of(requests, face="graphql", operation="query wallets", status="200") == 3
    assert counts.of(requests, face="rest", operation=post, status="201") == 2
    assert counts.of(requests, face="rest", operation=post, status="422") == 1
    assert counts.of(requests, face="rest", operation="other", status="400") == 1
    assert counts.of("walletsvc_request_seconds_count", face="rest", operation=post) == 3
    assert counts.of("walletsvc_front_total", result="answered") == 6
    assert counts.of("walletsvc_front_total", result="unknown shape") == 4
    assert counts.of("walletsvc_refusals_total", code="insufficient_funds") == 1
    assert counts.of("walletsvc_refusals_total", code="invalid_host") == 1
    assert counts.of("walletsvc_requests_in_flight") == 0
    assert counts.of("walletsvc_compiled_total", result="compiled") == 1


def test_the_cache_is_counted_by_face(server: Server, wallet: Wallet, counts: Counts) -> None:
    for _ in range(3):
        server.ask(f"/api/wallets/{wallet.id}/")
    server.ask(**graphql("{ wallets { totalCount } }"))
    cache = "walletsvc_cache_total"
    assert [counts.of(cache, face="rest", result=result) for result in ("hit", "miss")] == [2, 1]
    assert counts.of(cache, face="graphql", result="miss") == 1


def test_lines_of_the_ledger_are_counted_once_they_are_stored(server: Server, wallet: Wallet, counts: Counts) -> None:
    for _ in range(2):  # the second is a replay
        server.ask(**transaction(wallet.id, "A"), HTTP_IDEMPOTENCY_KEY="once")
    server.ask(**transaction(wallet.id, "B", "-500"))
    server.ask(**transaction(wallet.id, "A"))
    server.ask(**graphql('mutation { createWallet(input: {label: "N", balance: "3"}) { userErrors { code } } }'))
    amended = {"data": {"type": "Transaction", "id": "1", "attributes": {"amount": "2.00"}}}
    body = json.dumps(amended).encode()
    server.ask("/api/transactions/1/", method="PATCH", body=body, CONTENT_TYPE=MEDIA_TYPE)
    stored: dict[str, int] = {}
    for kind in Entry.objects.values_list("kind", flat=True):
        stored[kind] = stored.get(kind, 0) + 1
    stored["opening"] -= 1  # by the fixture
    assert stored == {"opening": 1, "post": 1, "amend": 1}
    assert {kind: counts.of("walletsvc_postings_total", kind=kind) for kind in stored} == stored
    commits = counts.of("walletsvc_commit_seconds_count")
    assert commits == 3
    assert (counts.of("walletsvc_lock_wait_seconds_count") or 0) >= 3
    assert (counts.of("walletsvc_group_size_count") or 0) >= 2


def test_callers_and_limits_are_counted(settings: Any, counts: Counts) -> None:
    settings.AUTH_REQUIRED, settings.REDIS_URL = True, ""
    settings.LIMIT_PER_ADDRESS = "2/minute"
    settings.REQUEST_HOOKS = ["walletsvc.web.watching.Watching", "walletsvc.web.limits.RequestLimits"]
    server = Server()
    server.ask("/api/wallets/", HTTP_AUTHORIZATION="Bearer nonsense")
    for _ in range(3):
        server.ask("/api/wallets/")
    assert counts.of("walletsvc_auth_total", kind="none", result="refused") == 1
    assert (counts.of("walletsvc_auth_total", kind="other", result="refused") or 0) >= 1
    assert counts.of("walletsvc_rate_limited_total", policy="address") == 2
    assert counts.of("walletsvc_refusals_total", code="rate_limited") == 2


def test_clients_make_up_no_labels(server: Server, wallet: Wallet, counts: Counts) -> None:
    server.ask("/api/wallets/", HTTP_X_REQUEST_ID="made-up")
    rng, words = random.Random(7), [f"madeup{number}" for number in range(40)]
    for word in words:
        server.ask(f"/api/{word}/{word}?{word}={word}", method=rng.choice(["GET", word.upper()]))
        server.ask(f"/{word}", HTTP_HOST=rng.choice(["localhost", f"{word}.example"]))
        server.ask(f"/api/wallets/{word}/{word}", HTTP_AUTHORIZATION=f"Bearer {word}")
        server.ask(f"/api/wallets/{rng.randrange(10**6)}")
        server.ask(**graphql(f"query {word} {{ {word}: wallets {{ totalCount }} }}"))
        server.ask(**graphql(f"{{ {word} }}"), HTTP_X_REQUEST_ID=word)
        server.ask(**graphql(f"mutation {word} {{ {word} }}"))
    text = counts.text()
    assert "madeup" not in text.lower()
    assert len(re.findall(r"^walletsvc_requests_total\{", text, re.MULTILINE)) < 16
    assert "Savings" not in text


def test_series_are_bounded_whatever_labels_come(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "MAX_SERIES", 5)
    for number in range(20):
        metrics.REFUSALS.add(f"code{number}")
        metrics.REQUEST_SECONDS.observe(1.0, "rest", f"operation{number}")
    text = counts.text()
    assert len(re.findall(r"^walletsvc_refusals_total\{", text, re.MULTILINE)) == 6
    assert counts.of("walletsvc_refusals_total", code="other") == 15
    assert counts.of("walletsvc_request_seconds_count", face="other", operation="other") == 15


def test_histograms_are_what_the_library_makes_of_each_value(counts: Counts) -> None:
    rng = random.Random(7)
    bounds = metrics.COMMIT_SECONDS.bounds
    values = [*bounds, 0.0, 99.0, *(rng.expovariate(10) for _ in range(500))]
    registry = CollectorRegistry()
    name = metrics.COMMIT_SECONDS.name
    oracle = prometheus_client.Histogram(name, "h", buckets=tuple(bounds), registry=registry)
    for value in values:
        oracle.observe(value)
        metrics.COMMIT_SECONDS.observe(value)
        if rng.random() < 0.1:
            counts.text()
    counts.text()
    for bound in [*map(prometheus_client.utils.floatToGoString, bounds), "+Inf"]:
        expected = registry.get_sample_value(f"{name}_bucket", {"le": bound})
        assert counts.of(f"{name}_bucket", le=bound) == expected
    assert counts.of(f"{name}_sum") == pytest.approx(registry.get_sample_value(f"{name}_sum"))
    assert counts.of(f"{name}_count") == len(values)


def test_what_is_not_collected_is_not_kept(server: Server, wallet: Wallet) -> None:
    metrics.collecting.start()
    metrics.collecting.stop()
    server.ask(f"/api/wallets/{wallet.id}/")
    every = (*metrics.COUNTERS, *metrics.HISTOGRAMS)
    assert [taken for metric in every for taken in metric.take()] == []


def test_threads_and_collections_lose_no_event(counts: Counts) -> None:
    each, threads = 20_000, 4

    def work() -> None:
        for _ in range(each):
            metrics.REFUSALS.add("busy")
            metrics.GROUPS.observe(1.0)

    with ThreadPoolExecutor(threads) as pool:
        working = [pool.submit(work) for _ in range(threads)]
        while not all(future.done() for future in working):
            counts.text()
    assert counts.of("walletsvc_refusals_total", code="busy") == each * threads
    assert counts.of("walletsvc_group_size_count") == each * threads


def test_the_database_says_what_is_due_and_was_reconciled(counts: Counts) -> None:
    gauges = Gauges()
    gauges.start()
    try:
        gauges.look()
        assert counts.of("walletsvc_holds_due") == 0
        assert gauges.last is None
        call_command("reconcile")
        gauges.look()
        assert gauges.last is not None
        assert (timezone.now() - gauges.last.finished_at).total_seconds() < 60
        assert counts.of("walletsvc_reconcile_discrepancies") == 0
        age = counts.of("walletsvc_reconcile_age_seconds")
        assert age is not None
        assert 0 <= age < 60
    finally:
        gauges.stop()


def test_the_version_is_shown(counts: Counts) -> None:
    assert counts.of("walletsvc_build_info", version="1.2.3") == 1
