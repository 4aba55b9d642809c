"""Headers of a request that the answers to reads and creations do not depend on.

The layer in front of Django (`fast_path.py`) answers a request only if it knows all of its headers: those that it
uses itself, and these. Any other header may mean something to a view, today or later, so Django gets the request.
A header belongs here if nothing in the product reads it, and clients or proxies send it with ordinary requests; or
if it has taken effect before, like those of trusted proxies (`proxies.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_CLIENTS = """
    accept-charset accept-encoding accept-language cache-control connection dnt from keep-alive
    pragma priority referer save-data te upgrade-insecure-requests user-agent
    device-memory downlink dpr ect rtt viewport-width width
    sec-ch-device-memory sec-ch-dpr sec-ch-prefers-color-scheme sec-ch-prefers-reduced-motion
    sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-form-factors sec-ch-ua-full-version
    sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform sec-ch-ua-platform-version
    sec-ch-ua-wow64 sec-ch-viewport-width
    sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-storage-access sec-fetch-user sec-gpc sec-purpose
    apollographql-client-name apollographql-client-version apollo-require-preflight x-apollo-operation-name
    x-apollo-operation-id x-apollo-operation-type graphql-client-name graphql-client-version
    postman-token x-client-name x-client-version x-requested-with
"""
_PROXIES = """
    cdn-loop cf-connecting-ip cf-ipcountry cf-ray cf-visitor forwarded true-client-ip via
    x-amzn-trace-id x-client-ip x-cloud-trace-context x-envoy-attempt-count x-envoy-expected-rq-timeout-ms
    x-envoy-external-address x-envoy-internal x-forwarded-for x-forwarded-host x-forwarded-port
    x-forwarded-proto x-forwarded-scheme x-forwarded-server x-original-forwarded-for x-real-ip x-scheme
"""
_TRACING = """
    b3 baggage correlation-id request-id traceparent tracestate uber-trace-id
    x-b3-flags x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-correlation-id x-datadog-origin
    x-datadog-parent-id x-datadog-sampling-priority x-datadog-tags x-datadog-trace-id x-ot-span-context x-request-id
    x-request-start x-trace-id
"""


@lru_cache(maxsize=256)
def environ_name(header: str) -> str:
    """Return the name of a header in a WSGI environment (PEP 3333)."""
    return "HTTP_" + header.upper().replace("-", "_")


WITHOUT_EFFECT = frozenset(map(environ_name, (_CLIENTS + _PROXIES + _TRACING).split()))

# Variables that servers add themselves. `HTTP_` alone is the prefix of a header.
_OF_THE_SERVER = frozenset(
    [
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "GATEWAY_INTERFACE",
        "PATH_INFO",
        "QUERY_STRING",
        "REMOTE_ADDR",
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "SERVER_SOFTWARE",
        "wsgi.errors",
        "wsgi.input",
        "wsgi.input_terminated",
        "wsgi.multiprocess",
        "wsgi.multithread",
        "wsgi.run_once",
        "wsgi.url_scheme",
        "wsgi.version",
        # And that our own layers add.
        "walletsvc.charge",
        "walletsvc.watched",
    ]
)
_BEFORE_HEADERS = "wsgi.input"


class KnownHeaders:
    """Tells whether all headers of a request are known."""

    def __init__(self, looked_at: Iterable[str]) -> None:
        """Know the headers without effect, and the `looked_at` ones, by their names in the environment."""
        variables = {name for name in os.environ if not name.startswith("HTTP_")}
        self._known = WITHOUT_EFFECT | _OF_THE_SERVER | frozenset(looked_at) | variables
        self._start = 0

    def include(self, environ: dict[str, Any]) -> bool:
        """Tell whether all headers of a request are known."""
        # granian puts the process's variables first, always equally many, and headers last: as long as it does, only
        # those are checked.
        names = [*environ][self._start :]
        if not names or names[0] != _BEFORE_HEADERS:
            names = [*environ]
            self._start = _find_headers(names)
        return self._known.issuperset(names) or not any(
            name.startswith("HTTP_") and name not in self._known for name in names
        )


def _find_headers(names: list[str]) -> int:
    """Return the place after which all headers are."""
    place = names.index(_BEFORE_HEADERS)
    return 0 if any(name.startswith("HTTP_") for name in names[:place]) else place


def forget_variables_like_headers() -> None:
    """Remove variables such as HTTP_PROXY from the environment of this process.

    A WSGI server may add the environment to each request, where they would look like headers.
    """
    for name in [*os.environ]:
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            del os.environ[name]
