"""Checks for every request, whatever its URL and face: middleware, so that no view has to remember them.

Two things are invisible behind WSGI. A server that passes both `If_Match` and `If-Match` as HTTP_IF_MATCH, as CGI
does (RFC 3875, section 4.1.18), makes them indistinguishable; granian does, so a proxy that identifies the caller
must drop names with underscores (nginx does by default). And the host in a target such as `GET http://host/path` is
not passed on if there is a Host header as well, so that header is checked.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from walletsvc.web.hooks import REFUSED
from walletsvc.web.hosts import MAX_ORIGIN_LENGTH, PROBED, is_probe
from walletsvc.web.limits import settle
from walletsvc.web.public_urls import own_url
from walletsvc.web.refusals import Refusal, print_refusal

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_CLOSE = {"Connection": "close"}
"""The rest of the body is still arriving, and will not be read."""


class HostCheck:
    """Refuses requests for another host: a page whose own name leads here must not reach anything."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 400 unless the host is one of ALLOWED_HOSTS. Django checks only when it builds absolute URLs."""
        try:
            own_url(request)
        except DisallowedHost:
            host, protocol = request.META.get("HTTP_HOST", ""), request.META.get("SERVER_PROTOCOL", "")
            if request.path_info not in PROBED or not is_probe(host, protocol=protocol):
                message = "This is not a host name of the server."
                return print_refusal(request, Refusal(400, "invalid_host", message, header="Host"))
        if len(request.META.get("HTTP_ORIGIN", "")) > MAX_ORIGIN_LENGTH:
            refusal = Refusal(400, "malformed", "The origin is too long.", header="Origin")
            return print_refusal(request, refusal)
        return self._get_response(request)


class MessageCheck:
    """Refuses requests whose form the server cannot handle."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer requests that a hook refuses (`web/hooks.py`), of callers over their limit, or of no known form.

        The last is 501 for an unknown transfer coding, 415 for a coded body, 411 for one without an end.

        And 501 for `get`: methods are case-sensitive (RFC 9110, section 9.1), while Django converts them to upper
        case. Each view knows every other method or refuses it (405).
        """
        meta = request.META
        method, path = meta["REQUEST_METHOD"], request.path_info
        transfer, length = meta.get("HTTP_TRANSFER_ENCODING"), meta.get("CONTENT_LENGTH")
        coding = meta.get("HTTP_CONTENT_ENCODING")
        refusal: Refusal | None = meta.get(REFUSED)
        refusal = refusal or settle(meta, meta.get("HTTP_AUTHORIZATION"))
        refusal = refusal or check_codings(transfer=transfer, content=coding, is_empty=length in (None, "", "0"))
        if method != request.method:
            refusal = Refusal(501, "not_implemented", "Methods must be in capital letters.")
        if refusal is None and transfer is not None and length is None:
            # The server in front of us does not mark the end of the body (`measure_chunked_body`).
            refusal = Refusal(411, "length_required", "Send a Content-Length.", "Transfer-Encoding", _CLOSE)
        if refusal is None and path == "*" and method != "OPTIONS":
            refusal = Refusal(400, "malformed", "Only OPTIONS can refer to the server as a whole.")
        if refusal is not None:
            return print_refusal(request, refusal)
        if path == "*":
            # RFC 9110, section 9.3.7.
            return HttpResponse(status=204, headers={"Allow": "GET, HEAD, POST, PATCH, DELETE, OPTIONS"})
        return self._get_response(request)


def check_codings(*, transfer: str | None, content: str | None, is_empty: bool) -> Refusal | None:
    """Return the refusal of a request for its Transfer-Encoding or Content-Encoding, if there is one."""
    if transfer is not None and transfer.strip().lower() != "chunked":
        # RFC 9112, section 6.1.
        return Refusal(501, "not_implemented", "The only transfer coding is chunked.", "Transfer-Encoding", _CLOSE)
    if content is not None and content.strip().lower() not in ("", "identity") and not is_empty:
        # RFC 9110, section 15.5.16: Accept-Encoding shows that the coding is the reason.
        headers = {**_CLOSE, "Accept-Encoding": "identity"}
        message = "Send the body without a content coding."
        return Refusal(415, "unsupported_media_type", message, "Content-Encoding", headers)
    return None
