"""A real server knows tokens from its first answer on, follows its issuer, and starts and ends without it."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from tests.access.issuers import AUDIENCE, DESCRIPTION, Issuer, new_key
from tests.live import LiveServer

# Tokens are judged without the database.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

PATIENCE_SECONDS = 60


@pytest.fixture
def start(
    start_live: Callable[..., LiveServer], own: Issuer, redis_urls: tuple[str, str]
) -> Callable[[], LiveServer]:
    def start() -> LiveServer:
        settings = {"AUTH_REQUIRED": "true", "OIDC_ISSUER": own.url, "OIDC_AUDIENCE": AUDIENCE, "LOG_LEVEL": "INFO"}
        # These tests show many bad tokens, until one is good.
        settings["LIMIT_AUTH_FAILURES"] = ""
        return start_live(workers=2 if redis_urls[1] else 1, **settings)

    return start


def ask(server: LiveServer, text: str) -> int:
    """Ask over a new connection, so that any worker may answer."""
    return httpx.get(
        f"{server.url}/api/wallets/", headers={"Authorization": f"Bearer {text}"}, timeout=30
    ).status_code


def wait_until_known(server: LiveServer, token: str) -> None:
    """Wait until all workers know it, as far as one can see."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(ask(server, token) != 200 for _ in range(8)):
        assert time.monotonic() < deadline, server.log
        time.sleep(0.1)


def test_tokens_are_known_from_the_first_answer_on(
    start: Callable[[], LiveServer], own: Issuer, redis_urls: tuple[str, str]
) -> None:
    server = start()
    workers = 2 if redis_urls[1] else 1
    token, other = own.token(), own.token(aud="another")
    assert {ask(server, token) for _ in range(20)} == {200}
    assert {ask(server, other) for _ in range(20)} == {401}
    # Commands serve nobody.
    server.manage("apikey", "list")
    server.manage("reconcile")
    assert own.asked.count(DESCRIPTION) == workers
    assert not any(part in server.log for text in (token, other) for part in text.split("."))
    # A new key is asked for once, whatever comes meanwhile.
    own.keys["next"] = ("EdDSA", new_key("EdDSA", "next"))
    following = own.token(kid="next")
    deadline = time.monotonic() + PATIENCE_SECONDS
    # Which worker answers is chance, and each has to meet it.
    while own.asked.count(DESCRIPTION) < 2 * workers:
        assert time.monotonic() < deadline
        ask(server, following)
    wait_until_known(server, following)
    assert own.asked.count(DESCRIPTION) == 2 * workers
    server.stop()


def test_a_server_starts_and_serves_keys_without_its_issuer(start: Callable[[], LiveServer], own: Issuer) -> None:
    token = own.token()
    own.stop()
    server = start()
    key = server.manage("apikey", "create", "--name", "k", "--scopes", "admin").stdout.strip()
    assert ask(server, key) == 200
    own.start()
    wait_until_known(server, token)
    assert "keys are not fetched" in server.log


def test_a_server_whose_issuer_hangs_starts_serves_and_ends(start: Callable[[], LiveServer], own: Issuer) -> None:
    own.answers[DESCRIPTION] = lambda _request: time.sleep(PATIENCE_SECONDS)
    server = start()
    key = server.manage("apikey", "create", "--name", "k", "--scopes", "admin").stdout.strip()
    # Each of them wants a fetch, and none waits for it.
    assert {ask(server, own.token(sub=str(number))) for number in range(20)} == {401}
    assert ask(server, key) == 200
    server.stop()
