"""What a write does to the stamps of the cache (`cache.responses`): marks before COMMIT, new stamps after it."""

from __future__ import annotations

from collections.abc import Iterable

from walletsvc.cache import responses
from walletsvc.cache.lease import UNKNOWN
from walletsvc.cache.store import MARK, Unreachable, new_token


class Invalidation:
    """The two steps of a write: `mark` before COMMIT, `settle` after COMMIT or rollback.

    Each returns whether it is certain that no process will serve outdated responses. If one is not, the writer must
    suspend the cache (`commands.publication`).
    """

    def __init__(self) -> None:
        self._mark = MARK + new_token()
        self._names: list[str] = []
        self._announcement = b""
        self._state = UNKNOWN

    def mark(self, wallet_ids: Iterable[int], *, owners: Iterable[str] = ()) -> bool:
        """Prevent the storing of responses that show one of these wallets, or a list of one of these owners.

        Until `settle`, or for a few seconds.
        """
        state = responses.keeper().current()
        if not state.is_trusted:
            return False
        ids = sorted(set(wallet_ids))
        self._state = state
        stamps = (
            responses.EVERYTHING,
            *map(responses.owner_stamp, filter(None, owners)),
            *map(responses.wallet_stamp, ids),
        )
        self._names = [f"{state.prefix}stamp:{name}" for name in stamps]
        self._announcement = ",".join(map(str, ids)).encode()
        try:
            responses.store().mark(self._names, self._mark, instance=state.instance)
        except Unreachable:
            return False
        return True

    def settle(self, position: str = "") -> bool:
        """Give new stamps to the marked names, and announce the change (`events/follow.py`).

        `position` is that of the write in the binary log, if it is known.
        """
        # Checked last: meanwhile, others may have suspended the cache and chosen another.
        return self.release(position) and responses.keeper().holds(self._state)

    def release(self, position: str = "") -> bool:
        """Do what `settle` does after a rollback, when nothing is outdated.

        Another writer's mark stays, for that writer to settle. A failed COMMIT cannot be distinguished from one whose
        answer was lost, so both are announced.
        """
        agreement = self._state.agreement
        if agreement is None:
            return False
        # A token is new for each of the stamps, so one is enough.
        tokens = dict.fromkeys(self._names, new_token())
        channel = responses.channel_of(agreement.identity)
        try:
            responses.store().settle(
                tokens,
                mark=self._mark,
                instance=self._state.instance,
                channel=channel,
                announcement=self._announcement,
                position=position.encode(),
            )
        except Unreachable:
            return False
        return True
