"""Worlds in which alice asks the same: without bob, and with him acting in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.utils import timezone

from rest_api import read
from tests.access.histories import FIRST, NAMES, STEP, Asked, resource, rest
from tests.access.world import make_key
from tests.fast_path.front import Front
from tests.tables import empty_tables
from walletsvc.access import identify as way_in
from walletsvc.access.verified import Verified
from walletsvc.cache import responses
from walletsvc.models import ApiKey, Entry, Transaction, Wallet

OF_EACH_REQUEST = {"date", "ratelimit", "ratelimit-policy", "x-request-id"}
"""Headers that are of each request and not of its answer."""

Answered = tuple[str, dict[str, str], bytes]


class Frozen(datetime):
    """A clock that a test sets."""

    at = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.at


class Bob:
    """The other owner: he does what she does, with the same names, and asks for the same."""

    def __init__(self, front: Front, key: str, seed: int) -> None:
        self._front = front
        self._key = key
        self._random = Random(seed)
        self.wallets: list[str] = []
        self.successes = 0

    def act(self, hers: Asked) -> None:
        """Open a wallet, post to one, take one back, or ask what she asks."""
        random, name = self._random, self._random.choice(NAMES)
        wallet = random.choice(self.wallets or ["1"])
        for asked in (
            rest("POST", "wallets/", resource("Wallet", label=name + "2" * random.randrange(3), balance="7.00")),
            rest("POST", "transactions/", resource("Transaction", txid=name, amount="3.00", wallet=wallet)),
            rest("DELETE", f"wallets/{wallet}/") if random.random() < 0.2 else rest("GET", f"wallets/{wallet}/"),
            hers,
        ):
            status, _, body = self._front.ask(**asked, HTTP_AUTHORIZATION=f"Bearer {self._key}")
            self.successes += status[0] == "2"
            if status.startswith("201") and asked["path"] == "/api/wallets/":
                self.wallets.append(json.loads(body)["data"]["id"])


class Worlds:
    """Makes worlds with the same keys in them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(timezone, "datetime", Frozen)
        self._patch = patch
        self._numbers = count()
        self._make_key = responses.make_key
        self.alice, self.bob = make_key(), make_key(owner="bob")
        self._keys = list(ApiKey.objects.all())

    @contextmanager
    def world(self) -> Iterator[Front]:
        """Yield the way into a world with nothing in it."""
        empty_tables()
        for key in self._keys:
            key.save(force_insert=True)
        number = str(next(self._numbers))
        # No answer of another world is found in the cache.
        for module in (responses, read):
            self._patch.setattr(module, "make_key", lambda *parts: self._make_key(number, *parts))
        self._patch.setattr(way_in, "verified", Verified())
        yield Front()

    def run(self, history: list[Asked], *, seed: int | None) -> tuple[list[Answered], int]:
        """Return what alice is answered, and how often bob succeeded: without a seed, there is no bob."""
        answers: list[Answered] = []
        cursors: list[str] = []
        with self.world() as front:
            bob = None if seed is None else Bob(front, self.bob, seed)
            for step, asked in enumerate([*FIRST, *history], start=1):
                begin_ids_at(STEP * step)
                Frozen.at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=step)
                answers += self._ask(front, _with_cursor(asked, cursors), bob)
                if b'"cursor"' in answers[-1][2]:
                    cursors.append(answers[-1][2].partition(b'"cursor":"')[2].partition(b'"')[0].decode())
        return answers, 0 if bob is None else bob.successes

    def _ask(self, front: Front, asked: Asked, bob: Bob | None) -> Iterator[Answered]:
        who = {"HTTP_AUTHORIZATION": f"Bearer {self.alice}"}
        # Nobody knows the last header, so the layer in front leaves it to Django.
        ways: list[Asked] = [{}, {}, {"HTTP_X_UNKNOWN": "1"}, {}]
        for way in ways if is_read(asked) else ways[:1]:
            status, headers, body = front.ask(**asked, **who, **way)
            yield status, {name: value for name, value in headers.items() if name not in OF_EACH_REQUEST}, body
            if bob is not None:
                bob.act(asked)


def _with_cursor(asked: Asked, cursors: list[str]) -> Asked:
    return asked | {"path": asked["path"].replace("{cursor}", quote(cursors[-1] if cursors else "x"))}


def is_read(asked: Asked) -> bool:
    return asked["method"] == "GET" or (asked["path"] == "/graphql/" and b"mutation" not in asked["body"])


def begin_ids_at(number: int) -> None:
    """Let the ids of new rows begin at a number, which is higher than all that there are."""
    tables = ["walletsvc_wallet", "walletsvc_transaction", "walletsvc_entry"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM sqlite_sequence WHERE name = %s", [(table,) for table in tables])
            cursor.executemany(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [(table, number - 1) for table in tables]
            )
        return
    # InnoDB counts on after a rollback.
    with transaction.atomic():
        row: dict[str, Any] = {"id": number - 1, "owner": "nobody", "currency": "USD", "created_at": Frozen.at}
        Wallet(label="x", updated_at=Frozen.at, **row).save(force_insert=True)
        moved = Wallet.transactions.rel.related_model if hasattr(Wallet, "transactions") else None
        _insert_beside(row, moved)
        transaction.set_rollback(True)


def _insert_beside(row: dict[str, Any], _moved: Any) -> None:

    wallet = row["id"]
    Transaction(txid="x", wallet_id=wallet, amount=1, updated_at=Frozen.at, **row).save(force_insert=True)
    entry = {"wallet_id": wallet, "sequence": 1, "amount": 1, "balance_after": 1, "kind": "opening"}
    Entry(principal="x", **entry, **row).save(force_insert=True)
