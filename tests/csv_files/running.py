"""Run the commands as users do, and read what they have left."""

from __future__ import annotations

import csv
import re
import shlex
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command

from tests.documents.blocks import Command, commands
from walletsvc.models import Entry, Wallet


@dataclass(frozen=True)
class Run:
    """The exit code of a command, and the lines on its outputs."""

    code: int
    out: list[str]
    err: list[str]

    @property
    def refused(self) -> list[tuple[int, str]]:
        """Return line and code of each refused row."""
        found = [re.match(r"line (\d+): (\w+): ", line) for line in self.err]
        return [(int(each[1]), each[2]) for each in found if each]


def run(name: str, *arguments: object) -> Run:
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(name, *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        code = error.returncode
        err.write(f"{error}\n")
    except SystemExit as end:
        code = int(end.code or 0)
    return Run(code, out.getvalue().splitlines(), err.getvalue().splitlines())


def documented(start: str) -> Command:
    """Return the only command in the README that begins so."""
    (found,) = (each for each in commands("README.md") if each.text.startswith(f"python manage.py {start}"))
    return found


def run_documented(command: Command) -> Run:
    return run(*shlex.split(command.text.replace("\\\n", " "))[2:])


def import_file(path: Path, *options: object) -> Run:
    return run("import_transactions", path, *options)


def export(name: str, *options: object) -> list[dict[str, str]]:
    """Return the rows of an export, by title."""
    done = StringIO(newline="")
    call_command(name, *map(str, options), stdout=done)
    done.seek(0)
    return list(csv.DictReader(done, strict=True))


def balances() -> dict[str, str]:
    return {label: f"{balance:.2f}" for label, balance in Wallet.objects.values_list("label", "balance")}


def lines() -> list[tuple[str, str, str, str]]:
    """Return the ledger: wallet, amount, kind and txid of each entry, in the order of each wallet."""
    labels = dict(Wallet.objects.values_list("id", "label"))
    rows = Entry.objects.order_by("wallet_id", "sequence").values_list("wallet_id", "amount", "kind", "txid")
    return [(labels[wallet], f"{amount:.2f}", kind, txid) for wallet, amount, kind, txid in rows]


def is_clean() -> bool:
    return run("reconcile").code == 0
