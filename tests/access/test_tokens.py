"""A token is its principal on both faces, and does and sees no more than its claims say."""

from __future__ import annotations

import base64
import json
import logging
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.access.clocks import Clock
from tests.access.issuers import ABSENT, Issuer, new_key
from tests.access.owners import new
from tests.access.test_faces import Face, code
from walletsvc import errors
from walletsvc.access import tokens
from walletsvc.access.identify import identify, identify_known
from walletsvc.access.tokens import LEEWAY_SECONDS
from walletsvc.access.verified import TOKEN_SECONDS
from walletsvc.models import Entry, Wallet
from walletsvc.principals import Principal

pytestmark = pytest.mark.usefixtures("guarded")

READ = frozenset({"wallets:read"})
CREATE = 'mutation { createWallet(input: {label: "X"}) { wallet { label } userErrors { code } } }'


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
        assert caplog.messages[-1] == "A caller is refused: a token without the claim in OIDC_OWNER_CLAIM"
    for name in ("", " shop", "a\0", "\ud800", "x" * 256, 7, ["shop"], {"a": 1}, True):
        for scope in ("wallets:read", "admin"):
            refused(issuer.token(scope=scope, tenant={"name": name}))
    assert caplog.messages[-1] == "A caller is refused: a token whose owner is invalid"


def test_a_subject_fits_the_column_that_names_it(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert len(principal(issuer.token(sub="a" * 250)).subject) == 255
    refused(issuer.token(sub="a" * 251))
    assert caplog.messages == ["A caller is refused: a token whose sub is too_long"]
    for sub in ("", " a", "a\n", "\udfff", 7, None, ["a"], {}):
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


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_that_is_not_good_yet_is_read_again(
    issuer: Issuer, caplog: pytest.LogCaptureFixture, claim: str
) -> None:
    caplog.set_level(logging.INFO)
    token = issuer.token(**{claim: time.time() + 2 * LEEWAY_SECONDS})
    assert refused(token) == refused(token)
    assert caplog.messages == 2 * ["A caller is refused: a token that is not good yet"]


def test_a_key_that_can_be_guessed_is_not_trusted(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1024)  # noqa: S505 - that is the point
    monkeypatch.setitem(issuer.keys, "weak", ("RS256", weak))
    tokens.issuer_keys().refresh()
    caplog.set_level(logging.INFO)
    refused(issuer.token(kid="weak"))
    assert caplog.messages == ["A caller is refused: a token, InvalidKeyError"]


def test_a_new_key_is_known_once_it_is_fetched(issuer: Issuer, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    keys = tokens.issuer_keys()
    monkeypatch.setitem(issuer.keys, "next", ("ES256", new_key("ES256", "next")))
    token = issuer.token(kid="next")
    refused(token)
    keys.refresh()
    # At once: a token that may be good is not remembered as refused.
    assert principal(token).subject == "oidc:alice"
    # And a key that was withdrawn is not known any more, for all that are read from now on.
    monkeypatch.delitem(issuer.keys, "next")
    keys.refresh()
    clock.now += TOKEN_SECONDS
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
