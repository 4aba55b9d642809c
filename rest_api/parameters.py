"""Split the query string into its known parameters; their values are interpreted elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from rest_api.errors import bad_parameter

_MAX_LENGTH = 8192
_SHORT = 128
_MEMBER = re.compile(r"([a-z]+)\[[^\[\]]+\]")
_BARE = frozenset({"include", "sort", "at", "sequence", "from", "to"})
"""Parameters that are not families: `include[x]` is a different name, which JSON:API reserves."""


def parse_parameters(query_string: str, *, allowed: Iterable[str]) -> dict[str, str]:
    """Return the value of each parameter.

    `allowed` holds names such as `sort` and `include`, and families of parameters: `page` allows `page[size]`, whose
    member `size` the family judges itself. Raises `Refused` (400) for any other parameter, for one given twice, and
    for invalid UTF-8 (https://jsonapi.org/format/#query-parameters).
    """
    if len(query_string) > _MAX_LENGTH:
        raise bad_parameter("", f"A query has at most {_MAX_LENGTH} characters.")
    names = frozenset(allowed)
    parameters: dict[str, str] = {}
    for name, value in _split(query_string):
        if name in names - _BARE:
            raise bad_parameter(name, f"The parameter is written {name}[name].")
        member = _MEMBER.fullmatch(name)
        if name not in names and (member is None or member[1] not in names - _BARE):
            raise bad_parameter(name, f"There is no query parameter {name[:64]!r} here.")
        if name in parameters:
            raise bad_parameter(name, "The parameter is given twice.")
        parameters[name] = value
    return parameters


def _split(query_string: str) -> Iterator[tuple[str, str]]:
    for part in query_string.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield _decode(name, name), _decode(name, value)


def _decode(name: str, text: str) -> str:
    try:
        # WSGI passes bytes as Latin-1 (PEP 3333).
        return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode()
    except UnicodeError as error:
        raise bad_parameter(name, "The parameter is not valid UTF-8.") from error


# The links of a list repeat its parameters.
_quote_short = lru_cache(maxsize=1024)(quote)


def _quote(text: str, safe: str) -> str:
    # Long texts hardly ever repeat, and would fill the cache.
    return _quote_short(text, safe) if len(text) <= _SHORT else quote(text, safe)


def format_parameters(parameters: Iterable[tuple[str, str]]) -> str:
    """Return a query string of percent-encoded parameters (RFC 3986)."""
    return "&".join([f"{_quote(name, '')}={_quote(value, ',:')}" for name, value in parameters])


def format_url(path: str, *parameters: str) -> str:
    """Return the path with a query string of `parameters`, each formatted by `format_parameters`."""
    query = "&".join(filter(None, parameters))
    return f"{path}?{query}" if query else path
