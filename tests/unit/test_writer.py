"""What a commit writes to the ledger, statement by statement, as one that records is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.records import ALICE, transaction, wallet
from walletsvc.db.mysql.expressions import Expression, new_id
from walletsvc.ledger import statements, writer
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.totals import Total
from walletsvc.ledger.writer import KeyRow, Line, PostedTransfer
from walletsvc.models import Transaction, Transfer
from walletsvc.models.entry import Kind

pytestmark = pytest.mark.without_engine

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SENT = ("send",)
COLUMNS = "txid, wallet_id, amount, currency, owner, description, metadata, created_at, updated_at, fingerprint"


@pytest.fixture
def vendor(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "mysql")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, vendor: str) -> list[Any]:
    """Record statements. An INSERT whose ids are asked for gives 100, 101 and so on when it is sent."""
    found: list[Any] = []
    waiting: list[Callable[[], None]] = []

    def write(
        statement: str,
        values: Sequence[object],
        take_ids: Any = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
        keeps_new_ids: bool = False,
    ) -> None:
        assert uses_new_ids == any(isinstance(each, Expression) for each in values)
        # Only keys do not number their rows.
        assert keeps_new_ids == statement.startswith("INSERT INTO walletsvc_replaykey ")
        if uses_new_ids:
            # As the backend has it: the ids are those of the INSERT before.
            parent = "transfer" if statement.startswith("INSERT INTO walletsvc_transaction ") else "transaction"
            numbered = [each[0] for each in found if not each[0].startswith("INSERT INTO walletsvc_replaykey ")]
            assert numbered[-1].startswith(f"INSERT INTO walletsvc_{parent} ")
        if take_ids is not None:
            waiting.append(lambda: take_ids(range(100, 100 + rows)))
        found.append((" ".join(statement.split()), list(values)))

    def send() -> None:
        found.append(SENT)
        for each in waiting:
            each()
        waiting.clear()

    monkeypatch.setattr(statements, "write", write)
    monkeypatch.setattr(statements, "send", send)
    monkeypatch.setattr(statements, "from_time", lambda moment: f"{moment:%H:%M:%S}")
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: vendor)
    monkeypatch.setattr(writer, "channel", lambda: SimpleNamespace(share_of=lambda parts: 130 % parts))
    return found


def posted(txid: str, one: LockedWallet, amount: str, *, number: int | None = None) -> Transaction:
    made = transaction(txid, one.id, amount, number)
    made.created_at, made.updated_at = AT.replace(second=6), AT.replace(second=7)
    made.description, made.metadata = f"About {txid}", {"a": 1}
    made.fingerprint = b"of the request!!"
    return made


def line(one: LockedWallet, made: Transaction | None, amount: str, kind: Kind = Kind.POST) -> Line:
    return Line(one, one.sequence, Decimal(amount), one.balance, kind, made)


def write(
    lines: Sequence[Line],
    new: Sequence[Transaction],
    transfers: Sequence[PostedTransfer] = (),
    *,
    send: bool = False,
) -> None:
    writer.write_changes(lines, new, transfers=transfers, by=ALICE, at=AT, send=send)


@pytest.mark.parametrize(
    ("vendor", "index"), [("mysql", " FORCE INDEX (PRIMARY)"), ("sqlite", "")], indirect=["vendor"]
)
def test_a_post_is_a_wallet_then_a_transaction_then_an_entry(done: list[Any], index: str) -> None:
    one = wallet(1, "1E+1")
    made = posted("T1", one, "1E+1")
    write([line(one, made, "1E+1")], [made], send=True)
    update, insert, entry, sent = done
    assert update[0] == (
        f"UPDATE walletsvc_wallet{index} SET balance = %s, available = %s, sequence = %s,"  # noqa: S608
        " transaction_count = %s, updated_at = %s WHERE id IN (%s)"
    )
    assert update[1] == ["10", "10", 7, 3, "03:04:05", 1]
    assert insert == (
        f"INSERT INTO walletsvc_transaction ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        ["T1", 1, "10", "USD", "a", "About T1", '{"a": 1}', "03:04:06", "03:04:07", b"of the request!!"],
    )
    assert entry[0] == (
        "INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,"
        " txid, principal, owner, created_at, shown_principal)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    assert entry[1] == [1, 7, "10", "10", "USD", "post", new_id(0), "T1", "alice", "a", "03:04:05", "alice"]
    assert (sent, made.id) == (SENT, 100)


def test_many_wallets_are_one_statement_and_each_is_written_once(done: list[Any]) -> None:
    one, two = wallet(1, "10"), wallet(2, "20", count=4)
    old = transaction("T0", 2, "5", number=9)
    first, second = posted("T1", one, "1"), posted("T2", one, "2")
    write(
        [line(one, first, "1"), line(one, None, "1", Kind.OPENING), line(two, old, "5"), line(one, second, "2")],
        [first, second],
    )
    update, insert, entry = done
    case = "CASE id WHEN %s THEN %s WHEN %s THEN %s END"
    assert update[0] == (
        f"UPDATE walletsvc_wallet FORCE INDEX (PRIMARY) SET balance = {case}, available = {case},"  # noqa: S608
        f" sequence = {case}, transaction_count = {case}, updated_at = %s WHERE id IN (%s, %s)"
    )
    assert update[1] == [1, "10", 2, "20", 1, "10", 2, "20", 1, 7, 2, 7, 1, 3, 2, 4, "03:04:05", 1, 2]
    row = f"({', '.join(['%s'] * 10)})"
    assert insert[0].endswith(f"VALUES {row}, {row}")
    assert [insert[1][0], insert[1][10]] == ["T1", "T2"]
    # Who has no id yet is referred to by its place, in the order in which they were posted.
    assert entry[1][6::12] == [new_id(0), None, 9, new_id(1)]
    assert entry[1][7::12] == ["T1", "", "T0", "T2"]
    assert (first.id, second.id) == (None, None)


def test_more_wallets_than_are_looked_for_at_once_are_several_statements(done: list[Any]) -> None:
    wallets = [wallet(number) for number in range(1, 52)]
    write([line(each, None, "1", Kind.OPENING) for each in wallets], [])
    assert [each[-1][-1] for each in done[:2]] == [50, 51]
    assert done[1][1][-1:] == [51]
    assert [len(each[1]) for each in done] == [50 * 8 + 1 + 50, 6, 51 * 12]


def test_entries_of_more_than_one_statement_wait_for_the_ids(done: list[Any]) -> None:
    one = wallet(1)
    new = [posted(f"T{number}", one, "1") for number in range(501)]
    write([line(one, each, "1") for each in new], new)
    assert [each if each == SENT else each[0].split("(")[0] for each in done] == [
        "UPDATE walletsvc_wallet FORCE INDEX ",
        "INSERT INTO walletsvc_transaction ",
        "INSERT INTO walletsvc_transaction ",
        SENT,
        "INSERT INTO walletsvc_entry ",
        "INSERT INTO walletsvc_entry ",
    ]
    assert done[4][1][6::12] == list(range(100, 600))
    assert done[5][1][6::12] == [100]


def transfer(txid: str, *legs: Transaction) -> PostedTransfer:
    made = Transfer(txid=txid, owner="a", external={"USD": "-1"}, fingerprint=b"f" * 16, created_at=AT)
    return PostedTransfer(made, legs)


def test_transfers_are_inserted_directly_before_their_legs(done: list[Any]) -> None:
    one = wallet(1, "10")
    plain, *legs = (posted(f"T{number}", one, "1") for number in range(4))
    back = posted("R", one, "-1")
    back.reversal_of_id = 9
    first, second = transfer("X", legs[0], legs[1]), transfer("Y", legs[2])
    # Entries come in another order than the transactions.
    new = [plain, *legs, back]
    write([line(one, each, "1") for each in reversed(new)], new, [first, second], send=True)
    _, transfers, inserted, entries, sent = done
    assert transfers[0] == (
        "INSERT INTO walletsvc_transfer (txid, owner, description, metadata, external, reversal_of_id, fingerprint,"
        " created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s, %s, %s)"
    )
    assert transfers[1] == [
        *("X", "a", "", "{}", '{"USD": "-1"}', None, b"f" * 16, "03:04:05"),
        *("Y", "a", "", "{}", '{"USD": "-1"}', None, b"f" * 16, "03:04:05"),
    ]
    assert inserted[0].startswith(
        f"INSERT INTO walletsvc_transaction ({COLUMNS}, transfer_id, reversal_of_id, hold_id) VALUES"
    )
    assert inserted[1][10::13] == [None, new_id(0), new_id(0), new_id(1), None]
    assert inserted[1][11::13] == [None, None, None, None, 9]
    assert inserted[1][12::13] == [None] * 5
    assert entries[1][6::12] == [new_id(place) for place in (4, 3, 2, 1, 0)]
    assert sent == SENT
    assert [each.transfer.id for each in (first, second)] == [100, 101]
    assert [each.transfer_id for each in (plain, *legs, back)] == [None, 100, 100, 101, None]
    assert [each.id for each in new] == [100, 101, 102, 103, 104]


def test_transfers_of_more_transactions_than_one_statement_has_are_sent_first(done: list[Any]) -> None:
    one = wallet(1)
    legs = [posted(f"T{number}", one, "1") for number in range(501)]
    write([line(one, each, "1") for each in legs], legs, [transfer("X", *legs)])
    assert [each if each == SENT else each[0].split("(")[0] for each in done[1:6]] == [
        "INSERT INTO walletsvc_transfer ",
        SENT,
        "INSERT INTO walletsvc_transaction ",
        "INSERT INTO walletsvc_transaction ",
        SENT,
    ]
    assert done[3][1][10::13] == [100] * 500
    assert done[4][1][10::13] == [100]


def test_ids_that_are_not_as_many_as_the_rows_are_not_taken(done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def insert(_statement: str, rows: Sequence[object], take_ids: Any = None, **_options: object) -> None:
        if take_ids is not None:
            take_ids(range(len(rows) + 1))

    monkeypatch.setattr(statements, "insert", insert)
    one = wallet(1)
    made = posted("T1", one, "1")
    with pytest.raises(ValueError, match="longer"):
        write([line(one, made, "1")], [made])


def test_as_many_as_fit_into_one_statement_wait_for_nothing(done: list[Any]) -> None:
    one = wallet(1)
    new = [posted(f"T{number}", one, "1") for number in range(500)]
    write([line(one, each, "1") for each in new], new)
    assert SENT not in done
    assert done[2][1][6::12] == [new_id(number) for number in range(500)]


def test_many_entries_without_a_new_transaction_wait_for_nothing(done: list[Any]) -> None:
    write([line(wallet(1), None, "1", Kind.OPENING)] * 501, [])
    assert SENT not in done


def test_the_row_of_a_transaction_is_changed_and_deleted(done: list[Any]) -> None:
    changed = posted("T1", wallet(2), "1E+1", number=9)
    writer.update_transaction_row(changed)
    writer.delete_transaction_row(changed)
    (statement, values), deletion = done
    assert statement == (
        "UPDATE walletsvc_transaction SET txid = %s, wallet_id = %s, amount = %s, description = %s, metadata = %s,"
        " updated_at = %s WHERE id = %s"
    )
    assert values == ["T1", 2, "10", "About T1", '{"a": 1}', "03:04:07", 9]
    assert deletion == ("DELETE FROM walletsvc_transaction WHERE id = %s", [9])


ADDED = {
    "USD": Total(count=-3, received=Decimal("1.50")),
    "JPY": Total(),
    "BTC": Total(count=1, paid=Decimal("0.00000001")),
    "EUR": Total(paid=Decimal(7)),
}


@pytest.mark.parametrize("vendor", ["mysql"], indirect=True)
def test_totals_are_added_to_by_one_statement_in_the_part_of_the_thread_and_in_order(done: list[Any]) -> None:
    writer.add_to_totals(ADDED)
    writer.add_to_totals({"USD": Total()})
    rows = ["BTC", 1, "0", "0.00000001"], ["EUR", 0, "0", "7"], ["USD", -3, "1.50", "0"]
    statement = (
        "INSERT INTO walletsvc_transactioncount (part, currency, count, received, paid)"
        " VALUES (%s, %s, %s, %s, %s), (%s, %s, %s, %s, %s), (%s, %s, %s, %s, %s)"
        " ON DUPLICATE KEY UPDATE count = count + VALUES(count), received = received + VALUES(received),"
        " paid = paid + VALUES(paid)"
    )
    assert done == [(statement, [value for row in rows for value in (130 % 64, *row)])]


@pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
def test_sqlite_keeps_only_the_number_of_all(done: list[Any]) -> None:
    writer.add_to_totals(ADDED)
    writer.add_to_totals({"EUR": ADDED["EUR"]})
    statement = (
        "INSERT INTO walletsvc_transactioncount (part, count) VALUES (%s, %s)"
        " ON CONFLICT (part) DO UPDATE SET count = walletsvc_transactioncount.count + excluded.count"
    )
    assert done == [(statement, [130 % 64, -2])]


def test_a_blank_transaction_has_a_state_of_its_own() -> None:
    one, other = writer.blank_transaction(), writer.blank_transaction()
    assert isinstance(one, Transaction)
    assert one._state.adding is True
    assert one._state is not other._state


def test_keys_stand_between_transactions_and_entries(done: list[Any]) -> None:
    one = wallet(1, "10")
    first, second = posted("T1", one, "1"), posted("T2", one, "2")
    keys = [
        KeyRow(b"z", b"f", "transaction.post", second, {"a": 1}),
        KeyRow(b"y", b"g", "transaction.post", first, {}),
        KeyRow(b"x", b"h", "batch", None, [[5, {}]]),
        KeyRow(b"w", b"i", "transaction.amend", transaction("T0", 1, "1", number=9), {}),
    ]
    lines = [line(one, first, "1"), line(one, second, "2")]
    writer.write_changes(lines, [first, second], keys=keys, by=ALICE, at=AT, send=False)
    _update, _insert, written, entry = done
    row = f"({', '.join(['%s'] * 6)})"
    columns = "hash, fingerprint, kind, target, results, created_at"
    rows = f"{row}, {row}, {row}, {row}"
    assert written[0] == f"INSERT INTO walletsvc_replaykey ({columns}) VALUES {rows}"  # noqa: S608
    # In the order of their hashes.
    assert written[1] == [
        *(b"w", b"i", "transaction.amend", 9, "{}", "03:04:05"),
        *(b"x", b"h", "batch", None, "[[5, {}]]", "03:04:05"),
        *(b"y", b"g", "transaction.post", new_id(0), "{}", "03:04:05"),
        *(b"z", b"f", "transaction.post", new_id(1), '{"a": 1}', "03:04:05"),
    ]
    assert entry[1][6::12] == [new_id(0), new_id(1)]


def test_a_key_can_be_all_that_is_written(done: list[Any]) -> None:
    writer.write_changes([], [], keys=[KeyRow(b"x", b"h", "wallet.change", None, {})], by=ALICE, at=AT, send=False)
    assert [statement.split()[2] for statement, _ in done] == ["walletsvc_replaykey"]
