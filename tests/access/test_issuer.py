"""Keys follow the issuer, outlast its outages, and no hostile answer replaces them or makes a caller wait."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from threading import Event
from threading import enumerate as threads
from typing import Any

import pytest

from tests.access.clocks import Clock
from tests.access.issuers import DESCRIPTION, KEYS, Issuer, new_key, send
from walletsvc.access import issuer as module
from walletsvc.access.issuer import GOOD_SECONDS, MAX_BYTES, UNKNOWN_SECONDS, IssuerKeys, is_trusted_address

pytestmark = pytest.mark.without_engine

ALGORITHMS = ("RS256", "ES256", "EdDSA")
PATIENCE_SECONDS = 30
SLOW, SLOW_SECONDS = {"a byte at a time", "never"}, 1.0
"""Which hostile answers end by a time-out, which good ones are within on a busy machine as well."""


@pytest.fixture
def keys(own: Issuer, clock: Clock) -> IssuerKeys:
    return IssuerKeys(own.url, ALGORITHMS, clock=clock)


@pytest.fixture
def started(keys: IssuerKeys) -> Iterator[IssuerKeys]:
    keys.start()
    yield keys
    keys.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_each_key_is_found_by_its_kid_and_for_its_own_algorithm(keys: IssuerKeys) -> None:
    assert keys.find("RS256", "RS256") is None
    keys.refresh()
    for kid in ALGORITHMS:
        for algorithm in ALGORITHMS:
            assert (keys.find(kid, algorithm) is not None) == (kid == algorithm)
    assert keys.find("another", "RS256") is None


def test_a_key_that_names_no_algorithm_is_used_for_those_of_its_type(own: Issuer, clock: Clock) -> None:
    without_algorithm = own.public_jwk("RS256")
    del without_algorithm["alg"]
    own.answers[KEYS] = lambda request: send(request, json.dumps({"keys": [without_algorithm]}).encode())
    keys = IssuerKeys(own.url, ("RS256", "PS256", "ES256"), clock=clock)
    keys.refresh()
    found = {algorithm: keys.find("RS256", algorithm) for algorithm in ("RS256", "PS256", "ES256")}
    assert {name: key and key.algorithm_name for name, key in found.items()} == {
        "RS256": "RS256",
        "PS256": "PS256",
        "ES256": None,
    }


def test_keys_that_are_not_for_this_are_left_out(own: Issuer, keys: IssuerKeys) -> None:
    good = own.public_jwk("ES256")
    listed = [
        7,
        None,
        {},
        {**good, "kid": 7},
        {**good, "kid": "encrypts", "use": "enc"},
        {**good, "kid": "private", "d": "AQAB"},
        {**good, "kid": "nonsense", "x": "!"},
        {**good, "kid": "half", "y": None},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {**own.public_jwk("RS256"), "kid": "huge", "n": "A" * 40_000},
        good,
        {**good, "x": own.public_jwk("EdDSA")["x"], "kid": "ES256"},
    ]
    own.answers[KEYS] = lambda request: send(request, json.dumps({"keys": listed}).encode())
    keys.refresh()
    assert keys.find("ES256", "ES256") is not None
    for kid in ("encrypts", "private", "nonsense", "half", "secret"):
        assert not any(keys.find(kid, algorithm) for algorithm in ALGORITHMS)


def test_keys_rotate(own: Issuer, keys: IssuerKeys) -> None:
    keys.refresh()
    own.keys = {"next": ("ES256", new_key("ES256", "next")), "RS256": own.keys["RS256"]}
    keys.refresh()
    assert keys.find("next", "ES256") is not None
    assert keys.find("RS256", "RS256") is not None
    assert keys.find("ES256", "ES256") is None


def test_the_last_good_set_is_used_for_a_day(own: Issuer, keys: IssuerKeys, clock: Clock) -> None:
    keys.refresh()
    own.stop()
    clock.now += GOOD_SECONDS - 1
    keys.refresh()
    assert keys.find("RS256", "RS256") is not None
    clock.now += 1
    assert keys.find("RS256", "RS256") is None
    keys.refresh()
    assert keys.find("RS256", "RS256") is None
    own.start()
    keys.refresh()
    assert keys.find("RS256", "RS256") is not None


def test_an_outage_is_said_once(own: Issuer, keys: IssuerKeys, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    keys.refresh()
    own.stop()
    for _ in range(3):
        keys.refresh()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    own.start()
    keys.refresh()
    own.stop()
    keys.refresh()
    assert len(caplog.records) == 2
    own.start()


def to(location: str) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda request: send(request, b"", 302, Location=location)


def drip(request: BaseHTTPRequestHandler) -> None:
    """Answer a byte at a time, each before a timeout."""
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b" ")
            time.sleep(0.02)
    except OSError:
        pass


HOSTILE: dict[str, Callable[[Issuer, BaseHTTPRequestHandler], None]] = {
    "huge": lambda issuer, request: send(request, b'{"keys": "' + b"x" * MAX_BYTES + b'"}'),
    "redirect to itself": lambda issuer, request: to(f"{issuer.url}/moved")(request),
    "redirect to a file": lambda issuer, request: to("file:///etc/hostname")(request),
    "redirect to another host": lambda issuer, request: to("http://169.254.169.254/latest")(request),
    "no JSON": lambda issuer, request: send(request, b"<html>"),
    "no UTF-8": lambda issuer, request: send(request, b"\xff\xfe\x00"),
    "nothing": lambda issuer, request: send(request, b""),
    "no object": lambda issuer, request: send(request, b"[]"),
    "an empty object": lambda issuer, request: send(request, b"{}"),
    "nested": lambda issuer, request: send(request, b"[" * 100_000),
    "an error": lambda issuer, request: send(request, b"{}", 500),
    "not there": lambda issuer, request: send(request, b"{}", 404),
    "no HTTP": lambda issuer, request: request.wfile.write(b"nonsense\r\n\r\n") and None,
    "a byte at a time": lambda issuer, request: drip(request),
    "never": lambda issuer, request: time.sleep(2 * SLOW_SECONDS),
}


@pytest.mark.parametrize("path", [DESCRIPTION, KEYS])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_answer_replaces_the_keys(
    own: Issuer, keys: IssuerKeys, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    keys.refresh()
    asked = len(own.asked)
    own.answers[path] = lambda request: HOSTILE[name](own, request)
    with monkeypatch.context() as patch:
        if name in SLOW:
            patch.setattr(module, "TIMEOUT_SECONDS", SLOW_SECONDS)
        keys.refresh()
    assert keys.find("RS256", "RS256") is not None
    # Nobody is asked further.
    assert own.asked[asked:] == ([DESCRIPTION] if path == DESCRIPTION else [DESCRIPTION, KEYS])
    own.answers.clear()
    own.keys["next"] = ("ES256", new_key("ES256", "next"))
    keys.refresh()
    assert keys.find("next", "ES256") is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://another.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": 7},
        {"jwks_uri": "http://192.0.2.1/keys"},
        {"jwks_uri": "file:///etc/hostname"},
        {"jwks_uri": "data:application/json,{}"},
        {"jwks_uri": "http://127.0.0.1@192.0.2.1/keys"},
        {"jwks_uri": "http://127.0.0.1:1/\r\nHost: x"},
    ],
    ids=str,
)
def test_a_description_of_another_or_that_leads_away_is_refused(
    own: Issuer, keys: IssuerKeys, changed: dict[str, Any]
) -> None:
    keys.refresh()
    asked = len(own.asked)
    described = json.dumps(own.documents[DESCRIPTION] | changed).encode()
    own.answers[DESCRIPTION] = lambda request: send(request, described)
    keys.refresh()
    assert keys.find("RS256", "RS256") is not None
    assert own.asked[asked:] == [DESCRIPTION]


@pytest.mark.parametrize(
    ("address", "is_trusted"),
    [
        ("https://id.example", True),
        ("https://id.example:8443/realms/shop", True),
        ("http://127.0.0.1:8080/realms/shop", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://id.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost.example", False),
        ("http://2130706433", False),
        ("http://0.0.0.0", False),
        ("https://user:password@id.example", False),
        ("https://id.example#keys", False),
        ("https://", False),
        ("https://[", False),
        ("https://id.example:port", False),
        ("ftp://127.0.0.1", False),
        ("id.example", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_an_issuer_is_reached_by_https_or_on_this_machine(address: object, is_trusted: bool) -> None:
    assert is_trusted_address(address) == is_trusted


# -- the thread ------------------------------------------------------------------------------------------


def test_the_first_set_is_there_after_the_start(started: IssuerKeys) -> None:
    assert started.find("RS256", "RS256") is not None


def test_an_unknown_key_is_fetched_soon_and_not_often(own: Issuer, started: IssuerKeys, clock: Clock) -> None:
    own.keys["next"] = ("ES256", new_key("ES256", "next"))
    assert started.find("next", "ES256") is None
    wait_until(lambda: started.find("next", "ES256") is not None)
    asked = len(own.asked)
    for number in range(1_000):
        assert started.find(f"unknown {number}", "RS256") is None
    clock.now += UNKNOWN_SECONDS
    own.keys["last"] = ("ES256", new_key("ES256", "last"))
    assert started.find("last", "ES256") is None
    wait_until(lambda: started.find("last", "ES256") is not None)
    assert len(own.asked) == asked + 2


def test_no_caller_waits_for_the_issuer(own: Issuer, started: IssuerKeys) -> None:
    may_answer, was_asked = Event(), Event()

    def hang(_request: BaseHTTPRequestHandler) -> None:
        was_asked.set()
        may_answer.wait(PATIENCE_SECONDS)

    own.answers[DESCRIPTION] = hang
    assert started.find("unknown", "RS256") is None
    assert was_asked.wait(PATIENCE_SECONDS)
    # While the fetch is under way.
    assert started.find("unknown", "RS256") is None
    assert started.find("RS256", "RS256") is not None
    assert not may_answer.is_set()
    may_answer.set()


def test_the_thread_ends(own: Issuer) -> None:
    before = set(threads())
    keys = IssuerKeys(own.url, ALGORITHMS)
    keys.start()
    keys.start()
    (thread,) = (each for each in set(threads()) - before if each.name == "walletsvc-issuer")
    keys.stop()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
