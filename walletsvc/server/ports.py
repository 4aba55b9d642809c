"""Ports that are ours alone.

granian opens its ports with SO_REUSEPORT, as its workers share them. A second server would so share them too, without
a word: each would answer some of the requests, with a cache that knows nothing of the other's writes.
"""

from __future__ import annotations

import errno
import os
import socket
import sys


class PortError(Exception):
    """A port cannot be listened on; the text says why, in one line."""


def find_address(host: str) -> str:
    """Return the IP address of this host, the only kind of name that granian takes. Raises PortError."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise PortError(f"Host {host!r} has no address: {error.args[-1]}.") from error
    # Where `localhost` is both, clients that know one kind know this one.
    found.sort(key=_is_version_6)
    return str(found[0][4][0])


def _is_version_6(found: tuple[socket.AddressFamily, object, object, object, object]) -> bool:
    return found[0] == socket.AF_INET6


def claim_port(address: str, port: int) -> None:
    """Take the port from here to the end of this process, also through `exec`.

    Raises PortError where another process has it, or where it is none that we can listen on. 0 is any free port.
    """
    try:
        _probe(address, port)
        if port and sys.platform == "linux":
            _claim(address, port)
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise PortError(f"Port {port} of {address} is taken already.") from error
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise PortError(f"Port {port} of {address} cannot be listened on: {reason}.") from error


def _probe(address: str, port: int) -> None:
    """Bind the port as one that is not shared. That fails where others listen, whether they share it or not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections of a server that has just ended are in nobody's way (TIME_WAIT; man7.org, socket(7)).
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def _claim(address: str, port: int) -> None:
    """Hold a name for the port until it has a listener: of two that start at the same moment one has to give way.

    The name is in the abstract namespace of sockets: it belongs to the same network namespace as the port, and it is
    free again when the process ends, however that is (https://man7.org/linux/man-pages/man7/unix.7.html). Other
    systems have no such names: there the probe has to do.
    """
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0walletsvc {address} {port}")
        claim.set_inheritable(True)
        claim.detach()  # open until the process ends
