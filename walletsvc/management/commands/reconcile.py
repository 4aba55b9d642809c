"""Prove that balances equal their entries, and that no money comes from nowhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from walletsvc.commands.execute import execute
from walletsvc.commands.recount import RecountWallet, recount_all
from walletsvc.models import Entry, Reconciliation, Wallet
from walletsvc.principals import SYSTEM
from walletsvc.queries.reconciliation import (
    Discrepancy,
    compute_discrepancies,
    find_wrong_available,
    find_wrong_counts,
)


class Command(BaseCommand):
    """Compare balances, sequences, counts and live transactions with the ledger; exit 1 on any discrepancy."""

    help = "Prove that balances equal their entries. Exits 1 and names the wallets whose balances differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recount",
            action="store_true",
            help="First correct wrong counts, totals and available balances (after an upgrade)",
        )
        parser.add_argument("--limit", type=int, default=100, help="Print at most this many discrepancies (100)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["recount"]:
            wrong = {wallet_id for wallet_id, *_ in (*find_wrong_counts(), *find_wrong_available())}
            recounts = [RecountWallet(wallet=wallet_id) for wallet_id in sorted(wrong)]
            count = sum(execute(each, by=SYSTEM) for each in recounts) + recount_all()
            self.stdout.write(f"{count} counts, totals and available balances set.")
        with _snapshot():
            count = 0
            for found in compute_discrepancies(report=self._report):
                count += 1
                if count <= options["limit"]:
                    self._clear()
                    self.stderr.write(f"{_name_of(found)}: {found.problem}")
            self._clear()
            wallets, entries = Wallet.objects.count(), Entry.objects.count()
        self._note(count)
        if count:
            self.stderr.write(self.style.ERROR(f"{count} discrepancies in {wallets} wallets, {entries} entries."))
            raise SystemExit(1)
        self.stdout.write(self.style.SUCCESS(f"Clean: {wallets} wallets, {entries} entries."))

    def _note(self, count: int) -> None:
        """Let the metrics of the servers show what was found, unless this database takes no writes."""
        found = {"finished_at": timezone.now(), "discrepancies": count}
        try:
            Reconciliation.objects.update_or_create(id=1, defaults=found)
        except DatabaseError as error:
            self._clear()
            self.stderr.write(f"Metrics will not show this: {error}")

    def _report(self, step: str, done: int, of: int) -> None:
        """Show progress on a terminal, in one line."""
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{step}: {done:,} of {of:,}", ending="")
            self.stderr.flush()

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")


def _name_of(found: Discrepancy) -> str:
    if found.transfer_id is not None:
        return f"transfer {found.transfer_id}"
    if found.wallet_id is None:
        return f"all wallets in {found.currency}" if found.currency else "all wallets"
    return f"wallet {found.wallet_id} ({found.label or 'deleted'})"


def _snapshot() -> transaction.Atomic:
    """Return a transaction that sees a single moment while others write."""
    if connection.vendor == "mysql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return transaction.atomic()
