"""A Django database backend: `walletsvc.mysql` is `django.db.backends.mysql`, transactions begun by BEGIN.

Django begins a transaction with `SET autocommit = 0` and sends `SET autocommit = 1` after COMMIT. With BEGIN the
setting never changes, mysqlclient sees that there is nothing to set, and each transaction is a round trip shorter.
"""

from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to MySQL or MariaDB."""

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction; Django calls it, where there is one, in place of `SET autocommit = 0`."""
        connection: Any = self.connection
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            connection.query("BEGIN")
