"""Files that are not what they should be: each is told of in a line, and an exit code; nothing is a traceback."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.csv_files.running import balances, import_file
from tests.writes import open_wallet
from walletsvc.commands import runner
from walletsvc.errors import Conflict
from walletsvc.management.csv_records import MAX_RECORD_LENGTH
from walletsvc.models import Transaction
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

Write = Callable[[str | bytes], Path]

GOOD = b"txid,label,amount\na,Tea,1.00\n"


@pytest.fixture(autouse=True)
def wallet() -> None:
    open_wallet(principal=ANYONE, label="Tea")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty"),
        (b"\n\n", "The file is empty"),
        (b"txid,label\n", "line 1: There is no column amount."),
        (b"amount\n", "line 1: There is no column txid, and no wallet or label."),
        (b"\ntxid,label,amount,colour\n", "line 2: There is no column 'colour'."),
        (b"txid;label;amount\n", "line 1: There is no column 'txid;label;amount'."),
        (b"txid,label,amount,txid\n", "line 1: Two columns are txid."),
        (b"\xff\xfet\x00x\x00", "line 1: It is not in UTF-8."),
        (GOOD + b'b,"Tea"x,1\n', "line 3: This is not CSV"),
        (GOOD + b'b,"Tea,1\nc,Tea,1\n', "line 3: This is not CSV: unexpected end of data."),
        (
            GOOD + b'b,"' + b"x" * 140_000 + b'",1\n',
            "line 3: This is not CSV: field larger than field limit (131072).",
        ),
        (GOOD + b"b,Tea," + b"1" * 300_000, "line 3: A record has at most 262,144 characters."),
        (GOOD + b'b,"' + b'\n","' * 100_000 + b'"\n', "line 3: A record has at most 262,144 characters."),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(write: Write, content: bytes, problem: str) -> None:
    path = write(content)
    done = import_file(path)
    assert done.code == 2
    [told] = done.err
    assert told.startswith(f"{path}: {problem}")
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"b,Tea", "invalid: It has 2 cells, and the header has 3."),
        (b"b,Tea,1,2", "invalid: It has 4 cells, and the header has 3."),
        (b"b\xe9,Tea,1", "invalid: It is not in UTF-8."),
        (b"b\x00c,Tea,1", "invalid: "),
        (b"b,Te\x00a,1", "not_found: "),
        (b"b,Tea,1\x00", "invalid_amount: "),
        (b" b,Tea,1", "invalid: "),
        (b"b,Tea,1e5", "invalid_amount: "),
        (b"b,Tea,NaN", "invalid_amount: "),
        (b"b,Tea,0", "invalid_amount: "),
        (b'b,Tea,"1,000.00"', "invalid_amount: "),
        (b"b,Tea,1.001", "scale_exceeded: "),
        (b"b,Tea," + b"9" * 100_000, "out_of_range: "),
        (b"b" * 130_000 + b",Tea,1", "too_long: "),
    ],
)
def test_a_faulty_row_is_refused_alone(write: Write, row: bytes, code: str) -> None:
    done = import_file(write(GOOD + b"\n" + row + b"\nlast,Tea,1.00\n"))
    assert done.code == 1
    [told] = done.err
    assert told.startswith(f"line 4: {code}")
    assert balances() == {"Tea": "2.00"}


@pytest.mark.parametrize("metadata", ["[]", "1", "{", '{"a":1,"a":2}', "NaN", "[" * 1000])
def test_faulty_metadata_are_refused(write: Write, metadata: str) -> None:
    quoted = metadata.replace('"', '""')
    done = import_file(write(f'txid,label,amount,metadata\nb,Tea,1,"{quoted}"\n'))
    assert [line.split(": ")[:2] for line in done.err] == [["line 2", "invalid"]]


def test_old_macintosh_and_mixed_line_ends(write: Write) -> None:
    assert import_file(write(b"txid,label,amount\ra,Tea,1\rb,Tea,1\r\nc,Tea,1\n\nd,Tea,1")).code == 0
    assert balances() == {"Tea": "4.00"}


def test_lines_are_counted_past_line_breaks_in_cells(write: Write) -> None:
    done = import_file(write('txid,label,amount,description\na,Tea,1,"two\nlines"\n\nb,Tea,x,\n'))
    assert [line.split(": ")[:2] for line in done.err] == [["line 5", "invalid_amount"]]


def test_the_longest_record_is_read(write: Write) -> None:
    row = f"b,Tea,1,{'x' * 131_000}"
    assert len(row) < MAX_RECORD_LENGTH
    done = import_file(write(f"txid,label,amount,description\n{row}\n"))
    assert [line.split(": ")[:2] for line in done.err] == [["line 2", "too_long"]]


def test_other_titles(write: Write) -> None:
    path = write("id,account,value,day\na,Tea,1,Monday\n")
    assert import_file(path, "--columns", "id=txid,account=label,value=amount,day=").code == 0
    assert balances() == {"Tea": "1.00"}
    for wrong in ("id", "id=name", "id=txid;account=label"):
        refused = import_file(path, "--columns", wrong)
        assert (refused.code, refused.err[0].startswith("--columns: ")) == (2, True)
    twice = import_file(path, "--columns", "id=txid,account=txid,value=amount,day=")
    assert twice.err == [f"{path}: line 1: Two columns are txid."]


@pytest.mark.parametrize(
    "options",
    [("--batch-size", 0), ("--batch-size", 5001), ("--currency", "XXL"), ("--principal", ""), ("--owner", "")],
)
def test_options_that_cannot_be(write: Write, options: tuple[object, ...]) -> None:
    done = import_file(write(GOOD), *options)
    assert (done.code, len(done.err)) == (2, 1)
    assert Transaction.objects.count() == 0


def test_files_that_are_none(write: Write, tmp_path: Path) -> None:
    assert import_file(tmp_path / "missing.csv").code == 2
    assert import_file(tmp_path).code == 2
    done = import_file(write(GOOD), "--report", tmp_path / "no folder" / "report.csv")
    assert (done.code, Transaction.objects.count()) == (2, 0)


def test_a_file_is_imported_once_at_a_time(write: Write) -> None:
    path = write(GOOD)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = import_file(path)
    assert (done.code, done.err) == (2, [f"{path}: Another import reads the file."])


@pytest.mark.parametrize(("error", "code"), [(Conflict("Busy."), 2), (KeyboardInterrupt(), 130)])
def test_an_import_that_has_to_stop_says_how_to_go_on(
    write: Write, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    path = write(GOOD + b"b,Tea,1\nc,Tea,1\n")
    durably, calls = runner.durably, []

    def fail_later(*args: object, **kwargs: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise error
        return durably(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "durably", fail_later)
    done = import_file(path, "--batch-size", 1)
    assert done.code == code
    assert done.err[-1].endswith(
        "Stopped after 1 rows: 1 transactions posted, 0 there already, 0 refused. Repeat the command to go on."
    )
    assert import_file(path).code == 0
    assert balances() == {"Tea": "3.00"}
