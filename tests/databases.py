"""Databases beside the test database: for servers in separate processes, and for changes of the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections

MakeDatabase = Callable[[], AbstractContextManager[str]]
"""Makes a database that is set up, and yields its name."""


@contextmanager
def new_database(folder: Path) -> Iterator[str]:
    """Make an empty database on the engine of the tests, yield its name, and remove it: on SQLite, a file."""
    name = f"walletsvc_{uuid4().hex}"
    if connection.vendor == "sqlite":
        path = folder / f"{name}.sqlite3"
        try:
            yield str(path)
        finally:
            for each in folder.glob(f"{path.name}*"):  # the file, its log and the log's index
                each.unlink()
        return
    _execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    try:
        yield name
    finally:
        _execute(f"DROP DATABASE {name}")


@contextmanager
def new_ready_database(folder: Path) -> Iterator[str]:
    """Make a database as `new_database` does, and set it up as users do.

    A process of its own would take five times as long to import all that this one has imported. The test's connection
    stays as it is, inside its transaction. Tests that may not use the database take the fixture `ready_database`.
    """
    with new_database(folder) as name:
        own = connections[DEFAULT_DB_ALIAS]
        connections[DEFAULT_DB_ALIAS] = other = own.copy()
        other.settings_dict["NAME"] = name
        try:
            call_command("setup_database", verbosity=0)
        finally:
            other.close()
            connections[DEFAULT_DB_ALIAS] = own
        yield name


def url_of(name: str) -> str:
    """Return the DATABASE_URL of a database that `new_database` made."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    server = connection.settings_dict
    return (
        f"mysql://{quote(server['USER'], safe='')}:{quote(server['PASSWORD'], safe='')}"
        f"@{server['HOST']}:{server['PORT']}/{name}"
    )


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Let Django's connection of this thread lead to another database."""
    own_name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own_name


def run_in(name: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in a database that `new_database` made, past Django's connection, and return its rows."""
    driver_connection = connection.get_new_connection({**connection.get_connection_params(), "database": name})
    cursor = driver_connection.cursor()
    cursor.execute(statement)
    rows = list(cursor.fetchall()) if statement.startswith("SELECT") else []
    driver_connection.commit()
    cursor.close()
    driver_connection.close()
    return rows


def _execute(statement: str) -> None:
    # A separate connection: tests that may not use the database can still have a server that does.
    driver_connection = connection.get_new_connection(connection.get_connection_params())
    with driver_connection, driver_connection.cursor() as cursor:
        cursor.execute(statement)
