"""How to dump a database that is in use, and to restore it into an empty one, as docs/operations.md says."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.servers import ServerError, find_binary


class Database(ABC):
    """A database at an address as in DATABASE_URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def dump(self, to: Path) -> None:
        """Write the state of one moment to a file, while others write to the database."""

    @abstractmethod
    def restore(self, dump: Path) -> None:
        """Fill the database, which is empty, from a dump of another one."""

    @abstractmethod
    def read(self, statement: str) -> str:
        """Return the one value that a statement asks for."""


class SQLiteDatabase(Database):
    """A file. A copy of it made by other means may have half of a transaction."""

    @property
    def _file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def dump(self, to: Path) -> None:
        with closing(sqlite3.connect(self._file, timeout=60)) as connection:
            connection.execute("VACUUM INTO ?", [str(to)])

    def restore(self, dump: Path) -> None:
        shutil.copyfile(dump, self._file)

    def read(self, statement: str) -> str:
        with closing(sqlite3.connect(self._file, timeout=60)) as connection:
            ((value,),) = connection.execute(statement).fetchall()
            return str(value)


class MariaDBDatabase(Database):
    """A database on a MariaDB or MySQL server."""

    def dump(self, to: Path) -> None:
        # One transaction sees one moment, and nobody waits for it.
        options = ["--single-transaction", "--triggers", "--skip-lock-tables", "--no-tablespaces"]
        with to.open("wb") as file:
            self._run(["mariadb-dump", "mysqldump"], *options, stdout=file)

    def restore(self, dump: Path) -> None:
        with dump.open("rb") as file:
            self._run(["mariadb", "mysql"], stdin=file)

    def read(self, statement: str) -> str:
        return self._run(["mariadb", "mysql"], "--skip-column-names", "--batch", "--execute", statement).strip()

    def _run(
        self, names: list[str], *options: str, stdin: object = subprocess.DEVNULL, stdout: object = subprocess.PIPE
    ) -> str:
        program = find_binary(*names)
        if program is None:
            raise ServerError(f"none of {', '.join(names)} is installed")
        address = urlsplit(self.url)
        account = [
            f"--host={address.hostname}",
            f"--port={address.port}",
            f"--user={unquote(address.username or '')}",
        ]
        finished = subprocess.run(
            [program, "--no-defaults", *account, *options, address.path.removeprefix("/")],
            # Not among the arguments, which every process of the machine can read.
            env={**os.environ, "MYSQL_PWD": unquote(address.password or "")},
            stdin=stdin,  # type: ignore[call-overload]
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=600,
            check=False,
        )
        if finished.returncode:
            raise ServerError(f"{program.name} ended with {finished.returncode}: {finished.stderr.decode()}")
        return (finished.stdout or b"").decode()
