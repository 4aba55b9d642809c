"""What the commands of a batch need: their wallets, and the holds that they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from walletsvc.commands.command import Locks
from walletsvc.commands.inputs import LocalId, Reference, resolve
from walletsvc.commands.keyed import Batch
from walletsvc.errors import WalletError
from walletsvc.ledger.hold_writer import HoldAsRead, find_holds
from walletsvc.models import Hold, Transaction
from walletsvc.principals import Principal
from walletsvc.queries.scope import within_reach


def wallets_of(batch: Batch) -> list[Reference]:
    """Return the wallets that the commands refer to."""
    return [wallet for command in batch if not isinstance(command, WalletError) for wallet in command.locks().wallets]


def existing_wallets_of(batch: Batch) -> list[int]:
    """Return the ids of existing wallets that the commands refer to."""
    return [each for each in wallets_of(batch) if not isinstance(each, LocalId)]


@dataclass(frozen=True, slots=True)
class Needs:
    """The existing wallets and holds that a batch needs."""

    wallets: list[int]
    holds: list[int]


def needs_of(batches: Sequence[Batch], principal: Principal) -> tuple[list[Needs], Sequence[HoldAsRead]]:
    """Return what each batch needs that shares a transaction, and the holds as they are before they are locked.

    The wallets of a hold are among those of its batch, if the principal can see it.
    """
    locks = list(map(_locks_of, batches))
    needs = [
        Needs(
            [resolve(wallet) for each in some for wallet in each.wallets],
            [resolve(each.hold) for each in some if each.hold is not None],
        )
        for some in locks
    ]
    named = {hold for each in needs for hold in each.holds}
    holds = find_holds(named, by=principal) if named else ()
    found = {hold.id: hold for hold, _ in holds}
    for each in needs:
        each.wallets.extend(wallet for hold in each.holds if hold in found for wallet in _wallets_of(found[hold]))
    return needs, holds


def _locks_of(batch: Batch) -> list[Locks]:
    # Whether it is a refusal: to ask an abstract class for its instances takes three times as long.
    return [command.locks() for command in batch if not isinstance(command, WalletError)]


def _wallets_of(hold: Hold) -> list[int]:
    return [each for each in (hold.wallet_id, hold.destination_id) if each is not None]


def holds_of(batch: Batch, principal: Principal) -> Sequence[HoldAsRead]:
    """Return the existing holds that the commands need, as they are before their wallets are locked."""
    ids = {each.hold for each in _locks_of(batch) if isinstance(each.hold, int)}
    return find_holds(ids, by=principal) if ids else ()


def wallet_ids_of(batch: Batch, principal: Principal, holds: Sequence[HoldAsRead]) -> set[int]:
    """Return the ids of all existing wallets that the commands need, those of their `holds` included."""
    ids = {wallet for wallet in wallets_of(batch) if not isinstance(wallet, LocalId)}
    ids.update(wallet for hold, _ in holds for wallet in _wallets_of(hold))
    locks = _locks_of(batch)
    transactions = {each.transaction for each in locks if isinstance(each.transaction, int)}
    transfers = {each.transfer for each in locks if isinstance(each.transfer, int)}
    for named in ({"id__in": transactions}, {"transfer_id__in": transfers}):
        if any(named.values()):
            seen = within_reach(Transaction.objects.filter(**named), principal)
            ids.update(seen.values_list("wallet_id", flat=True))
    return ids
