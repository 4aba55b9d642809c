"""Several statements in one packet: which ones, and whether callers get the right ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from MySQLdb.connections import Connection

from tests.concurrency.packets.transactions import (
    WRITES,
    expected,
    is_compound,
    label,
    rename,
    stumble,
    together,
    words,
)
from tests.concurrency.threads import at_once, elsewhere
from tests.ledger.state import assert_reconciled, snapshot
from tests.writes import (
    amend_transaction,
    capture_hold,
    close_wallet,
    create_hold,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    rename_wallet,
)
from walletsvc import errors
from walletsvc.cache.invalidation import Invalidation
from walletsvc.commands import needs
from walletsvc.commands.execute import execute_all, execute_once
from walletsvc.commands.holds import CreateHold
from walletsvc.commands.outcomes import Done
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.commands.wallets import ChangeWallet
from walletsvc.db import reader
from walletsvc.db.mysql import packets, session
from walletsvc.ledger import statements, writer
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE


def test_a_post_takes_two_packets(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    posted = post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, WRITES)]
    assert list(map(is_compound, packets_sent))[:2] == [False, server == "MariaDB"]
    assert Transaction.objects.get(txid="T1").id == posted.id
    assert_reconciled()


def test_where_a_post_is_in_the_binary_log_comes_in_the_same_packet(
    wallet: Wallet, packets_sent: list[bytes], server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "is_configured", lambda: True)
    settled: list[str] = []
    settle = Invalidation.settle

    def note(invalidation: Invalidation, position: str) -> bool:
        settled.append(position)
        return settle(invalidation, position)

    monkeypatch.setattr(Invalidation, "settle", note)
    with monkeypatch.context() as patch:
        # The server of the suite has no binary log.
        patch.setattr(packets, "_ASK_POSITION", b"SELECT '0-1-7'")
        post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    asked = ["SELECT"] if server == "MariaDB" else []
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, [*WRITES, *asked])]
    post_transaction(principal=ANYONE, txid="T2", wallet_id=wallet.id, amount="-3")
    # That of the transaction before does not count.
    assert settled == ["0-1-7" if server == "MariaDB" else "", ""]
    assert_reconciled()


def test_a_post_with_a_key_takes_two_packets_and_its_replay_only_reads(
    wallet: Wallet, packets_sent: list[bytes], server: str
) -> None:
    command = PostTransaction.parse({"txid": "T1", "wallet": wallet.id, "amount": "-3"})
    assert not execute_once(command, by=ANYONE, key="k").is_replay
    written = [*WRITES[:3], "INSERT", *WRITES[3:]]
    assert list(map(words, packets_sent)) == [["START", "SELECT", "SELECT"], *expected(server, written)]
    packets_sent.clear()
    assert execute_once(command, by=ANYONE, key="k").is_replay
    assert list(map(words, packets_sent)) == [["START", "SELECT", "SELECT"], ["ROLLBACK"]]
    assert_reconciled()


def test_a_transfer_takes_two_packets_as_well(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    other = open_wallet(principal=ANYONE, label="B", balance="5")
    packets_sent.clear()
    legs = [{"wallet": each.id, "amount": amount} for each, amount in ((wallet, "-3"), (other, "1"), (wallet, "2"))]
    moved = post_transfer(principal=ANYONE, txid="X", legs=legs)
    written = ["UPDATE", "INSERT", "SELECT", *WRITES[1:]]
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, written)]
    # The legs are those of the row, and the entries, which come in another order, those of the legs.
    made = list(moved.legs.order_by("id").values_list("id", "txid", "wallet_id", "amount"))
    assert [each[1:] for each in made] == [("X.1", wallet.id, -3), ("X.2", other.id, 1), ("X.3", wallet.id, 2)]
    entries = Entry.objects.filter(kind__startswith="transfer")
    assert sorted(entries.values_list("transaction_id", "txid", "wallet_id", "amount")) == made
    assert_reconciled()


def test_a_hold_takes_two_packets_and_its_capture_three(
    wallet: Wallet, packets_sent: list[bytes], server: str
) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="3")
    written = ["UPDATE", "INSERT", "SELECT", "INSERT", "COMMIT"]
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, written)]
    packets_sent.clear()
    captured = capture_hold(principal=ANYONE, hold_id=held.id, txid="C", amount="2")
    written = ["UPDATE", "UPDATE", *WRITES[1:]]
    assert list(map(words, packets_sent)) == [["START", "SELECT"], ["SELECT"], *expected(server, written)]
    ids = Entry.objects.exclude(hold=None).order_by("sequence").values_list("hold_id", "transaction_id")
    assert list(ids) == [(held.id, None), (held.id, captured.id)]
    assert_reconciled()


def test_a_transfer_or_a_hold_with_a_key_takes_two_packets(
    wallet: Wallet, packets_sent: list[bytes], server: str
) -> None:
    other = open_wallet(principal=ANYONE, label="B", balance="5")
    moving = PostTransfer.parse({"txid": "X", "source": wallet.id, "destination": other.id, "amount": "1"})
    holding = CreateHold.parse({"txid": "H", "wallet": wallet.id, "amount": "1"})
    new_transfer = ["UPDATE", "INSERT", "SELECT", "SET", "INSERT", "SELECT", "INSERT", *WRITES[3:]]
    new_hold = ["UPDATE", "INSERT", "SELECT", "INSERT", "INSERT", "COMMIT"]
    for command, key, written in ((moving, "x", new_transfer), (holding, "h", new_hold)):
        packets_sent.clear()
        made = execute_once(command, by=ANYONE, key=key).results[0]
        assert list(map(words, packets_sent)) == [["START", "SELECT", "SELECT"], *expected(server, written)]
        assert execute_once(command, by=ANYONE, key=key).results[0].id == made.id
        assert type(made).objects.get(txid=made.txid).id == made.id
    assert_reconciled()


def test_a_hold_that_has_changed_meanwhile_is_read_again(
    wallet: Wallet, packets_sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="3")
    find_holds = needs.find_holds

    def find_and_lose(*args: Any, **options: Any) -> Any:
        found = find_holds(*args, **options)
        monkeypatch.setattr(needs, "find_holds", find_holds)
        elsewhere(partial(capture_hold, principal=ANYONE, hold_id=held.id, txid="C", amount="2"))
        return found

    monkeypatch.setattr(needs, "find_holds", find_and_lose)
    with pytest.raises(errors.HoldExceeded) as caught:
        capture_hold(principal=ANYONE, hold_id=held.id, txid="D", amount="2")
    assert caught.value.context["remaining"] == "1.00"
    assert_reconciled()


@pytest.mark.parametrize("changes", [{"amount": "4"}, {"description": "lunch", "metadata": {"a": 1}}, {"txid": "T2"}])
def test_an_amendment_is_sent_with_commit(
    wallet: Wallet, packets_sent: list[bytes], server: str, changes: dict[str, Any]
) -> None:
    posted = post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    packets_sent.clear()
    amend_transaction(principal=ANYONE, transaction_id=posted.id, **changes)
    ledger = ["UPDATE", "INSERT"] if "amount" in changes else []
    totals = ledger[1:]
    reads = [["START", "SELECT"], ["SELECT"], ["SELECT"]]
    assert list(map(words, packets_sent)) == [*reads, *expected(server, [*ledger, "UPDATE", *totals, "COMMIT"])]
    stored = Transaction.objects.values("txid", "amount", "description", "metadata").get(id=posted.id)
    assert stored == {"txid": "T1", "amount": -3, "description": "", "metadata": {}} | changes | (
        {"amount": 4} if ledger else {}
    )
    assert_reconciled()


def test_a_deletion_is_sent_with_commit(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    posted = post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    packets_sent.clear()
    delete_transaction(principal=ANYONE, transaction_id=posted.id)
    assert list(map(words, packets_sent)) == [
        ["START", "SELECT"],
        ["SELECT"],
        ["SELECT"],
        *expected(server, ["UPDATE", "INSERT", "DELETE", "INSERT", "COMMIT"]),
    ]
    assert not Transaction.objects.exists()
    assert_reconciled()


def test_no_two_writes_share_a_packet_that_is_no_compound(wallet: Wallet, packets_sent: list[bytes]) -> None:
    other = open_wallet(principal=ANYONE, label="B", balance="5")
    empty = open_wallet(principal=ANYONE, label="C")
    first = post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    post_transfer(principal=ANYONE, txid="X", source_id=wallet.id, destination_id=other.id, amount="1")
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, label="A2", metadata={"a": 1})
    amend_transaction(principal=ANYONE, transaction_id=first.id, amount="-2", txid="M1", wallet_id=other.id)
    post_many(wallet, 20)
    batch = [
        post(wallet, "B1"),
        ChangeWallet.parse(wallet.id, {"label": "A3"}),
        AmendTransaction.parse(first.id, {"amount": "-1"}),
        post(wallet, "B2"),
        DeleteTransaction.parse(first.id),
        post(other, "M1"),
    ]
    assert isinstance(execute_all(batch, by=ANYONE), Done)
    close_wallet(principal=ANYONE, wallet_id=empty.id)

    # Each word but these writes, and a COMMIT is as bad as a write behind one.
    writes = [[word for word in words(packet) if word not in ("START", "SELECT")] for packet in packets_sent]
    crowded = [sent for sent, found in zip(packets_sent, writes, strict=True) if len(found) > 1]
    assert [sent for sent in crowded if not is_compound(sent)] == []
    assert sum(map(len, writes)) > 40
    assert_reconciled()


def post(wallet: Wallet, txid: str) -> PostTransaction:
    return PostTransaction.parse({"txid": txid, "wallet": wallet.id, "amount": "1"})


def post_many(wallet: Wallet, count: int) -> list[Transaction]:
    outcome = execute_all([post(wallet, f"T{number}") for number in range(count)], by=ANYONE)
    assert isinstance(outcome, Done)
    return list(outcome.results)


def test_any_number_of_posts_takes_two(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    posted = post_many(wallet, 20)
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, WRITES)]
    assert_ids_are_known(posted)


def assert_ids_are_known(posted: list[Transaction]) -> None:
    """Compare the ids that callers got, and those in the ledger, with the stored rows."""
    ids = {each.txid: each.id for each in posted}
    assert dict(Transaction.objects.values_list("txid", "id")) == ids
    assert dict(Entry.objects.exclude(txid="").values_list("txid", "transaction_id")) == ids
    assert_reconciled()


@pytest.mark.parametrize("step", [1, 3])
def test_ids_are_known_however_far_apart_they_are(wallet: Wallet, step: int) -> None:
    with connection.cursor() as cursor:
        # As in a cluster of three servers, each of which allots every third id.
        cursor.execute(f"SET SESSION auto_increment_increment = {step}, SESSION auto_increment_offset = {step}")
    try:
        posted = post_many(wallet, 20)
    finally:
        connection.close()
    assert [after.id - before.id for before, after in pairwise(posted)] == [step] * 19
    assert_ids_are_known(posted)


def test_ids_are_known_of_more_than_one_statement_takes(
    wallet: Wallet, packets_sent: list[bytes], monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setattr(statements, "ROWS_A_STATEMENT", 8)
    posted = post_many(wallet, 20)
    assert list(map(words, packets_sent))[1:] == expected(
        server, ["UPDATE", *["INSERT", "SELECT"] * 3], ["INSERT", "INSERT", "INSERT", "INSERT", "COMMIT"]
    )
    assert_ids_are_known(posted)


def test_ids_of_another_insert_are_not_taken_for_those_of_the_one_before(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insert_something_else(transactions: Sequence[Transaction], transfers: Mapping[int, Any]) -> None:
        insert_transactions(transactions, transfers)
        count = "INSERT INTO walletsvc_transactioncount (part, count) VALUES (%s, 0)"
        statements.write(f"{count} ON DUPLICATE KEY UPDATE count = count", [1])

    insert_transactions = writer._insert_transactions
    monkeypatch.setattr(writer, "_insert_transactions", insert_something_else)
    before = snapshot()
    with pytest.raises(RuntimeError, match="preceding INSERT"):
        post_many(wallet, 2)
    assert snapshot() == before


def test_a_transaction_without_a_statement_sends_nothing(packets_sent: list[bytes]) -> None:
    with transaction.atomic():
        pass
    with pytest.raises(ZeroDivisionError):
        together(stumble)
    assert packets_sent == []


def test_a_large_statement_does_not_wait(
    wallet: Wallet, packets_sent: list[bytes], monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setattr(packets, "MAX_WAITING_BYTES", 300)
    with transaction.atomic():
        rename(wallet, "B")
        rename(wallet, "C" * 200)
        assert list(map(words, packets_sent)) == expected(server, ["START", "UPDATE", "UPDATE"])
    assert label(wallet) == "C" * 200


@pytest.mark.parametrize("at_once_count", [1, 8])
def test_batches_that_fit_alone_are_stored_if_they_come_at_once(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, at_once_count: int
) -> None:
    """The server takes no packet of all together, and few of its writes in one packet."""
    largest = 40_000
    prepare = session.prepare
    longest = [0]
    query = Connection.query

    def note(driver: Any, packet: bytes) -> None:
        longest[0] = max(longest[0], len(packet))
        query(driver, packet)

    def prepare_small(driver: Any, **options: Any) -> session.Facts:
        return replace(prepare(driver, **options), packet_bytes=largest)

    monkeypatch.setattr(session, "prepare", prepare_small)
    monkeypatch.setattr(Connection, "query", note)
    connection.close()
    batches = [[described(wallet, f"{name}-{number}") for number in range(25)] for name in range(at_once_count)]
    found = at_once([partial(execute_all, batch, by=ANYONE) for batch in batches])
    assert [type(each) for each in found] == [Done] * at_once_count
    assert Transaction.objects.filter(wallet=wallet).count() == 25 * at_once_count
    assert 10_000 < longest[0] < largest
    assert_reconciled()


def described(wallet: Wallet, txid: str) -> PostTransaction:
    return PostTransaction.parse({"txid": txid, "wallet": wallet.id, "amount": "1", "description": "d" * 500})
