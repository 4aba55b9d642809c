"""A way to a server, to Redis if nothing else is said, on which a reply can break off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Proxy:
    """Passes everything on between clients and one server, until `break_off`."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self._left: int | None = None
        self._silent = False
        self._alarm: tuple[bytes, Callable[[], None]] | None = None
        self.connections = 0
        self.is_broken = threading.Event()
        """Whether the reply that was to break off has done so."""
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def break_off(self, *, after_bytes: int, silent: bool) -> None:
        """Let so many bytes come back, once, and then nothing (if `silent`) or the end of the connection."""
        self.is_broken.clear()
        self._left, self._silent = after_bytes, silent

    def lead_to(self, host: str, port: int, *, cut: bool) -> None:
        """Let new connections lead to another server, and with `cut` let the others end."""
        self._server = (host, port)
        if cut:
            self._end(self._sockets[1:])

    def cut_off(self) -> None:
        """End all connections, and let new ones end at once."""
        self.lead_to("127.0.0.1", 1, cut=True)

    def call_before(self, words: bytes, what: Callable[[], None]) -> None:
        """Call `what`, once, instead of passing on what holds these words."""
        self._alarm = (words, what)

    def close(self) -> None:
        self._end(self._sockets)

    def _end(self, sockets: list[socket.socket]) -> None:
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except ConnectionRefusedError:
                    client.close()
                    continue
                self.connections += 1
                self._sockets += [client, server]
                threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not back and self._alarm is not None and self._alarm[0] in data:
                    (_, what), self._alarm = self._alarm, None
                    what()
                    break
                if back and self._left is not None and len(data) >= self._left:
                    first, self._left = data[: self._left], None
                    self.is_broken.set()
                    target.sendall(first)
                    if self._silent:
                        return
                    break
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
