"""Connections whose client reads nothing end in time, and the kernel keeps little for them meanwhile.

What is set for the port holds for connections that come in at it, but it opens only after the application has been
loaded.
"""

from __future__ import annotations

from walletsvc.server import tcp

UNREAD_SECONDS = 30.0
"""How long a client may take nothing of what it is sent before its connection ends."""
_MOST_LOOKS = 600
"""How often to look for the port. A server that listens at another one than the settings say is not waited for."""


class Unread:
    """The limits of the connections at one port of this process."""

    def __init__(self, port: int, *, most_bytes: int | None = None) -> None:
        """`most_bytes` are kept for a client about; without them, up to some megabytes."""
        self._port = port
        self._most_bytes = most_bytes
        self._looks = _MOST_LOOKS if tcp.is_known() else 0

    def limit(self) -> bool:
        """Set the limits if the port is open. Tell whether there is nothing left to do."""
        if self._looks > 0:
            ports = tcp.end_unread(UNREAD_SECONDS, most_bytes=self._most_bytes)
            self._looks = 0 if self._port in ports else self._looks - 1
        return self._looks == 0
