"""Subscriptions as server-sent events."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from tests.live_updates.clients import BALANCE, ENTRIES, Events, open_events
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


def test_an_error_of_a_subscription_is_an_event(live_updates: LiveUpdates) -> None:
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


def test_an_invalid_subscription_request_is_refused(live_updates: LiveUpdates) -> None:
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


# -- headers --

PAGE = "https://app.example.com"
SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "vary": "Accept, Authorization, Walletsvc-Owner, Origin",
}
SHARED = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "accept, authorization, content-type, idempotency-key, if-match, if-none-match,"
    " traceparent, walletsvc-owner, x-request-id",
    "access-control-expose-headers": (
        "ETag, Location, Retry-After, Idempotency-Replayed, RateLimit, RateLimit-Policy, X-Request-ID"
    ),
    "access-control-max-age": "86400",
}
STREAM = {
    **SECURITY,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "transfer-encoding": "chunked",
}
OF_ONE_MESSAGE = ("connection", "content-length", "date", "server", "x-request-id")
REFUSAL = {**SECURITY, "content-type": "application/json", "cache-control": "no-store"}


def headers_of(events: Events) -> dict[str, str]:
    """Return the headers of an answer, except those that do not depend on it."""
    found = {name.lower(): value for name, value in events.response.getheaders()}
    assert len(found) == len(events.response.getheaders()), "A header stands twice."
    return {name: value for name, value in found.items() if name not in OF_ONE_MESSAGE}


def test_the_headers_of_a_stream(live_updates: LiveUpdates) -> None:
    payload = {"query": BALANCE, "variables": {"wallet": live_updates.open_wallet()}}
    path = f"/graphql/?{urlencode({'query': BALANCE, 'variables': json.dumps(payload['variables'])})}"
    for method, content, target in (("POST", payload, "/graphql/"), ("GET", None, path)):
        with open_events(live_updates.url, content, method=method, path=target) as events:
            assert headers_of(events) == STREAM
        with open_events(live_updates.url, content, method=method, path=target, Origin=PAGE) as events:
            assert headers_of(events) == STREAM | SHARED
            assert events.next()[0] == "next"
    with open_events(live_updates.url, {"query": "subscription { nothing }"}, Origin=PAGE) as events:
        assert headers_of(events) == STREAM | SHARED


def test_the_headers_of_other_answers(live_updates: LiveUpdates) -> None:
    url, payload = live_updates.url, {"query": BALANCE}
    with open_events(url, None, method="OPTIONS", Origin=PAGE) as events:
        allowed = {"allow": "GET, POST, OPTIONS", "cache-control": "no-store"}
        assert headers_of(events) == SECURITY | SHARED | allowed
    # A permitted page gets the reason, whichever layer refuses it.
    with open_events(url, payload, Origin=PAGE, Accept="application/json") as events:
        assert (events.response.status, headers_of(events)) == (406, REFUSAL | SHARED)
    for path, status in (("/nothing", 404), ("/graphql/nothing", 404)):
        with open_events(url, payload, path=path, Origin=PAGE) as events:
            assert (events.response.status, headers_of(events)) == (status, REFUSAL | SHARED)
    with open_events(url, payload, Origin=PAGE, **{"Content-Encoding": "gzip"}) as events:
        more = {"accept-encoding": "identity"}
        assert (events.response.status, headers_of(events)) == (415, REFUSAL | SHARED | more)
    with open_events(url, None, method="GET", path="/healthz", Origin=PAGE) as events:
        assert (events.response.status, headers_of(events)) == (200, REFUSAL | SHARED)


def test_a_foreign_page_gets_nothing_that_it_could_read(live_updates: LiveUpdates) -> None:
    for method, payload in (("POST", {"query": BALANCE}), ("GET", None), ("OPTIONS", None)):
        for origin in ("https://evil.example", f"{PAGE}.evil.example", "http://app.example.com", "null"):
            with open_events(live_updates.url, payload, method=method, Origin=origin) as events:
                assert (events.response.status, headers_of(events)) == (403, REFUSAL)
    with open_events(live_updates.url, None, method="GET", Host="evil.example", Origin=PAGE) as events:
        assert (events.response.status, headers_of(events)) == (400, REFUSAL)
