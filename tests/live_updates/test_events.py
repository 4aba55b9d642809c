"""Subscriptions as server-sent events."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from tests.live_updates.clients import BALANCE, ENTRIES, open_events
from tests.live_updates.conftest import LiveUpdates


def test_results_are_next_events(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("1.00")
    payload = {"query": ENTRIES.replace("balanceAfter", ""), "variables": {"wallet": wallet, "after": 1}}
    with open_events(live_updates.url, payload) as events:
        assert events.response.status == 200
        assert events.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        live_updates.post_by_rest(wallet, "2.00")
        kind, result = events.next()
        assert kind == "next"
        assert result["data"]["transactions"]["amount"] == "2.00"


def test_a_get_is_answered_too(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("1.00")
    path = "/graphql?" + urlencode({"query": BALANCE, "variables": json.dumps({"wallet": wallet})})
    with open_events(live_updates.url, None, method="GET", path=path) as events:
        expected = {"databaseId": wallet, "balance": "1.00", "sequence": 1}
        assert events.next() == ("next", {"data": {"walletBalance": expected}})


def test_what_is_wrong_with_a_subscription_is_an_event(live_updates: LiveUpdates) -> None:
    for query, code in ((BALANCE, "not_found"), ("subscription { nothing }", "graphql_validation_failed")):
        payload = {"query": query, "variables": {"wallet": "987654321"}}
        with open_events(live_updates.url, payload) as events:
            assert events.response.status == 200
            kind, result = events.next()
            assert (kind, [each["extensions"]["code"] for each in result["errors"]]) == ("next", [code])
            assert events.next() == ("complete", None)


def test_a_client_that_leaves_is_forgotten(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_events(live_updates.url, {"query": BALANCE, "variables": {"wallet": wallet}}) as events:
        events.next()
        assert live_updates.health()["subscriptions"] == 1
    live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 0)


def test_what_is_no_subscription_request_is_refused(live_updates: LiveUpdates) -> None:
    with open_events(live_updates.url, {"query": BALANCE}, Accept="application/json") as events:
        assert events.response.status == 406
    with open_events(live_updates.url, [BALANCE]) as events:
        assert events.response.status == 400
    with open_events(live_updates.url, {"query": BALANCE}, **{"Content-Type": "text/plain"}) as events:
        assert events.response.status == 415
    with open_events(live_updates.url, {"query": "#" * 1_000_001}) as events:
        assert events.response.status == 413


def test_pages_of_our_host_and_of_named_origins_may_read_events(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    payload = {"query": BALANCE, "variables": {"wallet": wallet}}
    for origin in ("http://127.0.0.1:1234", "https://app.example.com"):
        with open_events(live_updates.url, payload, Origin=origin) as events:
            assert events.response.headers["Access-Control-Allow-Origin"] == origin
        with open_events(live_updates.url, None, method="OPTIONS", Origin=origin) as events:
            assert events.response.status == 204
            assert events.response.headers["Access-Control-Allow-Origin"] == origin
    with open_events(live_updates.url, payload, Origin="https://evil.example") as events:
        assert events.response.status == 403
    with open_events(live_updates.url, payload, Host="evil.example", Origin="http://evil.example") as events:
        assert events.response.status == 400
