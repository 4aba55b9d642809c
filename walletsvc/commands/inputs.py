"""Parse callers' values: report all refusals of a command's fields at once, and resolve references to objects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from walletsvc import errors
from walletsvc.ids import MAX_ID, read_id
from walletsvc.schema.declarations import Field, Resource, ToOne, Write


class LocalId:
    """A placeholder for an object that an earlier command of the same batch creates, and its owner.

    `owners` are those of its wallets, if it has several: of the legs of a transfer, or of the wallet and the
    destination of a hold.
    """

    def __init__(self) -> None:
        self.id: int | None = None
        self.owner = ""
        self.owners: Sequence[str] = ()

    def resolve(self) -> int:
        """Return the object's id. Raises `RuntimeError` before it exists."""
        if self.id is None:
            raise RuntimeError("The command that creates the object has not run.")
        return self.id


Reference = int | LocalId
"""A reference to a wallet or transaction."""


class Refusals:
    """Collects the refusals of several fields, to report all of them at once."""

    def __init__(self) -> None:
        self._errors: list[errors.WalletError] = []

    def collect(self) -> Refusals:
        """Return a context that keeps a refusal raised inside and continues after it."""
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        if isinstance(error, errors.WalletError):
            self.add(error)
        return isinstance(error, errors.WalletError)

    def add(self, refusal: errors.WalletError) -> None:
        """Keep a refusal."""
        self._errors.extend(refusal.each())

    def refusal(self) -> errors.WalletError | None:
        """Return the collected refusal: the only one, or `Several`."""
        if len(self._errors) == 1:
            return self._errors[0]
        return errors.Several(self._errors) if self._errors else None

    def raise_if_any(self) -> None:
        """Raise the collected refusal, if there is one."""
        refusal = self.refusal()
        if refusal is not None:
            raise refusal


def parse_new(resource: Resource, values: Mapping[str, object], *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the values of a new `resource`, for each field and relation that clients write.

    Skips the fields in `without`. Raises all refusals at once, and `NotFound` for the impossible id of a related
    resource.
    """
    _check_names(resource, values)
    refusals = Refusals()
    parsed: dict[str, object] = {}
    for each in resource.written:
        key = each.key
        if key in without:
            continue
        # Not by `collect`: a batch has thousands of fields.
        try:
            if each.write is Write.LATER:
                _refuse_early(resource, each, values)
            elif isinstance(each, ToOne):
                parsed[key] = _parse(each, values.get(key)) if each.required or values.get(key) is not None else None
            elif key in values:
                parsed[key] = _parse(each, values[key])
            elif each.required:
                raise errors.Required(f"{key} is required.", field=key)
            else:
                parsed[key] = each.type.default()
        except errors.WalletError as refusal:
            refusals.add(refusal)
    refusals.raise_if_any()
    return parsed


def parse_changes(
    resource: Resource, values: Mapping[str, object]
) -> tuple[dict[str, Any], errors.WalletError | None]:
    """Return the changes of a `resource`, and the refusal of the values, if there is one.

    The caller raises the refusal once it knows that the resource exists.
    """
    _check_names(resource, values)
    refusals = Refusals()
    parsed: dict[str, object] = {}
    for each in resource.written:
        if each.key in values:
            with refusals.collect():
                if each.write is Write.ONCE:
                    raise errors.Immutable(_why_fixed(resource, each), field=each.key)
                parsed[each.key] = _parse(each, values[each.key])
    return parsed, refusals.refusal()


def _refuse_early(resource: Resource, member: Field | ToOne, values: Mapping[str, object]) -> None:
    if member.key in values:
        what = resource.name.lower()
        raise errors.Invalid(f"The {member.name} is set by a change of the {what}.", field=member.key)


def _parse(member: Field | ToOne, value: object) -> object:
    if isinstance(member, ToOne):
        return parse_reference(value, what=member.target, field=member.key)
    return member.type.parse(value, field=member.key)


def _why_fixed(resource: Resource, member: Field | ToOne) -> str:
    return (
        isinstance(member, Field) and member.fixed
    ) or f"The {member.name} of a {resource.name.lower()} never changes."


def _check_names(resource: Resource, values: Mapping[str, object]) -> None:
    """Raise `TypeError` for a name that no field has: a bug of the calling code, not an error of a client."""
    if not values.keys() <= resource.written_keys:
        unknown = values.keys() - resource.written_keys
        raise TypeError(f"There is no field {', '.join(sorted(unknown))}.")


def parse_id(value: object, *, what: str, field: str | None = None) -> int:
    """Return the integer id in `value`, an int or its decimal text.

    Raises `Required` for None, `Invalid` for another type, `NotFound` for a text that cannot be an id: not a number,
    or beyond 64 bits.
    """
    if value is None:
        raise errors.Required(f"{what} is required.", field=field)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise errors.Invalid(f"The id of a {what} is a string of digits.", field=field)
    text = value if isinstance(value, str) else str(value) if abs(value) <= MAX_ID else ""
    identifier = read_id(text)
    if identifier is None:
        raise errors.not_found(what, text, field=field)
    return identifier


def parse_reference(value: object, *, what: str, field: str | None = None) -> Reference:
    """Return the result of `parse_id`, or a `LocalId` unchanged."""
    return value if isinstance(value, LocalId) else parse_id(value, what=what, field=field)


def resolve(reference: Reference) -> int:
    """Return the id that a reference stands for."""
    return reference.resolve() if isinstance(reference, LocalId) else reference


def id_so_far(reference: Reference) -> int:
    """Return the id that a reference stands for, or 0, which no object has, if it does not exist yet."""
    return reference.id or 0 if isinstance(reference, LocalId) else reference
