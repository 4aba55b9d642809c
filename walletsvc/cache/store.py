"""The interface of stores, and the names and lifetimes that all stores share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from walletsvc.cache.memory import LocalCopies

PREFIX = "walletsvc:"
STAMP_SECONDS = 3600
MARK_SECONDS = 5
MARK = b"!"
"""The beginning of a mark, which takes the place of a stamp: a writer is about to commit, so nothing is stored."""


class Unreachable(Exception):
    """The store does not answer; the caller continues without it."""


class Store(Protocol):
    """Keeps bytes by key for a limited time, and knows its instance (`cache.lease.keeper.Instances`).

    Methods with an `instance` raise `Unreachable` if they find another instance or none. Without one, any instance
    will do, for data that is never wrong.
    """

    @property
    def copies(self) -> LocalCopies | None:
        """Return this process's copies of responses, if a fetch from the store costs more than to look there."""

    @property
    def in_doubt(self) -> bool:
        """Tell whether anything has failed since the last `probe`."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes can reach the same instance."""

    @property
    def own_instance(self) -> str:
        """Return the only instance that this process can ever use; empty if it can change."""

    def probe(self) -> str | None:
        """Return the current instance if all operations of a cache work there, else None."""

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        """Return the values of `keys`, in their order, as of one moment."""

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        """Return the values as `get_many` does, and a lower bound on the first value's remaining lifetime in seconds.

        The seconds count from before the call. 0 also means unknown.
        """

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        """Keep `value`."""

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        """Store each token whose key has none yet."""

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        """Store `mark` under each key, for `MARK_SECONDS`."""

    def settle(
        self,
        tokens: Mapping[str, bytes],
        *,
        mark: bytes,
        instance: str = "",
        channel: str = "",
        announcement: bytes = b"",
        position: bytes = b"",
    ) -> None:
        """Store each token, in one step, except over another writer's mark, with the `position` of the write.

        See `cache.positions.settled`. Then publishes `announcement` on `channel`, if the store reaches others.

        Replaces plain tokens as well as `mark`: the mark may have expired or been overwritten and settled by another
        writer, and a reader may have stored under that token what it had read before our commit.
        """


class _Tokens:
    """Tokens that are unique among all processes: a random number for each process, and a count."""

    def __init__(self) -> None:
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._prefix, self._numbers = secrets.token_hex(8), count(1)

    def __call__(self) -> bytes:
        """Return a new, unique stamp: asking the kernel for a random one would let other threads run."""
        return f"{self._prefix}-{next(self._numbers):x}".encode()


new_token = _Tokens()


class _Process:
    """The name of this process; a forked process gets another."""

    def __init__(self) -> None:
        self._rename()
        os.register_at_fork(after_in_child=self._rename)

    def _rename(self) -> None:
        self.name = f"process:{secrets.token_hex(8)}"


PROCESS = _Process()
