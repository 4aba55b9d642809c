"""The web server with its limits, inside this process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

from rest_api.negotiation import MEDIA_TYPE
from tests.access.clocks import Clock
from tests.fast_path.front import Front
from walletsvc.access import identify as way_in
from walletsvc.web.hooks import with_hooks
from walletsvc.web.limits import RequestLimits
from walletsvc.web.proxies import behind_proxies

Key = Callable[..., str]
OPERATIONS = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def left(self) -> int:
        found = re.fullmatch(r'"[a-z-]+";r=(\d+);t=\d+', self.headers["ratelimit"])
        assert found, self.headers["ratelimit"]
        return int(found[1])

    @property
    def code(self) -> str:
        [error] = json.loads(self.body)["errors"]
        return str(error.get("code") or error["extensions"]["code"])


class Limited:
    """The web server with its limits, and a clock that stands still."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.front = Front()
        self.limits = RequestLimits(clock=self.clock)
        self._application = behind_proxies(with_hooks(self.front, [self.limits], refused=self.front.by_django))

    def ask(
        self, path: str, *, key: str | None = None, method: str = "GET", body: bytes = b"", **headers: str
    ) -> Answer:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {"HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.1", "wsgi.input": BytesIO(body)}
        environ |= {"CONTENT_LENGTH": str(len(body)), **headers}
        if key is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        setup_testing_defaults(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks: Any = self._application(environ, lambda status, headers, *_: started.append((status, headers)))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        [(status, sent)] = started
        return Answer(int(status[:3]), {name.lower(): value for name, value in sent}, content)

    def batch(self, key: str, *operations: object) -> Answer:
        body = json.dumps({"atomic:operations": operations}).encode()
        return self.ask("/api/operations/", key=key, method="POST", body=body, CONTENT_TYPE=OPERATIONS)


def forget_who_was_verified() -> None:
    """Let the time pass after which credentials are looked at again."""
    for known in way_in.verified._good._entries.values():
        object.__setattr__(known[0], "until", 0.0)
