"""Access tokens of an OpenID Connect provider: signed JSON Web Tokens (RFC 7519, RFC 9068).

Keys come from the issuer alone (`access.issuer`), never from a token's header (RFC 8725, section 3.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from django.conf import settings

from walletsvc import errors
from walletsvc.access.issuer import IssuerKeys
from walletsvc.access.scopes import SCOPES
from walletsvc.models.columns import MAX_TEXT_LENGTH
from walletsvc.principals import ADMIN, Principal
from walletsvc.schema.values import parse_name

LEEWAY_SECONDS = 30
"""How far the clocks of issuer and server may be apart."""
SUBJECT_PREFIX = "oidc:"
SAFE_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures by a private key. With `none` or HS*, everybody who knows the public key could sign."""

_REQUIRED = ("iss", "aud", "exp", "sub", "iat")
_TYPES = ("", "jwt", "at+jwt", "application/at+jwt")
"""The types in headers of access tokens: none, any token's, and their own (RFC 9068, section 2.1)."""
_OF_ID_TOKENS = ("nonce", "at_hash")
"""The claims that only ID tokens have (OpenID Connect Core 1.0, sections 2 and 3.1.3.6)."""


class TokenRefused(Exception):
    """A token is refused, for a reason that quotes nothing of it. A `lasting` one stays for this token."""

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.lasting = lasting


@cache
def issuer_keys() -> IssuerKeys:
    """Return the keys of the issuer that the settings name, the same for the whole process."""
    return IssuerKeys(settings.OIDC_ISSUER, settings.OIDC_ALGORITHMS)


def find_principal(text: str) -> tuple[Principal, int]:
    """Return the principal of a token, and the second in which it ends. Raises `TokenRefused`."""
    claims = _read(text)
    scopes = _scopes(_claim(claims, settings.OIDC_SCOPE_CLAIM))
    owner = _claim(claims, settings.OIDC_OWNER_CLAIM)
    if owner is None and ADMIN not in scopes:
        raise TokenRefused("a token without the claim in OIDC_OWNER_CLAIM")
    try:
        # As in the columns that hold them.
        subject = parse_name(claims["sub"], field="sub", max_length=MAX_TEXT_LENGTH - len(SUBJECT_PREFIX))
        if owner is not None:
            owner = parse_name(owner, field="owner")
    except errors.WalletError as error:
        raise TokenRefused(f"a token whose {error.field} is {error.code}") from error
    return Principal(subject=SUBJECT_PREFIX + subject, scopes=scopes, owner=owner), int(claims["exp"])


def _read(text: str) -> dict[str, Any]:
    """Return the claims of a good access token. Raises `TokenRefused`."""
    try:
        header = jwt.get_unverified_header(text)
        kid, algorithm = header.get("kid"), header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in settings.OIDC_ALGORITHMS:
            raise TokenRefused("a token by an algorithm that is not in OIDC_ALGORITHMS")
        if not isinstance(kid, str):
            raise TokenRefused("a token without kid")
        key = issuer_keys().find(kid, algorithm)
        if key is None:
            raise TokenRefused("a token by a key that the issuer is not known to have", lasting=False)
        claims: dict[str, Any] = jwt.decode(
            text,
            key,
            algorithms=settings.OIDC_ALGORITHMS,
            audience=settings.OIDC_AUDIENCE,
            issuer=settings.OIDC_ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},
        )
    except TokenRefused:
        raise
    except jwt.MissingRequiredClaimError as error:
        hint = ": add an audience mapper" if error.claim == "aud" else ""
        raise TokenRefused(f"a token, no {error.claim}{hint}") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenRefused("a token that is not good yet", lasting=False) from error
    except Exception as error:
        # Whatever the library meets in a hostile text. Its words may hold parts of the token, so only its kind.
        raise TokenRefused(f"a token, {type(error).__name__}") from error
    # Keycloak says in a claim of that name which of its tokens it is.
    kinds = str(header.get("typ", "")).lower() in _TYPES and str(claims.get("typ", "Bearer")).lower() == "bearer"
    if not kinds or any(name in claims for name in _OF_ID_TOKENS):
        raise TokenRefused("an ID token, or another that is not for access")
    return claims


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of that name, or the one that a path such as `realm_access.roles` leads to; None for none."""
    if path in claims:  # some issuers have claims with dots, such as https://shop.example/roles
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _scopes(value: object) -> frozenset[str]:
    """Return the scopes in a text or a list, without those that are not ours."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(scope for scope in SCOPES if scope in words)
