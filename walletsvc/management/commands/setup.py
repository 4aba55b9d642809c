"""Make a folder ready for its first `serve`: a secret of its own, and the database."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

from walletsvc.management.commands import setup_database


class Command(setup_database.Command):
    """Write a `.env` with a secret if there is none, and run `setup_database`."""

    help = (
        "Write a .env with a SECRET_KEY, unless there is one or the variable is set, and set the database up or bring"
        " it up to date. Safe to run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SECRET_KEY == settings.INSECURE_SECRET_KEY and write_secret(settings.HOME / ".env"):
            self.stdout.write(f"{settings.HOME / '.env'} has a SECRET_KEY of its own now.")
        super().handle(*args, **options)


def write_secret(path: Path) -> bool:
    """Write a file of settings with a secret, which only its owner can read, and tell whether there was none."""
    text = f"# .env.example in the repository has all settings.\nSECRET_KEY={secrets.token_urlsafe(50)}\n"
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    path.write_text(text)
    return True
