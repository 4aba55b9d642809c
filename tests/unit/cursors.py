"""Cursors as the documentation has them: the order and the values in it, as JSON in Base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from decimal import Decimal

import orjson

from walletsvc.queries.questions import Order


def forge(*values: object) -> str:
    """Return a text with these values, which may be no cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def encode_cursor(order: Order, values: Sequence[object]) -> str:
    """Return the cursor of a record whose order columns hold `values`."""
    printed = [f"{value:f}" if isinstance(value, Decimal) else value for value in values]
    return forge(",".join(order.order_by()), *printed)
