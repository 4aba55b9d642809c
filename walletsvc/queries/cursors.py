"""Keyset cursors: the place of a record in an order, as opaque text. Both faces use them."""

from __future__ import annotations

import base64
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from django.db.models import Q

from walletsvc.errors import InvalidParameter, WalletError
from walletsvc.queries.comparisons import compare
from walletsvc.queries.questions import Order
from walletsvc.schema.declarations import Resource
from walletsvc.schema.kinds import INTEGER, Kind, Texts

_MAX_LENGTH = 2048
_FOR_URLS = bytes.maketrans(b"+/", b"-_")


def encode_cursors(order: Order, columns: Sequence[tuple[Kind, Texts]]) -> list[bytes]:
    """Return the cursors of some records, whose order columns have these kinds and texts."""
    values = [_json_of(kind, texts) for kind, texts in columns]
    template = orjson.dumps([_signature(order)])[:-1] + b",%b" * len(values) + b"]"
    printed = [b2a_base64(template % each, newline=False) for each in zip(*values, strict=True)]
    # All of them at once, for the alphabet that is safe in URLs.
    return b" ".join(printed).translate(_FOR_URLS, b"=").split()


def _json_of(kind: Kind, texts: Texts) -> Iterable[bytes]:
    return texts if kind is INTEGER else [orjson.dumps(_printed(kind.native(text))) for text in texts]


def _printed(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else value


def decode_cursor(cursor: str, order: Order, resource: Resource, *, parameter: str) -> list[object]:
    """Return the values that a cursor encodes, of a record of `resource`.

    Raises `InvalidParameter` for an invalid cursor, or one of a list in another order.
    """
    try:
        if len(cursor) > _MAX_LENGTH:
            raise ValueError("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        signature, *values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if signature != _signature(order) or len(values) != len(order.columns):
            raise InvalidParameter("The cursor belongs to a list in another order.", parameter=parameter)
        pairs = zip(order.columns, values, strict=True)
        return [resource.kind_of(column).compared(value) for (column, _), value in pairs]
    except InvalidParameter:
        raise
    except (ValueError, TypeError, OverflowError, WalletError) as error:
        raise InvalidParameter("This is not a cursor of this list.", parameter=parameter) from error


def beyond(order: Order, values: Sequence[Any]) -> Q:
    """Return the condition for the records after one whose order columns hold `values`."""
    condition, equal = Q(), Q()
    for (column, descending), value in zip(order.columns, values, strict=True):
        condition |= equal & _compare(column, "lt" if descending else "gt", value)
        equal &= _compare(column, "exact", value)
    # Repeats the condition on the first column, so that the server can begin at that place of its index.
    column, descending = order.columns[0]
    return _compare(column, "lte" if descending else "gte", values[0]) & condition


def _compare(column: str, lookup: str, value: object) -> Q:
    return compare(column, lookup, value) if isinstance(value, Decimal) else Q(**{f"{column}__{lookup}": value})


@lru_cache(maxsize=256)
def _signature(order: Order) -> str:
    return ",".join(order.order_by())
