"""What a client wants to hold before a change is made (RFC 9110, section 13.1.1)."""

from __future__ import annotations

from collections.abc import Callable

from walletsvc.errors import PreconditionFailed
from walletsvc.etags import is_matched, make_etag


def check_match(if_match: str, read_current: Callable[[], bytes]) -> None:
    """Raise `PreconditionFailed` unless the client has seen what is current."""
    if not is_matched(if_match, make_etag(read_current())):
        raise PreconditionFailed("It has changed since you read it.")
