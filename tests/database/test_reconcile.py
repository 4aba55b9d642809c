"""`manage.py reconcile` finds every kind of damage and names the wallet."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, connections

from tests.conftest import MakeWallet, Post
from tests.database.rows import execute
from tests.tables import without_triggers
from tests.writes import amend_transaction, close_wallet, delete_transaction, post_transfer
from walletsvc.commands.recount import recount_all
from walletsvc.ledger.totals import compare_totals
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE

# Real transactions: MySQL ends the open one where a trigger is set aside.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ledger(make_wallet: MakeWallet, post: Post) -> dict[str, int]:
    """Return the ids of the wallets "Sound" and "Hurt" and of two of Hurt's transactions, one of them deleted.

    Every kind of entry is in the ledger. Hurt's are: opening 100, post 5, post -3, delete 3, amend 2; it holds 107.
    """
    sound, hurt, gone = make_wallet("50.00", label="Sound"), make_wallet("100.00", label="Hurt"), make_wallet()
    kept, deleted = post(hurt, "5.00", txid="kept"), post(hurt, "-3.00", txid="deleted")
    delete_transaction(principal=ANYONE, transaction_id=deleted.id)
    amend_transaction(principal=ANYONE, transaction_id=kept.id, amount="7.00")
    moved = post(gone, "1.00", txid="moved")
    amend_transaction(principal=ANYONE, transaction_id=moved.id, wallet_id=sound.id)
    other = make_wallet(label="Other")
    post_transfer(principal=ANYONE, txid="T", source_id=sound.id, destination_id=other.id, amount="2.00")
    post_transfer(principal=ANYONE, txid="U", source_id=other.id, destination_id=sound.id, amount="2.00")
    close_wallet(principal=ANYONE, wallet_id=gone.id)
    return {"sound": sound.id, "hurt": hurt.id, "gone": gone.id, "kept": kept.id, "deleted": deleted.id}


def reconcile(*arguments: str) -> tuple[int, str, list[str]]:
    """Return the command's exit code, its output, and the lines of its errors."""
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue().splitlines()
    return 0, out.getvalue(), err.getvalue().splitlines()


def test_a_sound_ledger_is_clean(ledger: dict[str, int]) -> None:
    assert reconcile() == (0, "Clean: 3 wallets, 13 entries.\n", [])


def test_an_empty_ledger_is_clean() -> None:
    assert reconcile() == (0, "Clean: 0 wallets, 0 entries.\n", [])


DAMAGE = {
    "a changed balance": (
        "UPDATE walletsvc_wallet SET balance = 108, available = 108 WHERE id = {hurt}",
        ["wallet {hurt} (Hurt): the balance is 108, but the entries sum to 107"],
    ),
    "a changed sequence": (
        "UPDATE walletsvc_wallet SET sequence = 6 WHERE id = {hurt}",
        ["wallet {hurt} (Hurt): the sequence is 6, but the last entry is 5"],
    ),
    "a changed transaction count": (
        "UPDATE walletsvc_wallet SET transaction_count = 2 WHERE id = {hurt}",
        ["wallet {hurt} (Hurt): the transaction count is 2, but there are 1 (--recount corrects it)"],
    ),
    "a changed count of all": (
        "UPDATE walletsvc_transactioncount SET count = count - 2",
        ["all wallets: the transaction count is 4, but there are 6 (--recount corrects it)"],
    ),
    "a missing entry": (
        "DELETE FROM walletsvc_entry WHERE wallet_id = {hurt} AND sequence = 4",
        [
            "wallet {hurt} (Hurt): entry 4 is missing",
            "wallet {hurt} (Hurt): entry 5 says 107, but the sum is 104",
            "wallet {hurt} (Hurt): transaction {deleted}, no longer here, left -3 behind",
        ],
    ),
    "a missing last entry": (
        "DELETE FROM walletsvc_entry WHERE wallet_id = {hurt} AND sequence = 5",
        [
            "wallet {hurt} (Hurt): the balance is 107, but the entries sum to 105",
            "wallet {hurt} (Hurt): the sequence is 5, but the last entry is 4",
            "wallet {hurt} (Hurt): transaction 'kept' is of 7, but its entries sum to 5",
        ],
    ),
    "no entries at all": (
        "DELETE FROM walletsvc_entry WHERE wallet_id = {hurt}",
        [
            "wallet {hurt} (Hurt): it holds 107 at sequence 5 without any entry",
            "wallet {hurt} (Hurt): transaction 'kept' is of 7, but its entries sum to 0",
        ],
    ),
    "a wrong balance after": (
        "UPDATE walletsvc_entry SET balance_after = 1 WHERE wallet_id = {hurt} AND sequence = 2",
        [
            "wallet {hurt} (Hurt): entry 2 says 1, but the sum is 105",
            "wallet {hurt} (Hurt): entry 3 says 102, but the sum is -2",
        ],
    ),
    "a changed entry": (
        "UPDATE walletsvc_entry SET amount = 101 WHERE wallet_id = {hurt} AND sequence = 1",
        ["wallet {hurt} (Hurt): entry 1 says 100, but the sum is 101"],
    ),
    "an entry in another currency": (
        "UPDATE walletsvc_entry SET currency = 'EUR' WHERE wallet_id = {hurt} AND sequence = 3",
        ["wallet {hurt} (Hurt): entry 3 is in EUR, the wallet in USD"],
    ),
    "a changed transaction": (
        "UPDATE walletsvc_transaction SET amount = 8 WHERE id = {kept}",
        ["wallet {hurt} (Hurt): transaction 'kept' is of 8, but its entries sum to 7"],
    ),
    "a transaction in another wallet": (
        "UPDATE walletsvc_transaction SET wallet_id = {sound} WHERE id = {kept}",
        [
            "wallet {sound} (Sound): transaction 'kept' is of 7, but its entries sum to 0",
            "wallet {hurt} (Hurt): transaction {kept}, no longer here, left 7 behind",
            "wallet {sound} (Sound): the transaction count is 3, but there are 4 (--recount corrects it)",
            "wallet {hurt} (Hurt): the transaction count is 1, but there are 0 (--recount corrects it)",
        ],
    ),
    "a deleted transaction that gave nothing back": (
        "DELETE FROM walletsvc_transaction WHERE id = {kept}",
        [
            "wallet {hurt} (Hurt): transaction {kept}, no longer here, left 7 behind",
            "wallet {hurt} (Hurt): the transaction count is 1, but there are 0 (--recount corrects it)",
            "all wallets: the transaction count is 6, but there are 5 (--recount corrects it)",
        ],
    ),
    "a wallet that went with its money": (
        "DELETE FROM walletsvc_transaction WHERE wallet_id = {hurt}; DELETE FROM walletsvc_wallet WHERE id = {hurt}",
        [
            "wallet {hurt} (deleted): the balance is 0, but the entries sum to 107",
            "all wallets: the transaction count is 6, but there are 5 (--recount corrects it)",
        ],
    ),
}


@pytest.mark.parametrize(("statements", "lines"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found_and_the_wallet_named(statements: str, lines: list[str], ledger: dict[str, int]) -> None:
    with without_triggers():
        for statement in statements.split(";"):
            execute(statement.format(**ledger))
    code, output, said = reconcile()
    assert (code, output) == (1, "")
    assert re.fullmatch(rf"{len(said) - 1} discrepancies in [23] wallets, \d+ entries\.", said[-1])
    # The totals of a currency differ where the sums of entries do.
    found = [each for each in said[:-1] if not each.startswith("all wallets in ")]
    assert found == [line.format(**ledger) for line in lines]


def test_only_so_many_lines_are_printed_but_all_are_counted(ledger: dict[str, int]) -> None:
    execute("UPDATE walletsvc_wallet SET balance = balance + 1, available = available + 1")
    code, _, said = reconcile("--limit", "1")
    assert code == 1
    assert said == [
        f"wallet {ledger['sound']} (Sound): the balance is 52, but the entries sum to 51",
        "5 discrepancies in 3 wallets, 13 entries.",
    ]


def test_counts_are_set_where_they_are_wrong(ledger: dict[str, int]) -> None:
    execute(f"UPDATE walletsvc_wallet SET transaction_count = -7 WHERE id = {ledger['hurt']}")  # noqa: S608
    execute("DELETE FROM walletsvc_transactioncount")
    before = Wallet.objects.get(id=ledger["hurt"])
    assert reconcile("--recount") == (
        0,
        "2 counts, totals and available balances set.\nClean: 3 wallets, 13 entries.\n",
        [],
    )
    after = Wallet.objects.get(id=ledger["hurt"])
    assert (after.transaction_count, after.updated_at, after.balance) == (1, before.updated_at, before.balance)
    assert reconcile("--recount")[1].startswith("0 counts, totals and available balances set.")


def test_a_wrong_count_does_not_stop_money(ledger: dict[str, int]) -> None:
    execute(f"UPDATE walletsvc_wallet SET transaction_count = 0 WHERE id = {ledger['hurt']}")  # noqa: S608
    delete_transaction(principal=ANYONE, transaction_id=ledger["kept"])
    assert Wallet.objects.get(id=ledger["hurt"]).balance == 100


def test_counts_are_set_while_others_write(ledger: dict[str, int]) -> None:
    execute("UPDATE walletsvc_transactioncount SET count = count - 5 WHERE count > 0")
    if connection.vendor == "sqlite":
        assert recount_all()  # no concurrent writer
    else:
        other = connections.create_connection("default")
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            columns = "amount, currency, description, metadata, created_at, updated_at, wallet_id"
            old = f"SELECT 'new', {columns} FROM walletsvc_transaction LIMIT 1"  # noqa: S608 - names of our own
            cursor.execute(f"INSERT INTO walletsvc_transaction (txid, {columns}) {old}")
            cursor.execute("INSERT INTO walletsvc_transactioncount (part, count) VALUES (999, 1)")
            assert recount_all()
            cursor.execute("COMMIT")
        other.close()
    totals = compare_totals()
    assert totals.count_kept() == totals.count_found()
    assert not recount_all()
