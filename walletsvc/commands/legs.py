"""Parse the legs of a transfer, and what crosses the border."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.commands.conditions import parse_conditions
from walletsvc.commands.inputs import Reference, Refusals, parse_reference
from walletsvc.ledger.conditions import Conditions
from walletsvc.schema.resources import MAX_LEGS
from walletsvc.schema.types import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """What one wallet gets, or gives if the amount is negative."""

    wallet: Reference
    amount: Decimal
    description: str | None = None
    """None for that of the transfer."""
    conditions: Conditions | None = None


def parse_legs(values: Mapping[str, object]) -> tuple[tuple[Leg, ...], Mapping[str, Decimal]]:
    """Return the `legs` of a transfer, and the amount of each currency in `external`.

    Raises all refusals at once: of each field, `Invalid` for too few legs, and `TooMany`.
    """
    refusals = Refusals()
    legs: list[Leg] = []
    external: dict[str, Decimal] = {}
    with refusals.collect():
        for place, each in enumerate(_members(values.get("external"), "external")):
            with refusals.collect():
                currency, amount = _parse_external(each, f"external.{place}")
                if currency in external:
                    raise errors.Invalid(f"{currency} is given twice.", field=f"external.{place}.currency")
                external[currency] = amount
    with refusals.collect():
        sent = _members(values["legs"], "legs")
        if len(sent) < (1 if values.get("external") else 2):
            raise errors.Invalid("A transfer needs two legs, or one and something external.", field="legs")
        for place, each in enumerate(sent):
            with refusals.collect():
                legs.append(_parse_leg(each, f"legs.{place}"))
    refusals.raise_if_any()
    return tuple(legs), external


def parse_pair(values: Mapping[str, object]) -> tuple[tuple[Leg, Leg], bool]:
    """Return the two legs from `source` to `destination`, and whether their amount is an upper limit, `up_to`.

    The `conditions` are those of the source.

    Raises all refusals at once: of each field, `InvalidAmount` unless the amount is positive, and `Invalid` for an
    amount that is given twice, for something external, and if both wallets are the same.
    """
    refusals = Refusals()
    is_limit = values.get("up_to") is not None
    name = "up_to" if is_limit else "amount"
    source: Reference = 0
    destination: Reference = 0
    amount, conditions = money.ZERO, None
    with refusals.collect():
        amount = _parse_amount(values.get(name), name)
        if amount < 0:
            raise errors.InvalidAmount("The amount of a transfer must be positive.", field=name)
        if is_limit and values.get("amount") is not None:
            raise errors.Invalid("Either amount or upTo is given.", field=name)
    with refusals.collect():
        source = parse_reference(values.get("source"), what="Wallet", field="source")
    with refusals.collect():
        destination = parse_reference(values.get("destination"), what="Wallet", field="destination")
    with refusals.collect():
        conditions = parse_conditions(values.get("conditions"))
    with refusals.collect():
        if values.get("external") is not None:
            raise errors.Invalid("What is external goes with legs.", field="external")
    refusals.raise_if_any()
    if source == destination:
        raise errors.Invalid("A transfer needs two different wallets.", field="destination")
    debit = Leg(wallet=source, amount=money.negate(amount), conditions=conditions)
    return (debit, Leg(wallet=destination, amount=amount)), is_limit


def _members(value: object, field: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise errors.Invalid(f"{field} must be an array.", field=field)
    if len(value) > MAX_LEGS:
        raise errors.TooMany(f"{field} has at most {MAX_LEGS} members.", field=field, limit=MAX_LEGS)
    return value


def _parse_leg(value: object, field: str) -> Leg:
    given = _object(value, field, known=("wallet", "amount", "description", "conditions"))
    refusals = Refusals()
    wallet: Reference = 0
    amount, description, conditions = money.ZERO, None, None
    with refusals.collect():
        wallet = parse_reference(given.get("wallet"), what="Wallet", field=f"{field}.wallet")
    with refusals.collect():
        amount = _parse_amount(given.get("amount"), f"{field}.amount")
    with refusals.collect():
        if given.get("description") is not None:
            description = Text().parse(given["description"], field=f"{field}.description")
    with refusals.collect():
        conditions = parse_conditions(given.get("conditions"), field=f"{field}.conditions")
    refusals.raise_if_any()
    return Leg(wallet=wallet, amount=amount, description=description, conditions=conditions)


def _parse_external(value: object, field: str) -> tuple[str, Decimal]:
    given = _object(value, field, known=("currency", "amount"))
    refusals = Refusals()
    currency, amount = "", money.ZERO
    with refusals.collect():
        if given.get("currency") is None:
            raise errors.Required("currency is required.", field=f"{field}.currency")
        currency = money.parse_currency(given["currency"], field=f"{field}.currency")
    with refusals.collect():
        amount = _parse_amount(given.get("amount"), f"{field}.amount")
        if currency:
            money.check_scale(amount, currency=currency, field=f"{field}.amount")
    refusals.raise_if_any()
    return currency, amount


def _object(value: object, field: str, *, known: Collection[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise errors.Invalid(f"A member of {field.partition('.')[0]} is an object.", field=field)
    for name in value:
        if name not in known:
            raise errors.Invalid(f"A member has {', '.join(known)}, and no {str(name)[:64]!r}.", field=field)
    return value


def _parse_amount(value: object, field: str) -> Decimal:
    amount = money.parse_amount(value, field=field)
    if not amount:
        raise errors.InvalidAmount("An amount of a transfer must not be zero.", field=field)
    return amount
