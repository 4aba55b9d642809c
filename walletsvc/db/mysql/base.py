"""A Django database backend: `walletsvc.db.mysql` is `django.db.backends.mysql`, with fewer round trips."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError
from MySQLdb import Error

from walletsvc.db.channels import Later
from walletsvc.db.mysql.deferring import DeferringCursor
from walletsvc.db.mysql.hosts import CHECK_SECONDS, Host, HostList, host_list
from walletsvc.db.mysql.packets import PacketConnection, TakeIds
from walletsvc.db.mysql.patience import silence
from walletsvc.db.mysql.session import Cluster, Facts, find_fault, refuse_plain_text


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to MySQL or MariaDB."""

    _checked_at = -CHECK_SECONDS
    is_impatient = False
    """Whether it is a connection of `walletsvc.db.impatient`."""

    @property
    def queries_logged(self) -> bool:
        """Tell whether each statement is kept in `queries`: when a test asks for it, not with DEBUG.

        Django empties `queries` at the beginning of each request, which the layer in front of it skips, and looks at
        the settings before each statement.
        """
        return self.force_debug_cursor

    def get_connection_params(self) -> dict[str, Any]:
        """Return the driver's connection parameters, which allow several statements in one packet."""
        return {**super().get_connection_params(), "multi_statements": True}

    def get_new_connection(self, conn_params: dict[str, Any]) -> PacketConnection:
        """Connect to the server, or to the first of several that is ready. Raises the driver's errors."""
        if not (self.is_impatient or conn_params.get("reads_only")):
            silence.check()
        hosts = _hosts_of(conn_params)
        return hosts.connect(partial(_open, conn_params)) if hosts else _open(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction together with its first statement; without one, nothing is sent.

        If this method exists, Django calls it instead of `SET autocommit = 0`. The setting then never changes, so
        mysqlclient has nothing to restore after COMMIT, and each transaction saves a round trip.
        """
        driver: Any = self.connection
        if self.queries_logged:
            with debug_transaction(self, "BEGIN"):
                driver.begin()
        else:
            driver.begin()

    def _commit(self) -> None:
        driver: Any = self.connection
        if self.queries_logged or driver is None:
            super()._commit()  # type: ignore[misc]  # not in django-stubs
            return
        with self.wrap_database_errors:
            driver.commit()

    def _set_autocommit(self, autocommit: bool) -> None:
        driver: Any = self.connection
        if autocommit and driver.in_transaction:
            # Something other than the database stopped COMMIT, so Django has not rolled back.
            with self.wrap_database_errors:
                driver.rollback()
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in django-stubs

    def _savepoint_rollback(self, sid: str) -> None:
        # Every waiting statement came after the savepoint: setting it sent all earlier ones.
        driver: Any = self.connection
        driver.forget()
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in django-stubs

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: TakeIds | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
        keeps_new_ids: bool = False,
    ) -> None:
        """Queue a write of this transaction, to be sent with the next statement or with COMMIT.

        If it fails, that statement raises its error, as one of Django's. After a rollback it is never sent.
        `take_ids` receives the ids of the `rows` inserted rows, once they are known; it must not raise.
        With `uses_new_ids`, the write refers to the rows of the preceding INSERT. Raises `RuntimeError` if the ids of
        that INSERT are not asked for. For `keeps_new_ids` see `packets`.
        """
        if not self.in_atomic_block:
            raise TransactionManagementError("A write can only be deferred within a transaction.")
        driver: Any = self.connection
        if self.queries_logged or self.execute_wrappers:
            of_ids = {"uses_new_ids": uses_new_ids, "keeps_new_ids": keeps_new_ids}
            cursor = DeferringCursor(driver, take_ids, rows, **of_ids)
            watched: Any = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
            watched.execute(statement, values)
            return
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            driver.defer(
                statement, values, take_ids, rows=rows, uses_new_ids=uses_new_ids, keeps_new_ids=keeps_new_ids
            )

    def send_deferred(self) -> None:
        """Send the waiting writes, and wait for their results. Raises Django's database errors."""
        driver: Any = self.connection
        with self.wrap_database_errors:
            driver.send()

    def ask_position(self) -> None:
        """Ask, with the COMMIT of this transaction, where in the binary log it is.

        Only MariaDB says it in the same packet. In a cluster each node has its own log, and nobody needs to know.
        """
        driver: Any = self.connection
        facts: Facts = driver.facts
        driver.asks_position = facts.has_compounds and facts.cluster is Cluster.NONE

    def position(self) -> str:
        """Return the position that was asked for; empty if there is none."""
        driver: Any = self.connection
        return "" if driver is None else str(driver.position)

    def share_of(self, parts: int) -> int:
        """Return a number below `parts`: as far as possible another one than connections that write just now.

        Each node of a cluster has a block of them. In it, connections follow each other: the server numbers them
        for all processes of all machines, which threads are not.
        """
        driver: Any = self.connection
        facts: Facts = driver.facts
        nodes = min(facts.numbers, parts)
        block = parts // nodes
        return facts.number % nodes * block + int(driver.thread_id()) % block

    def fetch(self, statement: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT, cheaper than by a cursor. Raises what a cursor does.

        What was to be asked along with it is asked after it.
        """
        if self.queries_logged or self.execute_wrappers:
            with self.cursor() as cursor:
                cursor.execute(statement, values)
                watched: Sequence[tuple[Any, ...]] = cursor.fetchall()
                return watched
        self.validate_no_broken_transaction()
        if not self.in_atomic_block:
            self.close_if_health_check_failed()
            self.ensure_connection()
        driver: Any = self.connection
        asked = [each for each in driver.asked if each.waits]
        driver.asked = []
        texts = [each.statement.encode() % driver.texts_of(each.values) for each in asked]
        with self.wrap_database_errors:
            rows: Sequence[tuple[Any, ...]]
            rows, *others = driver.fetch_all([statement.encode() % driver.texts_of(values), *texts])
        for each, answer in zip(asked, others, strict=True):
            each.answer = answer
        return rows

    def ask(self, later: Later) -> None:
        """Send a SELECT along with the next one in this transaction. Without one, nothing is gained by waiting."""
        driver: Any = self.connection
        if self.in_atomic_block:
            driver.asked.append(later)

    def is_usable(self) -> bool:
        """Tell whether the connection still works, by at most one question a second.

        Django asks at the beginning of each request. If the server went away within the last second, the request
        itself finds out, and is answered as unavailable. One of several hosts must also be ready, and the chosen one.
        """
        now = time.monotonic()
        if now - self._checked_at < CHECK_SECONDS:
            return True
        if not (self._is_well_placed() if self.settings_dict["OPTIONS"].get("hosts") else super().is_usable()):
            return False
        self._checked_at = now
        return True

    def _is_well_placed(self) -> bool:
        """Tell whether the connection's host is ready, and where connections should go."""
        driver: Any = self.connection
        parameters = self.get_connection_params()
        try:
            if find_fault(driver, reads_only=parameters.get("reads_only", False)) is not None:
                return False
        except Error:
            return False
        hosts = _hosts_of(parameters)
        return hosts is not None and hosts.may_keep(driver.host, partial(_open, parameters))


def _hosts_of(parameters: Mapping[str, Any]) -> HostList | None:
    """Return what this process knows of the hosts, if there is a list of them."""
    hosts: tuple[Host, ...] = parameters.get("hosts", ())
    return host_list(hosts, reads_only=parameters.get("reads_only", False)) if hosts else None


def _open(parameters: Mapping[str, Any], host: Host | None = None) -> PacketConnection:
    """Connect to the server, or to one of its hosts. Raises the driver's errors."""
    own = {"hosts", "causal_reads", "reads_only"}
    given = {name: value for name, value in parameters.items() if name not in own}
    if host is not None:
        given["host"], given["port"] = host
    driver = PacketConnection(**given)
    # As in Django: https://github.com/PyMySQL/mysqlclient/issues/489
    if driver.encoders.get(bytes) is bytes:
        driver.encoders.pop(bytes)
    try:
        if given.get("ssl_mode", "DISABLED") != "DISABLED":
            refuse_plain_text(driver)
        driver.prepare(
            host,
            causal_reads=parameters.get("causal_reads", True),
            reads_only=parameters.get("reads_only", False),
        )
    except BaseException:
        driver.close()
        raise
    return driver
