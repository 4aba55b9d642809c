from __future__ import annotations

from itertools import count

from tests.servers.mariadb import MariaDBServer

_NUMBERS = count(1)


class ReplicatedServer(MariaDBServer):
    """A MariaDB server with a binary log: a primary, or a replica that follows one a moment later.

    https://mariadb.com/kb/en/gtid/
    """

    application = "app"
    """A user who may do everything with the database, and does not write where others may not (`read_only`)."""

    def __init__(self, *, in_memory: bool = True) -> None:
        super().__init__(in_memory=in_memory)
        self._number = next(_NUMBERS)

    @property
    def url(self) -> str:
        return url_of(self)

    def run_here(self, statement: str) -> None:
        """Change something at this server only."""
        connection = self.connect()
        try:
            connection.cursor().execute("SET SESSION sql_log_bin = 0")
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def follow(self, primary: MariaDBServer) -> None:
        """Become a replica of another server, and refuse writes from now on."""
        self.run("STOP SLAVE")
        self.run("SET GLOBAL read_only = 1")
        self.run(
            f"CHANGE MASTER TO master_host = '{primary.host}', master_port = {primary.port},"
            f" master_user = '{self.user}', master_password = '{self.password}',"
            " master_use_gtid = slave_pos, master_connect_retry = 1"
        )
        self.run("START SLAVE")

    def finish(self) -> None:
        """Apply all that has been received from a primary that is gone. Raises `ServerError`."""
        self.run("STOP SLAVE IO_THREAD")
        connection = self.connect()
        try:
            cursor = connection.cursor()
            cursor.execute("SHOW SLAVE STATUS")
            names = [each[0] for each in cursor.description]
            self._reach(dict(zip(names, cursor.fetchone(), strict=True))["Gtid_IO_Pos"], 60)
        finally:
            connection.close()

    def promote(self) -> None:
        """Become a primary, with all that has been received."""
        self.run("STOP SLAVE")
        self.run("RESET SLAVE ALL")
        self.run("SET GLOBAL read_only = 0")

    def catch_up(self, primary: MariaDBServer, *, timeout_seconds: int = 60) -> None:
        """Wait until it has all that the primary has now. Raises `ServerError`."""
        ((position,),) = primary.run("SELECT @@gtid_binlog_pos")
        self._reach(position, timeout_seconds)

    def _reach(self, position: str, timeout_seconds: int) -> None:
        ((result,),) = self.run(f"SELECT MASTER_GTID_WAIT('{position}', {timeout_seconds})")
        if result:
            raise self._error(f"did not reach {position} within {timeout_seconds} s")

    def lag(self) -> None:
        """Apply nothing from now on."""
        self.run("STOP SLAVE SQL_THREAD")

    def go_on(self) -> None:
        """Apply what has come meanwhile, and what comes."""
        self.run("START SLAVE SQL_THREAD")

    def _arguments(self) -> list[str]:
        return [
            *(each for each in super()._arguments() if each != "--skip-log-bin"),
            "--log-bin=log",
            "--binlog-format=ROW",
            "--log-slave-updates",
            f"--server-id={self._number}",
            "--sync-binlog=1",
            "--log-bin-trust-function-creators=1",
            # So that a primary that has come back under another one sends nothing that this one does not have.
            "--gtid-strict-mode=1",
            "--slave-net-timeout=4",
        ]

    @property
    def _preparation(self) -> str:
        # What each server has at its start is no part of what they share.
        return (
            f"SET SESSION sql_log_bin = 0;\n{super()._preparation}"
            f"CREATE USER IF NOT EXISTS '{self.application}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON {self.database}.* TO '{self.application}'@'%';\n"
        )


def url_of(*servers: ReplicatedServer) -> str:
    """Return the address of servers, in the order of preference."""
    hosts = ",".join(f"{each.host}:{each.port}" for each in servers)
    return f"mysql://{ReplicatedServer.application}:{ReplicatedServer.password}@{hosts}/{ReplicatedServer.database}"
