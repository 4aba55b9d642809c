from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.conftest import MakeWallet
from tests.telemetry.servers import Log, Server
from walletsvc.models import Wallet
from walletsvc.web import watching


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    root = logging.getLogger()
    root.addHandler(made.handler)
    yield made
    root.removeHandler(made.handler)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def wallet(make_wallet: MakeWallet) -> Wallet:
    return make_wallet("100.00", label="Savings")


@pytest.fixture
def no_usual_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no read have a line by chance."""
    monkeypatch.setattr(watching, "SHARE_OF_READS", 0.0)
