"""From the bytes of a request to a JSON value: exact numbers, no duplicate members, limits on size and depth."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from rest_api.errors import Problem, Refused, refuse
from walletsvc.errors import TooLong
from walletsvc.money import ScientificDecimal, parse_json_number

_MAX_INTEGER_DIGITS = 64
_CHUNK_BYTES = 65_536
_DISCARDED_CHUNKS = 128


def read_document(request: HttpRequest) -> object:
    """Return the JSON value in the body.

    Raises `Refused`: 413 for a body beyond `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, 400 for what is no JSON.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        return parse_document(_read_body(request, limit))
    except RequestDataTooBig as error:
        problem = Problem(413, TooLong.code, f"A request has at most {limit:,} bytes.", meta={"limit": limit})
        raise Refused(problem) from error
    except UnreadablePostError as error:
        raise _malformed("The body ended early.") from error


def _read_body(request: HttpRequest, limit: int) -> bytes:
    if "chunked" not in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        try:
            return request.body
        except RequestDataTooBig:
            _discard(request)
            raise
    # WSGI says nothing of bodies without a length, and Django takes them for empty; servers end the stream.
    stream = request.META["wsgi.input"]
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        _discard(stream)
        raise RequestDataTooBig
    return body


def _discard(stream: Any) -> None:
    """Read what is left, within reason: a client that is answered in the middle of sending may not see the answer."""
    for _ in range(_DISCARDED_CHUNKS):
        if not stream.read(_CHUNK_BYTES):
            return


def parse_document(body: bytes) -> object:
    """Return the JSON value in `body`; numbers are int or Decimal. Raises `Refused` (400) for what is no JSON."""
    if not body.strip():
        raise _malformed("The body is empty: a JSON:API document is expected.")
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not valid UTF-8 at byte {error.start}.") from error
    except RecursionError as error:
        raise _malformed("The document is nested too deeply.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _malformed(f"The body is not valid JSON: {error.msg} at {place}.") from error


def _malformed(detail: str) -> Refused:
    return refuse(400, "malformed", detail)


def _parse_integer(text: str) -> int | Decimal:
    # Python refuses to convert integers of more than 4,300 digits; as a Decimal it is at least out of range.
    return int(text) if len(text) <= _MAX_INTEGER_DIGITS else Decimal(text)


def _parse_fraction(text: str) -> Decimal:
    try:
        return parse_json_number(text)
    except ArithmeticError:
        # An exponent that even Decimal cannot hold. It is JSON all the same, so the field's own rules refuse it.
        return ScientificDecimal("NaN")


def _refuse_constant(name: str) -> NoReturn:
    raise _malformed(f"{name} is not JSON.")


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        # RFC 8259, section 4: names SHOULD be unique, and which one wins is unpredictable. Not with money.
        raise _malformed(f"An object has the member {twice[:64]!r} twice.")
    return built


_DECODER = json.JSONDecoder(
    parse_float=_parse_fraction,
    parse_int=_parse_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_build_object,
)
