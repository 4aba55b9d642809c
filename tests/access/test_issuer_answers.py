"""How the issuer's documents are asked for, which are refused and why, and which keys are taken from them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from queue import Queue
from threading import Event
from types import SimpleNamespace
from typing import Any, Self
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request

import pytest
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.access.clocks import Clock
from tests.access.issuers import new_key
from walletsvc.access import issuer as module
from walletsvc.access.issuer import MAX_BYTES, TIMEOUT_SECONDS, IssuerKeys

pytestmark = pytest.mark.without_engine

HTTPS, HTTP = "https://id.example", "http://127.0.0.1:8080"
ES256 = {**ECAlgorithm.to_jwk(new_key("ES256").public_key(), as_dict=True), "kid": "good", "use": "sig"}


class Web:
    """What `build_opener` leads to: documents by their addresses. It notes how they are asked for."""

    def __init__(self, clock: Clock) -> None:
        self.bodies: dict[str, bytes] = {}
        self.handlers: list[Any] = []
        self.asked: list[tuple[str, object, object]] = []
        self.seconds = 0.0
        """How long each part of an answer takes."""
        self._clock = clock

    def describe(self, name: str, *listed: object, at: str = "", **changed: object) -> None:
        """Have the two documents of an issuer with these keys."""
        described = {"issuer": name, "jwks_uri": f"{HTTPS}/keys", **changed}
        address = f"{at or name}/.well-known/openid-configuration"
        self.bodies[address] = json.dumps(described).encode()
        self.bodies[f"{HTTPS}/keys"] = json.dumps({"keys": list(listed or [ES256])}).encode()

    def build_opener(self, *handlers: Any) -> Self:
        self.handlers.append(handlers)
        return self

    def open(self, request: Request, timeout: object = "none") -> Answer:
        self.asked.append((request.full_url, request.get_header("Accept"), timeout))
        return Answer(self.bodies[request.full_url], self.pass_time)

    def pass_time(self) -> None:
        self._clock.now += self.seconds


class Answer:
    def __init__(self, body: bytes, pass_time: Callable[[], None]) -> None:
        self._parts = [body[:20], body[20:], b""]
        self._pass_time = pass_time

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def read1(self, _most: int) -> bytes:
        self._pass_time()
        return self._parts.pop(0)


@pytest.fixture
def web(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Web:
    web = Web(clock)
    monkeypatch.setattr(module, "build_opener", web.build_opener)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock))
    return web


def fetch(clock: Clock, issuer: str = HTTPS, algorithms: Sequence[str] = ("ES256",)) -> IssuerKeys:
    """Return the keys after one fetch."""
    keys = IssuerKeys(issuer, algorithms, clock=clock)
    keys.refresh()
    return keys


# -- how it is asked ----------------------------------------------------------------------------------------------


def test_documents_are_asked_for_as_json_and_in_time(web: Web, clock: Clock) -> None:
    web.describe(HTTPS)
    assert fetch(clock).find("good", "ES256") is not None
    addresses = (f"{HTTPS}/.well-known/openid-configuration", f"{HTTPS}/keys")
    assert web.asked == [(address, "application/json", TIMEOUT_SECONDS) for address in addresses]


@pytest.mark.parametrize("issuer", [f"{HTTPS}/", f"{HTTPS}/X/"])
def test_a_slash_at_the_end_is_not_doubled(web: Web, clock: Clock, issuer: str) -> None:
    """OpenID Connect Discovery 1.0, section 4.1."""
    web.describe(issuer, at=issuer.removesuffix("/"))
    assert fetch(clock, issuer).find("good", "ES256") is not None


def test_an_issuer_whose_name_ends_like_no_slash_keeps_its_name(web: Web, clock: Clock) -> None:
    web.describe(f"{HTTPS}/X")
    assert fetch(clock, f"{HTTPS}/X").find("good", "ES256") is not None


def test_only_what_is_elsewhere_may_be_behind_a_proxy(
    web: Web, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    web.describe(HTTP)
    fetch(clock, HTTP)
    on_this_machine, elsewhere = web.handlers
    (no_redirects, proxies) = on_this_machine
    assert issubclass(no_redirects, HTTPRedirectHandler)
    assert isinstance(proxies, ProxyHandler)
    assert vars(proxies) == {"proxies": {}}
    assert elsewhere == (no_redirects,)


# -- what is refused, and what is said of it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "reason", "asked"),
    [
        ({"issuer": "https://other.example"}, "its description names another issuer", 1),
        ({"jwks_uri": "http://192.0.2.1/keys"}, "an address is neither https nor http on this machine", 1),
        ({"jwks_uri": 7}, "an address is neither https nor http on this machine", 1),
        ({}, "none of its keys has a kid and suits OIDC_ALGORITHMS", 2),
    ],
)
def test_a_description_that_is_refused_is_told_with_the_reason(
    web: Web, clock: Clock, caplog: pytest.LogCaptureFixture, changed: dict[str, object], reason: str, asked: int
) -> None:
    caplog.set_level(logging.WARNING)
    web.describe(HTTPS, {**ES256, "kid": None}, **changed)
    fetch(clock)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().endswith(f": {reason}")
    assert len(web.asked) == asked


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "an answer is no JSON object"),
        (b'{"keys": 7}', "none of its keys has a kid and suits OIDC_ALGORITHMS"),
    ],
)
def test_keys_that_are_of_another_form_are_told_as_such(
    web: Web, clock: Clock, caplog: pytest.LogCaptureFixture, body: bytes, reason: str
) -> None:
    caplog.set_level(logging.WARNING)
    web.describe(HTTPS)
    web.bodies[f"{HTTPS}/keys"] = body
    fetch(clock)
    assert caplog.messages[0].endswith(f": {reason}")


@pytest.mark.parametrize(("size", "is_taken"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_an_answer_has_a_largest_size(web: Web, clock: Clock, size: int, is_taken: bool) -> None:
    web.describe(HTTPS)
    web.bodies[f"{HTTPS}/keys"] = web.bodies[f"{HTTPS}/keys"].ljust(size)
    assert (fetch(clock).find("good", "ES256") is not None) is is_taken


@pytest.mark.parametrize(("seconds", "is_taken"), [(TIMEOUT_SECONDS / 2, True), (TIMEOUT_SECONDS / 2 + 0.01, False)])
def test_an_answer_has_a_longest_time(web: Web, clock: Clock, seconds: float, is_taken: bool) -> None:
    web.describe(HTTPS)
    web.seconds = seconds
    assert (fetch(clock).find("good", "ES256") is not None) is is_taken


def test_the_start_waits_for_the_first_answer_only_for_a_while(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()

    def hang(*_arguments: object) -> dict[tuple[str, str], Any]:
        go_on.wait(60)
        return {}

    monkeypatch.setattr(module, "_fetch_keys", hang)
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.01)
    keys = IssuerKeys(HTTPS, ("ES256",), clock=clock)
    keys.start()
    assert not go_on.is_set()
    go_on.set()
    keys.stop()


def test_the_set_is_fetched_at_intervals(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: Queue[str] = Queue()
    monkeypatch.setattr(module, "_fetch_keys", lambda issuer, _algorithms: fetched.put(issuer))
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    keys = IssuerKeys(HTTPS, ("ES256",), clock=clock)
    keys.start()
    assert [fetched.get(timeout=30) for _ in range(3)] == [HTTPS] * 3
    keys.stop()


def test_unknown_keys_have_it_fetched_once_in_half_a_minute(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = IssuerKeys(HTTPS, ("ES256",), clock=clock)
    began, hurried = clock.now, []
    monkeypatch.setattr(keys._background, "hurry", lambda: hurried.append(clock.now - began))
    for second in range(61):
        clock.now = began + second
        assert keys.find(f"unknown {second}", "ES256") is None
    assert hurried == [0, 30, 60]


# -- which keys ---------------------------------------------------------------------------------------------------


def test_a_key_is_not_used_for_another_algorithm_of_its_type(web: Web, clock: Clock) -> None:
    key = RSAAlgorithm.to_jwk(new_key("RS256").public_key(), as_dict=True)
    web.describe(HTTPS, {**key, "kid": "rsa", "alg": "RS256"})
    keys = fetch(clock, algorithms=("PS256", "RS256"))
    assert keys.find("rsa", "RS256") is not None
    assert keys.find("rsa", "PS256") is None


def test_a_key_need_not_say_that_it_is_for_signatures(web: Web, clock: Clock) -> None:
    web.describe(HTTPS, {name: value for name, value in ES256.items() if name != "use"})
    assert fetch(clock).find("good", "ES256") is not None


def test_a_private_key_that_was_published_is_not_trusted(web: Web, clock: Clock) -> None:
    private = ECAlgorithm.to_jwk(new_key("ES256"), as_dict=True)
    assert "d" in private
    web.describe(HTTPS, {**private, "kid": "private"}, ES256)
    keys = fetch(clock)
    assert keys.find("private", "ES256") is None
    assert keys.find("good", "ES256") is not None
