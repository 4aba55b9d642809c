"""Whoever shows anything but a good access token is nobody: one 401 on both faces, and nothing changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.access.clocks import Clock
from tests.access.issuers import ABSENT, Issuer, new_key, public_pem, sign
from tests.access.owners import new
from tests.access.test_faces import Face
from tests.access.test_tokens import CREATE
from walletsvc.access.tokens import LEEWAY_SECONDS
from walletsvc.models import Wallet

pytestmark = pytest.mark.usefixtures("guarded")


def forge(header: object, payload: object, signature: bytes = b"") -> str:
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature))


def claims_of(issuer: Issuer) -> dict[str, Any]:
    payload = issuer.token().split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def by_public_key(issuer: Issuer) -> str:
    """Return a token by HS256 whose secret everybody knows: the public key."""
    text = forge({"alg": "HS256", "typ": "JWT", "kid": "RS256"}, claims_of(issuer)).removesuffix(".")
    signature = hmac.digest(public_pem(issuer.keys["RS256"][1]), text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def with_own_key(issuer: Issuer, **header: Any) -> str:
    return issuer.token(key=new_key("RS256", "attacker"), headers=header)


def nested(issuer: Issuer, depth: int = 5_000) -> str:
    return sign("RS256", issuer.keys["RS256"][1], b"[" * depth + b"]" * depth, {"kid": "RS256"})


def altered(issuer: Issuer) -> str:
    """Return a token whose claims were changed after it was signed."""
    header, _, signature = issuer.token(scope="wallets:read").split(".")
    _, payload, _ = issuer.token(scope="admin").split(".")
    return f"{header}.{payload}.{signature}"


NOT_ALLOWED = "a token by an algorithm that is not in OIDC_ALGORITHMS"
NOT_KNOWN = "a token by a key that the issuer is not known to have"
NOT_FOR_ACCESS = "an ID token, or another that is not for access"
MALFORMED = "malformed, or a wrong checksum"
AHEAD_SECONDS = 3600
"""So far that the token is good for nobody while a test shows it everywhere; `test_tokens.py` tests the leeway."""
HOSTILE: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "alg none": (
        lambda i: forge({"alg": "none", "typ": "JWT", "kid": "RS256"}, claims_of(i)),
        NOT_ALLOWED,
    ),
    "alg None": (lambda i: forge({"alg": "None", "kid": "RS256"}, claims_of(i)), NOT_ALLOWED),
    "no alg": (lambda i: forge({"kid": "RS256"}, claims_of(i)), NOT_ALLOWED),
    "alg a list": (lambda i: forge({"alg": ["RS256"], "kid": "RS256"}, claims_of(i)), NOT_ALLOWED),
    "HS256 by the public key": (by_public_key, NOT_ALLOWED),
    "an algorithm of another key": (lambda i: i.token(headers={"alg": "ES256"}), NOT_KNOWN),
    "another aud": (lambda i: i.token(aud="another"), "a token, InvalidAudienceError"),
    "a list of other auds": (lambda i: i.token(aud=["another", "account"]), "a token, InvalidAudienceError"),
    "aud with more than texts": (lambda i: i.token(aud=["walletsvc", {"a": 1}]), "a token, InvalidAudienceError"),
    "aud in another case": (lambda i: i.token(aud="WalletSvc"), "a token, InvalidAudienceError"),
    "azp for aud": (lambda i: i.token(aud=ABSENT, azp="walletsvc"), "a token, no aud: add an audience mapper"),
    "aud empty": (lambda i: i.token(aud=[]), "a token, no aud: add an audience mapper"),
    "another iss": (lambda i: i.token(iss="https://another.example"), "a token, InvalidIssuerError"),
    "iss with a slash": (lambda i: i.token(iss=i.url + "/"), "a token, InvalidIssuerError"),
    "iss a list": (lambda i: i.token(iss=[i.url]), "a token, InvalidIssuerError"),
    "no iss": (lambda i: i.token(iss=ABSENT), "a token, no iss"),
    "unknown kid": (lambda i: i.token(headers={"kid": "unheard of"}), NOT_KNOWN),
    "no kid": (lambda i: i.token(headers={"kid": ABSENT}), "a token without kid"),
    "kid a number": (lambda i: i.token(headers={"kid": 7}), "a token, InvalidTokenError"),
    "kid a list": (lambda i: i.token(headers={"kid": ["RS256"]}), "a token, InvalidTokenError"),
    "kid an object": (lambda i: i.token(headers={"kid": {"RS256": 1}}), "a token, InvalidTokenError"),
    "kid a path": (lambda i: i.token(headers={"kid": "../../../dev/null"}), NOT_KNOWN),
    "no exp": (lambda i: i.token(exp=ABSENT), "a token, no exp"),
    "exp past": (lambda i: i.token(exp=int(time.time()) - LEEWAY_SECONDS - 1), "a token, ExpiredSignatureError"),
    "exp infinite": (lambda i: i.token(exp=float("inf")), "a token, DecodeError"),
    "exp no number": (lambda i: i.token(exp=float("nan")), "a token, DecodeError"),
    "exp a list": (lambda i: i.token(exp=[9e9]), "a token, DecodeError"),
    "no iat": (lambda i: i.token(iat=ABSENT), "a token, no iat"),
    "iat ahead": (lambda i: i.token(iat=time.time() + AHEAD_SECONDS), "a token that is not good yet"),
    "nbf ahead": (lambda i: i.token(nbf=time.time() + AHEAD_SECONDS), "a token that is not good yet"),
    "no sub": (lambda i: i.token(sub=ABSENT), "a token, no sub"),
    "sub a number": (lambda i: i.token(sub=7), "a token, InvalidSubjectError"),
    "ID token by nonce": (lambda i: i.token(nonce="n"), NOT_FOR_ACCESS),
    "ID token by at_hash": (lambda i: i.token(at_hash="h"), NOT_FOR_ACCESS),
    "ID token by typ": (lambda i: i.token(typ="ID"), NOT_FOR_ACCESS),
    "refresh token": (lambda i: i.token(typ="Refresh"), NOT_FOR_ACCESS),
    "logout token": (lambda i: i.token(headers={"typ": "logout+jwt"}), NOT_FOR_ACCESS),
    "typ a list": (lambda i: i.token(headers={"typ": ["JWT"]}), NOT_FOR_ACCESS),
    "bad signature": (altered, "a token, InvalidSignatureError"),
    "no signature": (lambda i: i.token().rpartition(".")[0] + ".", "a token, InvalidSignatureError"),
    "jwk in the header": (
        lambda i: with_own_key(i, jwk=i.public_jwk("RS256") | {"n": "AQAB"}),
        "a token, InvalidSignatureError",
    ),
    "jku to elsewhere": (lambda i: with_own_key(i, jku=f"{i.url}/theirs"), "a token, InvalidSignatureError"),
    "x5u to elsewhere": (lambda i: with_own_key(i, x5u=f"{i.url}/theirs"), "a token, InvalidSignatureError"),
    "crit": (lambda i: i.token(headers={"crit": ["exp"], "exp": 1}), "a token, InvalidTokenError"),
    "b64 false": (lambda i: i.token(headers={"crit": ["b64"], "b64": False}), "a token, DecodeError"),
    "gigantic": (lambda i: i.token(padding="x" * 100_000), MALFORMED),
    "nested": (nested, "a token, DecodeError"),
    "nested header": (lambda i: forge(b"[" * 6_000, b"{}", b"s"), "a token, DecodeError"),
    "no object": (lambda i: sign("RS256", i.keys["RS256"][1], b"7", {"kid": "RS256"}), "a token, DecodeError"),
    "no JSON": (lambda i: sign("RS256", i.keys["RS256"][1], b"\xff\xfe", {"kid": "RS256"}), "a token, DecodeError"),
    "a number of many digits": (
        lambda i: sign("RS256", i.keys["RS256"][1], b'{"exp":' + b"9" * 5_000 + b"}", {"kid": "RS256"}),
        "a token, DecodeError",
    ),
    "two segments": (lambda i: i.token().rpartition(".")[0], MALFORMED),
    "four segments": (lambda i: i.token() + ".x", MALFORMED),
    "encrypted": (lambda i: "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", MALFORMED),
    "padded": (lambda i: i.token() + "=", MALFORMED),
    "empty segments": (lambda i: "..", MALFORMED),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_nobody(issuer: Issuer, name: str, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    build, reason = HOSTILE[name]
    token = build(issuer)
    nobody, hostile = Face(), Face(token)
    asked = list(issuer.asked)
    caplog.set_level(logging.DEBUG)
    for ask in (
        lambda face: face.rest("GET", "wallets/"),
        lambda face: face.rest("POST", "wallets/", new("Wallet", label="X")),
        lambda face: face.graphql("{ wallets { totalCount } }"),
        lambda face: face.graphql(CREATE),
    ):
        ask(nobody)
        ask(hostile)
        assert hostile.answer.status_code == 401
        assert hostile.answer.content == nobody.answer.content
        assert hostile.answer["WWW-Authenticate"] == nobody.answer["WWW-Authenticate"]
        clock.now += 60
    assert Wallet.objects.count() == 0
    assert f"A caller is refused: {reason}" in caplog.messages
    secrets = [
        token,
        *(part for part in token.split(".") if len(part) > 8),
        "unheard of",
        "another.example",
        "/theirs",
    ]
    assert not any(secret in caplog.text for secret in secrets)
    # No header of a token makes the server ask anybody.
    assert issuer.asked == asked
