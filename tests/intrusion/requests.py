"""A request as bytes, and a connection that sends it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace

TIMEOUT_SECONDS = 30
"""A request that is answered later than this hangs."""

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its credentials. `kind` is what made it.

    One whose framing `is_broken` may be answered by closing the connection, all others must be answered.
    """

    kind: str
    method: str
    target: bytes
    headers: Headers = ()
    body: bytes | None = None
    is_broken: bool = False

    def with_headers(self, more: Iterable[tuple[str, str]]) -> Request:
        """Return the request with these headers instead of its own of the same names."""
        added = tuple((name, value.encode("latin-1")) for name, value in more)
        names = {name.lower() for name, _ in added}
        kept = tuple((name, value) for name, value in self.headers if name.lower() not in names)
        return replace(self, headers=(*kept, *added))

    def head(self) -> bytes:
        """Return the request line and the headers."""
        given = {name.lower() for name, _ in self.headers}
        framing: list[tuple[str, bytes]] = [] if "host" in given else [("Host", b"localhost")]
        if not {"content-length", "transfer-encoding"} & given and (self.body is not None or self.method == "POST"):
            framing.append(("Content-Length", b"%d" % len(self.body or b"")))
        lines = [b"%b %b HTTP/1.1" % (self.method.encode("latin-1"), self.target)]
        lines += [b"%b: %b" % (name.encode("latin-1"), value) for name, value in (*framing, *self.headers)]
        return b"\r\n".join(lines) + b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers as they came, and its body. The status 0 is a closed connection."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """Return the media type of the body, without parameters."""
        found = [value for name, value in self.headers if name.lower() == "content-type"]
        return found[0].partition(";")[0].strip().lower() if found else ""


CLOSED = Answer(0)


class Unanswered(Exception):
    """A request that was not answered in time, or by closing the connection."""


class Connection:
    """One connection to a server, opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: Request) -> Answer:
        """Return the answer. Raises `Unanswered`."""
        if request.is_broken:
            self.close()
        is_fresh = self._socket is None
        try:
            return self._send(request)
        except TimeoutError as error:
            self.close()
            raise Unanswered(f"no answer within {TIMEOUT_SECONDS} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if request.is_broken:
                return CLOSED
            if is_fresh:
                raise Unanswered(f"no answer: {error!r}") from error
        # A connection that was kept may be closed by the server at any time.
        return self.send(request)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, request: Request) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_SECONDS)
        self._socket.sendall(request.head() + (request.body or b""))
        if request.is_broken:
            # Whatever the server still waits for does not come.
            self._socket.shutdown(socket.SHUT_WR)
        with http.client.HTTPResponse(self._socket, method=request.method) as response:
            response.begin()
            answer = Answer(response.status, tuple(response.getheaders()), response.read())
            if response.will_close or request.is_broken:
                self.close()
        return answer
