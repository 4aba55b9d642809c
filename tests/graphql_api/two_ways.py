"""Mutations answered in both ways on the same database: compiled, and by Django and graphql-core alone."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from graphql_api import documents, execution, writing
from graphql_api.schema import schema
from tests.fast_path.front import Front
from walletsvc.models import Entry, Hold, ReplayKey, Transaction, Transfer, Wallet
from walletsvc.telemetry.metrics import REFUSALS, Counter
from walletsvc.telemetry.requests import RequestRecord, current_request

SHOWN = (Wallet, Transaction, Transfer, Hold)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
_GLOBAL_ID = re.compile(r'"([A-Za-z0-9+/]{8,}={0,2})"')
_DATABASE_ID = re.compile(r'"databaseId": ?"(\d+)"')


class _Undone(Exception):
    pass


@dataclass(frozen=True)
class Told:
    """What a caller is told of one request, and what the log and the metrics have of it."""

    status: str
    headers: dict[str, str]
    body: str
    operation: str
    is_write: bool
    code: str | None
    wallets: tuple[int, ...]
    refusals: list[tuple[str, ...]]


@dataclass(frozen=True)
class Way:
    """What came of several requests: what was told, what is stored, and how many of them reached Django."""

    told: list[Told]
    stored: dict[str, list[Any]]
    reached: int


@contextmanager
def undone() -> Iterator[None]:
    """Take everything back at the end."""
    block = transaction.atomic()
    # As that of a test: the domain would refuse to commit within any other.
    block._from_testcase = True
    try:
        with block:
            yield
            raise _Undone
    except _Undone:
        pass


@contextmanager
def old_way() -> Iterator[None]:
    """Have nothing compiled: each mutation reaches Django, and graphql-core runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (execution, writing):
            patch.setattr(module, "prepare", lambda *_: None)
        yield


def ask(front: Front, body: bytes, **headers: str) -> Told:
    record, refusals = RequestRecord("r", "graphql"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Counter, "add", lambda metric, *values: refusals.append(values) if metric is REFUSALS else None)
        # A request would close the connection of the transaction that is taken back.
        patch.setattr(type(connections[DEFAULT_DB_ALIAS]), "close_if_unusable_or_obsolete", lambda _: None)
        token = current_request.set(record)
        try:
            asked = {"method": "POST", "body": body, "CONTENT_TYPE": "application/json", **headers}
            status, sent, content = front.ask("/graphql/", **asked)
        finally:
            current_request.reset(token)
    text = content.decode(errors="surrogatepass")
    return Told(status, sent, text, record.operation, record.is_write, record.code, tuple(record.wallets), refusals)


def in_both_ways(bodies: Sequence[bytes], *, around: Callable[[], Any] = undone, **headers: str) -> tuple[Way, Way]:
    """Send the bodies one after the other, first to the compiled way, then to the old one.

    All documents are known before. Ids and moments are replaced by the same for both.
    """
    front = Front()
    for body in bodies:
        _learn(body)
    warm = b'{"query": "mutation { deleteWallet(input: {id: 0}) { __typename } }"}'
    for _ in range(3):
        ask(front, warm, **headers)
    with around():
        compiled = _send(front, bodies, headers)
    with old_way(), around():
        old = _send(front, bodies, headers)
    return compiled, old


def _learn(body: bytes) -> None:
    """Have the document known, by its text and by its shape."""
    try:
        text = json.loads(body)["query"]
        for number in range(2):
            documents.load(schema._schema, f"{text}{' ' * number}")
        documents.load(schema._schema, text)
    except Exception:
        # What is wrong with it, the ways have to say.
        return


def _send(front: Front, bodies: Sequence[bytes], headers: dict[str, str]) -> Way:
    newest, reached = {model: _newest(model) for model in SHOWN}, front.reached
    told = [ask(front, body, **headers) for body in bodies]
    new = {model.__name__: _ids(model.objects.filter(pk__gt=newest[model])) for model in SHOWN}
    return Way([_mask_told(each, new) for each in told], _stored(new), front.reached - reached)


def _ids(queryset: Any) -> list[int]:
    return [*queryset.order_by("pk").values_list("pk", flat=True)]


def _newest(model: Any) -> int:
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _mask_told(told: Told, new: dict[str, list[int]]) -> Told:
    body = _mask(told.body, new)
    headers = told.headers | ({"content-length": ""} if body != told.body else {})
    wallets = tuple(new["Wallet"].index(each) - 10**6 if each in new["Wallet"] else each for each in told.wallets)
    return Told(told.status, headers, body, told.operation, told.is_write, told.code, wallets, told.refusals)


def _mask(text: str, new: dict[str, list[int]]) -> str:
    def place(name: str, number: int) -> str:
        found = new.get(name, [])
        return f"{name} new {found.index(number)}" if number in found else f"{name} {number}"

    def of_global_id(match: re.Match[str]) -> str:
        try:
            name, _, number = base64.b64decode(match[1], validate=True).decode().partition(":")
        except ValueError:
            return match[0]
        return f'"{place(name, int(number))}"' if name in new and number.isdigit() else match[0]

    def of_database_id(match: re.Match[str]) -> str:
        number = int(match[1])
        places = [place(name, number) for name, found in new.items() if number in found]
        return f'"databaseId":"{places or number}"'

    text = _GLOBAL_ID.sub(of_global_id, _MOMENT.sub("(moment)", text))
    return _DATABASE_ID.sub(of_database_id, text)


def _stored(new: dict[str, list[int]]) -> dict[str, list[Any]]:
    """Return all rows, without ids and moments, and which wallet each entry belongs to."""
    rows: dict[str, list[Any]] = {"new": [len(each) for each in new.values()]}
    for model in (*SHOWN, Entry):
        moments = {"created_at", "updated_at"}
        names = [each.attname for each in model._meta.fields if not each.attname.endswith("id")]
        names += [] if model is Wallet else ["txid"]
        rows[model.__name__] = list(model.objects.order_by("pk").values_list(*sorted({*names} - moments)))
    wallets = _ids(Wallet.objects)
    rows["lines"] = [wallets.index(each) for each in Entry.objects.order_by("pk").values_list("wallet_id", flat=True)]
    rows["keys"] = sorted(bytes(each) for each in ReplayKey.objects.values_list("hash", flat=True))
    return rows


def body_of(query: str, variables: object = None, **members: object) -> bytes:
    return json.dumps({"query": query, "variables": variables, **members}).encode()
