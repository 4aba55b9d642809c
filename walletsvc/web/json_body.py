"""From bytes to a JSON value (RFC 8259): the one reader of everything that comes in as JSON.

Numbers are exact. An object with a doubled member is refused: which one wins is unpredictable (RFC 8259, section 4),
and it may be an amount. Escaped lone surrogates pass, as RFC 8259 (section 8.2) lets them: whoever makes something of
a text refuses it, and can say which it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from walletsvc.money import parse_json_integer, parse_json_number

MAX_DEPTH = 100
"""How deep arrays and objects are nested: what takes a value apart may use a few frames for each level."""

_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
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
    try:
        value = _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedJson(f"{name} is not valid UTF-8 at byte {error.start}.") from error
    except RecursionError as error:
        raise _too_deep(name) from error
    except json.JSONDecodeError as error:
        raise MalformedJson(_describe(body, name, error)) from error
    if _looks_too_deep(body) and _is_too_deep(value):
        raise _too_deep(name)
    return value


def _describe(body: bytes, name: str, error: json.JSONDecodeError) -> str:
    if not body.strip():
        return f"{name} is empty: JSON is expected."
    if body.startswith(_BYTE_ORDER_MARK):
        # RFC 8259, section 8.1: nobody adds one to JSON that goes over a network.
        return f"{name} begins with a byte order mark: send UTF-8 without one."
    return f"{name} is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."


def _too_deep(name: str) -> MalformedJson:
    return MalformedJson(f"{name} is nested too deeply: at most {MAX_DEPTH} levels are read.")


def _looks_too_deep(body: bytes) -> bool:
    """Tell whether the brackets in `body` leave it possible that it is nested too deeply.

    Those in strings count as well, so it may be wrong about what it suspects. It takes a fraction of the time that
    parsing does, where a walk through the values of a long document takes a quarter.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = body.translate(_ALIKE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        before = len(brackets)
        brackets = brackets.replace(b"[]", b"")
        if len(brackets) == before:
            break
    return bool(brackets)


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in _items(each) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


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
