"""Show what `serve` would find: settings, ports, database and cache."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from walletsvc.server.preflight import Listening, Verdict, look


class Command(BaseCommand):
    """Print a table of all findings. Exits with 1 if one is in the way of a start."""

    help = (
        "Check settings, ports, database and cache, as `serve` does before it starts; exit 1 if something is wrong."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        findings = look(Listening(settings.HOST, settings.PORT, settings.LIVE_PORT))
        for finding in findings:
            self.stdout.write(f"{finding.verdict:8} {finding.part:9} {finding.text}")
        if any(finding.verdict is Verdict.PROBLEM for finding in findings):
            sys.exit(1)
