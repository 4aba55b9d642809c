"""Let holds expire that have come to their end."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from walletsvc import errors
from walletsvc.commands.expiry import count_due, sweep


class Command(BaseCommand):
    """Let all holds expire that have come to their end by now, a few wallets at a time."""

    help = (
        "Let holds expire that have come to their end, so that readers see it: no decision waits for that. The live"
        " server does it each second; without one, run this as often as readers should see it. It can run while"
        " servers do, and again after it was interrupted."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        total, done = count_due(at=timezone.now()), 0
        try:
            for some in sweep(skip_locked=False):
                done += some
                self.stdout.write(f"{done} of {max(total, done)}")
        except errors.WalletError as error:
            raise CommandError(f"{error.message} {done} holds have expired.") from error
        self.stdout.write(self.style.SUCCESS(f"{done} holds have expired."))
