"""Several statements in one packet: the server's error for one of them, and the fate of the others."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from tests.concurrency.packets.transactions import (
    RENAME,
    interrupt,
    label,
    rename,
    stumble,
    together,
)
from tests.concurrency.test_faults import attempt
from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.writes import post_transaction
from walletsvc.commands import retry
from walletsvc.db.mysql.packets import PacketConnection
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

SIGNALS = [(code, "done") for code in (1213, 1205, 1020, 1062, 1114, 1290)]
SIGNALS += [(1644, OperationalError)]


@pytest.mark.parametrize(("code", "outcome"), SIGNALS)
@pytest.mark.parametrize("place", range(4))
def test_the_servers_error_for_each_statement_of_a_post(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, place: int, code: int, outcome: object
) -> None:
    monkeypatch.setattr(retry, "MAX_BACKOFF_SECONDS", 0)
    before, places = snapshot(), iter(range(100))
    defer = PacketConnection.defer

    def defer_or_fail(
        driver: Any, statement: str, values: Any, take_ids: Any = None, *, rows: int = 1, **_of_ids: bool
    ) -> bytes:
        if next(places) == place:
            statement, values = "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = %s, MESSAGE_TEXT = 'here'", [code]
        # What uses new ids is not reached where the INSERT before it fails.
        return defer(driver, statement, values, take_ids, rows=rows)

    monkeypatch.setattr(PacketConnection, "defer", defer_or_fail)
    post = partial(post_transaction, principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    if outcome == "done":
        posted, refusal = attempt(post)
        assert refusal is None
        assert isinstance(posted, Transaction)
        assert Transaction.objects.get(txid="T1").id == posted.id
        assert balance(wallet.id) == "7.00"
    else:
        with pytest.raises(OperationalError, match="here"):
            post()
        assert snapshot() == before
    assert_reconciled()


@pytest.mark.parametrize("ending", ["COMMIT", "another statement", "send"])
def test_an_error_comes_out_as_djangos(wallet: Wallet, ending: str) -> None:
    for statement, error, code in (
        ("UPDATE walletsvc_wallet SET available = -1", IntegrityError, 4025),
        ("INSERT INTO walletsvc_wallet SELECT * FROM walletsvc_wallet", IntegrityError, 1062),
        ("UPDATE no_such_table SET a = 1", DatabaseError, 1146),
    ):
        last = {"another statement": partial(label, wallet), "send": connection.send_deferred}.get(ending, list)
        with pytest.raises(error) as caught:
            together(partial(rename, wallet, "B"), partial(connection.defer, statement, []), last)
        assert caught.value.args[0] == code
        assert label(wallet) == "A"


def test_a_rolled_back_write_is_never_sent(wallet: Wallet, packets_sent: list[bytes]) -> None:
    with pytest.raises(ZeroDivisionError):
        together(partial(rename, wallet, "B"), stumble)
    assert packets_sent == []
    with transaction.atomic():
        assert label(wallet) == "A"


def test_a_rollback_to_a_savepoint_drops_the_writes_after_it(wallet: Wallet) -> None:
    with transaction.atomic():
        rename(wallet, "B")
        with pytest.raises(ZeroDivisionError):
            together(partial(rename, wallet, "C"), stumble)
        with pytest.raises(IntegrityError):
            together(partial(connection.defer, "UPDATE walletsvc_wallet SET available = -1", []))
    assert label(wallet) == "B"


def test_a_connection_that_is_closed_forgets_what_waits(wallet: Wallet) -> None:
    with transaction.atomic():
        rename(wallet, "B")
        connection.close()
    assert label(wallet) == "A"


def test_an_interrupted_commit_leaves_nothing_to_the_next_transaction(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(connections["default"], "_commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            together(partial(label, wallet), partial(rename, wallet, "B"))
    with transaction.atomic():
        assert label(wallet) == "A"


def test_a_connection_that_is_interrupted_between_results_is_not_used_again(wallet: Wallet) -> None:
    defer = partial(connection.defer, RENAME, ["B", wallet.id], interrupt)
    with pytest.raises((KeyboardInterrupt, DatabaseError)):
        together(defer, partial(label, wallet))
    assert label(wallet) == "A"


def test_only_a_transaction_lets_statements_wait(wallet: Wallet) -> None:
    with pytest.raises(TransactionManagementError):
        rename(wallet, "B")
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            rename(wallet, "B")


@pytest.mark.parametrize("ending", ["ROLLBACK", "COMMIT"])
def test_nothing_is_written_once_the_transaction_is_gone(wallet: Wallet, ending: str, server: str) -> None:
    if server == "MySQL":
        pytest.skip("It gets the writes one by one, and reports by itself that it has aborted a transaction.")
    # As if another node of a cluster had aborted it, and told nobody.
    with pytest.raises(OperationalError) as caught:
        together(
            partial(label, wallet),
            lambda: connection.connection.query(ending.encode()),
            partial(rename, wallet, "B"),
        )
    assert caught.value.args[0] == 1213
    assert label(wallet) == "A"
