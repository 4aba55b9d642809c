"""The refusals of the database itself, whatever the code in front of it does."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from tests.database.rows import TABLES, execute, fetch, insert

pytestmark = pytest.mark.django_db

VIOLATIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("wallet_held_not_negative", "walletsvc_wallet", {"held": "-0.01"}),
    ("wallet_available_not_negative", "walletsvc_wallet", {"available": "-0.000000000000000001"}),
    ("wallet_state_known", "walletsvc_wallet", {"state": "Active"}),
    ("wallet_sequence_not_negative", "walletsvc_wallet", {"sequence": -1}),
    ("wallet_label_not_blank", "walletsvc_wallet", {"label": ""}),
    ("wallet_currency_not_blank", "walletsvc_wallet", {"currency": ""}),
    ("transaction_amount_not_zero", "walletsvc_transaction", {"amount": "0"}),
    ("transaction_txid_not_blank", "walletsvc_transaction", {"txid": ""}),
    ("transaction_reversed_in_part", "walletsvc_transaction", {"reversed": "-0.01"}),
    ("transaction_reversed_in_part", "walletsvc_transaction", {"reversed": "5.01"}),
    ("transaction_reversed_in_part", "walletsvc_transaction", {"amount": "-5", "reversed": "5.01"}),
    ("entry_changes_something", "walletsvc_entry", {"amount": "0.0"}),
    ("entry_held_after_not_negative", "walletsvc_entry", {"held_after": "-0.01"}),
    ("entry_sequence_positive", "walletsvc_entry", {"sequence": 0}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "gift"}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "Post"}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "opening"}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "opening", "transaction_id": None}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "settings", "transaction_id": None}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "hold", "transaction_id": None}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"kind": "release", "hold_id": 1}),
    (
        "entry_transaction_by_kind",
        "walletsvc_entry",
        {"kind": "expire", "hold_id": 1, "transaction_id": None, "txid": ""},
    ),
    ("entry_transaction_by_kind", "walletsvc_entry", {"transaction_id": None}),
    ("entry_transaction_by_kind", "walletsvc_entry", {"txid": ""}),
    ("transfer_txid_not_blank", "walletsvc_transfer", {"txid": ""}),
    ("hold_txid_not_blank", "walletsvc_hold", {"txid": ""}),
    ("hold_amount_positive", "walletsvc_hold", {"amount": "0"}),
    ("hold_captured_not_negative", "walletsvc_hold", {"captured": "-0.01"}),
    ("hold_released_not_negative", "walletsvc_hold", {"released": "-0.01"}),
    ("hold_remaining_not_negative", "walletsvc_hold", {"remaining": "-0.01"}),
    ("hold_state_known", "walletsvc_hold", {"state": "Open"}),
    ("apikey_scopes_not_blank", "walletsvc_apikey", {"scopes": ""}),
]
DUPLICATES: list[tuple[str, str, dict[str, Any], str]] = [
    ("wallet_owner_label_unique", "walletsvc_wallet", {}, "walletsvc_wallet.owner, walletsvc_wallet.label"),
    (
        "transaction_owner_txid_unique",
        "walletsvc_transaction",
        {},
        "walletsvc_transaction.owner, walletsvc_transaction.txid",
    ),
    (
        "transfer_owner_txid_unique",
        "walletsvc_transfer",
        {},
        "walletsvc_transfer.owner, walletsvc_transfer.txid",
    ),
    ("hold_owner_txid_unique", "walletsvc_hold", {}, "walletsvc_hold.owner, walletsvc_hold.txid"),
    (
        "entry_wallet_sequence_unique",
        "walletsvc_entry",
        {"amount": "-1", "balance_after": "4", "txid": "TX2", "transaction_id": 2},
        "walletsvc_entry.wallet_id, walletsvc_entry.sequence",
    ),
]

OF_COLUMN = {
    "wallet_held_not_negative": "held",
    "wallet_available_not_negative": "available",
    "wallet_state_known": "state",
    "transaction_reversed_in_part": "reversed",
    "entry_changes_something": "held",
    "entry_held_after_not_negative": "held_after",
    "entry_transaction_by_kind": "hold_id",
}
"""The column that MariaDB names instead, where the constraint has come with one (`walletsvc.db.checked_field`)."""

NAMES = {
    "walletsvc_wallet": {"label": "B"},
    "walletsvc_transaction": {"txid": "B"},
    "walletsvc_entry": {"sequence": 2},
    "walletsvc_transfer": {"txid": "B"},
    "walletsvc_hold": {"txid": "B"},
    "walletsvc_apikey": {},
}
"""What makes a second row another one."""


@pytest.fixture(autouse=True)
def ledger() -> int:
    """Insert a wallet with a transaction and its entry, a transfer and a hold, and return the wallet's id."""
    wallet_id = insert("walletsvc_wallet")
    transaction_id = insert("walletsvc_transaction", wallet_id=wallet_id)
    insert("walletsvc_entry", wallet_id=wallet_id, transaction_id=transaction_id)
    insert("walletsvc_transfer")
    insert("walletsvc_hold", wallet_id=wallet_id)
    return wallet_id


def everything() -> dict[str, list[tuple[Any, ...]]]:
    return {table: fetch(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}  # noqa: S608


def references(table: str, wallet_id: int) -> dict[str, int]:
    return {"wallet_id": wallet_id} if "wallet_id" in TABLES[table] else {}


def test_every_named_constraint_has_a_case_here() -> None:
    declared = {
        constraint.name
        for model in apps.get_app_config("walletsvc").get_models()
        for constraint in model._meta.constraints
    }
    assert {name for name, *_ in [*VIOLATIONS, *DUPLICATES]} == declared


@pytest.mark.parametrize(("name", "table", "columns"), VIOLATIONS)
def test_a_check_refuses_a_row_by_its_name(name: str, table: str, columns: dict[str, Any], ledger: int) -> None:
    before = everything()
    names = NAMES[table]
    with (
        pytest.raises(IntegrityError, match=rf"\b({name}|{table}\.{OF_COLUMN.get(name, name)})\b"),
        transaction.atomic(),
    ):
        insert(table, **{**references(table, ledger), **names, **columns})
    assert everything() == before


@pytest.mark.parametrize(("name", "table", "columns", "sqlite_says"), DUPLICATES)
def test_a_unique_constraint_refuses_a_second_row(
    name: str, table: str, columns: dict[str, Any], sqlite_says: str, ledger: int
) -> None:
    before = everything()
    # SQLite names the columns, MySQL the constraint.
    said = f"UNIQUE constraint failed: {sqlite_says}" if connection.vendor == "sqlite" else name
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        insert(table, **{**references(table, ledger), **columns})
    assert said in str(caught.value)
    assert everything() == before


def test_a_check_holds_for_updates_too(ledger: int) -> None:
    before = everything()
    with (
        pytest.raises(IntegrityError, match=r"wallet_available_not_negative|walletsvc_wallet\.available"),
        transaction.atomic(),
    ):
        execute("UPDATE walletsvc_wallet SET available = available - 6 WHERE id = %s", ledger)
    assert everything() == before


@pytest.mark.parametrize(
    ("statement", "mysql_code"),
    [
        ("UPDATE walletsvc_transaction SET wallet_id = %s + 1000", 1452),
        ("DELETE FROM walletsvc_wallet WHERE id = %s", 1451),
    ],
)
def test_a_transaction_needs_its_wallet(statement: str, mysql_code: int, ledger: int) -> None:
    execute("UPDATE walletsvc_wallet SET balance = 0 WHERE id = %s", ledger)
    before = everything()

    def violate() -> None:
        with transaction.atomic():
            execute(statement, ledger)
            connection.check_constraints()  # SQLite's are deferred to COMMIT, which a test does not reach

    with pytest.raises(IntegrityError) as caught:
        violate()
    if connection.vendor == "mysql":
        assert caught.value.args[0] == mysql_code
    assert everything() == before


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("walletsvc_wallet", "balance"),
        ("walletsvc_transaction", "amount"),
        ("walletsvc_entry", "amount"),
        ("walletsvc_entry", "balance_after"),
    ],
)
def test_no_money_column_takes_null(table: str, column: str, ledger: int) -> None:
    before = everything()
    with pytest.raises(IntegrityError, match=column), transaction.atomic():
        insert(table, **{**references(table, ledger), column: None})
    assert everything() == before
