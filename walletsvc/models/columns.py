"""Columns that several tables share: their sizes and types."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from walletsvc.money import DECIMAL_PLACES, MAX_DIGITS

MAX_CURRENCY_LENGTH = 16
MAX_TEXT_LENGTH = 255
MAX_DESCRIPTION_LENGTH = 1000
FINGERPRINT_BYTES = 16


def money_column(**options: Any) -> "models.DecimalField[Decimal, Decimal]":
    """Return a column for an exact amount of money."""
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **options)


def zero_money_column() -> "models.DecimalField[Decimal, Decimal]":
    """Return a column for an amount that is 0 in rows of older servers, and of statements that leave it out."""
    return money_column(default=0, db_default=0)


def zero_total_column() -> "models.DecimalField[Decimal, Decimal]":
    """Return a column for a sum of any number of amounts, 0 at first.

    It has as many digits as MariaDB and MySQL can add exactly: no number of amounts of 20 digits exceeds it.
    """
    return models.DecimalField(max_digits=65, decimal_places=DECIMAL_PLACES, default=0, db_default=0)


class FixedBytesField(models.BinaryField):  # type: ignore[type-arg]  # generic in the stubs only
    """A number of bytes that is always the same. MySQL can index it, unlike the LONGBLOB of a `BinaryField`."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return f"binary({self.max_length})" if connection.vendor == "mysql" else super().db_type(connection)
