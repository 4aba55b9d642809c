"""Fill an empty server with something to look at."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from tqdm import tqdm

from walletsvc import errors
from walletsvc.management import demonstration
from walletsvc.models import Entry, Wallet


class Command(BaseCommand):
    """Open wallets and post 90 days of transactions, transfers, a hold and a reversal."""

    help = "Fill an empty server with 8 wallets and 90 days of transactions to look at. Refused on any other server."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if Wallet.objects.exists() or Entry.objects.exists():
                raise CommandError("This server is not empty. A demonstration among real money would never go away.")
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}. Is it set up?") from error
        now = timezone.now()
        try:
            # Without a terminal there is no bar.
            for _day in tqdm(demonstration.tell(now), total=demonstration.DAYS, unit=" days", disable=None):
                pass
        except errors.WalletError as error:
            raise CommandError(f"The demonstration is not complete: {error.message}") from error
        self._show_links(f"{Entry.objects.count():,} entries in {Wallet.objects.count()} wallets.")

    def _show_links(self, summary: str) -> None:
        root = settings.PUBLIC_URL or f"http://{settings.HOST}:{settings.PORT}"
        first = Wallet.objects.order_by("id").values_list("id", flat=True)[0]
        self.stdout.write(f"{summary} With `serve` running, look at:")
        for path, what in {
            "/": "what there is",
            "/graphql/": "the playground",
            "/api/docs/": "the documentation, to try out",
            "/api/wallets/": "the wallets",
            f"/api/wallets/{first}/transactions?include=transfer": "the transactions of one",
            "/api/holds/": "what is set aside",
            "/api/books/": "the books: each difference is 0",
        }.items():
            self.stdout.write(f"  {root}{path}  {what}")
        if settings.AUTH_REQUIRED:
            self.stdout.write("Callers need a key: `apikey create --name me --scopes admin`.")
