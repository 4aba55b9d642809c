"""Whoever changes the ledger past its triggers is found out, whichever column it is that carries money or order."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, models

from tests.conftest import MakeWallet, Post
from tests.database.rows import execute, fetch
from tests.tables import without_triggers
from tests.writes import (
    amend_transaction,
    delete_transaction,
    post_transfer,
    rename_wallet,
    reverse_transaction,
    reverse_transfer,
)
from walletsvc.models import Entry, Total, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.reconciliation import compute_discrepancies

# Real transactions: MySQL ends the open one where a trigger is set aside.
pytestmark = pytest.mark.django_db(transaction=True)

NO_MONEY = {
    Wallet: {"id", "label", "metadata", "created_at", "updated_at", "state", "next_expiry"},
    Transaction: {"id", "txid", "description", "metadata", "created_at", "updated_at", "fingerprint", "hold"},
    Transfer: {"id", "txid", "owner", "description", "metadata", "created_at", "fingerprint"},
    Entry: {"id", "txid", "principal", "shown_principal", "hold", "detail"},
}
"""What carries neither money nor order. Holds have their own proofs, of their references as well."""

MARCH = "2026-03-01 00:00:00.000000"
CHANGES: dict[tuple[type[models.Model], str], list[str]] = {
    (Wallet, "currency"): ["currency = 'EUR' WHERE label = 'A'"],
    (Wallet, "balance"): ["balance = balance + 1 WHERE label = 'A'", "balance = balance - 0.01 WHERE label = 'B'"],
    (Wallet, "sequence"): ["sequence = sequence + 1 WHERE label = 'A'", "sequence = sequence - 1 WHERE label = 'A'"],
    (Wallet, "transaction_count"): ["transaction_count = transaction_count + 1 WHERE label = 'A'"],
    (Wallet, "owner"): ["owner = 'eve' WHERE label = 'A'"],
    (Wallet, "held"): ["held = 1 WHERE label = 'A'"],
    (Wallet, "floor"): ["floor = -100 WHERE label = 'A'", "floor = 0 WHERE label = 'B'"],
    (Wallet, "available"): ["available = available + 1 WHERE label = 'A'"],
    (Transaction, "wallet"): ["wallet_id = {b} WHERE txid = 'kept'"],
    (Transaction, "amount"): ["amount = 8 WHERE txid = 'kept'", "amount = amount - 1 WHERE txid = 'X.1'"],
    (Transaction, "currency"): ["currency = 'EUR' WHERE txid = 'kept'"],
    (Transaction, "owner"): ["owner = 'eve' WHERE txid = 'kept'"],
    (Transaction, "transfer"): [
        "transfer_id = NULL WHERE txid = 'X.1'",
        "transfer_id = {x} WHERE txid = 'kept'",
        "transfer_id = 999 WHERE txid = 'X.2'",
        "transfer_id = {y} WHERE txid = 'X.2'",
    ],
    (Transaction, "reversal_of"): [
        "reversal_of_id = NULL WHERE txid = 'back'",
        "reversal_of_id = 999 WHERE txid = 'back'",
        "reversal_of_id = {kept} WHERE txid = 'debit'",
        "reversal_of_id = NULL WHERE txid = 'Z.1'",
    ],
    (Transaction, "reversed"): [
        "reversed = 0 WHERE txid = 'reversed'",
        "reversed = reversed + 1 WHERE txid = 'reversed'",
        "reversed = 1 WHERE txid = 'kept'",
    ],
    (Transfer, "external"): [
        """external = '{{}}' WHERE txid = 'Y'""",
        """external = '{{"USD": "-101"}}' WHERE txid = 'Y'""",
        """external = '{{"USD": "-100", "EUR": "1"}}' WHERE txid = 'Y'""",
        """external = '{{"USD": "much"}}' WHERE txid = 'Y'""",
    ],
    (Transfer, "reversal_of"): [
        "reversal_of_id = NULL WHERE txid = 'Z'",
        "reversal_of_id = {y} WHERE txid = 'Z'",
        "reversal_of_id = {y} WHERE txid = 'X'",
    ],
    (Entry, "wallet"): ["wallet_id = {b}, sequence = 99 WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "sequence"): ["sequence = 99 WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "amount"): [
        "amount = amount + 1 WHERE txid = 'kept' AND kind = 'post'",
        "amount = -amount WHERE txid = 'X.1'",
    ],
    (Entry, "balance_after"): ["balance_after = balance_after + 1 WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "currency"): ["currency = 'EUR' WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "kind"): [
        "kind = 'move_in' WHERE txid = 'kept' AND kind = 'post'",
        "kind = 'amend' WHERE txid = 'kept' AND kind = 'post'",
        "kind = 'post' WHERE txid = 'kept' AND kind = 'amend'",
        "kind = 'transfer_out' WHERE txid = 'debit' AND kind = 'post'",
        "kind = 'post' WHERE txid = 'X.1' AND kind = 'transfer_out'",
    ],
    (Entry, "transaction"): ["transaction_id = 999 WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "owner"): ["owner = 'eve' WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "created_at"): [f"created_at = '{MARCH}' WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "held"): ["held = 1 WHERE txid = 'kept' AND kind = 'post'"],
    (Entry, "held_after"): ["held_after = 1 WHERE txid = 'kept' AND kind = 'post'"],
}
"""For each column that carries money or order, how somebody changes it in one row."""
CASES = [(model._meta.db_table, change) for (model, _), changes in CHANGES.items() for change in changes]


@pytest.fixture
def ledger(make_wallet: MakeWallet, post: Post) -> dict[str, int]:
    """Make a ledger with every way to move money, and return what the changes name."""
    one, two, euros = make_wallet("100.00", label="A"), make_wallet("50", label="B"), make_wallet("9", currency="EUR")
    rename_wallet(principal=ANYONE, wallet_id=two.id, floor="5.00")
    kept, debit, taken = (
        post(one, "5.00", txid="kept"),
        post(one, "-3.00", txid="debit"),
        post(two, "8", txid="reversed"),
    )
    amend_transaction(principal=ANYONE, transaction_id=kept.id, amount="7.00")
    moved = post(two, "1.00", txid="moved")
    amend_transaction(principal=ANYONE, transaction_id=moved.id, wallet_id=one.id, amount="2.00")
    delete_transaction(principal=ANYONE, transaction_id=post(one, "2", txid="gone").id)
    reverse_transaction(principal=ANYONE, transaction_id=taken.id, txid="back", amount="3.00")
    legs = [{"wallet": one.id, "amount": "97"}, {"wallet": two.id, "amount": "3"}]
    x = post_transfer(principal=ANYONE, txid="X", source_id=one.id, destination_id=two.id, amount="2.00")
    y = post_transfer(principal=ANYONE, txid="Y", legs=legs, external=[{"currency": "USD", "amount": "-100"}])
    legs = [{"wallet": one.id, "amount": "-5"}, {"wallet": two.id, "amount": "5"}]
    legs += [{"wallet": euros.id, "amount": "-4"}, {"wallet": euros.id, "amount": "4"}]
    w = post_transfer(principal=ANYONE, txid="W", legs=legs)
    reverse_transfer(principal=ANYONE, transfer_id=w.id, txid="Z")
    return {"a": one.id, "b": two.id, "kept": kept.id, "debit": debit.id, "x": x.id, "y": y.id}


def found() -> list[str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile", stdout=out, stderr=err, no_color=True)
    except SystemExit:
        return err.getvalue().splitlines()
    assert out.getvalue().startswith("Clean: ")
    return []


def test_every_column_that_carries_money_or_order_has_a_case() -> None:
    for model, without in NO_MONEY.items():
        names = {field.name for field in model._meta.get_fields() if getattr(field, "concrete", False)}
        cases = {name for other, name in CHANGES if other is model}
        assert cases | without == names, model
        assert not cases & without, model


def test_nothing_is_found_in_a_ledger_that_is_whole(ledger: dict[str, int]) -> None:
    assert found() == []


@pytest.mark.parametrize(("table", "change"), CASES, ids=[f"{table}: {change[:60]}" for table, change in CASES])
def test_a_changed_column_is_named(table: str, change: str, ledger: dict[str, int]) -> None:
    with without_triggers():
        _unchecked(lambda: execute(f"UPDATE {table} SET {change.format(**ledger)}"))  # noqa: S608
    assert found() != []


def _unchecked(change: Callable[[], Any]) -> None:
    """Make a change past the constraints, which refuse some of them."""
    if connection.vendor == "mysql" and "MariaDB" not in fetch("SELECT VERSION()")[0][0]:
        pytest.skip("MySQL cannot switch its constraints off")
    off, on = {
        "mysql": ("SET check_constraint_checks = 0", "SET check_constraint_checks = 1"),
        "sqlite": ("PRAGMA ignore_check_constraints = 1", "PRAGMA ignore_check_constraints = 0"),
    }[connection.vendor]
    execute(off)
    try:
        change()
    finally:
        execute(on)


def test_each_missing_entry_is_named(ledger: dict[str, int]) -> None:
    columns = [field.column for field in Entry._meta.fields]
    for row in fetch(f"SELECT {', '.join(columns)} FROM walletsvc_entry"):  # noqa: S608
        with without_triggers():
            execute("DELETE FROM walletsvc_entry WHERE id = %s", row[0])
            assert [each for each in compute_discrepancies() if each.wallet_id == row[columns.index("wallet_id")]]
            marks = ", ".join(["%s"] * len(row))
            execute(f"INSERT INTO walletsvc_entry ({', '.join(columns)}) VALUES ({marks})", *row)  # noqa: S608
    assert found() == []


def test_two_swapped_entries_are_named(ledger: dict[str, int]) -> None:
    with without_triggers():
        for number, place in ((2, 99), (3, 2), (99, 3)):
            execute(
                "UPDATE walletsvc_entry SET sequence = %s WHERE wallet_id = %s AND sequence = %s",
                *(place, ledger["a"], number),
            )
    assert re.match(rf"wallet {ledger['a']} \(A\): entry 2 says ", found()[0])


@pytest.mark.parametrize("row", [Transaction, Transfer])
def test_a_missing_row_is_named(row: type[models.Model], ledger: dict[str, int]) -> None:
    with without_triggers():
        execute(f"DELETE FROM {row._meta.db_table} WHERE txid = %s", "X" if row is Transfer else "X.1")  # noqa: S608
    assert any(each.startswith(f"transfer {ledger['x']}: ") for each in found())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("amount = 3 WHERE txid = 'X.2'", "transfer {x}: 'X' sums to 1 USD, and not to 0"),
        ("amount = 6 WHERE txid = 'back'", "transaction 'reversed' is reversed by 3, but its reversals sum to 6"),
        ("reversed = 1 WHERE txid = 'kept'", "transaction 'kept' is reversed by 1, but its reversals sum to 0"),
        ("amount = 3 WHERE txid = 'back'", "transaction 'reversed' is of 8, and has a reversal of the same sign"),
        ("transfer_id = 999 WHERE txid = 'X.2'", "transfer 999: it is not here, but 1 legs of it are"),
    ],
)
def test_the_problem_says_what_is_expected_and_what_is_found(change: str, line: str, ledger: dict[str, int]) -> None:
    execute(f"UPDATE walletsvc_transaction SET {change}")  # noqa: S608
    assert any(each.endswith(line.format(**ledger)) for each in found()), found()


@pytest.mark.parametrize("column", ["count", "received", "paid"])
def test_a_changed_total_is_named(column: str, ledger: dict[str, int]) -> None:
    assert {field.name for field in Total._meta.fields} - {"pk"} == {"part", "currency", "count", "received", "paid"}
    if connection.vendor == "sqlite" and column != "count":
        pytest.skip("SQLite keeps no sums")
    execute(f"UPDATE walletsvc_transactioncount SET {column} = {column} + 1 WHERE count > 0")  # noqa: S608
    assert any(each.startswith("all wallets") for each in found())
    call_command("reconcile", "--recount", stdout=StringIO())


@pytest.mark.parametrize("amount", [1, -1])
def test_money_from_nowhere_is_named_where_every_wallet_is_right(amount: int, ledger: dict[str, int]) -> None:
    """A post is changed everywhere at once: in its entry and those behind it, its transaction and its wallet."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite keeps no sums, which would remember")
    with without_triggers():
        execute("UPDATE walletsvc_entry SET amount = amount + %s WHERE txid = 'kept' AND kind = 'post'", amount)
        behind = "wallet_id = %s AND sequence > 1"
        execute(f"UPDATE walletsvc_entry SET balance_after = balance_after + %s WHERE {behind}", amount, ledger["a"])  # noqa: S608
        execute("UPDATE walletsvc_transaction SET amount = amount + %s WHERE txid = 'kept'", amount)
        execute("UPDATE walletsvc_wallet SET balance = balance + %s WHERE label = 'A'", amount)
        execute("UPDATE walletsvc_wallet SET available = balance WHERE label = 'A'")
    lines = found()
    assert len(lines) > 1
    assert all(each.startswith("all wallets in USD: ") for each in lines[:-1])
