"""What stands in the way of a start: `serve` looks before it takes the ports, and `doctor` shows all of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error

from walletsvc import __version__
from walletsvc.db import reader
from walletsvc.db.dialect import Meaning, meaning_of
from walletsvc.db.impatient import connect
from walletsvc.db.objects import find_missing_triggers
from walletsvc.server.cache_checks import find_unusable_redis
from walletsvc.server.checks import find_unsafe_settings
from walletsvc.server.database_checks import find_unsafe_cluster
from walletsvc.server.migrated import is_behind
from walletsvc.server.ports import PortError, claim_port, find_address
from walletsvc.server.readiness import find_remarks

DATABASE_SECONDS = 1
"""How long the database may take to connect, and for each answer."""


class Verdict(StrEnum):
    """What a finding means for a start."""

    OK = "ok"
    REMARK = "note"
    """The server starts, and goes on without it."""
    PROBLEM = "PROBLEM"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part, in one line."""

    part: str
    text: str
    verdict: Verdict = Verdict.PROBLEM


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server is to listen. `live_port` 0 is for none."""

    host: str
    port: int
    live_port: int


def look(listening: Listening) -> list[Finding]:
    """Return all that was found, the good as well. Ports that are free belong to this process afterwards."""
    return [*_settings(), *_listening(listening), *_database(), *_reader(), *_cache()]


def setup_command() -> str:
    """Return the command that sets the database up, where this server runs."""
    return "walletsvc setup" if settings.REVISIONS.parent.name == "walletsvc" else "python manage.py setup"


def _settings() -> Iterator[Finding]:
    found = [Finding("settings", f"{name} {problem}") for name, problem in settings.SETTINGS_PROBLEMS.items()]
    for message in find_unsafe_settings():
        text = " ".join(f"{message.msg} {message.hint or ''} ({message.id})".split())
        found.append(Finding("settings", text, Verdict.PROBLEM if message.is_serious() else Verdict.REMARK))
    yield from found
    if all(finding.verdict is not Verdict.PROBLEM for finding in found):
        yield Finding("settings", f"walletsvc {__version__}, data and .env in {settings.HOME}", Verdict.OK)


def _is_unknown(*names: str) -> bool:
    """Tell whether any of these settings could not be used, so that a default stands in for it."""
    return not settings.SETTINGS_PROBLEMS.keys().isdisjoint(names)


def _listening(listening: Listening) -> Iterator[Finding]:
    if _is_unknown("PORT", "LIVE_PORT", "HOST"):
        return
    try:
        address = find_address(listening.host)
    except PortError as error:
        yield Finding("address", f"{error} Set an address of this machine with --host or HOST.")
        return
    if not settings.AUTH_REQUIRED and not ipaddress.ip_address(address).is_loopback:
        danger = f"Without AUTH_REQUIRED, anybody who reaches {listening.host} can move money."
        way = "Listen on 127.0.0.1 (--host, HOST), or set AUTH_REQUIRED=true and make a key with `apikey create`."
        yield Finding("address", f"{danger} {way}")
    yield from _port(address, listening.port, "--port or PORT")
    if listening.live_port:
        yield from _port(address, listening.live_port, "--live-port or LIVE_PORT")


def _port(address: str, port: int, setting: str) -> Iterator[Finding]:
    try:
        claim_port(address, port)
    except PortError as error:
        yield Finding("port", f"{error} Set another with {setting}.")
    else:
        yield Finding("port", f"Port {port} of {address} is free.", Verdict.OK)


def _database() -> Iterator[Finding]:
    if _is_unknown("DATABASE_URL", "DB_NAME", "DB_PORT"):
        return
    database = settings.DATABASES["default"]
    # To connect to a file that is not there makes it.
    if database["ENGINE"].endswith("sqlite3") and not Path(database["NAME"]).is_file():
        yield Finding("database", f"There is no database {database['NAME']}. Run `{setup_command()}`.")
        return
    try:
        connection = connect(seconds=DATABASE_SECONDS)
        try:
            yield from _tables(connection)
            with connection.wrap_database_errors:
                unsafe = find_unsafe_cluster(connection)
            if unsafe:
                yield Finding("cluster", unsafe)
        finally:
            connection.close()
    except Error as error:
        yield _explain(error)


def _explain(error: Error) -> Finding:
    reason = " ".join(str(error.args[-1] if error.args else error).split())
    if meaning_of(error) is Meaning.LOST:
        text = f"The database does not answer: {reason}. Until it does, requests are answered with 503."
        return Finding("database", text, Verdict.REMARK)
    return Finding("database", f"The database cannot be used: {reason}.")


def _tables(connection: Any) -> Iterator[Finding]:
    with connection.wrap_database_errors, closing(connection.create_cursor()) as cursor:
        try:
            with connection.wrap_database_errors:
                is_old = is_behind(cursor)
        except Error as error:
            if meaning_of(error) is not Meaning.FAULT:
                raise
            yield Finding("database", f"The database has never been set up. Run `{setup_command()}`.")
            return
        if is_old:
            yield Finding("database", f"The database is older than this version. Run `{setup_command()}`.")
            return
        yield Finding("database", "The database answers, and is set up for this version.", Verdict.OK)
        yield _triggers(find_missing_triggers(cursor, connection.vendor))


def _triggers(missing: Collection[str] | None) -> Finding:
    if missing is None:
        return Finding("triggers", "The database does not show its triggers to this user.", Verdict.REMARK)
    if missing:
        text = f"The ledger is not protected: there is no trigger {', '.join(sorted(missing))}."
        return Finding("triggers", f"{text} Run `{setup_command()}`, which says how to make it again.")
    return Finding("triggers", "The ledger is protected by its triggers.", Verdict.OK)


def _reader() -> Iterator[Finding]:
    if not reader.is_configured():
        return
    problem = reader.find_problem()
    if problem:
        yield Finding("reads", f"The database for reads {problem}: until then, the writer is asked.", Verdict.REMARK)
    else:
        yield Finding("reads", "The database for reads answers, and follows a writer.", Verdict.OK)


def _cache() -> Iterator[Finding]:
    if _is_unknown("REDIS_URL"):
        return
    unusable = find_unusable_redis()
    if unusable:
        yield Finding("cache", unusable)
        return
    for name, remark in find_remarks().items():
        yield Finding("cache", f"{name.capitalize()} {remark}: until it does, nothing is cached.", Verdict.REMARK)
        return
    text = "Redis answers." if settings.REDIS_URL else "The cache is in the memory of the only process."
    yield Finding("cache", text, Verdict.OK)
