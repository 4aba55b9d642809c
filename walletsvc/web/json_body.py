"""Parse JSON (RFC 8259): the one reader for all JSON that comes in.

Numbers are exact. An object with a duplicate member is refused: which one counts is unpredictable (RFC 8259, section
4), and it may be an amount. Escaped lone surrogates pass, as RFC 8259 (section 8.2) allows: the code that uses a text
refuses them, and can name the field.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any, NoReturn

from walletsvc.money import parse_json_integer, parse_json_number

MAX_DEPTH = 100
"""The maximum nesting of arrays and objects: code that walks a value may use several frames for each level."""

_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""1 and -1, as signed bytes, for the beginning and end of a level."""
_NO_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"?')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class MalformedJson(Exception):
    """The body is not JSON. `message` gives the reason."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse_json(body: bytes, *, name: str = "The body") -> Any:
    """Return the JSON value in `body`, with numbers as int or Decimal; messages call it `name`.

    A number that neither can hold becomes a `ScientificDecimal` that is NaN. Raises `MalformedJson` for a body that
    is not UTF-8, begins with a byte order mark, is not JSON, is nested too deeply or has a duplicate member.
    """
    # Before parsing: to build half a million arrays takes ten times as long as to count them.
    if _depth_of(body) > MAX_DEPTH:
        raise MalformedJson(f"{name} is nested too deeply: at most {MAX_DEPTH} levels are read.")
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedJson(f"{name} is not valid UTF-8 at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(_describe(body, name, error)) from error


def _describe(body: bytes, name: str, error: json.JSONDecodeError) -> str:
    if not body.strip():
        return f"{name} is empty: JSON is expected."
    if body.startswith(_BYTE_ORDER_MARK):
        # RFC 8259, section 8.1: JSON sent over a network must not have one.
        return f"{name} begins with a byte order mark: send UTF-8 without one."
    return f"{name} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."


def _depth_of(body: bytes) -> int:
    """Return the nesting of JSON; any number up to `MAX_DEPTH` if there are no more brackets than that."""
    opening = body.count(b"[") + body.count(b"{")
    if opening <= MAX_DEPTH:
        return opening
    if b"\\" in body:
        # An escaped quote does not end a string.
        body = _ESCAPE.sub(b"", body)
    # Brackets in strings neither begin nor end a level: `["]", ["]", 1, "["], "["]` is two levels deep.
    brackets = _STRING.sub(b"", body.translate(None, _NO_BRACKETS))
    return max(accumulate(memoryview(brackets.translate(_STEPS)).cast("b")), default=0)


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise MalformedJson(f"An object has the member {twice[:64]!r} twice.")
    return built


def _refuse_constant(word: str) -> NoReturn:
    raise MalformedJson(f"{word} is not JSON.")


_DECODER = json.JSONDecoder(
    parse_float=parse_json_number,
    parse_int=parse_json_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_build_object,
)
