"""Who shows bad credentials is counted by address, and the address is the one that a trusted proxy was asked by."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.limits.server import Key, Limited, forget_who_was_verified
from walletsvc.access import identify as way_in
from walletsvc.access import keys
from walletsvc.principals import SYSTEM
from walletsvc.web.limits import RequestLimits, network_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("limited")]


# -- bad credentials --------------------------------------------------------------------------------------


def test_an_address_that_shows_bad_keys_is_refused_before_they_are_looked_at(
    server: Limited, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, new = key(), key()
    assert server.ask("/api/", key=known).status == 200
    for number in range(5):
        assert server.ask("/api/", key=f"bad{number}").status == 401
    looked_at: list[object] = []
    look = way_in.key_text.parse
    monkeypatch.setattr(way_in.key_text, "parse", lambda text: looked_at.append(text) or look(text))
    for path in ("/api/", "/graphql/?query={a}"):
        answer = server.ask(path, key="bad")
        assert (answer.status, answer.code) == (429, "rate_limited")
        assert answer.headers["ratelimit-policy"] == '"auth-failures";q=5;w=60'
    assert server.ask("/api/", key=new).status == 429
    assert looked_at == []
    # Who was good before is not affected, also when it has to be verified again.
    assert server.ask("/api/", key=known).status == 200
    forget_who_was_verified()
    assert server.ask("/api/", key=known).status == 200
    assert server.ask("/api/", key=new, REMOTE_ADDR="192.0.2.2").status == 200
    server.clock.now += 66
    assert server.ask("/api/", key="bad").status == 401


def test_a_revoked_key_is_not_good_any_more(server: Limited, key: Key) -> None:
    mine = key()
    assert server.ask("/api/", key=mine).status == 200
    keys.revoke_key(by=SYSTEM, key_id=mine[5:15], at=timezone.now())
    forget_who_was_verified()
    statuses = [server.ask("/api/", key=mine).status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


# -- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "counted"),
    [
        ([], "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (["192.0.2.0/24"], "192.0.2.1", "198.51.100.7", "198.51.100.7"),
        (["192.0.2.0/24"], "192.0.2.1", "", "192.0.2.1"),
        # What a client sends itself comes first.
        (["192.0.2.0/24"], "192.0.2.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (["192.0.2.0/24"], "192.0.2.1", "203.0.113.9, 198.51.100.7,192.0.2.3", "198.51.100.7"),
        (["192.0.2.0/24"], "192.0.2.1", "203.0.113.9, nonsense, 192.0.2.3", "192.0.2.3"),
        (["192.0.2.0/24"], "192.0.2.1", "198.51.100.7:4711", "198.51.100.7"),
        (["192.0.2.0/24"], "192.0.2.1", "[2001:db8::1]:4711", "2001:db8::1"),
        (["192.0.2.0/24"], "198.51.100.9", "198.51.100.7", "198.51.100.9"),
        (["192.0.2.0/24"], "::ffff:192.0.2.1", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_address_is_the_one_that_the_last_trusted_proxy_was_asked_by(
    settings: Any, proxies: list[str], peer: str, forwarded: str, counted: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    server = Limited()
    assert server.ask("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded).left == 14
    settings.TRUSTED_PROXIES = []
    [hook] = [RequestLimits(clock=server.clock)]
    lease = hook.of_address(counted)
    assert lease is not None
    assert network_of(counted) in server.limits._addresses._table._entries


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_callers_by_ipv6_are_counted_by_their_network(address: str, network: str) -> None:
    assert network_of(address) == network
