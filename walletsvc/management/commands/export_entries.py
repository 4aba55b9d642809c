"""Write the ledger as CSV."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from walletsvc.management.exports import add_export_arguments, read_extract, write_csv
from walletsvc.models.entry import Kind
from walletsvc.principals import SYSTEM
from walletsvc.queries.exports import ENTRY_TITLES, iterate_entries


class Command(BaseCommand):
    """Write every line of the ledger, with the balance after it."""

    help = "Write the entries as CSV, in the order in which they were written: everything that ever happened."
    # Checks would load both faces, which add nothing here and take time.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_export_arguments(parser)
        parser.add_argument("--kind", action="append", choices=Kind.values, help="Of this kind only; repeatable")
        parser.add_argument("--balance-only", action="store_true", help="Only those that changed a balance")

    def handle(self, *args: Any, **options: Any) -> None:
        extract = read_extract(options, kinds=options["kind"] or (), balance_only=options["balance_only"])
        rows = iterate_entries(extract, principal=SYSTEM)
        write_csv(ENTRY_TITLES, rows, output=options["output"], stdout=self.stdout)
