"""Ports that no other server shares.

granian opens its ports with SO_REUSEPORT, because its workers share them. A second server would silently share them
too: each would answer some of the requests, with a cache that does not see the other's writes.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import sys

_NUMBERS = re.compile("[0-9]+(?:[.][0-9]+){3}")


class PortError(Exception):
    """A port cannot be opened; the text says why, in one line."""


def find_address(host: str) -> str:
    """Return the IP address of this host, because granian accepts no names. Raises PortError."""
    if _NUMBERS.fullmatch(host) and not _is_version_4(host):
        # Asked for its address, a name server could take seconds to say that there is none.
        raise PortError(f"Host {host!r} has no address: it is no IPv4 address.")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise PortError(f"Host {host!r} has no address: {error.args[-1]}.") from error
    # If `localhost` is both IPv4 and IPv6, clients that know only one know IPv4.
    found.sort(key=_is_version_6)
    return str(found[0][4][0])


def _is_version_4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_version_6(found: tuple[socket.AddressFamily, object, object, object, object]) -> bool:
    return found[0] == socket.AF_INET6


def claim_port(address: str, port: int) -> None:
    """Reserve the port for this process until it ends, also through `exec`. 0 is any free port.

    Raises PortError if another process has it, or if this process cannot listen on it.
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
    """Bind the port unshared, which fails if another process listens on it, shared or not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        # Old connections of a server that has just ended do not count (TIME_WAIT; man7.org, socket(7)).
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def _claim(address: str, port: int) -> None:
    """Hold a name for the port until it has a listener, so that only one of two simultaneous starts succeeds.

    The name is in the abstract namespace of sockets: it belongs to the same network namespace as the port, and the
    system frees it however the process ends (https://man7.org/linux/man-pages/man7/unix.7.html). On systems without
    such names, the probe has to suffice.
    """
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0walletsvc {address} {port}")
        claim.set_inheritable(True)
        claim.detach()  # open until the process ends
