"""Make, rotate, revoke and list API keys."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from walletsvc import errors
from walletsvc.access import keys
from walletsvc.access.key_text import is_id
from walletsvc.access.rates import parse_rate
from walletsvc.access.scopes import SCOPES, parse_scopes
from walletsvc.models.access import ApiKey
from walletsvc.moments import parse_moment
from walletsvc.principals import SYSTEM

DEFAULT_EXPIRES = "365d"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")


class Command(BaseCommand):
    """Make, rotate, revoke and list API keys. A key is shown once, when it is made."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="Make a key and print it, on a line of its own")
        create.add_argument("--name", required=True, help="What it is for")
        create.add_argument("--scopes", required=True, help=f"With commas or spaces between: {', '.join(SCOPES)}")
        create.add_argument("--owner", help="Whose wallets it reaches; everybody's unless given")
        create.add_argument(
            "--expires",
            default=DEFAULT_EXPIRES,
            help=f"30s, 24h, 90d, a moment such as 2027-01-31T12:00:00Z, or never ({DEFAULT_EXPIRES})",
        )
        create.add_argument(
            "--limit", help="How much it may ask for: 100/second, 6000/minute; LIMIT_PER_PRINCIPAL unless given"
        )
        rotate = actions.add_parser("rotate", help="Make a key with the rights of another, which ends after a while")
        rotate.add_argument("id")
        rotate.add_argument(
            "--overlap", default="24h", help="How long both are good: 30s, 24h; 0 ends the old one at once"
        )
        revoke = actions.add_parser("revoke", help="End a key at once")
        which = revoke.add_mutually_exclusive_group(required=True)
        which.add_argument("id", nargs="?")
        which.add_argument("--all-issued-before", metavar="MOMENT", help="All keys that were made before it")
        which.add_argument(
            "--listed-in",
            metavar="FILE",
            help="All keys whose ids this file has, one a line, as `list --ended` prints them; - is standard input",
        )
        revoke.add_argument("--reason", default="", help="Why, for the record")
        listing = actions.add_parser("list", help="List the keys, without their secrets")
        listing.add_argument(
            "--ended",
            action="store_true",
            help="Only the ids of keys that are revoked or have expired, for `revoke --listed-in` after a restore",
        )
        actions.add_parser("show", help="Show a key, without its secret").add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options, timezone.now())
        except errors.WalletError as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any], now: datetime) -> None:
        expires_at = _parse_end(options["expires"], now)
        if expires_at is None:
            self.stderr.write(self.style.WARNING("This key never expires: revoke it when it is no longer needed."))
        made = keys.create_key(
            by=SYSTEM,
            name=options["name"],
            scopes=parse_scopes(options["scopes"]),
            owner=options["owner"],
            expires_at=expires_at,
            limit=None if options["limit"] is None else parse_rate(options["limit"]),
            at=now,
        )
        self.stdout.write(made.text)
        self.stderr.write(f"{describe(made.key, now)}. Keep it: it is not shown again.")

    def _rotate(self, options: dict[str, Any], now: datetime) -> None:
        overlap = timedelta() if options["overlap"] == "0" else _parse_duration(options["overlap"])
        made = keys.rotate_key(by=SYSTEM, key_id=options["id"], overlap=overlap, at=now)
        self.stdout.write(made.text)
        self.stderr.write(
            f"{describe(made.key, now)}. It replaces {options['id']}, which ends {_until(now + overlap)}."
        )

    def _revoke(self, options: dict[str, Any], now: datetime) -> None:
        reason = options["reason"]
        if options["id"]:
            key = keys.revoke_key(by=SYSTEM, key_id=options["id"], at=now, reason=reason)
            self.stdout.write(f"{describe(key, now)}.")
        elif options["listed_in"]:
            listed = _read_ids(options["listed_in"])
            count = keys.revoke_listed(by=SYSTEM, key_ids=listed, at=now, reason=reason)
            self.stdout.write(f"{count} keys revoked, of {len(listed)} in the list.")
        else:
            before = parse_moment(options["all_issued_before"]).at
            count = keys.revoke_all(by=SYSTEM, issued_before=before, at=now, reason=reason)
            self.stdout.write(f"{count} keys revoked.")

    def _list(self, options: dict[str, Any], now: datetime) -> None:
        for key in keys.list_keys(by=SYSTEM):
            if options["ended"]:
                if not keys.is_good(key, now):
                    self.stdout.write(key.id)
                continue
            self.stdout.write(f"{describe(key, now)}  last used {_used(key)}")

    def _show(self, options: dict[str, Any], now: datetime) -> None:
        key = keys.get_key(by=SYSTEM, key_id=options["id"])
        self.stdout.write(describe(key, now))
        self.stdout.write(f"  made {_until(key.created_at)} by {key.created_by}")
        if key.replaces:
            self.stdout.write(f"  replaces {key.replaces}")
        self.stdout.write(f"  last used {_used(key)}")


def describe(key: ApiKey, now: datetime) -> str:
    """Return a line about a key: its id, name, scopes, owner, and whether it is good."""
    if key.revoked_at is not None:
        state = f"revoked {_until(key.revoked_at)}"
    elif key.expires_at is None:
        state = "never expires"
    else:
        state = f"{'expires' if now < key.expires_at else 'expired'} {_until(key.expires_at)}"
    owner = "everything" if key.owner is None else f"owner {key.owner!r}"
    limit = "" if key.limit is None else f"  limit {key.limit}"
    return f"{key.id}  {key.name}  [{key.scopes}]  {owner}{limit}  {state}"


def _read_ids(name: str) -> frozenset[str]:
    """Return the ids in a file. Raises CommandError if it cannot be read, or if a line is no id."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    ids = text.split("\n")
    for number, line in enumerate(ids, 1):
        if line.strip() and not is_id(line.strip()):
            raise CommandError(f"Line {number} of {name} is no id of a key. Nothing was revoked.")
    return frozenset(line.strip() for line in ids if line.strip())


def _used(key: ApiKey) -> str:
    return _until(key.last_used_at) if key.last_used_at else "never, as far as is known"


def _until(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _parse_end(text: str, now: datetime) -> datetime | None:
    if text == "never":
        return None
    return now + _parse_duration(text) if _DURATION.fullmatch(text) else parse_moment(text).at


def _parse_duration(text: str) -> timedelta:
    matched = _DURATION.fullmatch(text)
    if matched is None:
        raise CommandError(f"{text!r} is no duration such as 30s, 24h or 90d.")
    return timedelta(**{_UNITS[matched[2]]: int(matched[1])})
