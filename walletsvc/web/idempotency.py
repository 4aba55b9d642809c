"""The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from walletsvc import errors
from walletsvc.commands.keyed import KEY_FIELD, parse_key
from walletsvc.commands.outcomes import Done

IDEMPOTENCY_KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before."""

_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
"""A string of RFC 8941, section 3.3.3."""
_ESCAPED = re.compile(r"\\(.)")


def replayed(done: Done) -> Sequence[tuple[str, str]]:
    """Return the header of an answer that was given before, if it was."""
    return ((REPLAYED, "true"),) if done.is_replay else ()


def read_key(header: str | None) -> str | None:
    """Return the key in the value of the header, a quoted string or bare; None without the header.

    Raises `Invalid`.
    """
    if header is None:
        return None
    text = header.strip(" \t")
    if not text.startswith('"'):
        return parse_key(text)
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        raise errors.Invalid("This is not a quoted string.", field=KEY_FIELD)
    return parse_key(_ESCAPED.sub(r"\1", quoted[1]))
