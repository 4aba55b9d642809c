"""Delete what is kept for a time only."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from walletsvc.commands.prune import prune_keys
from walletsvc.models import ReplayKey

HOURS = 24
"""How long a client may repeat a request with its key."""


class Command(BaseCommand):
    """Delete old idempotency keys, a few at a time."""

    help = (
        "Delete the idempotency keys of old requests. A request that is repeated after that is a new one. It can run"
        " while the server does, for example once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=int,
            default=HOURS,
            metavar="HOURS",
            help=f"Delete keys that are older than this many hours ({HOURS}, which is also the least)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        hours = options["older_than"]
        if hours < HOURS:
            raise CommandError(f"Clients may repeat a request for {HOURS} hours: keep its key for as long.")
        before = timezone.now() - timedelta(hours=hours)
        total = ReplayKey.objects.filter(created_at__lt=before).count()
        deleted = 0
        for some in prune_keys(before=before):
            deleted += some
            self.stdout.write(f"{deleted} of {max(total, deleted)}")
        self.stdout.write(self.style.SUCCESS(f"{deleted} idempotency keys deleted."))
