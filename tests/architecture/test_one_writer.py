"""Only `ledger/ledger.py` changes a balance, and only `ledger/writer.py` writes it, or makes an entry.

`ledger/wallet_changes.py` decides a floor; `ledger/adoption.py` sets the missing owners of entries, and
one migration what is available in existing wallets.
"""

from __future__ import annotations

import ast

import pytest

from tests.architecture.ledger_writes import find_ledger_writes
from tests.architecture.sources import modules

pytestmark = pytest.mark.without_engine

LEDGER = "walletsvc/ledger/ledger.py"
SETTINGS = "walletsvc/ledger/wallet_changes.py"
WRITER = "walletsvc/ledger/writer.py"
ADOPTION = "walletsvc/ledger/adoption.py"
MIGRATION = "walletsvc/migrations/0015_available.py"


def test_no_other_module_writes_a_balance_or_makes_an_entry() -> None:
    found = [f"{path}:{line} {what}" for path, tree in modules() for line, what in find_ledger_writes(tree)]
    allowed = tuple(f"{each}:" for each in (LEDGER, SETTINGS, WRITER, ADOPTION, MIGRATION))
    assert [each for each in found if not each.startswith(allowed)] == []


def test_one_decides_and_the_other_writes() -> None:
    trees = dict(modules())
    assert {what for _, what in find_ledger_writes(trees[LEDGER])} == {"assigns a balance"}
    assert {what for _, what in find_ledger_writes(trees[SETTINGS])} == {"assigns a balance"}
    assert {what for _, what in find_ledger_writes(trees[WRITER])} == {"writes by a statement", "sets a balance"}
    assert {what for _, what in find_ledger_writes(trees[ADOPTION])} == {"writes by a statement"}
    assert "SET owner = %s WHERE" in ast.unparse(trees[ADOPTION])


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("wallet.balance = 5", "assigns a balance"),
        ("wallet.balance += amount", "assigns a balance"),
        ("wallet.held = wallet.floor", "assigns a balance"),
        ("Wallet.objects.update(available=5)", "sets a balance"),
        ("wallet.balance: Decimal = amount", "assigns a balance"),
        ("wallet.label, wallet.balance = 'A', 5", "assigns a balance"),
        ("for wallet.balance in amounts: pass", "assigns a balance"),
        ("setattr(wallet, 'balance', 5)", "sets a balance"),
        ("Wallet(label='A', balance=5)", "sets a balance"),
        ("models.Wallet.objects.create(balance=5)", "sets a balance"),
        ("Wallet.objects.filter(id=1).update(balance=F('balance') - 5)", "sets a balance"),
        ("Wallet.objects.filter(id=1).update(**{'balance': 5})", "sets a balance"),
        ("Wallet.objects.update_or_create(id=1, defaults={'balance': 5})", "sets a balance"),
        ("Wallet.objects.bulk_create([Wallet(balance=5)])", "sets a balance"),
        ("Wallet.objects.bulk_update(wallets, ['balance'])", "sets a balance"),
        ("wallet.save(update_fields=['balance'])", "sets a balance"),
        ("Entry(amount=5)", "makes an entry"),
        ("models.Entry(amount=5).save()", "makes an entry"),
        ("Entry.objects.create(amount=5)", "makes an entry"),
        ("Entry.objects.using('default').bulk_create(lines)", "makes an entry"),
        ("wallet.entries.create(amount=5)", "makes an entry"),
        ("cursor.execute('UPDATE walletsvc_wallet SET balance = 5')", "writes by a statement"),
        ("cursor.execute('update `walletsvc_wallet` set balance = 5')", "writes by a statement"),
        ("SQL = ('INSERT INTO'\n ' walletsvc_entry (amount) VALUES (5)')", "writes by a statement"),
        ("SQL = 'REPLACE INTO walletsvc_entry (id) VALUES (5)'", "writes by a statement"),
        ("SQL = f'UPDATE {table} SET balance = 5'", "writes by a statement"),
        ("SQL = 'INSERT INTO ' + table", "writes by a statement"),
    ],
)
def test_a_write_is_found(code: str, what: str) -> None:
    assert what in {found for _, found in find_ledger_writes(ast.parse(code))}


@pytest.mark.parametrize(
    "code",
    [
        "balance = wallet.balance",
        "class Wallet: balance: Decimal",
        "open_wallet(label='A', balance='5.00')",
        "Wallet(owner='')",
        "Wallet.objects.filter(balance__gte=5).update(label='A')",
        "Wallet.objects.order_by('balance')",
        "wallet.save(update_fields=['label'])",
        "Entry.objects.filter(wallet_id=1).values_list('balance_after')",
        "'SELECT balance FROM walletsvc_wallet FOR UPDATE'",
        "'BEFORE UPDATE ON walletsvc_entry'",
        "'INSERT INTO walletsvc_transaction (txid)'",
    ],
)
def test_reading_code_is_not_found(code: str) -> None:
    assert list(find_ledger_writes(ast.parse(code))) == []
