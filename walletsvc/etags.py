"""Entity tags: which representation a client has, and whether it is current (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import re
from hashlib import sha256

_TAG = re.compile(r'\s*(?:,\s*)*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")')


def make_etag(body: bytes) -> str:
    """Return the strong tag of a representation: equal tags mean equal bytes."""
    # The one hash without known collisions that processors have instructions for.
    return f'"{sha256(body).hexdigest()[:32]}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the client of a GET has the representation already. Compares weakly (section 13.1.2)."""
    if if_none_match is None or if_none_match == etag:
        return if_none_match is not None
    return if_none_match.strip() == "*" or etag in [tag.removeprefix("W/") for tag in _tags(if_none_match)]


def is_matched(if_match: str, etag: str) -> bool:
    """Tell whether the client of a write has seen the representation. Compares strongly (section 13.1.1)."""
    return if_match.strip() == "*" or etag in _tags(if_match)


def _tags(header: str) -> list[str]:
    tags, position = [], 0
    while found := _TAG.match(header, position):
        tags.append(found[1])
        position = found.end()
    return tags
