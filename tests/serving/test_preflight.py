"""`serve` looks before it leaps: all that is in its way gets a line each, and `doctor` shows the rest as well."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.live import ROOT
from tests.servers import free_ports
from tests.serving.command import HOST, new_database
from tests.serving.test_ports import TAKEN, listener
from walletsvc.server.preflight import DATABASE_SECONDS

pytestmark = pytest.mark.without_engine

SHORT_SECRET = (
    "SECRET_KEY has fewer than 32 characters. Set a long random text:"
    " python3 -c 'import secrets; print(secrets.token_urlsafe(50))'. (walletsvc.E012)"
)
UNPROTECTED = (
    "The ledger is not protected: there is no trigger walletsvc_entry_no_delete, walletsvc_entry_no_update."
    " Run `python manage.py setup`, which says how to make it again."
)
START_SECONDS = 3
"""What `serve` may take to say that it cannot start."""
REDIS_SECONDS = 0.25
"""What each connection to Redis waits for (CACHES in the settings)."""
SET_UP = "Run `python manage.py setup`."


FORGET_THE_LAST_MIGRATION = (
    "DELETE FROM django_migrations WHERE app = 'walletsvc'"
    " AND name = (SELECT MAX(name) FROM django_migrations WHERE app = 'walletsvc')"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return the file of a database that is set up."""
    path = tmp_path / "new.sqlite3"
    path.write_bytes(new_database())
    return path


def run(command: str, database: Path, **variables: str) -> tuple[int, list[str], list[str]]:
    """Run it to its end, and return the exit code, and the lines that it printed as output and as errors."""
    web, live = map(str, free_ports(2))
    settings = {
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": "",
        "HOST": HOST,
        "PORT": web,
        "LIVE_PORT": live,
    }
    finished = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), command],
        env={**os.environ, **settings, **variables},
        cwd=database.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout.splitlines(), finished.stderr.splitlines()


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with listener() as port:
        variables = {
            "DEBUG": "false",
            "SECRET_KEY": "short",
            "CACHE_SECONDS": "-3",
            "LOG_LEVEL": "chatty",
            "WEB_WORKERS": "2",
            "PORT": str(port),
        }
        exit_code, stdout, stderr = run("serve", tmp_path / "no.sqlite3", **variables)
    assert (exit_code, stdout) == (1, [])
    assert stderr == [
        "CACHE_SECONDS is '-3', which is not a whole number, 0 or more.",
        "LOG_LEVEL is 'chatty', which is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL.",
        "More than one worker needs a shared cache. Set REDIS_URL, or WEB_WORKERS=1. (walletsvc.E003)",
        SHORT_SECRET,
        TAKEN.format(port=port, setting="--port or PORT"),
        f"There is no database {tmp_path / 'no.sqlite3'}. {SET_UP}",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        (None, f"The database has never been set up. {SET_UP}"),
        (["UPDATE alembic_version SET version_num = '0001'"], f"The database is older than this version. {SET_UP}"),
        (
            [FORGET_THE_LAST_MIGRATION],
            f"The database is older than this version. {SET_UP}",
        ),
        (
            ["DROP TRIGGER walletsvc_entry_no_update", "DROP TRIGGER walletsvc_entry_no_delete"],
            UNPROTECTED,
        ),
    ],
    ids=["empty", "behind in Alembic's revisions", "behind in Django's migrations", "without triggers"],
)
def test_a_database_that_is_not_ready(statements: list[str] | None, line: str, database: Path) -> None:
    if statements is None:
        database.write_bytes(b"")
    else:
        change(database, *statements)
    assert run("serve", database) == (1, [], [line])


def test_a_file_that_is_no_database(database: Path) -> None:
    database.write_text("This is a letter, and no database. " * 100)
    assert run("serve", database) == (1, [], ["The database cannot be used: file is not a database."])


def test_the_doctor_shows_what_is_well_and_what_is_not(database: Path) -> None:
    change(database, "DROP TRIGGER walletsvc_hold_no_delete")
    (away,) = free_ports(1)
    variables = {"LIVE_PORT": "0", "REDIS_URL": f"redis://{HOST}:{away}/0"}
    exit_code, stdout, stderr = run("doctor", database, **variables)
    assert (exit_code, stderr) == (1, [])
    assert [line.split()[:2] for line in stdout] == [
        ["ok", "settings"],
        ["ok", "port"],
        ["ok", "database"],
        ["PROBLEM", "triggers"],
        ["note", "cache"],
    ]
    assert stdout[-1].endswith(" Redis does not answer: until it does, nothing is cached.")


def test_the_doctor_is_content_with_a_sound_server(database: Path) -> None:
    exit_code, stdout, stderr = run("doctor", database)
    assert (exit_code, stderr) == (0, [])
    assert {line.split()[0] for line in stdout} == {"ok"}


def test_a_database_that_is_away_keeps_no_server_from_starting(database: Path) -> None:
    """After a power cut, the web server may be up first: it answers 503 until the database is there."""
    (away,) = free_ports(1)
    exit_code, stdout, _stderr = run(
        "doctor", database, DATABASE_URL=f"mysql://walletsvc:open-sesame@{HOST}:{away}/x"
    )
    (line,) = (line for line in stdout if line.split()[1] == "database")
    assert exit_code == 0
    assert line.startswith("note     database  The database does not answer: ")
    assert "open-sesame" not in "".join(stdout)


@contextmanager
def silence() -> Iterator[socket.socket]:
    """Listen, and never say anything."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        yield listening


def callers(listening: socket.socket) -> int:
    """Return how many connections there have been."""
    listening.settimeout(0)
    for number in count():
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


def test_servers_that_say_nothing_are_not_waited_for_again(database: Path) -> None:
    """So a start that cannot be is told in time. The clock of a busy machine would prove nothing; counting does."""
    with listener() as taken, silence() as mysql, silence() as redis:
        database_port, cache_port = mysql.getsockname()[1], redis.getsockname()[1]
        exit_code, stdout, stderr = run(
            "serve",
            database,
            PORT=str(taken),
            DATABASE_URL=f"mysql://walletsvc:open-sesame@{HOST}:{database_port}/x",
            REDIS_URL=f"redis://{HOST}:{cache_port}/0",
        )
        assert callers(mysql) * DATABASE_SECONDS + callers(redis) * REDIS_SECONDS < START_SECONDS
    assert (exit_code, stdout, len(stderr)) == (1, [], 3)
    assert stderr[0] == TAKEN.format(port=taken, setting="--port or PORT")
    assert stderr[1].startswith("The database does not answer: ")
    assert stderr[2] == "Redis does not answer: until it does, nothing is cached."


def test_a_server_that_is_open_to_strangers_does_not_start(database: Path) -> None:
    exit_code, stdout, stderr = run("serve", database, HOST="0.0.0.0", DEBUG="true", AUTH_REQUIRED="false")  # noqa: S104
    assert (exit_code, stdout) == (1, [])
    (line,) = stderr
    assert line.startswith("Without AUTH_REQUIRED, anybody who reaches 0.0.0.0 can move money.")
