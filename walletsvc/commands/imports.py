"""Post the transactions of a file: many by one commit, each accepted or refused by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from walletsvc import errors
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import resolve
from walletsvc.commands.transactions import PostTransaction
from walletsvc.ledger.ledger import Ledger
from walletsvc.models import Transaction

Name = tuple[str, str]
"""An owner, and a txid that is unique within it."""


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The same request has posted the transaction before."""


Posted = Transaction | AlreadyThere | errors.WalletError


@dataclass(frozen=True, slots=True)
class PostEach(Command[Sequence[Posted]]):
    """Post transactions in order. One that is refused does not keep the others from being posted.

    The result has for each the transaction, or why none was posted. Which are there already is read under the locks
    of the wallets; if another caller takes one of the txids even then, the whole runs again.
    """

    name: ClassVar = "transaction.post_each"
    scope: ClassVar = "transactions:write"

    posts: tuple[PostTransaction, ...]

    def locks(self) -> Locks:
        return Locks(wallets=tuple(each.wallet for each in self.posts))

    def apply(self, ledger: Ledger) -> Sequence[Posted]:
        """Raises nothing: each transaction has its own refusal."""
        names = [_name_of(each, ledger) for each in self.posts]
        holders = find_fingerprints(filter(None, names))
        results: list[Posted] = []
        for post, name in zip(self.posts, names, strict=True):
            if name is not None and name in holders:
                results.append(judge_holder(holders[name], post))
                continue
            try:
                posted = post.apply(ledger)
            except errors.WalletError as refusal:
                results.append(refusal)
                continue
            results.append(posted)
            if name is not None:
                # A later one may have the same txid.
                holders[name] = posted.fingerprint
        return results


def _name_of(post: PostTransaction, ledger: Ledger) -> Name | None:
    """Return the unique name that the transaction would have, or None if it has no wallet."""
    wallet = resolve(post.wallet)
    return (ledger.locked(wallet).owner, post.txid) if ledger.has_locked(wallet) else None


def find_fingerprints(names: Iterable[Name]) -> dict[Name, bytes | None]:
    """Return the fingerprint of each transaction that has one of these names; an older server has stored none."""
    by_owner: dict[str, set[str]] = {}
    for owner, txid in names:
        by_owner.setdefault(owner, set()).add(txid)
    found: dict[Name, bytes | None] = {}
    for owner, txids in by_owner.items():
        holders = Transaction.objects.filter(owner=owner, txid__in=txids)
        for txid, fingerprint in holders.values_list("txid", "fingerprint"):
            found[owner, txid] = None if fingerprint is None else bytes(fingerprint)
    return found


def judge_holder(fingerprint: bytes | None, post: PostTransaction) -> AlreadyThere | errors.DuplicateTxid:
    """Return whether a post is that of the transaction that has its txid, or else the refusal of the txid."""
    if fingerprint == fingerprint_of(post):
        return AlreadyThere()
    return errors.DuplicateTxid("Another transaction has this txid.", field="txid", is_same=False)
