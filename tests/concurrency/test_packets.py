"""Several statements in one packet: what the server says of one of them, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from tests.concurrency.test_faults import attempt
from tests.services.state import assert_reconciled, balance, snapshot
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.services import durability, statements
from walletsvc.services.performing import perform_all
from walletsvc.services.transactions import (
    create_transaction,
    delete_transaction,
    prepare_create_transaction,
    prepare_delete_transaction,
    prepare_update_transaction,
    update_transaction,
)
from walletsvc.services.transfers import create_transfer
from walletsvc.services.wallets import create_wallet, delete_wallet, prepare_update_wallet, update_wallet

if connection.vendor != "mysql":
    pytest.skip("Only MySQL's backend lets statements wait.", allow_module_level=True)

from MySQLdb.connections import Connection

from walletsvc.mysql import packets
from walletsvc.mysql.packets import PacketConnection

RENAME = "UPDATE walletsvc_wallet SET label = %s WHERE id = %s"


@pytest.fixture(params=["MariaDB", "MySQL"], autouse=True)
def server(request: pytest.FixtureRequest, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Speak to the server as to one of this kind: MariaDB understands both ways, MySQL its own."""
    kind: str = request.param if connection.mysql_is_mariadb else "MySQL"
    monkeypatch.setattr(PacketConnection, "get_server_info", lambda _driver: f"10.11.0-{kind}")
    connection.close()
    yield kind
    connection.close()


@pytest.fixture
def packets_sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list of what this connection sends from now on, packet by packet."""
    connection.ensure_connection()
    sent: list[bytes] = []
    query, commit, rollback = Connection.query, Connection.commit, Connection.rollback

    def note(driver: Any, packet: bytes) -> None:
        # A thread of its own, with a connection of its own, watches over the cache.
        if driver is connection.connection:
            sent.append(packet)

    def send(driver: Any, packet: bytes) -> None:
        note(driver, packet)
        query(driver, packet)

    def end(method: Callable[..., None], name: bytes, driver: Any) -> None:
        note(driver, name)
        method(driver)

    monkeypatch.setattr(Connection, "query", send)
    monkeypatch.setattr(Connection, "commit", lambda driver: end(commit, b"COMMIT", driver))
    monkeypatch.setattr(Connection, "rollback", lambda driver: end(rollback, b"ROLLBACK", driver))
    return sent


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    yield create_wallet(principal=ANYONE, label="A", balance="10")
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@in_transaction, 'in step'")
        assert cursor.fetchall() == ((0, "in step"),)


def label(wallet: Wallet) -> str:
    return Wallet.objects.values_list("label", flat=True).get(id=wallet.id)


def rename(wallet: Wallet, name: str) -> None:
    connection.defer(RENAME, [name, wallet.id])


def together(*actions: Callable[[], object]) -> None:
    """Do it in one transaction."""
    with transaction.atomic():
        for action in actions:
            action()


def stumble() -> None:
    raise ZeroDivisionError


def interrupt(_identifier: int = 0) -> None:
    raise KeyboardInterrupt


WRITES = ["UPDATE", "INSERT", "SELECT", "INSERT", "INSERT", "COMMIT"]
"""The wallets, the transactions and which ids they have, the entries, the count of all."""
COMPOUND = b"BEGIN NOT ATOMIC "


def words(packet: bytes) -> list[str]:
    """Return the first word of each statement; what a compound statement has around them is left out."""
    return [each.split()[0].decode() for each in packet.removeprefix(COMPOUND).removesuffix(b"; END").split(b";")]


def is_compound(packet: bytes) -> bool:
    return packet.startswith(COMPOUND)


def expected(server: str, *compounds: list[str]) -> list[list[str]]:
    """Return what is sent to the server of what MariaDB takes as compounds: MySQL takes it statement by statement."""
    return list(compounds) if server == "MariaDB" else [[word] for words in compounds for word in words]


def test_a_post_takes_two_packets(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    posted = create_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, WRITES)]
    assert list(map(is_compound, packets_sent))[:2] == [False, server == "MariaDB"]
    assert Transaction.objects.get(txid="T1").id == posted.id
    assert_reconciled()


@pytest.mark.parametrize("changes", [{"amount": "4"}, {"description": "lunch", "metadata": {"a": 1}}, {"txid": "T2"}])
def test_what_amends_a_transaction_is_sent_with_commit(
    wallet: Wallet, packets_sent: list[bytes], server: str, changes: dict[str, Any]
) -> None:
    posted = create_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    packets_sent.clear()
    update_transaction(principal=ANYONE, transaction_id=posted.id, **changes)
    ledger = ["UPDATE", "INSERT"] if "amount" in changes else []
    reads = [["START", "SELECT"], ["SELECT"], ["SELECT"]]
    assert list(map(words, packets_sent)) == [*reads, *expected(server, [*ledger, "UPDATE", "COMMIT"])]
    stored = Transaction.objects.values("txid", "amount", "description", "metadata").get(id=posted.id)
    assert stored == {"txid": "T1", "amount": -3, "description": "", "metadata": {}} | changes | (
        {"amount": 4} if ledger else {}
    )
    assert_reconciled()


def test_what_deletes_a_transaction_is_sent_with_commit(
    wallet: Wallet, packets_sent: list[bytes], server: str
) -> None:
    posted = create_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
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
    other = create_wallet(principal=ANYONE, label="B", balance="5")
    empty = create_wallet(principal=ANYONE, label="C")
    first = create_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
    create_transfer(principal=ANYONE, txid="X", source_id=wallet.id, destination_id=other.id, amount="1")
    update_wallet(principal=ANYONE, wallet_id=wallet.id, label="A2", metadata={"a": 1})
    update_transaction(principal=ANYONE, transaction_id=first.id, amount="-2", txid="M1", wallet_id=other.id)
    post_many(wallet, 20)
    batch = [
        prepare_create_transaction(principal=ANYONE, txid="B1", wallet_id=wallet.id, amount="1"),
        prepare_update_wallet(principal=ANYONE, wallet_id=wallet.id, label="A3"),
        prepare_update_transaction(principal=ANYONE, transaction_id=first.id, amount="-1"),
        prepare_create_transaction(principal=ANYONE, txid="B2", wallet_id=wallet.id, amount="1"),
        prepare_delete_transaction(transaction_id=first.id),
        prepare_create_transaction(principal=ANYONE, txid="M1", wallet_id=other.id, amount="1"),
    ]
    perform_all(batch, principal=ANYONE, clock=timezone.now)
    delete_wallet(principal=ANYONE, wallet_id=empty.id)

    # Each word but these writes, and a COMMIT is as bad as a write behind one.
    writes = [[word for word in words(packet) if word not in ("START", "SELECT")] for packet in packets_sent]
    crowded = [sent for sent, found in zip(packets_sent, writes, strict=True) if len(found) > 1]
    assert [sent for sent in crowded if not is_compound(sent)] == []
    assert sum(map(len, writes)) > 40
    assert_reconciled()


def post_many(wallet: Wallet, count: int) -> list[Transaction]:
    posts = [
        prepare_create_transaction(principal=ANYONE, txid=f"T{number}", wallet_id=wallet.id, amount="1")
        for number in range(count)
    ]
    return perform_all(posts, principal=ANYONE, clock=timezone.now)


def test_any_number_of_posts_takes_two(wallet: Wallet, packets_sent: list[bytes], server: str) -> None:
    posted = post_many(wallet, 20)
    assert list(map(words, packets_sent)) == [["START", "SELECT"], *expected(server, WRITES)]
    assert_ids_are_known(posted)


def assert_ids_are_known(posted: list[Transaction]) -> None:
    """Hold what the callers were told, and what the ledger refers to, against what is stored."""
    ids = {each.txid: each.id for each in posted}
    assert dict(Transaction.objects.values_list("txid", "id")) == ids
    assert dict(Entry.objects.exclude(txid="").values_list("txid", "transaction_id")) == ids
    assert_reconciled()


@pytest.mark.parametrize("step", [1, 3])
def test_ids_are_known_however_far_apart_they_are(wallet: Wallet, step: int) -> None:
    with connection.cursor() as cursor:
        # As in a cluster of three, whose servers allot every third id each.
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


SIGNALS = [(1213, "done"), (1205, "done"), (1020, "done"), (1062, "done"), (1114, OperationalError)]


@pytest.mark.parametrize(("code", "outcome"), SIGNALS)
@pytest.mark.parametrize("place", range(4))
def test_what_the_server_says_of_each_statement_of_a_post(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, place: int, code: int, outcome: object
) -> None:
    monkeypatch.setattr(durability, "MAX_BACKOFF_SECONDS", 0)
    before, places = snapshot(), iter(range(100))
    defer = PacketConnection.defer

    def defer_or_fail(driver: Any, statement: str, values: Any, take_ids: Any = None, *, rows: int = 1) -> bytes:
        if next(places) == place:
            statement, values = "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = %s, MESSAGE_TEXT = 'here'", [code]
        return defer(driver, statement, values, take_ids, rows=rows)

    monkeypatch.setattr(PacketConnection, "defer", defer_or_fail)
    post = partial(create_transaction, principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-3")
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
        ("UPDATE walletsvc_wallet SET balance = -1", IntegrityError, 4025),
        ("INSERT INTO walletsvc_wallet SELECT * FROM walletsvc_wallet", IntegrityError, 1062),
        ("UPDATE no_such_table SET a = 1", DatabaseError, 1146),
    ):
        last = {"another statement": partial(label, wallet), "send": connection.send_deferred}.get(ending, list)
        with pytest.raises(error) as caught:
            together(partial(rename, wallet, "B"), partial(connection.defer, statement, []), last)
        assert caught.value.args[0] == code
        assert label(wallet) == "A"


def test_what_is_rolled_back_is_never_sent(wallet: Wallet, packets_sent: list[bytes]) -> None:
    with pytest.raises(ZeroDivisionError):
        together(partial(rename, wallet, "B"), stumble)
    assert packets_sent == []
    with transaction.atomic():
        assert label(wallet) == "A"


def test_a_rollback_to_a_savepoint_drops_what_has_come_after_it(wallet: Wallet) -> None:
    with transaction.atomic():
        rename(wallet, "B")
        with pytest.raises(ZeroDivisionError):
            together(partial(rename, wallet, "C"), stumble)
        with pytest.raises(IntegrityError):
            together(partial(connection.defer, "UPDATE walletsvc_wallet SET balance = -1", []))
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
