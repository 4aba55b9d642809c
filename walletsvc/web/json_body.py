"""From bytes to a JSON value (RFC 8259): the one reader of everything that comes in as JSON.

Numbers are exact. An object with a doubled member is refused: which one wins is unpredictable (RFC 8259, section 4),
and it may be an amount. Escaped lone surrogates pass, as RFC 8259 (section 8.2) lets them: whoever makes something of
a text refuses it, and can say which it was.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any, NoReturn

from walletsvc.money import parse_json_integer, parse_json_number

MAX_DEPTH = 100
"""How deep arrays and objects are nested: what takes a value apart may use a few frames for each level."""

_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""1 and -1, as a signed byte, for what opens and what closes a level."""
_NO_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"?')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class MalformedJson(Exception):
    """It is no JSON. `message` says what is wrong with it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse_json(body: bytes, *, name: str = "The body") -> Any:
    """Return the JSON value in `body`, its numbers int or Decimal; `name` is what messages call it.

    A number that neither can hold is a `ScientificDecimal` that is not a number. Raises `MalformedJson`: for what is
    not in UTF-8, begins with a byte order mark, is no JSON, is nested too deeply or has a member twice.
    """
    # Before anything is made of it: of half a million arrays, that takes ten times as long as to count them.
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
        # RFC 8259, section 8.1: nobody adds one to JSON that goes over a network.
        return f"{name} begins with a byte order mark: send UTF-8 without one."
    return f"{name} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."


def _depth_of(body: bytes) -> int:
    """Return how deep JSON is nested; any number up to `MAX_DEPTH` for what has no more brackets than that."""
    opening = body.count(b"[") + body.count(b"{")
    if opening <= MAX_DEPTH:
        return opening
    if b"\\" in body:
        # A quote that is escaped ends no string.
        body = _ESCAPE.sub(b"", body)
    # What is in strings is no nesting, nor does it end any: `["]", ["]", 1, "["], "["]` is two levels deep.
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
