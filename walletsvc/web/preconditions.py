"""Preconditions: conditions that must hold before a request is carried out (RFC 9110, section 13).

Only those by entity tag: only files (`web/static.py`) have a modification date, and without one the others are
ignored (sections 13.1.3 and 13.1.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpResponse

from walletsvc.errors import PreconditionFailed
from walletsvc.etags import is_known, is_matched

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"


def are_given(headers: Mapping[str, str]) -> bool:
    """Tell whether a request has preconditions."""
    return IF_MATCH in headers or IF_NONE_MATCH in headers


def check_read(headers: Mapping[str, str], etag: str | None) -> bool:
    """Tell whether the client of a GET has the representation with this tag already (section 13.2.2).

    A representation without a tag still exists. Raises `PreconditionFailed`.
    """
    if_match = headers.get(IF_MATCH)
    if if_match is not None and not is_matched(if_match, etag or ""):
        raise PreconditionFailed("The document does not match.", header=IF_MATCH)
    return etag is not None and is_known(headers.get(IF_NONE_MATCH), etag)


def revalidate(headers: Mapping[str, str], response: HttpResponse, etag: str) -> HttpResponse:
    """Return the response to a GET with its tag; as 304, without content, if the client has it already.

    Raises `PreconditionFailed`.
    """
    response["ETag"] = etag
    if check_read(headers, etag):
        response.status_code = 304
        response.content = b""
        del response["Content-Length"], response["Content-Type"]
    return response


def nothing_there() -> None:
    """Return the tag of a URL that cannot be read: none."""


def check_write(headers: Mapping[str, str], read_etag: Callable[[], str | None]) -> None:
    """Raise `PreconditionFailed` unless the target is as the client expects.

    `read_etag` returns the tag of a GET's answer, or None if the URL cannot be read.
    """
    if not are_given(headers):
        return
    etag = read_etag()
    if_match = headers.get(IF_MATCH)
    if if_match is not None and (etag is None or not is_matched(if_match, etag)):
        raise PreconditionFailed("The document does not match, or does not match any more.", header=IF_MATCH)
    if etag is not None and is_known(headers.get(IF_NONE_MATCH), etag):
        raise PreconditionFailed("The document matches, but must not.", header=IF_NONE_MATCH)
