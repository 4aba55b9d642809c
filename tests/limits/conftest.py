from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.access.clocks import Clock
from tests.conftest import MakeWallet
from tests.limits.server import Key, Limited
from tests.limits.shared import Shared
from walletsvc.access import identify as way_in
from walletsvc.access import keys
from walletsvc.access.rates import parse_rate
from walletsvc.access.verified import Verified
from walletsvc.models import Wallet
from walletsvc.principals import SYSTEM


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Shared:
    return Shared(clock, monkeypatch)


@pytest.fixture
def limited(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for keys, in a process that has limits and knows no caller yet."""
    settings.AUTH_REQUIRED = True
    # These are about one process; the counter in Redis has tests of its own.
    settings.REDIS_URL = ""
    settings.LIMIT_PER_PRINCIPAL = "20/minute"
    settings.LIMIT_PER_ADDRESS = "15/minute"
    settings.LIMIT_AUTH_FAILURES = "5/minute"
    monkeypatch.setattr(way_in, "verified", Verified())


@pytest.fixture
def server() -> Limited:
    return Limited()


@pytest.fixture
def key() -> Key:
    def make(limit: str | None = None) -> str:
        rate = None if limit is None else parse_rate(limit)
        now = timezone.now()
        granted = frozenset({"admin"})
        return keys.create_key(
            by=SYSTEM, name="k", scopes=granted, owner=None, expires_at=None, at=now, limit=rate
        ).text

    return make


@pytest.fixture
def wallet(make_wallet: MakeWallet) -> Wallet:
    return make_wallet("100.00", label="Savings")
