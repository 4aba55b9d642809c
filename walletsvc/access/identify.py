"""Identify the caller: from the text of an `Authorization` header to a principal. The one way for all faces."""

from __future__ import annotations

import logging
import re
import time
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from walletsvc import errors
from walletsvc.access import key_text, keys
from walletsvc.access.usage import usage
from walletsvc.access.verified import KEY_SECONDS, TOKEN_SECONDS, Verified
from walletsvc.principals import ANYONE, Principal
from walletsvc.telemetry.metrics import AUTH

logger = logging.getLogger(__name__)

MAX_CREDENTIALS = 16_384
KEY, TOKEN, NOTHING, OTHER = "key", "token", "none", "other"
"""The kinds of credentials, as they are counted."""
_BEARER = "bearer "
_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)
"""The form of a signed token (RFC 7515, section 7.1)."""

verified = Verified()
"""The callers that this process knows."""
keys.on_end.append(lambda: verified.clear())


def start_background() -> None:
    """Start the threads that a server needs to know its callers. A command that serves nobody does without."""
    if settings.AUTH_REQUIRED:
        usage.start()
        if settings.OIDC_ISSUER:
            from walletsvc.access import tokens

            tokens.issuer_keys().start()


def identify_known(authorization: str | None) -> Principal | None:
    """Return the caller if no query is needed: it was verified recently, or the server is open."""
    if not settings.AUTH_REQUIRED:
        return ANYONE
    return None if authorization is None else find_verified(authorization)


def find_verified(authorization: str) -> Principal | None:
    """Return the caller with these credentials if it was verified recently."""
    # As `_digest`, without another call: each request waits for this.
    return verified.get(sha256(authorization.encode("utf-8", "surrogateescape")).digest())


def was_good(authorization: str) -> bool:
    """Tell whether these credentials were good when they were last looked at, if that is remembered."""
    return verified.was_good(_digest(authorization))


def identify(authorization: str | None) -> Principal:
    """Return the caller identified by an `Authorization` header.

    Raises `Unauthenticated`, the same for every reason (which is logged), and `DatabaseError` if no key can be read.
    """
    known = identify_known(authorization)
    if known is not None:
        return known
    if authorization is None:
        raise _refused("no credentials", NOTHING)
    digest = _digest(authorization)
    if verified.is_refused(digest):
        raise _refused("refused a moment ago", OTHER)
    text = _bearer(authorization)
    if text is not None and _SIGNED.fullmatch(text):
        return _identify_token(text, digest)
    key = None if text is None else key_text.parse(text)
    if key is None:
        raise _refused("malformed, or a wrong checksum", OTHER)
    now = timezone.now()
    found = keys.find_principal(key, at=now)
    if found is None:
        verified.refuse(digest)
        raise _refused(f"key {key.id} is unknown, expired or revoked", KEY)
    principal, expires_at = found
    verified.remember(digest, principal, seconds=_seconds(expires_at, now))
    usage.note(key.id, now)
    AUTH.add(KEY, "good")
    return principal


def _identify_token(text: str, digest: bytes) -> Principal:
    if not settings.OIDC_ISSUER:
        raise _refused("a token, and OIDC_ISSUER is not set", TOKEN)
    # Here, because PyJWT's libraries take 0.3 s and 22 MB, which a server without tokens does without.
    from walletsvc.access import tokens

    try:
        principal, ends_at = tokens.find_principal(text)
    except tokens.TokenRefused as error:
        if error.lasting:
            verified.refuse(digest)
        raise _refused(str(error), TOKEN) from None
    now = time.time()
    # The end can be a number too large for a float. A token within its leeway is read each time.
    verified.remember(digest, principal, seconds=min(ends_at, now + TOKEN_SECONDS) - now)
    AUTH.add(TOKEN, "good")
    return principal


def _seconds(expires_at: datetime | None, now: datetime) -> float:
    return KEY_SECONDS if expires_at is None else min(KEY_SECONDS, (expires_at - now).total_seconds())


def _digest(authorization: str) -> bytes:
    return sha256(authorization.encode("utf-8", "surrogateescape")).digest()


def _bearer(authorization: str) -> str | None:
    if len(authorization) > MAX_CREDENTIALS or authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    return authorization[len(_BEARER) :].strip(" ")


def _refused(reason: str, kind: str) -> errors.Unauthenticated:
    AUTH.add(kind, "refused")
    logger.info("A caller is refused: %s", reason)
    return errors.Unauthenticated("Show who you are: Authorization: Bearer, and a good API key or token.")
