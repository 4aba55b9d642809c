"""An issuer and a process that trusts it, and a server that asks for keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.clocks import Clock
from tests.access.issuers import AUDIENCE, Issuer
from tests.access.test_hostile_tokens import HOSTILE
from tests.access.world import HOSTILE_TOKENS, World, one_connection
from tests.fast_path.front import Front
from walletsvc.access import identify, tokens
from walletsvc.access.verified import Verified


@pytest.fixture
def guarded_front(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Front:
    """Return the layer in front of Django in its initial state, with `AUTH_REQUIRED`."""
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(identify, "verified", Verified())
    return Front()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(settings: Any, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Ask for keys and tokens, in a process that knows no caller yet."""
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(identify, "verified", Verified(clock=clock))


@pytest.fixture(scope="module")
def running_issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def own() -> Iterator[Issuer]:
    """Yield an issuer of the test's own, which it may stop and make answer badly."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def issuer(running_issuer: Issuer, settings: Any) -> Iterator[Issuer]:
    """Yield an issuer that the settings name, and whose keys have been fetched."""
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = running_issuer.url, AUDIENCE
    tokens.issuer_keys.cache_clear()
    tokens.issuer_keys().refresh()
    yield running_issuer
    tokens.issuer_keys.cache_clear()


@pytest.fixture
def guarded_server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for keys, in a process that knows no caller yet."""
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(identify, "verified", Verified())


@pytest.fixture
def hostile_tokens(issuer: Issuer) -> dict[str, str]:
    """Return tokens that are nobody's, by what is wrong with them."""
    return {name: HOSTILE[name][0](issuer) for name in HOSTILE_TOKENS}


@pytest.fixture
def world(db: None, guarded_server: None, hostile_tokens: dict[str, str]) -> Iterator[World]:
    """Return two owners with their things, in the transaction of the test."""
    with one_connection():
        yield World(hostile_tokens)
