"""Secrets that come in with requests, or are in the settings, never reach the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisError

from tests.fast_path.front import graphql
from tests.telemetry.servers import Log, Server
from tests.telemetry.test_redaction import TOKEN
from walletsvc.access import identify as way_in
from walletsvc.access import keys
from walletsvc.access.verified import Verified
from walletsvc.models import Wallet
from walletsvc.principals import SYSTEM
from walletsvc.telemetry import logs
from walletsvc.telemetry.redaction import Redaction, known_secrets

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

DATABASE_PASSWORD, REDIS_PASSWORD = "dat4b@se pass/word", "r3dis-p@ssword"
JSON_API = "application/vnd.api+json"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, settings: Any) -> str:
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(way_in, "verified", Verified())
    granted = frozenset({"admin"})
    return keys.create_key(by=SYSTEM, name="k", scopes=granted, owner=None, expires_at=None, at=timezone.now()).text


@pytest.fixture(autouse=True)
def own_redaction(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    databases = {"default": {**settings.DATABASES["default"], "PASSWORD": DATABASE_PASSWORD}}
    redis_url = f"redis://:{REDIS_PASSWORD.replace('@', '%40')}@127.0.0.1:1/0"
    monkeypatch.setattr(logs, "redaction", lambda: hides)
    hides = Redaction(
        known_secrets(
            type(
                "S",
                (),
                {"SECRET_KEY": settings.SECRET_KEY, "DATABASES": databases, "REDIS_URL": redis_url, "SENTRY_DSN": ""},
            )
        )
    )


def requests_with(secret: str, wallet: Wallet) -> Iterator[dict[str, Any]]:
    """Return requests that have the secret in each place of each face, good requests and bad ones."""
    for header in (
        "HTTP_AUTHORIZATION",
        "HTTP_X_REQUEST_ID",
        "HTTP_TRACEPARENT",
        "HTTP_WALLETSVC_OWNER",
        "HTTP_ORIGIN",
        "HTTP_HOST",
        "HTTP_ACCEPT",
        "HTTP_IF_MATCH",
        "HTTP_IDEMPOTENCY_KEY",
        "HTTP_COOKIE",
        "HTTP_REFERER",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_USER_AGENT",
        "CONTENT_TYPE",
    ):
        for path in ("/api/wallets/", "/graphql/"):
            yield {"path": path, "method": "POST", "body": b"{}", header: secret}
        yield {"path": f"/api/wallets/{wallet.id}", header: secret}
    yield {"path": "/api/wallets/", "HTTP_AUTHORIZATION": f"Basic {secret}"}
    for path in (
        "/{}",
        "/api/{}",
        "/api/wallets/{}",
        "/api/wallets/?{}",
        "/api/wallets/?filter[label]={}",
        "/api/wallets/?sort={}",
        "/api/wallets/?access_token={}",
        "/graphql/{}",
        "/static/{}",
        "/graphql/?query={}",
        "/healthz?{}",
    ):
        yield {"path": path.format(secret)}
    attributes = {"label": secret, "metadata": {secret: secret}, "balance": secret, secret: secret}
    for content in (secret, {"data": {"type": "Wallet", "attributes": attributes}}, {"data": {"type": secret}}):
        yield {
            "path": "/api/wallets/",
            "method": "POST",
            "body": json.dumps(content).encode(),
            "CONTENT_TYPE": JSON_API,
        }
    yield {"path": "/api/wallets/", "method": "POST", "body": secret.encode(), "CONTENT_TYPE": JSON_API}
    yield graphql(secret)
    yield graphql(f"{{ {secret.replace('.', '_').replace('-', '_')} }}")
    yield graphql(f'{{ walletByLabel(label: "{secret}") {{ label }} }}')
    for variables in ({"label": secret}, {"label": {secret: secret}}, {secret: secret}):
        body = {
            "query": "query Q($label: String!) { walletByLabel(label: $label) { label } }",
            "variables": variables,
        }
        yield graphql("") | {"body": json.dumps(body).encode()}
    yield graphql("") | {"body": json.dumps({"query": "{ __typename }", "operationName": secret}).encode()}
    yield graphql(
        f'mutation {{ createWallet(input: {{label: "{secret}", balance: "{secret}"}}) {{ userErrors {{ code }} }} }}'
    )


@pytest.mark.parametrize("what", ["a key of ours", "a token"])
@pytest.mark.parametrize("is_known", [False, True], ids=["stranger", "caller"])
def test_nothing_that_callers_send_is_logged(
    log: Log, wallet: Wallet, key: str, what: str, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setattr("walletsvc.web.watching.SHARE_OF_READS", 1.0)
    secret = key if what == "a key of ours" else TOKEN
    server, count = Server(), 0
    for request in requests_with(secret, wallet):
        headers = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if is_known else {}
        server.ask(**{**headers, **request})
        count += 1
    assert len(log.text.splitlines()) >= count > 60
    # Neither as a whole nor in part, except for the public id of a key.
    pieces = [secret[16:]] if what == "a key of ours" else TOKEN.split(".")
    for piece in pieces:
        assert piece[:12] not in log.text


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError(2003, f"Can't connect with mysql://wallet:{DATABASE_PASSWORD}@db/walletsvc"),
        OperationalError(1045, f"Access denied: password={DATABASE_PASSWORD}"),
        RedisError(f"Error 111 connecting to redis://:{REDIS_PASSWORD}@127.0.0.1:1/0"),
        RuntimeError({"HOST": "db", "PASSWORD": DATABASE_PASSWORD}),
    ],
    ids=str,
)
def test_passwords_in_failures_are_not_logged(
    log: Log, server: Server, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            raise fault
        except Exception as error:
            raise RuntimeError(f"again: {error}") from error

    monkeypatch.setattr("rest_api.read.list_records", fail)
    monkeypatch.setattr("graphql_api.compiled.CompiledQuery.run", fail)
    assert server.ask("/api/wallets/")[0] == 500
    server.ask(**graphql("{ wallets { edges { node { label } } } }"))
    assert log.text.count("Traceback") >= 2
    for password in (DATABASE_PASSWORD, REDIS_PASSWORD):
        assert password not in log.text


def test_the_secret_key_is_not_logged(log: Log, server: Server, settings: Any) -> None:
    logging.getLogger("anything").warning(
        "settings: %r", {"SECRET": settings.SECRET_KEY, "again": settings.SECRET_KEY}
    )
    assert settings.SECRET_KEY not in log.text
    [line] = log.take()
    assert (line["event"].count("***"), line["logger"]) == (2, "anything")
