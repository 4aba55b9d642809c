"""One process with a store that is particular about what it is asked, and its lease, on a simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tests.leases import SharedRow
from walletsvc.cache.lease import UNKNOWN, Keeper, State
from walletsvc.cache.memory import LocalCopies, MemoryStore
from walletsvc.cache.responses import EVERYTHING, Lookup, look_up, wallet_stamp
from walletsvc.cache.store import Unreachable

KEY = "response:4:key"
PREFIX = "walletsvc:identity:2:"
NAMES = [f"{PREFIX}stamp:{name}" for name in ("wallet:1", "everything")]
BODY = b"a\nb"
# printf 'a\nb' | sha256sum | cut -c-32
TAG = '"7e18f737311b2dc3b2f269dd78396b03"'
MISS = Lookup(KEY, None, None, None, UNKNOWN)


def ask() -> Lookup:
    return look_up(KEY, stamps=[wallet_stamp(1), EVERYTHING])


def do_nothing() -> None:
    """Let nothing happen."""


class Strict:
    """One process's store. It has data only for the instance in use, and notes what it is asked."""

    is_shared = True
    own_instance = ""
    in_doubt = False

    def __init__(self, clock: Callable[[], float]) -> None:
        self.copies: LocalCopies | None = LocalCopies(clock=clock)
        self.shared = MemoryStore(clock=clock)
        self.asked: list[str] = []
        self.marked: list[str] = []
        self.announced: list[tuple[str, bytes]] = []
        self.seconds_left = 60.0
        self.is_gone = False
        self.meanwhile = do_nothing
        """What happens while the caller waits for an answer."""

    def probe(self) -> str:
        return "here"

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        self._answer("get_many", instance)
        return self.shared.get_many(keys)

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        self._answer("fetch", instance)
        return self.shared.get_many(keys), self.seconds_left

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        self._answer("put", instance)
        self.shared.put(key, value, seconds=seconds)

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        self._answer("create_missing", instance)
        self.shared.create_missing(tokens)

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        self._answer("mark", instance)
        self.marked = list(keys)
        self.shared.mark(self.marked, mark)

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
        self._answer("settle", instance)
        self.shared.settle(tokens, mark=mark, position=position)
        self.announced.append((channel, announcement))

    def _answer(self, method: str, instance: str) -> None:
        assert instance == "here"
        self.asked.append(method)
        self.meanwhile()
        if self.is_gone:
            raise Unreachable


class World:
    """A process with its store and its lease, on a simulated clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.row = SharedRow()
        self.store = Strict(self.clock)
        self.keeper = Keeper(row=self.row, instances=lambda: self.store, clock=self.clock)

    def clock(self) -> float:
        return self.now

    @property
    def state(self) -> State:
        return self.keeper.state

    def asked(self) -> list[str]:
        """Return what the store was asked since the last time."""
        asked, self.store.asked = self.store.asked, []
        return asked

    def tokens(self) -> bytes:
        """Return the stamps of `ask`."""
        return b" ".join(token or b"-" for token in self.store.shared.get_many(NAMES))

    def forget_copies(self) -> None:
        """Do what a start of the process does."""
        assert self.store.copies is not None
        self.store.copies.clear()
