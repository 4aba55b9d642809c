"""Kinds of columns: how a value is read from a row and printed as text, without creating an object.

A row has each column as the bytes of its text, as MySQL sends it: an amount with 18 decimal places, a moment in UTC
to the microsecond. Rows of other engines are converted to that form (`encode`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from walletsvc import money
from walletsvc.db import dialect
from walletsvc.moments import parse_moment

Texts = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column.

    `value` turns a text, and the text of the row's currency, into the value that both faces show. `json` turns a
    whole column into JSON at once. `native` returns the value to compare the column with; `compared` does so from the
    JSON in a cursor, or raises. `encode` turns a value of a model or of another engine's driver into text.
    """

    name: str
    value: Callable[[bytes, bytes], object]
    json: Callable[[Texts, Texts], Iterable[bytes]]
    native: Callable[[bytes], object]
    compared: Callable[[object], object]
    encode: Callable[[Any], bytes]


def frame(texts: Texts, before: bytes, after: bytes) -> list[bytes]:
    """Return each text between `before` and `after`, with a few calls for all. No text has a line break."""
    return (before + (after + b"\n" + before).join(texts) + after).split(b"\n") if texts else []


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("A text is expected.")
    return value


# -- amounts -------------------------------------------------------------------------------------------

_POINT = -money.DECIMAL_PLACES - 1


def _print_amount(text: bytes, currency: bytes) -> bytes:
    """Return the amount with the decimal places of its currency: `money.format_amount`, by cutting zeros off."""
    code = currency.decode()
    end, zeros = _end(money.scales().get(code, 0))
    if text[_POINT : _POINT + 1] == b"." and text.endswith(zeros):
        return text[:end]
    return money.format_amount(Decimal(text.decode()), code).encode()


@lru_cache(maxsize=64)  # each amount that is printed asks for it
def _end(scale: int) -> tuple[int | None, bytes]:
    """Return the end of an amount of this scale, and the zeros that are cut off there."""
    end = _POINT + 1 + scale if scale else _POINT
    return (None if scale == money.DECIMAL_PLACES else end), b"0" * (money.DECIMAL_PLACES - scale)


def _json_of_amounts(texts: Texts, currencies: Texts) -> list[bytes]:
    """Return the amounts of a column: most lists have one currency, so the same is cut off everywhere."""
    if currencies.count(currencies[0]) == len(texts):
        scale = money.scales().get(currencies[0].decode(), 0)
        surplus = b"0" * (money.DECIMAL_PLACES - scale) if scale else b"." + b"0" * money.DECIMAL_PLACES
        lines = b"\n".join(texts) + b"\n"
        if lines.count(surplus + b"\n") == lines.count(b".") == len(texts):
            return frame(lines[:-1].replace(surplus + b"\n", b"\n").removesuffix(surplus).split(b"\n"), b'"', b'"')
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
    return f"{dialect.to_decimal(value):.{money.DECIMAL_PLACES}f}".encode()


AMOUNT = Kind(
    "amount",
    value=lambda text, currency: _print_amount(text, currency).decode(),
    json=_json_of_amounts,
    native=lambda text: Decimal(text.decode()),
    compared=lambda value: money.parse_amount(_text(value)),
    encode=_encode_amount,
)

# -- moments -------------------------------------------------------------------------------------------


def _json_of_times(texts: Texts, _currencies: Texts) -> list[bytes]:
    return frame((b"\n".join(texts)).replace(b" ", b"T").split(b"\n"), b'"', b'Z"')


@lru_cache(maxsize=64)  # one operation writes the same moment everywhere
def _encode_time(value: datetime | str) -> bytes:
    """Return the text of a moment; SQLite omits microseconds that are zero."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds").encode()
    return (value if "." in value else f"{value}.000000").encode()


def _moment(value: object) -> datetime:
    moment = parse_moment(_text(value))
    if not moment.whole:
        raise ValueError("No column has a moment with this many digits.")
    return moment.at


TIME = Kind(
    "time",
    value=lambda text, _: f"{str(text[:10], 'ascii')}T{str(text[11:], 'ascii')}Z",
    json=_json_of_times,
    native=lambda text: datetime.fromisoformat(text.decode()).replace(tzinfo=UTC),
    compared=_moment,
    encode=_encode_time,
)


def _json_of_optional_times(texts: Sequence[bytes | None], _currencies: Texts) -> list[bytes]:
    return [b"null" if text is None else b'"%b"' % _print_time(text) for text in texts]


def _print_time(text: bytes) -> bytes:
    return text.replace(b" ", b"T") + b"Z"


OPTIONAL_TIME = Kind(
    "optional time",
    value=lambda text, _: None if text is None else _print_time(text).decode(),
    json=_json_of_optional_times,
    native=TIME.native,
    compared=_moment,
    encode=_encode_time,
)
"""A moment, or null."""

# -- the rest ------------------------------------------------------------------------------------------

_ESCAPED = re.compile(rb'["\\\x00-\x1f]')
"""Characters that JSON strings must escape (RFC 8259, section 7)."""


def _json_of_texts(texts: Texts, _currencies: Texts) -> list[bytes]:
    together = b"".join(texts)
    if together.isascii() and not _ESCAPED.search(together):
        return frame(texts, b'"', b'"')
    return [orjson.dumps(text.decode()) for text in texts]


TEXT = Kind(
    "text",
    value=lambda text, _: text.decode(),
    json=_json_of_texts,
    native=bytes.decode,
    compared=_text,
    encode=str.encode,
)


def _encode_metadata(value: Mapping[str, object] | str) -> bytes:
    """Return the text of metadata, which SQLite returns as text already. Most transactions have none."""
    if not value:
        return b"{}"
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError("No column has such an integer.")
    return value


def _no_order(value: object) -> object:
    raise TypeError("Objects have no order.")


INTEGER = Kind(
    "integer",
    value=lambda text, _: int(text),
    json=lambda texts, _: texts,
    native=int,
    compared=_integer,
    encode=b"%d".__mod__,
)
METADATA = Kind(
    "metadata",
    value=lambda text, _: orjson.loads(text),
    # Stored texts differ in whitespace.
    json=lambda texts, _: (
        texts if texts.count(b"{}") == len(texts) else [orjson.dumps(orjson.loads(text)) for text in texts]
    ),
    native=orjson.loads,
    compared=_no_order,
    encode=_encode_metadata,
)


def _external(text: bytes) -> list[dict[str, str]]:
    stored: dict[str, str] = orjson.loads(text)
    return [
        {"currency": currency, "amount": money.format_amount(Decimal(amount), currency)}
        for currency, amount in stored.items()
    ]


EXTERNAL = Kind(
    "external",
    value=lambda text, _: _external(text),
    json=lambda texts, _: [orjson.dumps(_external(text)) for text in texts],
    native=orjson.loads,
    compared=_no_order,
    encode=_encode_metadata,
)
"""Amounts by currency, shown as a list."""


def print_time(value: datetime) -> str:
    """Print a moment in UTC to the microsecond (RFC 3339): 2026-01-31T12:00:00.000000Z."""
    return str(TIME.value(TIME.encode(value), b""))
