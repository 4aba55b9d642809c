"""Create, rotate, revoke and look up API keys. Each change leaves an `AccessEvent`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import transaction
from django.db.models import Q, QuerySet

from walletsvc import errors
from walletsvc.access.key_text import KeyText, generate
from walletsvc.access.rates import Rate
from walletsvc.access.scopes import print_scopes
from walletsvc.models.access import AccessEvent, ApiKey
from walletsvc.principals import Principal
from walletsvc.schema.values import parse_name

on_end: list[Callable[[], None]] = []
"""Called after keys have ended, in the process that ended them, so that it forgets them at once."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key, and its text, which is never shown again."""

    key: ApiKey
    text: str


def create_key(
    *,
    by: Principal,
    name: str,
    scopes: frozenset[str],
    owner: str | None,
    expires_at: datetime | None,
    at: datetime,
    limit: Rate | None = None,
) -> NewKey:
    """Create a key. `owner` None reaches everything; `expires_at` None is never; `limit` None is the usual one.

    Raises `Forbidden` for rights that `by` lacks, and refusals of the name, the owner and the end.
    """
    parse_name(name, field="name")
    if owner is not None:
        parse_name(owner, field="owner")
    if expires_at is not None and expires_at <= at:
        raise errors.Invalid("A key ends in the future.", field="expires_at")
    _check_grant(by, scopes, owner)
    with transaction.atomic():
        return _insert(
            by=by,
            name=name,
            scopes=print_scopes(scopes),
            owner=owner,
            expires_at=expires_at,
            limit=None if limit is None else limit.text,
            at=at,
        )


def rotate_key(*, by: Principal, key_id: str, overlap: timedelta, at: datetime) -> NewKey:
    """Create a key with the rights and the term of another, which ends after the `overlap`.

    Raises `NotFound`, `Forbidden` for rights that `by` lacks, and `Invalid` for a key that has ended.
    """
    with transaction.atomic():
        old = _find(key_id, by)
        if not is_good(old, at):
            raise errors.Invalid("A key that has ended is not rotated: make a new one.", field="id")
        _check_grant(by, frozenset(old.scopes.split()), old.owner)
        lifetime = None if old.expires_at is None else old.expires_at - old.created_at
        expires_at = None if lifetime is None else at + lifetime
        new = _insert(
            by=by,
            name=old.name,
            scopes=old.scopes,
            owner=old.owner,
            expires_at=expires_at,
            limit=old.limit,
            at=at,
            replaces=old.id,
        )
        end = at + overlap
        old.expires_at = end if old.expires_at is None else min(end, old.expires_at)
        old.save(update_fields=["expires_at"])
        _note("rotate", old.id, by=by, at=at, reason=f"by {new.key.id}")
        if not is_good(old, at):
            transaction.on_commit(_tell)
        return new


def revoke_key(*, by: Principal, key_id: str, at: datetime, reason: str = "") -> ApiKey:
    """End a key at once; a revoked key stays unchanged. Raises `NotFound`."""
    with transaction.atomic():
        key = _find(key_id, by)
        _revoke([key], by=by, at=at, reason=reason)
        return key


def revoke_all(*, by: Principal, issued_before: datetime, at: datetime, reason: str = "") -> int:
    """End all keys created before a moment, and return their number."""
    with transaction.atomic():
        keys = _within_reach(by).select_for_update().filter(created_at__lt=issued_before, revoked_at=None)
        return _revoke(list(keys), by=by, at=at, reason=reason)


def revoke_listed(*, by: Principal, key_ids: Iterable[str], at: datetime, reason: str = "") -> int:
    """End the keys with these ids at once; return how many were not revoked before. Unknown ids are passed over."""
    wanted = frozenset(key_ids)
    with transaction.atomic():
        good = _within_reach(by).select_for_update().filter(revoked_at=None)
        # Not in SQL: a list may be longer than a statement can be.
        return _revoke([key for key in good if key.id in wanted], by=by, at=at, reason=reason)


def list_keys(*, by: Principal) -> list[ApiKey]:
    """Return the keys that the caller can see, the oldest first."""
    return list(_within_reach(by).order_by("created_at", "id"))


def get_key(*, by: Principal, key_id: str) -> ApiKey:
    """Return a key that the caller can see. Raises `NotFound`."""
    key = _within_reach(by).filter(id=key_id).first()
    if key is None:
        raise errors.not_found("API key", key_id)
    return key


def find_principal(text: KeyText, *, at: datetime) -> tuple[Principal, datetime | None] | None:
    """Return the principal and the end of a key; None for an unknown, expired or revoked one."""
    key = ApiKey.objects.filter(id=text.id).first()
    if key is None or not compare_digest(bytes(key.digest), text.digest) or not is_good(key, at):
        return None
    principal = Principal(subject=key.id, scopes=frozenset(key.scopes.split()), owner=key.owner, limit=key.limit)
    return principal, key.expires_at


def is_good(key: ApiKey, at: datetime) -> bool:
    """Tell whether a key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or at < key.expires_at)


def _within_reach(by: Principal) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(Q() if by.owner is None else Q(owner=by.owner))


def _find(key_id: str, by: Principal) -> ApiKey:
    key = _within_reach(by).select_for_update().filter(id=key_id).first()
    if key is None:
        raise errors.not_found("API key", key_id)
    return key


def _check_grant(by: Principal, scopes: frozenset[str], owner: str | None) -> None:
    """Raise `Forbidden` unless `by` has all of these rights itself."""
    beyond = [scope for scope in scopes if not by.may(scope)]
    if beyond:
        raise errors.Forbidden(f"You cannot grant {print_scopes(beyond)}: you may not do that yourself.")
    if by.owner is not None and owner != by.owner:
        raise errors.Forbidden("You are bound to an owner, and so are the keys that you make.")


def _insert(*, by: Principal, at: datetime, replaces: str | None = None, **fields: object) -> NewKey:
    key_text, text = generate()
    key = ApiKey(
        id=key_text.id, digest=key_text.digest, created_at=at, created_by=by.subject, replaces=replaces, **fields
    )
    key.save(force_insert=True)
    _note("create", key.id, by=by, at=at)
    return NewKey(key, text)


def _revoke(keys: Iterable[ApiKey], *, by: Principal, at: datetime, reason: str) -> int:
    revoked = [key for key in keys if key.revoked_at is None]
    for key in revoked:
        key.revoked_at = at
        key.save(update_fields=["revoked_at"])
        _note("revoke", key.id, by=by, at=at, reason=reason)
    if revoked:
        transaction.on_commit(_tell)
    return len(revoked)


def _tell() -> None:
    for forget in on_end:
        forget()


def _note(action: str, key: str, *, by: Principal, at: datetime, reason: str = "") -> None:
    AccessEvent.objects.create(at=at, by=by.subject, action=action, key=key, reason=reason)
