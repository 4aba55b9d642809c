"""The effect of the operations on the stamps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.concurrency.faults import COMMIT, FAULTS, Wire, tapped
from tests.writes import open_wallet, post_transaction, rename_wallet
from walletsvc import errors
from walletsvc.cache.responses import EVERYTHING, look_up, wallet_stamp
from walletsvc.commands import retry
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def stamps_of(transactional_db: None) -> Callable[[int], bytes | None]:
    return lambda wallet_id: look_up("key", stamps=[wallet_stamp(wallet_id), EVERYTHING]).stamps


def test_every_wallet_that_an_operation_touches_has_a_new_stamp(stamps_of: Callable[[int], bytes | None]) -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    before = stamps_of(wallet.id)
    assert before is not None
    post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="1")
    assert stamps_of(wallet.id) not in (None, before)


def test_a_new_wallets_stamp_is_new_too(stamps_of: Callable[[int], bytes | None]) -> None:
    first = open_wallet(principal=ANYONE, label="A")
    before = (stamps_of(first.id + 1) or b"").split()
    assert open_wallet(principal=ANYONE, label="B").id == first.id + 1
    after = (stamps_of(first.id + 1) or b"").split()
    assert (len(before), len(after), set(before) & set(after)) == (2, 2, set())


def test_a_refused_operation_leaves_the_cache_alone(stamps_of: Callable[[int], bytes | None]) -> None:
    wallet = open_wallet(principal=ANYONE, label="A")
    before = stamps_of(wallet.id)
    with pytest.raises(errors.InsufficientFunds):
        post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-1")
    assert stamps_of(wallet.id) == before


def test_a_failed_commit_leaves_no_mark_behind(
    stamps_of: Callable[[int], bytes | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "MAX_BACKOFF_SECONDS", 0)
    wallet = open_wallet(principal=ANYONE, label="A")
    seen = []

    def strike() -> None:
        seen.append(stamps_of(wallet.id))
        FAULTS[0].strike()

    with tapped(Wire(strike, lambda _, sent: sent == COMMIT)), pytest.raises(errors.Conflict):
        rename_wallet(principal=ANYONE, wallet_id=wallet.id, label="B")
    assert seen == [None] * retry.ATTEMPTS  # each time the mark was there
    assert stamps_of(wallet.id) is not None
