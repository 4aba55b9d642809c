"""Post the transactions of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from walletsvc import errors
from walletsvc.db.failures import give_up
from walletsvc.management.csv_records import CsvError, locked
from walletsvc.management.import_batches import Terms
from walletsvc.management.import_rows import COLUMNS, Row, Titles
from walletsvc.management.imports import Import, Refuse, Tally, run, survey
from walletsvc.management.progress import Progress
from walletsvc.money import parse_currency
from walletsvc.principals import SYSTEM, Principal
from walletsvc.schema.values import parse_name

MAX_BATCH_SIZE = 5000
STOPPED = 2
"""The exit code where the file has not been read to its end. Refused rows: 1."""
_REPORT_TITLES = ("line", "code", "field", "message", "txid")


class Command(BaseCommand):
    """Post rows in order, many by one commit; what is there already is passed over."""

    help = (
        "Post the transactions of a CSV file in its order. It can be repeated after whatever has happened: what is"
        " there already is passed over. Exits 1 if rows were refused, 2 if the file could not be read to its end."
    )
    # Checks would load both faces, which add nothing here and take time.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help=f"UTF-8, with a line of titles: {', '.join(COLUMNS)}")
        parser.add_argument("--owner", help="All wallets are this owner's")
        parser.add_argument("--principal", default=SYSTEM.subject, help="Who the entries say has written them")
        parser.add_argument(
            "--columns",
            metavar="TITLE=NAME,...",
            default="",
            help="Columns with other titles: trans_id=txid,account=label; with no name, a column is not read",
        )
        parser.add_argument(
            "--open-wallets", action="store_true", help="Open wallets that are missing, by their labels"
        )
        parser.add_argument("--currency", help="The currency of such wallets if a row names none")
        parser.add_argument("--batch-size", type=int, default=500, metavar="ROWS", help="Rows of one commit (500)")
        parser.add_argument("--report", type=Path, metavar="FILE", help="Add the refused rows to this CSV file")
        parser.add_argument(
            "--retry-refused", action="store_true", help="Judge rows again that an earlier run has refused"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Check all rows and post none; the money may not suffice then"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = _read_options(options)
        tally = Tally()
        try:
            with ExitStack() as stack:
                # Rows that one import has refused, a second one of the same file would post.
                stack.enter_context(locked(wanted.path))
                surveyed = survey(wanted)
                progress = stack.enter_context(Progress(surveyed.rows, self.stderr))
                refuse = stack.enter_context(self._reporting(options["report"], progress))
                for tally in run(wanted, surveyed, refuse, is_rehearsal=options["dry_run"]):
                    progress.show(tally)
        except CsvError as error:
            raise CommandError(f"{wanted.path}: {error}", returncode=STOPPED) from error
        except KeyboardInterrupt:
            raise CommandError(_stopped(tally, "Interrupted."), returncode=130) from None
        except (errors.WalletError, Error) as error:
            refusal = error if isinstance(error, errors.WalletError) else give_up(error)
            if refusal is None:
                raise
            raise CommandError(_stopped(tally, refusal.message), returncode=STOPPED) from error
        self.stdout.write(("Nothing is posted: this is a dry run. " if options["dry_run"] else "") + describe(tally))
        if tally.refused:
            raise SystemExit(1)

    @contextmanager
    def _reporting(self, path: Path | None, progress: Progress) -> Iterator[Refuse]:
        """Return what reports each refused row: in a file, or else on the standard error."""
        if path is None:
            yield lambda row, error: progress.write("\n".join(f"line {row.line}: {each}" for each in _lines(error)))
            return
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                if not file.tell():
                    writer.writerow(_REPORT_TITLES)

                def refuse(row: Row, error: errors.WalletError) -> None:
                    txid = row.cells.get("txid", "")
                    writer.writerows((row.line, e.code, e.field or "", e.message, txid) for e in error.each())
                    file.flush()

                yield refuse
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror or error}.", returncode=STOPPED) from error


def describe(tally: Tally) -> str:
    """Return a line about what has become of the rows."""
    opened = f"{tally.opened:,} wallets opened with a balance, " if tally.opened else ""
    return (
        f"{tally.rows:,} rows: {opened}{tally.posted:,} transactions posted, {tally.there:,} there already,"
        f" {tally.refused:,} refused."
    )


def _lines(error: errors.WalletError) -> Iterator[str]:
    for each in error.each():
        yield f"{each.code}: {each.message}" + (f" ({each.field})" if each.field else "")


def _stopped(tally: Tally, why: str) -> str:
    return f"{why} Stopped after {describe(tally)} Repeat the command to go on."


def _read_options(options: dict[str, Any]) -> Import:
    owner, size, currency = options["owner"], options["batch_size"], options["currency"]
    if not 1 <= size <= MAX_BATCH_SIZE:
        raise CommandError(f"A batch has 1 to {MAX_BATCH_SIZE:,} rows.", returncode=STOPPED)
    try:
        subject = parse_name(options["principal"], field="principal")
        if owner is not None:
            parse_name(owner, field="owner")
        if currency is not None:
            parse_currency(currency)
    except errors.WalletError as error:
        raise CommandError(f"--{error.field}: {error.message}", returncode=STOPPED) from error
    principal = Principal(subject=subject, scopes=SYSTEM.scopes, owner=owner, narrowed=owner is not None)
    return Import(
        path=options["file"],
        terms=Terms(principal=principal, owner=owner, opens_wallets=options["open_wallets"], currency=currency),
        titles=_read_titles(options["columns"]),
        batch_size=size,
        retries_refused=options["retry_refused"],
    )


def _read_titles(text: str) -> Titles:
    titles: dict[str, str | None] = {}
    for part in filter(None, text.split(",")):
        title, equals, name = part.partition("=")
        if not equals or name not in ("", *COLUMNS):
            known = ", ".join(COLUMNS)
            message = f"--columns: {part!r} is no TITLE=NAME with one of the names {known}, or none."
            raise CommandError(message, returncode=STOPPED)
        titles[title] = name or None
    return titles
