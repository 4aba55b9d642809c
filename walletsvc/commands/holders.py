"""Find the holder of a unique name that a command needs. Names are unique within an owner."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Subquery

from walletsvc import errors
from walletsvc.commands.inputs import LocalId, Reference
from walletsvc.models import Hold, Transaction, Transfer, Wallet
from walletsvc.principals import Principal

Owner = str | Subquery
"""An owner, or a query that finds it."""


def owner_of(reference: Reference, model: type[Wallet | Transaction | Hold], principal: Principal) -> Owner:
    """Return the owner whose names are searched: that of the record referred to.

    For a caller bound to an owner, that is always its own: it must not learn of others' names.
    """
    if principal.owner is not None:
        return principal.owner
    if isinstance(reference, LocalId):
        # The object of a local id may be gone, with the transaction that created it.
        return reference.owner
    return Subquery(model._default_manager.filter(id=reference).values("owner"))


def find_label_holder(owner: Owner, label: object, *, other_than: int = 0) -> errors.DuplicateLabel | None:
    """Return the refusal of a label that another wallet of `owner` has; it names that wallet.

    Ignores the wallet with the id `other_than`.
    """
    holder = (
        Wallet.objects.filter(owner=owner, label=label).exclude(id=other_than).values_list("id", flat=True).first()
    )
    if holder is None:
        return None
    return errors.DuplicateLabel("Another wallet has this label.", field="label", wallet=holder)


def find_txid_holder(
    owner: Owner, txid: object, *, other_than: int = 0, fingerprint: bytes | None = None
) -> errors.DuplicateTxid | None:
    """Return the refusal of a txid that another transaction of `owner` has; it names that transaction.

    If this request would create one, its `fingerprint` is given: the refusal tells whether the holder was created by
    the same request. Ignores the transaction with the id `other_than`.
    """
    found = Transaction.objects.filter(owner=owner, txid=txid).exclude(id=other_than)
    holder = found.values_list("id", "fingerprint").first()
    if holder is None:
        return None
    identifier, of_holder = holder
    # A transaction of an older server has none.
    same = {} if fingerprint is None else {"is_same": bytes(of_holder or b"") == fingerprint}
    return errors.DuplicateTxid("Another transaction has this txid.", field="txid", transaction=identifier, **same)


def find_hold_holder(owner: Owner, txid: str, *, fingerprint: bytes | None = None) -> errors.DuplicateTxid | None:
    """Return the refusal of a txid that another hold of `owner` has; it names that hold.

    With the `fingerprint` of the request, the refusal tells whether the same one created the other hold.
    """
    holder = Hold.objects.filter(owner=owner, txid=txid).values_list("id", "fingerprint").first()
    if holder is None:
        return None
    identifier, of_holder = holder
    same = {} if fingerprint is None else {"is_same": bytes(of_holder) == fingerprint}
    return errors.DuplicateTxid("Another hold has this txid.", field="txid", hold=identifier, **same)


def find_transfer_holder(
    txid: str, owners: Sequence[str], txids: Sequence[str], *, fingerprint: bytes | None = None
) -> errors.DuplicateTxid | None:
    """Return the refusal of a transfer's txid that another transfer has, or of a leg's that a transaction has.

    `owners` are those of the legs, in their order, or none if the transfer is not known; `txids` are the names that
    the legs would have. With the `fingerprint` of the request, the refusal tells whether the same one created the
    other transfer.
    """
    if not owners:
        return None
    common = owners[0] if len(set(owners)) == 1 else ""
    holder = Transfer.objects.filter(owner=common, txid=txid).values_list("id", "fingerprint").first()
    if holder is not None:
        identifier, of_holder = holder
        same = {} if fingerprint is None else {"is_same": bytes(of_holder) == fingerprint}
        return errors.DuplicateTxid("Another transfer has this txid.", field="txid", transfer=identifier, **same)
    wanted = set(zip(owners, txids, strict=True))
    found = Transaction.objects.filter(owner__in=set(owners), txid__in=txids)
    for owner, name, identifier in found.order_by("id").values_list("owner", "txid", "id"):
        if (owner, name) in wanted:
            message = f"A transaction has the txid {name!r} of a leg."
            return errors.DuplicateTxid(message, field="txid", txid=name, transaction=identifier)
    return None


def owners_of(wallets: Sequence[Reference], principal: Principal) -> list[str]:
    """Return the owners of these wallets, "" for one that does not exist.

    For a caller bound to an owner, that is always its own.
    """
    if principal.owner is not None:
        return [principal.owner] * len(wallets)
    ids = {each for each in wallets if not isinstance(each, LocalId)}
    known = dict(Wallet.objects.filter(id__in=ids).values_list("id", "owner"))
    return [each.owner if isinstance(each, LocalId) else known.get(each, "") for each in wallets]
