"""A bank's file in one command, in pieces, and after `kill -9`; and what the server's memory has to do with it."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.bank_file import CURRENCY, expect, read_accounts
from tests.commands import run_to_end
from tests.csv_files.read_back import check_statement
from tests.csv_files.running import Run, balances, documented, import_file, is_clean, lines, run_documented
from tests.databases import MakeDatabase, connected_to, url_of
from tests.live import ROOT
from tests.writes import capture_hold, create_hold, release_hold, reverse_transaction
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

CHANGED_EACH = 50
STATEMENT_EACH = int(os.environ.get("BANK_STATEMENT_EACH", "25"))
"""Of how many accounts one has its statement read back; with 1, all 23,000 rows are."""
FILE = ROOT / "tests/data/czech_bank_1993.csv"
COLUMNS = "trans_id=txid,account_id=label,operation=description,date=,purpose=,bank_balance="
OPTIONS = ("--open-wallets", "--currency", CURRENCY, "--columns", COLUMNS)

Line = tuple[str, str, str, str]


def import_bank(path: Path, *options: object) -> Run:
    return import_file(path, *OPTIONS, *options)


def check(path: Path, done: Run, *, code: str = "insufficient_funds") -> None:
    """The ledger is what a few lines of Python make of the file."""
    accounts = read_accounts(path)
    expected = expect(accounts)
    texts = path.read_text("utf-8").splitlines()
    refused = [line for line, text in enumerate(texts, start=1) if text.partition(",")[0] in expected.refused_ids]
    assert done.refused == [(line, code) for line in refused]
    assert balances() == {account: f"{balance:.2f}" for account, balance in expected.balances.items()}
    accepted = {
        account.account_id: [(row.trans_id, row.amount) for row in account.rows if row not in refusals]
        for account in accounts
        for refusals in [expected.refused.get(account.account_id, ())]
    }
    found: dict[str, list[tuple[str, str]]] = {}
    for label, amount, kind, txid in lines():
        assert kind == "post"
        found.setdefault(label, []).append((txid, amount))
    assert found == accepted
    assert is_clean()


@pytest.mark.any_engine
@pytest.mark.django_db(transaction=True)
def test_a_whole_bank_in_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command = documented("import_transactions tests/data")
    done = run_documented(command)
    assert done.out == command.output.splitlines()[-1:]
    assert done.out == ["23,012 rows: 23,000 transactions posted, 0 there already, 12 refused."]
    check(FILE, done)
    again = import_bank(FILE)
    assert again.out == ["23,012 rows: 0 transactions posted, 23,000 there already, 12 refused."]
    assert again.refused == [(line, "refused_before") for line, _ in done.refused]
    check_statements()


def check_statements() -> None:
    """Statements of the bank are read back, some of them after holds, captures and reversals."""
    accounts = read_accounts(FILE)
    expected, wallets = expect(accounts), dict(Wallet.objects.values_list("label", "id"))
    for place, account in enumerate(accounts):
        if place % STATEMENT_EACH:
            continue
        refused = expected.refused.get(account.account_id, ())
        booked = [(row.trans_id, Decimal(row.amount)) for row in account.rows if row not in refused]
        wallet_id, reversals = wallets[account.account_id], frozenset[str]()
        if place % CHANGED_EACH == 0:
            more = change(wallet_id)
            booked, reversals = [*booked, *more], frozenset(txid for txid, _ in more if txid.startswith("R"))
        check_statement(wallet_id, booked, currency=CURRENCY, reversals=reversals)
    assert is_clean()


def change(wallet_id: int) -> list[tuple[str, Decimal]]:
    """Capture a hold in part, let the rest of it go, and take a credit back: return what was booked."""
    first = Transaction.objects.filter(wallet_id=wallet_id, amount__gt=0).earliest("id")
    hold = create_hold(principal=ANYONE, wallet_id=wallet_id, txid=f"H{wallet_id}", amount="3.00")
    capture_hold(principal=ANYONE, hold_id=hold.id, txid=f"C{wallet_id}", amount="1.25")
    release_hold(principal=ANYONE, hold_id=hold.id)
    reverse_transaction(principal=ANYONE, transaction_id=first.id, txid=f"R{wallet_id}", amount="0.75")
    return [(f"C{wallet_id}", Decimal("-1.25")), (f"R{wallet_id}", Decimal("-0.75"))]


@pytest.fixture
def first_rows(tmp_path: Path) -> Path:
    path = tmp_path / "first.csv"
    path.write_text("".join(FILE.read_text("utf-8").splitlines(keepends=True)[:3000]), "utf-8")
    return path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [37, 5000])
def test_the_size_of_a_commit_changes_nothing(first_rows: Path, size: int) -> None:
    check(first_rows, import_bank(first_rows, "--batch-size", size))


def test_killed_and_repeated_it_is_as_if_it_had_not_been(
    first_rows: Path, ready_database: MakeDatabase, django_db_blocker: pytest.FixtureRequest
) -> None:
    command = [sys.executable, "manage.py", "import_transactions", str(first_rows), *OPTIONS, "--batch-size", "100"]
    with ready_database() as name:
        environment = {**os.environ, "DATABASE_URL": url_of(name), "REDIS_URL": ""}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            # It has judged 2,254 rows when it tells of this one, and has not committed those of the next 100.
            assert any(line.startswith("line 2255: ") for line in running.stderr)
            running.kill()
        with django_db_blocker.unblock(), connected_to(name):  # type: ignore[attr-defined]
            left = len(lines())
            assert 2000 < left < 2997
            done = import_bank(first_rows)
            assert done.out == [
                f"2,999 rows: {2997 - left:,} transactions posted, {left:,} there already, 2 refused."
            ]
            assert {code for _, code in done.refused} == {"refused_before"}
            check(first_rows, Run(done.code, done.out, done.err), code="refused_before")


@pytest.mark.any_engine
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ready_database: MakeDatabase) -> None:
    """Ten times as many rows take as much memory, on the way in and on the way out."""
    peaks: dict[str, list[int]] = {"import": [], "export": []}
    for rows in (3_000, 9_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("txid,label,amount,description\n" + make_rows(rows), "utf-8")
        with ready_database() as name:
            environment = {**os.environ, "DATABASE_URL": url_of(name), "REDIS_URL": ""}
            peaks["import"].append(peak_of(environment, "import_transactions", str(path), "--open-wallets"))
            peaks["export"].append(peak_of(environment, "export_entries", "--output", str(tmp_path / f"{rows}.out")))
        assert (tmp_path / f"{rows}.out").read_text("utf-8").count("\n") == rows + 1
    for small, large in peaks.values():
        assert large - small < 6_000, peaks


def make_rows(count: int) -> str:
    return "".join(f"{number},Tea,1.00,{'x' * 900}\n" for number in range(count))


def peak_of(environment: dict[str, str], *arguments: str) -> int:
    """Return the most memory that a command has taken, in KiB."""
    # proc(5); the peak of getrusage(2) includes that of the process that started it.
    program = "import pathlib, sys; from django.core.management import execute_from_command_line as run;"
    program += "run(['manage.py', *sys.argv[1:]]); status = pathlib.Path('/proc/self/status').read_text();"
    program += "print(status.partition('VmHWM:')[2].split()[0])"
    # With DEBUG, Django keeps the last 9,000 statements.
    settings = {
        **environment,
        "DJANGO_SETTINGS_MODULE": "walletsvc.settings",
        "DEBUG": "false",
        "SECRET_KEY": "s" * 60,
    }
    printed = run_to_end(sys.executable, "-c", program, *arguments, folder=ROOT, environment=settings)
    return int(printed.splitlines()[-1])
