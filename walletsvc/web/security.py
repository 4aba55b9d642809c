"""The headers that keep answers safe in browsers and caches: the same on every answer of both servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_NOTHING_IN_IT = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of the empty text: a style element without text, which scripts of our own then fill through its sheet."""

POLICY = "Content-Security-Policy"
ANSWER_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    f"default-src 'self'; style-src 'self' {_NOTHING_IN_IT}; img-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
CACHE_CONTROL = "private, no-cache"
"""Only the caller may store an answer, and must revalidate it each time: money moves."""
IMMUTABLE = "private, max-age=31536000, immutable"
"""The caller may keep the answer for a year without asking again (RFC 8246): it can never be another one."""
VARY = "Accept, Authorization, Walletsvc-Owner, Origin"
"""Also on answers to requests without these headers: no cache may hand them to others."""

_ALWAYS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def page_policy(connect_to: str = "") -> dict[str, str]:
    """Return the policy of a page: it loads nothing from elsewhere, and may connect to one more URL."""
    return {POLICY: f"{PAGE_POLICY}; connect-src 'self' {connect_to}" if connect_to else PAGE_POLICY}


def safe_headers() -> Mapping[str, str]:
    """Return the headers of an answer that does not set them itself."""
    seconds = settings.SECURE_HSTS_SECONDS
    transport = {"Strict-Transport-Security": f"max-age={seconds}"} if seconds else {}
    return {POLICY: ANSWER_POLICY, **_ALWAYS, **transport}


class SafeHeaders:
    """The outermost middleware, so that no answer lacks them. The layer in front of Django repeats what it adds."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._headers = {**safe_headers(), "Cache-Control": CACHE_CONTROL}.items()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer with the headers."""
        response = self._get_response(request)
        for name, value in self._headers:
            response.headers.setdefault(name, value)
        response.headers["Vary"] = VARY
        return response
