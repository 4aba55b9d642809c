"""What becomes of the rows of a file, once and again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.csv_files.running import balances, import_file, is_clean, lines
from tests.writes import amend_transaction, delete_transaction, open_wallet, post_transaction
from walletsvc.commands import imports
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

Write = Callable[[str | bytes], Path]

ROWS = """txid,label,amount
a,Tea,5.00
b,Tea,-7.00
c,Cake,1.00
d,Tea,4.00
e,Tea,-8.00
"""
"""The second row is covered by what comes later, which must never help it."""


@pytest.fixture
def wallets() -> list[Wallet]:
    return [open_wallet(principal=ANYONE, label=label) for label in ("Tea", "Cake")]


@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_rows_are_judged_in_their_order(write: Write, wallets: list[Wallet], size: int) -> None:
    done = import_file(write(ROWS), "--batch-size", size)
    assert done.code == 1
    assert done.err == ["line 3: insufficient_funds: The balance does not cover it. (amount)"]
    assert done.out == ["5 rows: 4 transactions posted, 0 there already, 1 refused."]
    assert balances() == {"Tea": "1.00", "Cake": "1.00"}
    assert lines() == [
        ("Tea", "5.00", "post", "a"),
        ("Tea", "4.00", "post", "d"),
        ("Tea", "-8.00", "post", "e"),
        ("Cake", "1.00", "post", "c"),
    ]
    assert is_clean()


@pytest.mark.parametrize("size", [1, 2, 500])
def test_a_file_can_be_imported_twice(write: Write, wallets: list[Wallet], size: int) -> None:
    import_file(write(ROWS), "--batch-size", 2)
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="Meanwhile", amount="100.00")
    before = lines()
    again = import_file(write(ROWS), "--batch-size", size)
    assert again.out == ["5 rows: 0 transactions posted, 4 there already, 1 refused."]
    [refused] = again.err
    assert refused.startswith("line 3: refused_before: ")
    assert lines() == before


@pytest.mark.parametrize("kept", range(1, 6))
def test_an_import_that_ended_early_continues(write: Write, wallets: list[Wallet], kept: int) -> None:
    import_file(write("".join(ROWS.splitlines(keepends=True)[: kept + 1])))
    import_file(write(ROWS))
    assert balances() == {"Tea": "1.00", "Cake": "1.00"}
    assert [line[3] for line in lines()] == ["a", "d", "e", "c"]


def test_what_was_refused_before_is_posted_on_request(write: Write, wallets: list[Wallet]) -> None:
    import_file(write(ROWS))
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="Meanwhile", amount="100.00")
    done = import_file(write(ROWS), "--retry-refused")
    assert (done.code, done.out) == (0, ["5 rows: 1 transactions posted, 4 there already, 0 refused."])
    assert balances()["Tea"] == "94.00"


def test_another_request_under_a_txid_is_reported(write: Write, wallets: list[Wallet]) -> None:
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="c", amount="1.00")
    done = import_file(write(ROWS))
    assert "line 4: duplicate_txid: Another transaction has this txid. (txid)" in done.err
    assert balances() == {"Tea": "2.00", "Cake": "0.00"}


def test_the_same_request_of_a_face_is_there(write: Write, wallets: list[Wallet]) -> None:
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="a", amount="5")
    done = import_file(write(ROWS))
    assert done.out == ["5 rows: 3 transactions posted, 1 there already, 1 refused."]


def test_a_txid_twice_in_the_file(write: Write, wallets: list[Wallet]) -> None:
    done = import_file(write("txid,label,amount\na,Tea,1.00\na,Tea,1.0\na,Tea,2.00\na,Cake,1.00\n"))
    assert done.out == ["4 rows: 1 transactions posted, 1 there already, 2 refused."]
    assert done.refused == [(4, "duplicate_txid"), (5, "duplicate_txid")]
    assert balances() == {"Tea": "1.00", "Cake": "0.00"}


def test_what_was_amended_or_deleted_since_stays_so(write: Write, wallets: list[Wallet]) -> None:
    import_file(write(ROWS))
    ids = dict(Transaction.objects.values_list("txid", "id"))
    amend_transaction(principal=ANYONE, transaction_id=ids["d"], amount="6.00")
    delete_transaction(principal=ANYONE, transaction_id=ids["c"])
    before = lines()
    done = import_file(write(ROWS))
    assert done.out == ["5 rows: 0 transactions posted, 3 there already, 2 refused."]
    assert lines() == before


def test_a_wallet_is_named_by_its_id(write: Write, wallets: list[Wallet]) -> None:
    tea, cake = (each.id for each in wallets)
    rows = [f"a,{tea},1.00,USD", f"b,{cake},2.00,", "c,999999,1,", "d,Tea,1,", "e,,1,", f"f,{tea},1,EUR"]
    done = import_file(write("\n".join(["txid,wallet,amount,currency", *rows])))
    assert balances() == {"Tea": "1.00", "Cake": "2.00"}
    assert [line.split(": ")[:2] for line in done.err] == [
        ["line 4", "not_found"],
        ["line 5", "not_found"],
        ["line 6", "not_found"],
        ["line 7", "currency_mismatch"],
    ]


def test_texts_and_metadata_arrive_as_they_are(write: Write, wallets: list[Wallet]) -> None:
    row = '1.00,"{""n"": 1.10, ""é"": [1]}","=1+1, ""two""\nlines",Tea,"=x,y"'
    text = f"amount,metadata,description,label,txid\r\n{row}\r\n"
    assert import_file(write(b"\xef\xbb\xbf" + text.encode())).code == 0
    [posted] = Transaction.objects.all()
    assert (posted.txid, posted.description) == ("=x,y", '=1+1, "two"\nlines')
    assert posted.metadata == {"n": 1.1, "é": [1]}


def test_wallets_are_opened_on_request(write: Write) -> None:
    text = (
        "txid,label,owner,amount,currency\na,Tea,,1.00,\nb,Tea,alice,2,JPY\nc,Tea,,1,\nd,Cake,,1,XXL\ne,Bun,,1.001,\n"
    )
    refused = import_file(write(text))
    assert (refused.code, Wallet.objects.count()) == (1, 0)
    done = import_file(write(text), "--open-wallets", "--currency", "EUR")
    assert done.out == ["5 rows: 3 transactions posted, 0 there already, 2 refused."]
    assert done.refused == [(5, "unknown_currency"), (6, "scale_exceeded")]
    found = Wallet.objects.order_by("id").values_list("label", "owner", "currency", "balance")
    assert [(*each[:3], int(each[3])) for each in found] == [
        ("Tea", "", "EUR", 2),
        ("Tea", "alice", "JPY", 2),
        ("Bun", "", "EUR", 0),
    ]


def test_opening_balances(write: Write) -> None:
    text = "kind,txid,label,amount\nopening,,Tea,3.00\npost,a,Tea,-2.00\nopening,,Cake,0.00\n"
    done = import_file(write(text), "--open-wallets")
    assert done.out == ["3 rows: 2 wallets opened with a balance, 1 transactions posted, 0 there already, 0 refused."]
    assert [line[:3] for line in lines()] == [("Tea", "3.00", "opening"), ("Tea", "-2.00", "post")]
    again = import_file(write(text), "--open-wallets")
    assert (again.code, again.out) == (0, ["3 rows: 0 transactions posted, 3 there already, 0 refused."])
    other = import_file(write("kind,txid,label,amount\nopening,,Tea,4.00\nopening,,Bun,1\npost,,Tea,1\n"))
    assert [line.split(": ")[1] for line in other.err] == ["duplicate_label", "not_found", "blank"]
    assert is_clean()


def test_an_owner_gets_its_own(write: Write) -> None:
    open_wallet(principal=ANYONE, label="Tea", owner="bob")
    mine = open_wallet(principal=ANYONE, label="Tea", owner="alice")
    text = "txid,label,owner,amount\na,Tea,,1.00\nb,Tea,alice,1.00\nc,Tea,bob,1.00\n"
    done = import_file(write(text), "--owner", "alice", "--principal", "migration")
    assert [line.split(": ")[:2] for line in done.err] == [["line 4", "invalid"]]
    entries = Entry.objects.values_list("wallet_id", "principal", "shown_principal", "owner")
    assert set(entries) == {(mine.id, "migration", "operator", "alice")}
    foreign = Wallet.objects.get(owner="bob")
    by_id = import_file(write(f"txid,wallet,amount\nd,{foreign.id},1\n"), "--owner", "alice")
    assert [line.split(": ")[1] for line in by_id.err] == ["not_found"]


def test_frozen_and_closed_wallets_refuse(write: Write, wallets: list[Wallet]) -> None:
    Wallet.objects.filter(label="Tea").update(state="frozen")
    Wallet.objects.filter(label="Cake").update(state="closed")
    done = import_file(write(ROWS))
    codes = ["wallet_frozen", "wallet_closed", "wallet_frozen"]
    assert [line.split(": ")[1] for line in done.err] == codes


def test_a_report_has_each_refusal(write: Write, wallets: list[Wallet], tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    text = ROWS + "f,Nobody,1.00\n,Tea,x\n"
    assert import_file(write(text), "--report", report).err == []
    rows = list(csv.DictReader(report.open(encoding="utf-8", newline="")))
    assert [(row["line"], row["code"], row["field"], row["txid"]) for row in rows] == [
        ("3", "insufficient_funds", "amount", "b"),
        ("7", "not_found", "label", "f"),
        ("8", "blank", "txid", ""),
        ("8", "invalid_amount", "amount", ""),
    ]
    import_file(write(text), "--report", report)
    assert len(list(csv.DictReader(report.open(encoding="utf-8", newline="")))) == 8


def test_a_dry_run_changes_nothing(write: Write, wallets: list[Wallet]) -> None:
    text = ROWS + "f,Nobody,1.00\ng,Tea,\n"
    done = import_file(write(text), "--dry-run")
    assert done.code == 1
    assert [line.split(": ")[:2] for line in done.err] == [["line 7", "not_found"], ["line 8", "invalid_amount"]]
    summary = "7 rows: 5 transactions posted, 0 there already, 2 refused."
    assert done.out == [f"Nothing is posted: this is a dry run. {summary}"]
    assert import_file(write(text), "--dry-run", "--open-wallets").code == 1
    assert (Transaction.objects.count(), Wallet.objects.count()) == (0, 2)


@pytest.mark.django_db(transaction=True)
def test_a_txid_that_is_taken_at_the_last_moment(
    write: Write, wallets: list[Wallet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole batch runs again, and then sees whose it is."""
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="a", amount="5")
    post_transaction(principal=ANYONE, wallet=wallets[0].id, txid="d", amount="1")
    find, answers = imports.find_fingerprints, [{}]

    def find_late(names: object) -> object:
        return answers.pop() if answers else find(names)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "find_fingerprints", find_late)
    done = import_file(write(ROWS))
    assert answers == []
    assert done.refused == [(3, "insufficient_funds"), (5, "duplicate_txid"), (6, "insufficient_funds")]
    assert balances() == {"Tea": "6.00", "Cake": "1.00"}
    assert is_clean()
