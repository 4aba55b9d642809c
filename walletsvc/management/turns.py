"""One turn for all nodes of a cluster: who sets the database up holds a row.

`GET_LOCK` and locked rows are known to one node only. Of two INSERTs with one key, the cluster refuses one, wherever
they are made. The holder counts up in its row; whoever finds it standing still removes it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.db import DEFAULT_DB_ALIAS, Error, OperationalError, connections

from walletsvc.db.dialect import Meaning, meaning_of

BEAT_SECONDS = 1.0
LOST_AFTER_LOOKS = 30
"""In looks rather than seconds: a long change of a table makes both the holder and who looks wait."""
LOOK_SECONDS = 1.0

_CREATE = (
    "CREATE TABLE IF NOT EXISTS walletsvc_turn"
    " (id TINYINT PRIMARY KEY, holder BIGINT NOT NULL, beats BIGINT NOT NULL) ENGINE=InnoDB"
)


@contextmanager
def turn_of_cluster(*, wait_seconds: float) -> Iterator[None]:
    """Hold the row while the block runs. Raises `CommandError` if that takes longer than `wait_seconds`."""
    holder = secrets.randbits(62)
    # Of its own: statements that change tables end the transaction of the connection that they use.
    database: Any = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        _acquire(database, holder, until=time.monotonic() + wait_seconds)
        is_over = threading.Event()
        beating = threading.Thread(target=_beat, args=(database, holder, is_over), daemon=True)
        beating.start()
        try:
            yield
        finally:
            is_over.set()
            beating.join()
            _run(database, "DELETE FROM walletsvc_turn WHERE holder = %s", holder)
    finally:
        database.close()


def _acquire(database: Any, holder: int, *, until: float) -> None:
    seen, looks = None, 0
    while time.monotonic() < until:
        _run(database, _CREATE)
        if _run(database, "INSERT IGNORE INTO walletsvc_turn VALUES (1, %s, 0)", holder):
            return
        row = _look(database)
        if row is not None:
            looks = looks + 1 if row == seen else 0
            seen = row
            if looks >= LOST_AFTER_LOOKS:
                _run(database, "DELETE FROM walletsvc_turn WHERE holder = %s AND beats = %s", *row)
        time.sleep(LOOK_SECONDS)
    raise CommandError("Another process has been setting this database up for too long, at another node.")


def _look(database: Any) -> tuple[int, int] | None:
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT holder, beats FROM walletsvc_turn WHERE id = 1")
            row: tuple[int, int] | None = cursor.fetchone()
            return row
    except OperationalError as error:
        if meaning_of(error) is not Meaning.AGAIN:
            raise
        return None


def _beat(database: Any, holder: int, is_over: threading.Event) -> None:
    with closing(database):
        while not is_over.wait(BEAT_SECONDS):
            try:
                _run(database, "UPDATE walletsvc_turn SET beats = beats + 1 WHERE holder = %s", holder)
            except Error:
                database.close()


def _run(database: Any, statement: str, *values: object) -> int:
    """Run a statement, and return how many rows it changed: 0 if another node was in the way. Raises other errors."""
    try:
        with database.cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.rowcount)
    except OperationalError as error:
        if meaning_of(error) is not Meaning.AGAIN:
            raise
        return 0
