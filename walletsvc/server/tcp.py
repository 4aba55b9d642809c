"""The connections of this process as the kernel sees them (Linux).

A server that hides the socket behind a request leaves only this way to end one: find it by what was written to it.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_DESCRIPTORS = Path("/proc/self/fd")
_SO_COOKIE = 57
"""A number that no other socket has or gets as long as the system runs (asm-generic/socket.h)."""
_ESTABLISHED = 1
_INFO_BYTES = 256
_NOTSENT = struct.Struct("@I"), 144
_SENT_AND_RETRANSMITTED = struct.Struct("@QQ"), 200
"""Members of `struct tcp_info` (linux/tcp.h) and where they are, from Linux 4.19."""
_LEAST_BYTES = 216


def is_known() -> bool:
    """Tell whether this system shows what was written to a connection."""
    if not sys.platform.startswith("linux") or not _DESCRIPTORS.is_dir():
        return False
    with socket.socket() as probe, suppress(OSError):
        info = probe.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        return len(info) >= _LEAST_BYTES and bool(probe.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8))
    return False


def written(port: int) -> Mapping[bytes, int]:
    """Return how many bytes were written to each established connection that came in at the port, by its cookie."""
    found = {}
    for connection, cookie in _connections(port):
        info = b""
        with suppress(OSError):
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        if len(info) >= _LEAST_BYTES and info[0] == _ESTABLISHED:
            number, place = _SENT_AND_RETRANSMITTED
            sent, again = number.unpack_from(info, place)
            number, place = _NOTSENT
            found[cookie] = sent - again + number.unpack_from(info, place)[0]
    return found


def end_unread(seconds: float, *, most_bytes: int | None = None) -> Collection[int]:
    """Have connections end whose client takes nothing of what was written for so long; return the ports that they
    come in at.

    Those that come in from now on: what is set where they come in holds for them
    (https://man7.org/linux/man-pages/man7/tcp.7.html, TCP_USER_TIMEOUT). The kernel keeps about `most_bytes` for each
    client that does not read; by itself, it keeps up to some megabytes (the same page, tcp_wmem).
    """
    ports = []
    for listening in _sockets(is_listening=True):
        with suppress(OSError):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
            if most_bytes is not None:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, most_bytes)
            ports.append(listening.getsockname()[1])
    return ports


def shut_down(port: int, cookies: Collection[bytes]) -> None:
    """End connections in both directions. Who reads from one or writes to it is told."""
    for connection, cookie in _connections(port):
        if cookie in cookies:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _connections(port: int) -> Iterator[tuple[socket.socket, bytes]]:
    """Iterate over connections at the port, each with its cookie."""
    for connection in _sockets(is_listening=False):
        with suppress(OSError):
            if connection.getsockname()[1] == port:
                yield connection, connection.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8)


def _sockets(*, is_listening: bool) -> Iterator[socket.socket]:
    """Iterate over the TCP sockets of this process.

    What is yielded is a descriptor of our own for a moment: the process may close its own meanwhile, and use the
    number again.
    """
    names: list[Path] = []
    # Without a descriptor that is free, none is seen.
    with suppress(OSError):
        names = list(_DESCRIPTORS.iterdir())
    for name in names:
        with suppress(OSError):
            if not str(name.readlink()).startswith("socket:"):
                continue
            with _open(os.dup(int(name.name))) as found:
                if (
                    found.family in (socket.AF_INET, socket.AF_INET6)
                    and found.type == socket.SOCK_STREAM
                    and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == is_listening
                ):
                    yield found


def _open(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        raise
