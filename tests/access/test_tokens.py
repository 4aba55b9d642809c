"""A token is its principal on both faces; every other text gets the same 401, and changes nothing."""

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

from tests.access.issuers import ABSENT, Issuer, new_key, public_pem, sign
from tests.access.test_faces import Face, code, new
from walletsvc import errors
from walletsvc.access import identify as way_in
from walletsvc.access import tokens
from walletsvc.access.identify import identify, identify_known
from walletsvc.access.issuer import UNKNOWN_SECONDS, IssuerKeys
from walletsvc.access.tokens import LEEWAY_SECONDS
from walletsvc.access.verified import TOKEN_SECONDS, Verified
from walletsvc.models import Entry, Wallet
from walletsvc.principals import Principal

READ = frozenset({"wallets:read"})
CREATE = 'mutation { createWallet(input: {label: "X"}) { wallet { label } userErrors { code } } }'


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def guarded(settings: Any, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    settings.AUTH_REQUIRED = True
    monkeypatch.setattr(way_in, "verified", Verified(clock=clock))


def principal(token: str) -> Principal:
    return identify(f"Bearer {token}")


def refused(token: str) -> str:
    with pytest.raises(errors.Unauthenticated) as caught:
        identify(f"Bearer {token}")
    return str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_reads_and_writes_what_is_its_owners(issuer: Issuer, algorithm: str) -> None:
    alice, bob = (Face(issuer.token(kid=algorithm, sub=sub)) for sub in ("alice", "bob"))
    wallet = alice.open("W")
    assert alice.post(wallet, "T")[0] == 201
    assert alice.graphql("{ wallets { totalCount } }")[1]["data"]["wallets"]["totalCount"] == 1
    assert bob.rest("GET", f"wallets/{wallet}/")[0] == 404
    assert (
        bob.graphql(f'{{ wallet(id: "{wallet}") {{ label }} }}')[1]["errors"][0]["extensions"]["code"] == "not_found"
    )
    assert Wallet.objects.get().owner == "alice"
    assert set(Entry.objects.values_list("principal", flat=True)) == {"oidc:alice"}


@pytest.mark.django_db
def test_a_token_does_no_more_than_its_scopes_say(issuer: Issuer) -> None:
    reader = Face(issuer.token(scope="openid wallets:read profile"))
    assert reader.rest("GET", "wallets/")[0] == 200
    status, document = reader.rest("POST", "wallets/", new("Wallet", label="X"))
    assert (status, code(document)) == (403, "forbidden")
    assert reader.graphql(CREATE)[1]["data"]["createWallet"]["userErrors"] == [{"code": "forbidden"}]
    for scope in ("", "openid", 7, ["admin:all"], {"admin": True}, ABSENT):
        assert Face(issuer.token(scope=scope)).rest("GET", "wallets/")[0] == 403
    assert Wallet.objects.count() == 0


@pytest.mark.parametrize(
    ("claim", "claims", "scopes"),
    [
        ("scope", {"scope": "wallets:read  admin nonsense"}, {"wallets:read", "admin"}),
        ("scp", {"scp": ["wallets:read", "nonsense", 7, None, ["admin"]]}, {"wallets:read"}),
        ("realm_access.roles", {"realm_access": {"roles": ["transactions:read"]}}, {"transactions:read"}),
        ("realm_access.roles", {"realm_access": ["admin"]}, set()),
        ("realm_access.roles", {"realm_access": {"roles": None}}, set()),
        ("https://shop.example/roles", {"https://shop.example/roles": ["admin"]}, {"admin"}),
    ],
)
def test_scopes_are_where_the_setting_says(
    issuer: Issuer, settings: Any, claim: str, claims: dict[str, Any], scopes: set[str]
) -> None:
    settings.OIDC_SCOPE_CLAIM = claim
    assert principal(issuer.token(**claims)).scopes == scopes


def test_an_owner_is_where_the_setting_says(issuer: Issuer, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.OIDC_OWNER_CLAIM = "tenant.name"
    found = principal(issuer.token(scope="wallets:read", tenant={"name": "shop"}))
    assert found == Principal("oidc:alice", READ, owner="shop")
    assert principal(issuer.token(scope="admin", tenant={"name": "shop"})).owner == "shop"
    # Only an administrator goes without.
    assert principal(issuer.token(scope="admin")) == Principal("oidc:alice", frozenset({"admin"}), owner=None)
    caplog.set_level(logging.INFO)
    for tenant in (ABSENT, {}, {"name": None}, "shop"):
        refused(issuer.token(tenant=tenant))
        assert "without the claim in OIDC_OWNER_CLAIM" in caplog.messages[-1]
    for name in ("", " shop", "a\0", "\ud800", "x" * 256, 7, ["shop"], {"a": 1}, True):
        for scope in ("wallets:read", "admin"):
            refused(issuer.token(scope=scope, tenant={"name": name}))


def test_a_subject_fits_the_column_that_names_it(issuer: Issuer) -> None:
    assert len(principal(issuer.token(sub="a" * 250)).subject) == 255
    for sub in ("a" * 251, "", " a", "a\n", "\udfff", 7, None, ["a"], {}):
        refused(issuer.token(sub=sub))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["account", "walletsvc"]},
        {"exp": 10**400},
        {"exp": 4e9},
        {"typ": "Bearer"},
        {"azp": "another"},
        {"iat": time.time() + LEEWAY_SECONDS / 2},
        {"nbf": time.time() - 5},
    ],
    ids=["two audiences", "a huge exp", "a float exp", "typ", "azp", "iat ahead", "nbf"],
)
def test_good_tokens_come_in_several_forms(issuer: Issuer, claims: dict[str, Any]) -> None:
    assert principal(issuer.token(**claims)).subject == "oidc:alice"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+JWT", ABSENT])
def test_an_access_token_says_so_or_nothing(issuer: Issuer, typ: Any) -> None:
    header, payload, signature = issuer.token(headers={"typ": typ}).split(".")
    if typ is ABSENT:
        algorithm, key = issuer.keys["RS256"]
        stated = json.loads(base64.urlsafe_b64decode(header + "=="))
        del stated["typ"]
        head = base64.urlsafe_b64encode(json.dumps(stated).encode()).rstrip(b"=").decode()
        signer: Any = tokens.jwt.get_algorithm_by_name(algorithm)
        signed = signer.sign(f"{head}.{payload}".encode(), key)
        header, signature = head, base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    assert principal(f"{header}.{payload}.{signature}").subject == "oidc:alice"


def test_a_token_ends_after_the_leeway(issuer: Issuer) -> None:
    now = int(time.time())
    assert principal(issuer.token(exp=now - LEEWAY_SECONDS + 10)).subject == "oidc:alice"
    refused(issuer.token(exp=now - LEEWAY_SECONDS))


def test_a_token_is_read_once_in_a_while(issuer: Issuer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(tokens, "_read", lambda text, once=tokens._read: read.append(text) or once(text))
    token = issuer.token()
    caller = principal(token)
    clock.now += TOKEN_SECONDS - 0.5
    assert principal(token) is caller is identify_known(f"Bearer {token}")
    assert len(read) == 1
    clock.now += 0.6
    assert identify_known(f"Bearer {token}") is None
    assert principal(token) == caller
    assert len(read) == 2


def test_a_token_is_not_known_for_longer_than_it_lives(issuer: Issuer, clock: Clock) -> None:
    short, ended = (issuer.token(exp=int(time.time()) + seconds) for seconds in (3, -5))
    for token in (short, ended):
        principal(token)
    assert identify_known(f"Bearer {short}") is not None
    # Within the leeway it is good, but read each time.
    assert identify_known(f"Bearer {ended}") is None
    clock.now += 3
    assert identify_known(f"Bearer {short}") is None


def test_a_refused_token_is_not_read_again_for_a_moment(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token = issuer.token(aud="another")
    assert refused(token) == refused(token)
    assert ["a moment ago" in message for message in caplog.messages] == [False, True]


def test_a_new_key_is_known_once_it_is_fetched(
    issuer: Issuer, settings: Any, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    keys = IssuerKeys(issuer.url, settings.OIDC_ALGORITHMS, clock=clock)
    keys.refresh()
    monkeypatch.setattr(tokens, "issuer_keys", lambda: keys)
    monkeypatch.setitem(issuer.keys, "next", ("ES256", new_key("ES256", "next")))
    token = issuer.token(kid="next")
    refused(token)
    keys.refresh()
    # At once: a token that may be good is not remembered as refused.
    assert principal(token).subject == "oidc:alice"
    # And a key that was withdrawn is not known any more, for all that are read from now on.
    monkeypatch.delitem(issuer.keys, "next")
    keys.refresh()
    clock.now += TOKEN_SECONDS + UNKNOWN_SECONDS
    refused(token)


@pytest.mark.django_db
def test_without_an_issuer_there_are_no_tokens(
    issuer: Issuer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token()
    settings.OIDC_ISSUER = ""
    caplog.set_level(logging.INFO)
    refused(token)
    assert "OIDC_ISSUER is not set" in caplog.text


# -- hostile tokens --------------------------------------------------------------------------------------


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


NOW = time.time()
HOSTILE: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "alg none": (
        lambda i: forge({"alg": "none", "typ": "JWT", "kid": "RS256"}, claims_of(i)),
        "not in OIDC_ALGORITHMS",
    ),
    "alg None": (lambda i: forge({"alg": "None", "kid": "RS256"}, claims_of(i)), "not in OIDC_ALGORITHMS"),
    "no alg": (lambda i: forge({"kid": "RS256"}, claims_of(i)), "not in OIDC_ALGORITHMS"),
    "alg a list": (lambda i: forge({"alg": ["RS256"], "kid": "RS256"}, claims_of(i)), "not in OIDC_ALGORITHMS"),
    "HS256 by the public key": (by_public_key, "not in OIDC_ALGORITHMS"),
    "an algorithm of another key": (lambda i: i.token(headers={"alg": "ES256"}), "not known to have"),
    "another aud": (lambda i: i.token(aud="another"), "InvalidAudienceError"),
    "a list of other auds": (lambda i: i.token(aud=["another", "account"]), "InvalidAudienceError"),
    "aud with more than texts": (lambda i: i.token(aud=["walletsvc", {"a": 1}]), "InvalidAudienceError"),
    "aud in another case": (lambda i: i.token(aud="WalletSvc"), "InvalidAudienceError"),
    "azp for aud": (lambda i: i.token(aud=ABSENT, azp="walletsvc"), "no aud: add an audience mapper"),
    "aud empty": (lambda i: i.token(aud=[]), "no aud: add an audience mapper"),
    "another iss": (lambda i: i.token(iss="https://another.example"), "InvalidIssuerError"),
    "iss with a slash": (lambda i: i.token(iss=i.url + "/"), "InvalidIssuerError"),
    "iss a list": (lambda i: i.token(iss=[i.url]), "InvalidIssuerError"),
    "no iss": (lambda i: i.token(iss=ABSENT), "no iss"),
    "unknown kid": (lambda i: i.token(headers={"kid": "unheard of"}), "not known to have"),
    "no kid": (lambda i: i.token(headers={"kid": ABSENT}), "without kid"),
    "kid a number": (lambda i: i.token(headers={"kid": 7}), "InvalidTokenError"),
    "kid a list": (lambda i: i.token(headers={"kid": ["RS256"]}), "InvalidTokenError"),
    "kid an object": (lambda i: i.token(headers={"kid": {"RS256": 1}}), "InvalidTokenError"),
    "kid a path": (lambda i: i.token(headers={"kid": "../../../dev/null"}), "not known to have"),
    "no exp": (lambda i: i.token(exp=ABSENT), "no exp"),
    "exp past": (lambda i: i.token(exp=int(time.time()) - LEEWAY_SECONDS - 1), "ExpiredSignatureError"),
    "exp infinite": (lambda i: i.token(exp=float("inf")), "DecodeError"),
    "exp no number": (lambda i: i.token(exp=float("nan")), "DecodeError"),
    "exp a list": (lambda i: i.token(exp=[9e9]), "DecodeError"),
    "no iat": (lambda i: i.token(iat=ABSENT), "no iat"),
    "iat ahead": (lambda i: i.token(iat=time.time() + 2 * LEEWAY_SECONDS), "not good yet"),
    "nbf ahead": (lambda i: i.token(nbf=time.time() + 2 * LEEWAY_SECONDS), "not good yet"),
    "no sub": (lambda i: i.token(sub=ABSENT), "no sub"),
    "sub a number": (lambda i: i.token(sub=7), "InvalidSubjectError"),
    "ID token by nonce": (lambda i: i.token(nonce="n"), "an ID token"),
    "ID token by at_hash": (lambda i: i.token(at_hash="h"), "an ID token"),
    "ID token by typ": (lambda i: i.token(typ="ID"), "an ID token"),
    "refresh token": (lambda i: i.token(typ="Refresh"), "an ID token, or another"),
    "logout token": (lambda i: i.token(headers={"typ": "logout+jwt"}), "an ID token, or another"),
    "typ a list": (lambda i: i.token(headers={"typ": ["JWT"]}), "an ID token, or another"),
    "bad signature": (altered, "InvalidSignatureError"),
    "no signature": (lambda i: i.token().rpartition(".")[0] + ".", "InvalidSignatureError"),
    "jwk in the header": (
        lambda i: with_own_key(i, jwk=i.public_jwk("RS256") | {"n": "AQAB"}),
        "InvalidSignatureError",
    ),
    "jku to elsewhere": (lambda i: with_own_key(i, jku=f"{i.url}/theirs"), "InvalidSignatureError"),
    "x5u to elsewhere": (lambda i: with_own_key(i, x5u=f"{i.url}/theirs"), "InvalidSignatureError"),
    "crit": (lambda i: i.token(headers={"crit": ["exp"], "exp": 1}), "InvalidTokenError"),
    "b64 false": (lambda i: i.token(headers={"crit": ["b64"], "b64": False}), "DecodeError"),
    "gigantic": (lambda i: i.token(padding="x" * 100_000), "malformed"),
    "nested": (nested, "DecodeError"),
    "nested header": (lambda i: forge(b"[" * 6_000, b"{}", b"s"), "DecodeError"),
    "no object": (lambda i: sign("RS256", i.keys["RS256"][1], b"7", {"kid": "RS256"}), "DecodeError"),
    "no JSON": (lambda i: sign("RS256", i.keys["RS256"][1], b"\xff\xfe", {"kid": "RS256"}), "DecodeError"),
    "a number of many digits": (
        lambda i: sign("RS256", i.keys["RS256"][1], b'{"exp":' + b"9" * 5_000 + b"}", {"kid": "RS256"}),
        "DecodeError",
    ),
    "two segments": (lambda i: i.token().rpartition(".")[0], "malformed"),
    "four segments": (lambda i: i.token() + ".x", "malformed"),
    "encrypted": (lambda i: "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn", "malformed"),
    "padded": (lambda i: i.token() + "=", "malformed"),
    "empty segments": (lambda i: "..", "malformed"),
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
    assert reason in caplog.text
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
