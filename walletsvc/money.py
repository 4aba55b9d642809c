"""Currencies, their scales, and exact amounts: Decimal in, Decimal out, never a float, never a rounding."""

from __future__ import annotations

import decimal
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from django.conf import settings
from iso4217 import Currency

from walletsvc import errors

ZERO = Decimal(0)
MAX_DIGITS = 38
DECIMAL_PLACES = 18
LIMIT = Decimal(10) ** (MAX_DIGITS - DECIMAL_PLACES)
"""Amounts and balances stay strictly below this, and amounts strictly above its negative."""

SQLITE_MAX_DIGITS = 15
"""SQLite stores a decimal as an 8-byte real: 15 significant digits survive the round trip
(https://www.sqlite.org/floatingpoint.html, section 2)."""

# The default context of 28 digits would silently round a sum of two valid amounts.
_EXACT = decimal.Context(
    prec=2 * MAX_DIGITS,
    traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.DivisionByZero],
)
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
MAX_TEXT = 64
_MAX_INTEGER_DIGITS = 64
# Refused as any other number is that is so large, or so fine: it takes no time to print them.
_TOO_LARGE = "9" * (MAX_DIGITS + 1)
_TOO_FINE = "0." + "9" * (DECIMAL_PLACES + 1)


class JsonNumber(Decimal):
    """An exact number from JSON that is not an int."""

    def __inspect__(self) -> str:
        """Return the text that messages quote (graphql-core calls this)."""
        return "a number beyond all limits" if self.is_nan() else str(self)


class ScientificDecimal(JsonNumber):
    """A number with an exponent: the type records that, so that `parse_amount` can refuse it.

    It is NaN if Decimal cannot hold the exponent.
    """

    def __repr__(self) -> str:
        # An equal Decimal without an exponent is a different value here.
        return f"Scientific{super().__repr__()}"


def parse_json_number(text: str) -> JsonNumber:
    """Turn the text of a JSON number with a fraction or exponent into a Decimal.

    For `json.JSONDecoder(parse_float=...)`. A number with an exponent becomes a `ScientificDecimal`.
    """
    if "e" not in text and "E" not in text:
        return JsonNumber(text)
    try:
        return ScientificDecimal(text)
    except decimal.InvalidOperation:
        # It is valid JSON, so the parsers of numbers refuse it.
        return ScientificDecimal("NaN")


def parse_json_integer(text: str) -> int | JsonNumber:
    """Turn the text of a JSON integer into an int, or into a Decimal if it is far beyond any limit.

    For `json.JSONDecoder(parse_int=...)`: Python refuses to read an int of more than 4,300 digits.
    """
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else JsonNumber(text)


@cache
def scales() -> Mapping[str, int]:
    """Return the scale (decimal places) of each known currency, by its code.

    ISO 4217 currencies with a minor unit, and the assets of `settings.ASSETS`, which take precedence.
    """
    # Called for every printed amount, so it is made once: settings do not change.
    return {each.code: each.exponent for each in Currency if each.exponent is not None} | settings.ASSETS


def parse_currency(value: object, *, field: str = "currency") -> str:
    """Return the currency code in `value`.

    Raises `Invalid` unless it is a text, `UnknownCurrency` unless it is a known code, in upper case.
    """
    if not isinstance(value, str):
        raise errors.Invalid("A currency must be a code, a string such as USD.", field=field)
    if value not in scales():
        raise errors.UnknownCurrency(f"There is no currency {value[:16]!r}.", field=field)
    return value


def parse_amount(value: object, *, field: str = "amount") -> Decimal:
    """Return the exact amount in `value`: a plain decimal text, or an int or Decimal from a JSON number.

    Raises `Required` for None, `InvalidAmount` for anything but a plain decimal number, `OutOfRange` for an amount
    that no wallet can hold, `ScaleExceeded` for more than 18 decimal places. `check_scale` checks the scale of the
    currency.
    """
    if value is None:
        raise errors.Required("An amount is required.", field=field)
    text = _amount_text(value)
    if text is not None and _PLAIN.fullmatch(text):
        integer, _, fraction = text.removeprefix("-").partition(".")
        if len(integer) > MAX_DIGITS - DECIMAL_PLACES:
            raise out_of_range(field=field)
        if len(text) <= MAX_TEXT and len(fraction.rstrip("0")) <= DECIMAL_PLACES:
            return Decimal(text)
        raise errors.ScaleExceeded(
            f"An amount has at most {DECIMAL_PLACES} decimal places.", field=field, scale=DECIMAL_PLACES
        )
    raise errors.InvalidAmount(
        'An amount is a plain decimal number, best as a string such as "150.00": '
        "no exponent, no separators, no NaN or Infinity.",
        field=field,
    )


def _amount_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | ScientificDecimal):
        return None
    if isinstance(value, int):
        # Python refuses to print integers of more than 4,300 digits; none that long is in range.
        return str(value) if abs(value) < LIMIT else _TOO_LARGE
    if isinstance(value, Decimal) and value.is_finite():
        # In full, unless an exponent would make that long.
        if abs(value.adjusted()) < MAX_TEXT:
            return f"{value:f}"
        return _TOO_LARGE if value.adjusted() > 0 else _TOO_FINE
    return None


def out_of_range(*, field: str = "amount") -> errors.OutOfRange:
    """Return the refusal of an amount, or of a resulting balance, that no wallet can hold."""
    return errors.OutOfRange(
        f"Amounts and balances have at most {MAX_DIGITS - DECIMAL_PLACES} digits before the decimal point.",
        field=field,
        limit=f"{LIMIT:f}",
    )


def check_scale(amount: Decimal, *, currency: str, field: str = "amount") -> None:
    """Raise `ScaleExceeded` if `amount` has more decimal places than `currency`."""
    scale = scales().get(currency, DECIMAL_PLACES)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > scale and _decimal_places(amount) > scale:
        raise errors.ScaleExceeded(
            f"{currency} has {scale} decimal places; the amount has {_decimal_places(amount)}.",
            field=field,
            scale=scale,
            currency=currency,
        )


def check_precision(value: Decimal, *, max_digits: int, field: str = "amount") -> None:
    """Raise `PrecisionExceeded` if `value` has more than `max_digits` significant digits."""
    # No number has more digits than its text, which is made in a fifth of the time.
    if len(str(value)) <= max_digits:
        return
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    if len(digits) > max_digits:
        raise errors.PrecisionExceeded(
            f"This database keeps {max_digits} significant digits exactly; {format_plain(value)} has {len(digits)}.",
            field=field,
            limit=max_digits,
        )


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact sum."""
    return _EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Return the exact difference."""
    return _EXACT.subtract(left, right)


def negate(amount: Decimal) -> Decimal:
    """Return the exact negative; unlike `-amount`, it does not round to the 28 digits of the default context."""
    return _EXACT.minus(amount)


def format_amount(value: Decimal, currency: str) -> str:
    """Return `value` with exactly the decimal places of `currency`: "150.00".

    A value in a currency that the settings no longer know, or with more digits than its scale now allows, is printed
    in full rather than rounded.
    """
    scale = scales().get(currency, 0)
    text = f"{value:.{scale}f}"
    return text if Decimal(text) == value else format_plain(value)


def format_plain(value: Decimal) -> str:
    """Return `value` in full, without trailing zeros or exponent."""
    return f"{value:.{_decimal_places(value)}f}"


def _decimal_places(value: Decimal) -> int:
    _, _, fraction = f"{value:f}".partition(".")
    return len(fraction.rstrip("0"))
