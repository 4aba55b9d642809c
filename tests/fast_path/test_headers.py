"""The layer in front of Django answers requests only if it knows all of their headers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import timezone

from tests.access.issuers import AUDIENCE, Issuer
from tests.fast_path.front import Front, graphql, transaction
from walletsvc.access import identify, keys, tokens
from walletsvc.access.verified import Verified
from walletsvc.principals import SYSTEM
from walletsvc.web.fast_path import _DEPENDS_ON
from walletsvc.web.headers import WITHOUT_EFFECT, KnownHeaders, forget_variables_like_headers

ROOT = Path(__file__).parent.parent.parent

BROWSER = {
    "HTTP_USER_AGENT": "Mozilla/5.0",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "HTTP_ACCEPT_LANGUAGE": "de-CH",
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_CACHE_CONTROL": "no-cache",
    "HTTP_PRAGMA": "no-cache",
    "HTTP_PRIORITY": "u=1, i",
    "HTTP_REFERER": "https://app.example/",
    "HTTP_SEC_CH_UA": '"Chromium";v="130"',
    "HTTP_SEC_CH_UA_MOBILE": "?0",
    "HTTP_SEC_CH_UA_PLATFORM": '"Linux"',
    "HTTP_SEC_FETCH_DEST": "empty",
    "HTTP_SEC_FETCH_MODE": "cors",
    "HTTP_SEC_FETCH_SITE": "same-origin",
    "HTTP_DNT": "1",
}
PROXY = {
    "HTTP_X_FORWARDED_FOR": "10.0.0.1",
    "HTTP_X_REAL_IP": "10.0.0.1",
    "HTTP_X_REQUEST_ID": "6c1d",
    "HTTP_VIA": "1.1 proxy",
    "HTTP_TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
UNKNOWN = [
    "walletsvc-owner",
    "cookie",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "if-match",
    "if-modified-since",
    "if-range",
    "if-unmodified-since",
    "prefer",
    "proxy",
    "range",
    "transfer-encoding",
    "x-api-key",
    "x-http-method-override",
    "x-nobody-knows",
]


@pytest.fixture
def front() -> Front:
    return Front()


@pytest.mark.django_db(transaction=True)
def test_headers_of_browsers_and_proxies_make_no_difference(front: Front, make_wallet) -> None:
    wallet = make_wallet("1.00")
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    expected = front.ask(**asked)
    assert front.ask(**asked, **BROWSER) == front.ask(**asked, **BROWSER, **PROXY) == expected
    for name in WITHOUT_EFFECT:
        assert front.ask(**asked, **{name: "x"}) == expected
    assert front.reached == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("header", UNKNOWN)
def test_a_request_with_any_other_header_is_answered_by_django(front: Front, make_wallet, header: str) -> None:
    wallet = make_wallet("1.00")
    requests = [
        {"path": f"/api/wallets/{wallet.id}/"},
        graphql("{ wallets { totalCount } }"),
        transaction(wallet.id, "A"),
    ]
    extra = {"HTTP_" + header.upper().replace("-", "_"): "x"}
    for asked in requests:
        front.ask(**asked)
        reached = front.reached
        answered = front.ask(**asked, **extra)
        assert front.reached == reached + 1
        assert answered == Front().ask(**asked, **extra)
    assert len(front._known) == 3


@pytest.mark.django_db(transaction=True)
def test_a_creation_with_a_precondition_is_left_to_django(front: Front, make_wallet) -> None:
    wallet = make_wallet("1.00")
    front.ask(**transaction(wallet.id, "A"))
    front.ask(**transaction(wallet.id, "B"), HTTP_IF_NONE_MATCH="*")
    assert front.reached == 2


WORDS = {"accept-encoding", "cache-control", "connection", "from", "traceparent", "via", "width", "x-request-id"}
"""Headers whose names are words, headers of answers or fields of the log as well."""


def test_nothing_reads_a_header_that_makes_no_difference() -> None:
    """Neither by its name in the environment nor by its own."""
    names = {name.lower() for name in WITHOUT_EFFECT}
    own = {name.removeprefix("http_").replace("_", "-") for name in names}
    for folder in ("walletsvc", "rest_api", "graphql_api"):
        for path in (ROOT / folder).rglob("*.py"):
            # The first names them; two look at them before the layer, and for every request; the last one only at
            # requests whose bodies have not come, and which nothing in front has answered.
            if path.name in ("headers.py", "proxies.py", "watching.py", "overdue.py"):
                continue
            texts = {
                node.value.lower()
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
            assert not texts & names, path
            assert not texts & own - WORDS, path
    assert not WITHOUT_EFFECT & set(_DEPENDS_ON)
    assert all(re.fullmatch("HTTP_[A-Z0-9_]+", name) for name in WITHOUT_EFFECT)


LAYOUTS = {
    "granian": ["PATH", "wsgi.errors", "REQUEST_METHOD", "wsgi.input", "CONTENT_TYPE", "HTTP_HOST"],
    "headers first": ["HTTP_HOST", "REQUEST_METHOD", "wsgi.input"],
    "strange variables": ["SOMETHING", "mod_wsgi.version", "wsgi.input", "HTTP_HOST"],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_headers_are_found_wherever_a_server_puts_them(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    plain = dict.fromkeys(LAYOUTS[layout], "x")
    unknown = [{**plain, "HTTP_RANGE": "x"}, {"HTTP_RANGE": "x", **plain}, {"A": "", "HTTP_RANGE": "x", **plain}]
    known = KnownHeaders(["HTTP_HOST"])
    # Whatever came before, and however many variables there are.
    for environ in (*unknown, plain, *unknown, {"A": "", **plain}, *unknown, {"wsgi.input": ""}, *unknown):
        assert known.include(environ) == ("HTTP_RANGE" not in environ)


def test_variables_of_the_process_are_no_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walletsvc.web.headers.os.environ", environ := {"HTTP_PROXY": "a", "HTTPS_PROXY": "b"})
    forget_variables_like_headers()
    assert environ == {"HTTPS_PROXY": "b"}


@pytest.mark.django_db(transaction=True)
def test_a_token_is_read_by_django_and_known_in_front_of_it(settings, monkeypatch) -> None:
    settings.AUTH_REQUIRED = True
    front = Front()
    monkeypatch.setattr(identify, "verified", Verified())
    asked = {"path": "/api/wallets/"}
    with Issuer() as issuer:
        settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = issuer.url, AUDIENCE
        tokens.issuer_keys.cache_clear()
        tokens.issuer_keys().refresh()
        alice, hers, bob, ended = (
            {"HTTP_AUTHORIZATION": f"Bearer {issuer.token(**claims)}"}
            for claims in ({}, {"jti": "2"}, {"sub": "bob"}, {"exp": 1})
        )
    for caller, reached in ((alice, 1), (alice, 2), (alice, 2), (hers, 3), (hers, 3), (bob, 4)):
        assert front.ask(**asked, **caller)[0] == "200 OK"
        assert front.reached == reached
    for number in range(2):
        assert front.ask(**asked, **ended)[0] == "401 Unauthorized"
        assert front.reached == 5 + number
    tokens.issuer_keys.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_only_callers_who_were_verified_lately_are_answered_without_django(
    make_wallet, settings, monkeypatch
) -> None:
    settings.AUTH_REQUIRED = True
    front = Front()
    monkeypatch.setattr(identify, "verified", Verified())
    now = timezone.now()
    scopes = frozenset({"wallets:read"})
    alice, bob = (
        keys.create_key(by=SYSTEM, name=name, scopes=scopes, owner=None, expires_at=None, at=now).text
        for name in ("alice", "bob")
    )
    asked = {"path": f"/api/wallets/{make_wallet('1.00').id}/"}
    expected = front.ask(**asked, HTTP_AUTHORIZATION=f"Bearer {alice}")
    assert expected[0] == "200 OK"
    # Known, and asked by one who is: the second question is the first whose shape can be kept.
    for _ in range(2):
        assert front.ask(**asked, HTTP_AUTHORIZATION=f"Bearer {alice}") == expected
    assert front.reached == 2
    # Another caller is verified by Django once, and shares the answer from then on.
    for _ in range(2):
        assert front.ask(**asked, HTTP_AUTHORIZATION=f"Bearer {bob}") == expected
    assert front.reached == 3
    for stranger in ({}, {"HTTP_AUTHORIZATION": f"Bearer {alice}x"}):
        assert front.ask(**asked, **stranger)[0] == "401 Unauthorized"
    assert front.reached == 5
