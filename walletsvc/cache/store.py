"""What a store does, and the names and lifetimes that all stores share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from walletsvc.cache.memory import LocalCopies

PREFIX = "walletsvc:"
STAMP_SECONDS = 3600
MARK_SECONDS = 5
MARK = b"!"
"""A stamp that begins with it is no stamp: a writer is about to commit, so nothing may be stored."""


class Unreachable(Exception):
    """The store does not answer; the caller goes on without it."""


class Store(Protocol):
    """Keeps bytes by key for a while, and knows where (`cache.lease.keeper.Instances`).

    The methods that take an `instance` raise `Unreachable` where they find another one, or none. Without it, any will
    do: for what is never wrong.
    """

    @property
    def copies(self) -> LocalCopies | None:
        """Return the responses that this process has at hand, where to fetch them costs more than to look there."""

    @property
    def in_doubt(self) -> bool:
        """Tell whether something has failed since `probe` was called last."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes can reach the same instance."""

    @property
    def own_instance(self) -> str:
        """Return the only instance that this process can ever use; empty if it may come to be another."""

    def probe(self) -> str | None:
        """Return the instance that is to be found now, if everything that a cache does works there."""

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        """Return the values of `keys`, in their order, as of one moment."""

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        """Return what `get_many` does, and for how many seconds at least the first value stays in the store.

        They count from before the call. 0 stands for nobody knows, too.
        """

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        """Keep `value`."""

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        """Keep each token unless its key has one already."""

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        """Put `mark` under each key, for `MARK_SECONDS`."""

    def settle(
        self,
        tokens: Mapping[str, bytes],
        *,
        mark: bytes,
        instance: str = "",
        channel: str = "",
        announcement: bytes = b"",
    ) -> None:
        """Put the token under each key, in one step, except where another writer's mark stands.

        `announcement` then goes to whoever listens to `channel`, if the store has a way to other processes.

        A plain token is replaced as well as `mark`: the mark may have expired or been overwritten and settled
        by another writer, and a reader stored under that token what it had read before our commit.
        """


def new_token() -> bytes:
    """Return a stamp that was never there before."""
    return secrets.token_hex(8).encode()


class _Process:
    """The name of this process; one that is forked from it has another."""

    def __init__(self) -> None:
        self._rename()
        os.register_at_fork(after_in_child=self._rename)

    def _rename(self) -> None:
        self.name = f"process:{new_token().decode()}"


PROCESS = _Process()
