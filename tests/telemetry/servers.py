"""The web server inside this process, watched as in production, and what it writes to its log."""

from __future__ import annotations

import json
import logging
from io import BytesIO, StringIO
from typing import Any
from wsgiref.util import setup_testing_defaults

from tests.fast_path.front import Front
from walletsvc.telemetry.logs import JsonLines
from walletsvc.web.hooks import load_hooks, with_hooks
from walletsvc.web.proxies import behind_proxies


class Log:
    """All that this process logs, as a server would write it to stderr."""

    def __init__(self) -> None:
        self._stream = StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(JsonLines())

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def take(self) -> list[dict[str, Any]]:
        """Return the lines since the last time."""
        text = self.text
        self._stream.seek(0)
        self._stream.truncate()
        return [json.loads(line) for line in text.splitlines()]

    def take_requests(self) -> list[dict[str, Any]]:
        """Return the lines about requests since the last time: those of no logger."""
        return [line for line in self.take() if "logger" not in line]


class Server:
    """The web server with the hooks of its settings."""

    def __init__(self) -> None:
        self.front = Front()
        self._application = behind_proxies(with_hooks(self.front, load_hooks(), refused=self.front.by_django))

    def ask(
        self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the answer."""
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {"HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.1", "wsgi.input": BytesIO(body)}
        environ |= {"CONTENT_LENGTH": str(len(body)), **headers}
        setup_testing_defaults(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks: Any = self._application(environ, lambda status, headers, *_: started.append((status, headers)))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        [(status, sent)] = started
        names = [name.lower() for name, _ in sent]
        assert len(names) == len(set(names)), names
        return int(status[:3]), {name.lower(): value for name, value in sent}, content
