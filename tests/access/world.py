"""Two owners with the same kinds of things, and everyone who may ask about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.apps import apps
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone

from tests.fast_path.front import Front
from tests.writes import (
    capture_hold,
    create_hold,
    open_wallet,
    post_transaction,
    post_transfer,
    reverse_transaction,
    reverse_transfer,
)
from walletsvc.access import key_text, keys
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet
from walletsvc.principals import SYSTEM, Principal
from walletsvc.web import fast_path

ALL_SCOPES = frozenset(
    ("wallets:read", "wallets:write", "transactions:read", "transactions:write", "transfers:write", "holds:write")
)
JSON_API = "application/vnd.api+json"
ATOMIC = f'{JSON_API};ext="https://jsonapi.org/ext/atomic"'
CHALLENGE = 'Bearer realm="walletsvc", error="invalid_token"'
_DAY = timedelta(days=1)


def make_key(
    scopes: frozenset[str] = ALL_SCOPES, owner: str | None = "alice", *, age: int = 0, days: int | None = None
) -> str:
    """Return the text of a new key, made so many days ago, that ends after a number of days or never."""
    at = timezone.now() - age * _DAY
    until = None if days is None else at + days * _DAY
    return keys.create_key(by=SYSTEM, name="k", scopes=scopes, owner=owner, expires_at=until, at=at).text


def _unknown() -> str:
    body = f"walk_{'0' * 10}_{'a' * 43}"
    return body + key_text.checksum(body)


def _revoked() -> str:
    text = make_key()
    keys.revoke_key(by=SYSTEM, key_id=text[5:15], at=timezone.now())
    return text


NOBODIES: dict[str, Callable[[], str | None]] = {
    "no credentials": lambda: None,
    "an empty header": lambda: "",
    "another scheme": lambda: f"Basic {make_key()}",
    "malformed": lambda: "Bearer walk_nonsense",
    "a wrong checksum": lambda: f"Bearer {make_key()[:-1]}_",
    "two keys": lambda: f"Bearer {make_key()}, Bearer {make_key()}",
    "unknown": lambda: f"Bearer {_unknown()}",
    "expired": lambda: f"Bearer {make_key(age=2, days=1)}",
    "revoked": lambda: f"Bearer {_revoked()}",
}
"""Makers of keys that are nobody's, by what is wrong with them."""

HOSTILE_TOKENS = (
    "alg none",
    "HS256 by the public key",
    "another aud",
    "another iss",
    "unknown kid",
    "no exp",
    "exp past",
    "nbf ahead",
    "ID token by nonce",
    "bad signature",
)
"""Tokens that are nobody's, of those in test_tokens.py."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller with its headers, as in a WSGI environment."""

    name: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, as the WSGI server gets it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body) if self.body else None

    def media_is_html(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/html")

    def code(self) -> str | None:
        """Return the code of the first refusal in it, on either face."""
        document = self.document
        if not isinstance(document, dict):
            return None
        for error in document.get("errors") or ():
            return str(error.get("code") or error["extensions"]["code"])
        data = document.get("data")
        for value in data.values() if isinstance(data, dict) else ():
            for error in (value.get("userErrors") if isinstance(value, dict) else None) or ():
                return str(error["code"])
        return None


@dataclass
class World:
    """What each owner has, by name, and the callers. Each owner's texts hold its marker."""

    hostile_tokens: Mapping[str, str]
    front: Front = field(default_factory=Front)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    _callers: dict[tuple[frozenset[str], str | None, str | None], Caller] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _number_from(41_000, 52_000, 63_000)
        for owner in ("alice", "bob"):
            self.ids[owner] = _make_things(owner)
        made = {name: make() for name, make in NOBODIES.items()}
        made |= {name: f"Bearer {token}" for name, token in self.hostile_tokens.items()}
        self.nobodies = [_caller(name, text) for name, text in made.items()]

    def caller(
        self, scopes: frozenset[str] = ALL_SCOPES, owner: str | None = "alice", *, narrowed: str | None = None
    ) -> Caller:
        """Return who has a key with these scopes, bound to an owner or to none. It may name an owner to narrow to."""
        known = (scopes, owner, narrowed)
        if known not in self._callers:
            more = {} if narrowed is None else {"HTTP_WALLETSVC_OWNER": narrowed}
            name = f"{owner} with {' '.join(sorted(scopes))}" + (f" as {narrowed}" if narrowed else "")
            self._callers[known] = _caller(name, f"Bearer {make_key(scopes, owner)}", **more)
        return self._callers[known]

    def ask(
        self, caller: Caller, method: str, path: str, content: Any = None, content_type: str = JSON_API
    ) -> Answer:
        """Return the answer of the layer in front of Django, or of Django behind it."""
        body = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        more = {} if content is None else {"CONTENT_TYPE": content_type}
        accept = {"HTTP_ACCEPT": content_type} if content_type == ATOMIC else {}
        status, headers, answered = self.front.ask(path, method=method, body=body, **more, **accept, **caller.headers)
        return Answer(int(status[:3]), headers, answered)


def marker(owner: str) -> str:
    """Return the text that is in everything of an owner."""
    return f"{owner}-8f2e61"


def _caller(name: str, authorization: str | None, **more: str) -> Caller:
    return Caller(name, more if authorization is None else {"HTTP_AUTHORIZATION": authorization, **more})


def _make_things(owner: str) -> dict[str, str]:
    """Make two wallets with money, one without, transactions and their entries, and return the ids."""
    by, text = Principal(owner, ALL_SCOPES, owner=owner), marker(owner)
    wallet = open_wallet(principal=by, balance="100.00", label=f"Savings {text}", metadata={"of": text})
    other = open_wallet(principal=by, balance="50.00", label=f"Other {text}")
    empty = open_wallet(principal=by, balance="0", label=f"Empty {text}")
    posted = post_transaction(
        principal=by, wallet_id=wallet.id, amount="-10.00", txid=f"T1 {text}", description=text, metadata={"of": text}
    )
    undone = post_transaction(principal=by, wallet_id=other.id, amount="5.00", txid=f"T2 {text}")
    reverse_transaction(principal=by, transaction_id=undone.id, amount="1.00", txid=f"R2 {text}", description=text)
    entry = Entry.objects.get(transaction_id=posted.id)
    transfer = post_transfer(
        principal=by,
        txid=f"T3 {text}",
        legs=[{"wallet": other.id, "amount": "2.00"}],
        external=[{"currency": "USD", "amount": "-2.00"}],
        metadata={"of": text},
    )
    hold = create_hold(principal=by, wallet_id=wallet.id, amount="5.00", txid=f"T4 {text}", metadata={"of": text})
    capture_hold(principal=by, hold_id=hold.id, amount="1.00", txid=f"T5 {text}", description=text)
    taken_back = post_transfer(principal=by, txid=f"T6 {text}", source=wallet.id, destination=other.id, amount="3.00")
    reverse_transfer(principal=by, transfer_id=taken_back.id, txid=f"R6 {text}", description=text)
    found = {
        "wallet": wallet.id,
        "other": other.id,
        "empty": empty.id,
        "transaction": posted.id,
        "reversed": undone.id,
        "entry": entry.id,
        "transfer": transfer.id,
        "reversed_transfer": taken_back.id,
        "hold": hold.id,
    }
    texts = {
        "label": wallet.label,
        "txid": posted.txid,
        "transfer_txid": transfer.txid,
        "hold_txid": hold.txid,
    }
    return {name: str(each) for name, each in found.items()} | texts


def _number_from(wallets: int, transactions: int, entries: int) -> None:
    """Let new ids begin there, so that none is part of another text: behind things of a third owner."""
    at = timezone.now()
    of: dict[str, Any] = {"owner": "carol", "currency": "USD", "created_at": at}
    Wallet(id=wallets, label="C", balance=1, sequence=1, updated_at=at, **of).save(force_insert=True)
    Transaction(id=transactions, txid="C", wallet_id=wallets, amount=1, updated_at=at, **of).save(force_insert=True)
    entry = {"wallet_id": wallets, "sequence": 1, "amount": 1, "balance_after": 1, "kind": "opening"}
    Entry(id=entries, principal="carol", **entry, **of).save(force_insert=True)
    Transfer(id=wallets + transactions, txid="C", owner="carol", fingerprint=b"C" * 16, created_at=at).save(
        force_insert=True
    )
    held = {"amount": 1, "remaining": 0, "released": 1, "state": "released", "fingerprint": b"C" * 16}
    Hold(id=wallets + entries, txid="C", wallet_id=wallets, updated_at=at, **held, **of).save(force_insert=True)


def digest(owner: str | None = None) -> str:
    """Return a digest of all tables, or of the rows of one owner."""
    models = (Wallet, Transaction, Entry, Transfer, Hold) if owner else apps.get_app_config("walletsvc").get_models()
    seen = sha256()
    for model in models:
        if model._meta.managed:
            rows = model._default_manager.order_by("pk")
            seen.update(repr(list((rows.filter(owner=owner) if owner else rows).values_list())).encode())
    return seen.hexdigest()


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is written inside, in a test whose own transaction is open."""
    block = transaction.atomic()
    # As in the tests' own: a durable transaction inside is none of its own.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


@contextmanager
def one_connection() -> Iterator[None]:
    """Keep the connection, and with it a test's transaction, between requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast_path, "_refresh_connection", lambda: None)
        yield
    for signal in signals:
        signal.connect(close_old_connections)
