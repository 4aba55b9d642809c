"""Write all transactions as CSV."""

from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from walletsvc.management.exports import add_export_arguments, read_extract, write_csv
from walletsvc.principals import SYSTEM
from walletsvc.queries.exports import TRANSACTION_TITLES, iterate_openings, iterate_transactions


class Command(BaseCommand):
    """Write opening balances, and then transactions, in the form that import_transactions reads."""

    help = (
        "Write the transactions as they are now as CSV, in the order of their posting, behind the opening balances of"
        " the wallets. import_transactions reads it."
    )
    # Checks would load both faces, which add nothing here and take time.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_export_arguments(parser)
        parser.add_argument("--no-openings", action="store_true", help="Without the opening balances")

    def handle(self, *args: Any, **options: Any) -> None:
        extract = read_extract(options)
        # Read first: every wallet of a transaction that follows has its row, unless it is opened meanwhile.
        openings = () if options["no_openings"] else iterate_openings(extract, principal=SYSTEM)
        rows = chain(openings, iterate_transactions(extract, principal=SYSTEM))
        write_csv(TRANSACTION_TITLES, rows, output=options["output"], stdout=self.stdout)
