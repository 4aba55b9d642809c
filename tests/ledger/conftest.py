"""Wallets, and company."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ledger.callers import TIMEOUT, Company
from tests.writes import open_wallet
from walletsvc.commands import group_commit
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", TIMEOUT)
    with ThreadPoolExecutor(64) as pool:
        yield Company(pool, monkeypatch)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="10.00")


@pytest.fixture
def other() -> Wallet:
    return open_wallet(principal=ANYONE, label="B", balance="10.00")
