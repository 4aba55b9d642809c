from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers.process import Server, ServerError, find_binary


class MariaDBServer(Server):
    """A MariaDB server, or MySQL if that is installed, that never loses an acknowledged write."""

    binaries = ("mariadbd", "mysqld")
    user = "walletsvc"
    password = "walletsvc"
    database = "walletsvc"

    @property
    def url(self) -> str:
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def run(self, statement: str) -> Sequence[Sequence[Any]]:
        """Run a statement as an administrator, and return its rows. Raises the driver's errors."""
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def connect(self) -> Any:
        """Return a new connection of the driver, in autocommit. Raises the driver's errors."""
        import MySQLdb  # The rest of the package works without it.

        return MySQLdb.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            autocommit=True,
            connect_timeout=2,
            read_timeout=20,
        )

    def _initialize(self) -> None:
        installer = find_binary("mariadb-install-db", "mysql_install_db")
        if self._is_mariadb and installer is None:
            raise ServerError("mariadb-install-db is not installed")
        common = ["--no-defaults", f"--datadir={self._data_folder}", *self._user_option]
        # --force: a host name that resolves to nothing, as in some containers, is no reason to stop.
        command = (
            [str(installer), *common, "--auth-root-authentication-method=normal", "--skip-test-db", "--force"]
            if self._is_mariadb
            else [str(self.binary), *common, "--initialize-insecure"]
        )
        with self._log_path.open("ab") as log:
            finished = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=120,
                check=False,
                user=self.account,
            )
        if finished.returncode:
            raise self._error(f"could not make its data folder (exit code {finished.returncode})")
        # Runs at each start, before connections are served.
        self._init_file.write_text(self._preparation)
        self._own(self._init_file)

    @property
    def _preparation(self) -> str:
        return (
            f"CREATE DATABASE IF NOT EXISTS {self.database} CHARACTER SET utf8mb4;\n"
            f"CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO '{self.user}'@'%';\n"
        )

    def _arguments(self) -> list[str]:
        return [
            "--no-defaults",
            *self._user_option,
            f"--datadir={self._data_folder}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            f"--socket={self.folder / 'server.sock'}",
            f"--pid-file={self.folder / 'server.pid'}",
            f"--init-file={self._init_file}",
            # In /tmp, another server that starts would remove its temporary tables.
            f"--tmpdir={self.folder}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            "--innodb-buffer-pool-size=256M",
            # The durable default, said aloud: tests that kill the application rely on it.
            "--innodb-flush-log-at-trx-commit=1",
            *([] if self._is_mariadb else ["--mysqlx=OFF"]),
        ]

    def _answers(self, connection: socket.socket) -> bool:
        # The greeting: 3 bytes of length, the sequence number 0, then protocol version 10
        # (https://mariadb.com/kb/en/connection/#initial-handshake-packet).
        return _read_greeting(connection)[3:] == b"\x00\x0a"

    @property
    def _is_mariadb(self) -> bool:
        # Debian's `mysqld` is a link to `mariadbd`.
        return self.binary.resolve().name.startswith("mariadb")

    @property
    def _user_option(self) -> list[str]:
        # The server refuses to run as root without this.
        return ["--user=root"] if os.geteuid() == 0 and self.account is None else []

    @property
    def _data_folder(self) -> Path:
        return self.folder / "data"

    @property
    def _init_file(self) -> Path:
        return self.folder / "init.sql"


def _read_greeting(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read(5)
