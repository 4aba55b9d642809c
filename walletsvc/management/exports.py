"""Write rows as CSV (RFC 4180), to the standard output or to a file."""

from __future__ import annotations

import csv
import io
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError, OutputWrapper
from django.db import Error

from walletsvc import errors
from walletsvc.commands.inputs import parse_id
from walletsvc.db.failures import give_up
from walletsvc.money import parse_currency
from walletsvc.queries.exports import Extract
from walletsvc.queries.questions import read_bound

_BROKEN_PIPE = 141
"""What a shell reports of a program that SIGPIPE has ended."""


def add_export_arguments(parser: ArgumentParser) -> None:
    """Add the options that both exports have."""
    parser.add_argument("--output", type=Path, metavar="FILE", help="A new file to write, in place of the output")
    parser.add_argument("--wallet", metavar="ID", help="Of this wallet only")
    parser.add_argument("--owner", help="Of this owner only; '' for what nobody owns")
    parser.add_argument("--currency", metavar="CODE", help="In this currency only")
    parser.add_argument("--from", dest="start", metavar="MOMENT", help="Created at 2026-01-31T12:00:00Z or later")
    parser.add_argument("--to", dest="end", metavar="MOMENT", help="Created before")


def read_extract(options: dict[str, Any], *, kinds: Sequence[str] = (), balance_only: bool = False) -> Extract:
    """Return which rows the options ask for. Raises CommandError."""
    try:
        return Extract(
            wallet=None if options["wallet"] is None else parse_id(options["wallet"], what="Wallet"),
            owner=options["owner"],
            currency=None if options["currency"] is None else parse_currency(options["currency"]),
            start=None if options["start"] is None else read_bound(options["start"], parameter="from"),
            end=None if options["end"] is None else read_bound(options["end"], parameter="to"),
            kinds=tuple(kinds),
            balance_only=balance_only,
        )
    except errors.WalletError as error:
        raise CommandError(error.message, returncode=2) from error


def write_csv(
    titles: Sequence[str], rows: Iterable[Sequence[str]], *, output: Path | None, stdout: OutputWrapper
) -> int:
    """Write rows below their titles, to a file or else to `stdout`, and return how many.

    Texts are exact: nothing is done for spreadsheets. A file must not exist, and is there only once it is complete.
    Raises CommandError.
    """
    try:
        if output is not None:
            return _write_file(titles, rows, output)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        return _write(titles, rows, stdout)
    except BrokenPipeError:
        # Who reads the output has seen enough. Python would complain when it flushes once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(_BROKEN_PIPE) from None
    except OSError as error:
        raise CommandError(f"{output or 'The output'}: {error.strerror or error}.", returncode=2) from error
    except Error as error:
        refusal = give_up(error)
        if refusal is None:
            raise
        raise CommandError(f"The export is not complete: {refusal.message}", returncode=2) from error


def _write_file(titles: Sequence[str], rows: Iterable[Sequence[str]], output: Path) -> int:
    if output.exists():
        raise CommandError(f"{output} exists already.", returncode=2)
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            count = _write(titles, rows, file)
        part.rename(output)
    finally:
        part.unlink(missing_ok=True)
    return count


def _write(titles: Sequence[str], rows: Iterable[Sequence[str]], file: TextIO | OutputWrapper) -> int:
    writer = csv.writer(file)
    writer.writerow(titles)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    file.flush()
    return count
