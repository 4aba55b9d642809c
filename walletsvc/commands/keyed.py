"""Idempotency: the same request with the same key runs once, and gets the same result each time.

The row of a key commits with what its request writes. Whoever finds it there makes the result again, from the
request, which is the same, and from what the row keeps. A refusal leaves no key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast, final, overload

from walletsvc import errors
from walletsvc.commands.command import Command
from walletsvc.commands.idempotency import fingerprint_of_all
from walletsvc.commands.memories import Memory
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.ledger.kept_keys import KeptKey, KeptKeys, ask_keys
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.writer import KeyRow
from walletsvc.principals import Principal

Batch = Sequence[Command[Any] | errors.WalletError]
"""Commands that run as one. The refusal of a command's input may take the place of the command."""

KEY_FIELD = "idempotency_key"
MAX_KEY_LENGTH = 255
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_LENGTH}}}")
_SEVERAL = "batch"
"""The kind of the row of several commands."""


def parse_key(value: object) -> str:
    """Return an idempotency key: 1 to 255 visible ASCII characters. Raises `Invalid`."""
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        message = f"An idempotency key has 1 to {MAX_KEY_LENGTH} visible ASCII characters."
        raise errors.Invalid(message, field=KEY_FIELD)
    return value


@final
@dataclass(frozen=True, slots=True)
class Keyed(Sequence[Command[Any]]):
    """A batch that runs once for its key. `hash` is that of the key and of whose it is.

    It has no subclasses, so look at its type: to ask an abstract class for its instances takes four times as long.
    """

    commands: Sequence[Command[Any]]
    hash: bytes
    fingerprint: bytes

    def __len__(self) -> int:
        return len(self.commands)

    @overload
    def __getitem__(self, place: int) -> Command[Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Command[Any]]: ...
    def __getitem__(self, place: int | slice) -> Command[Any] | Sequence[Command[Any]]:
        return self.commands[place]

    def remember(self, results: Sequence[Any], ledger: Ledger) -> None:
        """Let the key be stored with what the commands have written."""
        if len(self) == 1:
            command, result = self.commands[0], results[0]
            row = KeyRow(self.hash, self.fingerprint, command.name, result, command.remember(result))
        else:
            # The results need their ids, and wallets their state after the last command.
            ledger.flush(send=True)
            ledger.update_shown()
            kept = [[result.id, each.remember(result)] for each, result in zip(self.commands, results, strict=True)]
            row = KeyRow(self.hash, self.fingerprint, _SEVERAL, None, kept)
        ledger.remember(row)

    def recall(self, row: KeptKey) -> list[Any]:
        """Return the results that the commands had."""
        if len(self) == 1:
            return [self.commands[0].recall(Memory(cast(int, row.target), row.created_at, row.results))]
        return [
            command.recall(Memory(identifier, row.created_at, values))
            for command, (identifier, values) in zip(self.commands, row.results, strict=True)
        ]


def with_key(batch: Batch, key: str | None, principal: Principal) -> Batch:
    """Return the batch with the caller's key. One that is refused anyway needs none."""
    if key is None:
        return batch
    commands = [each for each in batch if isinstance(each, Command)]
    if len(commands) < len(batch):
        return batch
    return Keyed(commands, hash_of(key, principal), fingerprint_of_all(commands))


def hash_of(key: str, principal: Principal) -> bytes:
    """Return the hash of a key: callers share keys if they have the same owner or, without one, the same subject."""
    whose = f"subject:{principal.subject}" if principal.owner is None else f"owner:{principal.owner}"
    return sha256(f"{whose}\n{key}".encode()).digest()


def ask_keys_of(batches: Sequence[Batch]) -> KeptKeys:
    """Ask for the keys of these batches that have committed: `ask_keys`."""
    return ask_keys(each.hash for each in batches if type(each) is Keyed)


def replay_of(batch: Batch, kept: KeptKeys) -> Done | Refused | None:
    """Return what the request got before with the same key, or its refusal if that was another request."""
    row = kept.get(batch.hash) if type(batch) is Keyed else None
    if row is None:
        return None
    keyed = cast(Keyed, batch)
    if row.fingerprint != keyed.fingerprint:
        return Refused(0, errors.IdempotencyConflict("The key belongs to another request.", field=KEY_FIELD))
    return Done(keyed.recall(row), is_replay=True)


def find_replay(batch: Batch) -> Done | Refused | None:
    """Return what `replay_of` returns now."""
    return replay_of(batch, ask_keys_of([batch]))
