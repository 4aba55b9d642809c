"""What the columns hold, as text: how a value is read off a row and printed, without an object in between.

A row has each column as the bytes of its text, as MySQL sends it. An amount has its 18 decimal places there, a moment
is in UTC, to the microsecond. Other engines' rows are brought to that form (`encode`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from walletsvc import engines, money

Texts = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column.

    `value` makes of a text, and the text of the row's currency, what both faces show. `json` makes JSON of a whole
    column at once. `native` gives the value that the column is compared with. `encode` makes a text of a value, from
    a model or from another engine's driver.
    """

    name: str
    value: Callable[[bytes, bytes], object]
    json: Callable[[Texts, Texts], Iterable[bytes]]
    native: Callable[[bytes], object]
    encode: Callable[[Any], bytes]


# -- amounts -------------------------------------------------------------------------------------------

_POINT = -money.DECIMAL_PLACES - 1


def _print_amount(text: bytes, currency: bytes) -> bytes:
    """Return the amount with the decimal places of its currency: `money.format_amount`, by cutting zeros off."""
    code = currency.decode()
    end, zeros = _end(money.scales().get(code, 0))
    if text[_POINT : _POINT + 1] == b"." and text.endswith(zeros):
        return text[:end]
    return money.format_amount(Decimal(text.decode()), code).encode()


def _end(scale: int) -> tuple[int | None, bytes]:
    """Return where an amount of this scale ends, and the zeros that then are cut off."""
    end = _POINT + 1 + scale if scale else _POINT
    return (None if scale == money.DECIMAL_PLACES else end), b"0" * (money.DECIMAL_PLACES - scale)


def _json_of_amounts(texts: Texts, currencies: Texts) -> list[bytes]:
    """Return the amounts of a column: most lists have one currency, and where to cut is the same for all of it."""
    printed: list[bytes] = []
    ends: dict[bytes, tuple[int | None, bytes]] = {}
    for text, currency in zip(texts, currencies, strict=True):
        if currency not in ends:
            ends[currency] = _end(money.scales().get(currency.decode(), 0))
        end, zeros = ends[currency]
        if text[_POINT : _POINT + 1] == b"." and text.endswith(zeros):
            printed.append(b'"%b"' % text[:end])
        else:
            printed.append(b'"%b"' % _print_amount(text, currency))
    return printed


def _encode_amount(value: object) -> bytes:
    return f"{engines.to_decimal(value):.{money.DECIMAL_PLACES}f}".encode()


AMOUNT = Kind(
    "amount",
    value=lambda text, currency: _print_amount(text, currency).decode(),
    json=_json_of_amounts,
    native=lambda text: Decimal(text.decode()),
    encode=_encode_amount,
)

# -- moments -------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)  # what one operation writes has one moment
def _encode_time(value: datetime | str) -> bytes:
    """Return the text of a moment; SQLite leaves out microseconds that are zero."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds").encode()
    return (value if "." in value else f"{value}.000000").encode()


TIME = Kind(
    "time",
    value=lambda text, _: f"{str(text[:10], 'ascii')}T{str(text[11:], 'ascii')}Z",
    json=lambda texts, _: [b'"%bT%bZ"' % (text[:10], text[11:]) for text in texts],
    native=lambda text: datetime.fromisoformat(text.decode()).replace(tzinfo=UTC),
    encode=_encode_time,
)

# -- the rest ------------------------------------------------------------------------------------------

TEXT = Kind(
    "text",
    value=lambda text, _: text.decode(),
    json=lambda texts, _: [orjson.dumps(text.decode()) if text else b'""' for text in texts],
    native=bytes.decode,
    encode=lambda value: str(value).encode(),
)
INTEGER = Kind(
    "integer",
    value=lambda text, _: int(text),
    json=lambda texts, _: texts,
    native=int,
    encode=lambda value: b"%d" % value,
)
METADATA = Kind(
    "metadata",
    value=lambda text, _: orjson.loads(text),
    # Stored texts differ in their spaces.
    json=lambda texts, _: [text if text == b"{}" else orjson.dumps(orjson.loads(text)) for text in texts],
    native=orjson.loads,
    encode=lambda value: value.encode() if isinstance(value, str) else orjson.dumps(value),
)


def print_time(value: datetime) -> str:
    """Print a moment in UTC to the microsecond, as RFC 3339 has it: 2026-01-31T12:00:00.000000Z."""
    return str(TIME.value(TIME.encode(value), b""))
