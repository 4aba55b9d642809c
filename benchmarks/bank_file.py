"""Read a bank's transactions from a CSV file, and compute what an overdraft guard makes of them.

Independent of the server: this is the other half of the comparison in replay.py.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

CURRENCY = "CZK"
COLUMNS = ("trans_id", "account_id", "date", "operation", "purpose", "amount", "bank_balance")

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,2})?")
_PROBLEMS_SHOWN = 10


class BankFileError(ValueError):
    """The file cannot be replayed; the message names each faulty line and its problem."""


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction as the bank booked it; `amount` is the text of the file, never reformatted."""

    trans_id: str
    account_id: str
    date: str
    operation: str
    purpose: str
    amount: str
    bank_balance: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """An account and its rows, in the order in which the bank booked them."""

    account_id: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Expectation:
    """The result that a server without overdrafts must reach: the refused rows by account, and balances."""

    refused: Mapping[str, Sequence[Row]]
    balances: Mapping[str, Decimal]

    @property
    def refused_ids(self) -> set[str]:
        return {row.trans_id for rows in self.refused.values() for row in rows}

    @property
    def total(self) -> Decimal:
        return sum(self.balances.values(), Decimal(0))


def expect(accounts: Iterable[Account]) -> Expectation:
    """Replay accounts from a balance of 0 in plain Python, refusing each row that would go below zero.

    A refused row leaves the balance unchanged, and later rows are judged by that balance.
    """
    refused: dict[str, list[Row]] = {}
    balances: dict[str, Decimal] = {}
    for account in accounts:
        balance = Decimal(0)
        for row in account.rows:
            after = balance + Decimal(row.amount)
            if after < 0:
                refused.setdefault(account.account_id, []).append(row)
            else:
                balance = after
        balances[account.account_id] = balance
    return Expectation(refused=refused, balances=balances)


def read_accounts(path: Path) -> list[Account]:
    """Read `path` and group its rows by account, both in the order of the file.

    Raises BankFileError if the file cannot be read, lacks a column, has no rows, or has a row that is incomplete,
    repeats a `trans_id`, or has an invalid date or amount.
    """
    rows_by_account: dict[str, list[Row]] = {}
    problems: list[str] = []
    line_by_trans_id: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line, cells in _read_cells(file):
                found = list(_find_problems(cells))
                first_line = line_by_trans_id.setdefault(cells["trans_id"], line)
                if first_line != line:
                    found.append(f"trans_id {cells['trans_id']!r} is on line {first_line} already")
                problems += [f"line {line}: {problem}" for problem in found]
                if not found:
                    rows_by_account.setdefault(cells["account_id"], []).append(_row(cells))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BankFileError(f"{path}: cannot be read: {error}") from error
    except BankFileError as error:
        raise BankFileError(f"{path}: {error}") from None
    if problems:
        shown = problems[:_PROBLEMS_SHOWN]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more")
        raise BankFileError("\n  ".join([f"{path}:", *shown]))
    if not rows_by_account:
        raise BankFileError(f"{path}: holds no transactions")
    return [Account(account_id, rows) for account_id, rows in rows_by_account.items()]


def _read_cells(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row's line number and its cells by column, for the columns named in COLUMNS."""
    reader = csv.reader(lines, strict=True)
    header = next(reader, [])
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise BankFileError(f"missing column(s): {', '.join(missing)}")
    positions = {column: header.index(column) for column in COLUMNS}
    for values in reader:
        if len(values) != len(header):
            raise BankFileError(f"line {reader.line_num}: {len(values)} cells under {len(header)} columns")
        yield reader.line_num, {column: values[position] for column, position in positions.items()}


def _row(cells: Mapping[str, str]) -> Row:
    return Row(
        trans_id=cells["trans_id"],
        account_id=cells["account_id"],
        date=cells["date"],
        operation=cells["operation"],
        purpose=cells["purpose"],
        amount=cells["amount"],
        bank_balance=Decimal(cells["bank_balance"]),
    )


def _find_problems(cells: Mapping[str, str]) -> Iterator[str]:
    for column in ("trans_id", "account_id"):
        if not cells[column] or cells[column] != cells[column].strip():
            yield f"{column} {cells[column]!r} is empty or has space around it"
    try:
        date.fromisoformat(cells["date"])
    except ValueError:
        yield f"date {cells['date']!r} is not an ISO 8601 date"
    for column in ("amount", "bank_balance"):
        if not _PLAIN_DECIMAL.fullmatch(cells[column]):
            yield f"{column} {cells[column]!r} is not a plain decimal with at most 2 decimals"
        elif column == "amount" and not Decimal(cells[column]):
            yield "amount is 0"
