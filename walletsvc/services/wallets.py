"""Open, change and delete wallets."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from walletsvc import errors, money
from walletsvc.models import Wallet
from walletsvc.principals import Principal
from walletsvc.services.inputs import (
    UNSET,
    LocalId,
    Refusals,
    id_so_far,
    parse_metadata,
    parse_name,
    parse_reference,
    resolve,
)
from walletsvc.services.performing import perform
from walletsvc.services.posting import ZERO, Clock, Ledger
from walletsvc.services.steps import Step


def create_wallet(
    *,
    principal: Principal,
    label: object = UNSET,
    balance: object = UNSET,
    currency: object = UNSET,
    metadata: object = UNSET,
    clock: Clock = timezone.now,
) -> Wallet:
    """Open a wallet, with an opening balance if one is given, and return it.

    `currency` is `settings.DEFAULT_CURRENCY` unless given. Raises refusals of fields and amounts,
    `InsufficientFunds` for a negative balance, and `DuplicateLabel`.
    """
    step = prepare_create_wallet(
        principal=principal, label=label, balance=balance, currency=currency, metadata=metadata
    )
    return perform(step, principal=principal, clock=clock)


def prepare_create_wallet(
    *,
    principal: Principal,
    label: object = UNSET,
    balance: object = UNSET,
    currency: object = UNSET,
    metadata: object = UNSET,
    local_id: LocalId | None = None,
) -> Step[Wallet]:
    """Return the step behind `create_wallet`; it tells `local_id` the id. Raises refusals of the input."""
    refusals = Refusals()
    wallet = Wallet(owner=principal.owner or "")
    opening = ZERO
    with refusals.collect():
        wallet.label = parse_name(label, field="label")
    with refusals.collect():
        wallet.currency = settings.DEFAULT_CURRENCY if currency is UNSET else money.parse_currency(currency)
    with refusals.collect():
        if balance is not UNSET:
            opening = money.parse_amount(balance, field="balance")
    with refusals.collect():
        wallet.metadata = parse_metadata(metadata)
    refusals.raise_if_any()

    def run(ledger: Ledger) -> Wallet:
        wallet.id = None
        ledger.open_wallet(wallet, opening=opening)
        if local_id is not None:
            local_id.id = wallet.id
        return wallet

    return Step(run, explain_duplicate=lambda: _find_label_holder(principal, wallet.label))


def update_wallet(
    *,
    principal: Principal,
    wallet_id: object,
    label: object = UNSET,
    metadata: object = UNSET,
    balance: object = UNSET,
    currency: object = UNSET,
    clock: Clock = timezone.now,
) -> Wallet:
    """Change what may be changed of a wallet, and return it.

    Raises `NotFound`, refusals of fields, `Immutable` for a balance or currency, and `DuplicateLabel`.
    """
    step = prepare_update_wallet(
        principal=principal, wallet_id=wallet_id, label=label, metadata=metadata, balance=balance, currency=currency
    )
    return perform(step, principal=principal, clock=clock)


def prepare_update_wallet(
    *,
    principal: Principal,
    wallet_id: object,
    label: object = UNSET,
    metadata: object = UNSET,
    balance: object = UNSET,
    currency: object = UNSET,
) -> Step[Wallet]:
    """Return the step behind `update_wallet`. Raises `NotFound` for an id that cannot be one."""
    reference = parse_reference(wallet_id, what="Wallet")
    refusals = Refusals()
    changes: dict[str, object] = {}
    with refusals.collect():
        if label is not UNSET:
            changes["label"] = parse_name(label, field="label")
    with refusals.collect():
        if metadata is not UNSET:
            changes["metadata"] = parse_metadata(metadata)
    with refusals.collect():
        if balance is not UNSET:
            raise errors.Immutable("The balance of a wallet is changed by transactions only.", field="balance")
    with refusals.collect():
        if currency is not UNSET:
            raise errors.Immutable("The currency of a wallet never changes.", field="currency")

    def run(ledger: Ledger) -> Wallet:
        ledger.wallet(resolve(reference))
        refusals.raise_if_any()
        ledger.flush()
        wallet = Wallet.objects.get(id=resolve(reference))
        changed = [field for field, value in changes.items() if getattr(wallet, field) != value]
        if "label" in changed:
            ledger.names.take_label(str(changes["label"]))
            ledger.names.give_up(labels=[wallet.label])
        if changed:
            for field in changed:
                setattr(wallet, field, changes[field])
            wallet.updated_at = ledger.at
            wallet.save(update_fields=[*changed, "updated_at"])
        ledger.show(wallet)
        return wallet

    return Step(
        run,
        wallets=(reference,),
        explain_duplicate=lambda: _find_label_holder(principal, changes.get("label"), but=id_so_far(reference)),
    )


def delete_wallet(*, principal: Principal, wallet_id: object, clock: Clock = timezone.now) -> Wallet:
    """Delete an empty wallet with its transactions, and return it as it was; its entries stay.

    Raises `NotFound` or `WalletNotEmpty`.
    """
    return perform(prepare_delete_wallet(wallet_id=wallet_id), principal=principal, clock=clock)


def prepare_delete_wallet(*, wallet_id: object) -> Step[Wallet]:
    """Return the step behind `delete_wallet`. Raises `NotFound` for an id that cannot be one."""
    reference = parse_reference(wallet_id, what="Wallet")

    def run(ledger: Ledger) -> Wallet:
        ledger.wallet(resolve(reference))
        ledger.flush()
        wallet = Wallet.objects.get(id=resolve(reference))
        ledger.close_wallet(wallet.id)
        return wallet

    return Step(run, wallets=(reference,))


def _find_label_holder(principal: Principal, label: object, *, but: int = 0) -> errors.DuplicateLabel | None:
    """Return the refusal of a label that a wallet, `but` the one of this id, has.

    It names the holder if the principal can see it.
    """
    holder = Wallet.objects.filter(label=label).exclude(id=but).values_list("id", "owner").first()
    if holder is None:
        return None
    visible = principal.owner is None or holder[1] == principal.owner
    context = {"wallet": holder[0]} if visible else {}
    return errors.DuplicateLabel("Another wallet has this label.", field="label", **context)
