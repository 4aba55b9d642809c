"""After each database error, each face gives a clear refusal, nothing is stored, and no bug is reported.

The numbers repeat `walletsvc.db.dialect`, so that a removal there is noticed here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from django.db import Error, InterfaceError, OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from tests.concurrency.faults import COMMIT, Wire, tapped
from tests.ledger.state import snapshot
from tests.parity.faces import MEDIA_TYPE, post_graphql
from walletsvc import errors
from walletsvc.commands import retry
from walletsvc.db import dialect
from walletsvc.events import reader
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

CONFLICT = ("conflict", None, 1)
KNOWN, UNKNOWN = ("unavailable", True, 5), ("unavailable", False, 5)
"""The code of a refusal, whether it says that its outcome is known, and after how many seconds to try again."""

Refusal = tuple[str, bool | None, int]
Saying = tuple[object, ...]

AGAIN: list[Saying] = [(number, "?") for number in (1213, 1205, 3572, 1020, 3101)]
REFUSED: list[Saying] = [
    (number, "?") for number in (1290, 1836, 1792, 1226, 1203, 1045, 1153, 1021, 1114, 1047, 1317, 1969, 3024)
]
LOST: list[Saying] = [(number, "?") for number in (0, 1040, 1053, 1927, 2002, 2003, 2006, 2013, 2026, 2055, 4031)]
OPEN_AT_COMMIT: list[Saying] = [*LOST, *((number, "?") for number in (1047, 1317, 1969, 3024, 1180))]
if connection.vendor == "sqlite":
    AGAIN = [("database is locked",), ("database table is locked: walletsvc_wallet",)]
    REFUSED = [("database or disk is full",), ("attempt to write a readonly database",)]
    LOST, OPEN_AT_COMMIT = [("unable to open database file",)], []

AT_A_STATEMENT = [*((each, CONFLICT) for each in AGAIN), *((each, KNOWN) for each in [*REFUSED, *LOST])]
AT_COMMIT = [
    *((each, UNKNOWN) for each in OPEN_AT_COMMIT),
    *((each, refusal) for each, refusal in AT_A_STATEMENT if each not in OPEN_AT_COMMIT),
]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "MAX_BACKOFF_SECONDS", 0)


@pytest.fixture
def wallet(make_wallet: Callable[..., Wallet]) -> Wallet:
    return make_wallet("10.00", label="A")


@contextmanager
def failing(arguments: Saying, *, at: str, places: Iterator[object] | None = None) -> Iterator[None]:
    """Let statements that begin with `at` fail: one for each of `places`, or all."""
    left = places or count()

    def strike() -> None:
        kind: type[Error] = InterfaceError if arguments[0] == 0 else OperationalError
        raise kind(*arguments)

    with tapped(Wire(strike, lambda _, sent: sent.startswith(at) and next(left, None) is not None)):
        yield


# -- the faces ------------------------------------------------------------------------------------------


def of_rest(response: HttpResponse) -> Refusal | None:
    """Return the refusal in a response, None for a success."""
    if response.status_code < 300:
        return None
    [error] = json.loads(response.content)["errors"]
    seconds = error["meta"]["retryAfterSeconds"]
    assert (response.status_code, response["Retry-After"]) == (503, str(seconds))
    return error["code"], error["meta"].get("outcomeKnown"), seconds


def of_graphql(reply: dict[str, Any]) -> Refusal | None:
    """Return the refusal in a reply, None for a success."""
    if "errors" not in reply:
        assert None not in reply["data"].values()
        return None
    [error] = reply["errors"]
    extensions = error["extensions"]
    return extensions["code"], extensions.get("outcomeKnown"), extensions["retryAfterSeconds"]


def write_by_rest(wallet: Wallet) -> Refusal | None:
    attributes = {"txid": "T1", "amount": "-3.00", "wallet": str(wallet.id)}
    document = {"data": {"type": "Transaction", "attributes": attributes}}
    return of_rest(Client().post("/api/transactions/", json.dumps(document), content_type=MEDIA_TYPE))


def write_by_graphql(wallet: Wallet) -> Refusal | None:
    mutation = (
        "mutation ($input: CreateTransactionInput!) { m: createTransaction(input: $input) { transaction { id } } }"
    )
    return of_graphql(
        post_graphql(Client(), mutation, {"input": {"txid": "T1", "amount": "-3.00", "walletId": str(wallet.id)}})
    )


def read_by_rest(wallet: Wallet) -> Refusal | None:
    return of_rest(Client().get(f"/api/wallets/{wallet.id}/"))


def read_by_graphql(wallet: Wallet) -> Refusal | None:
    return of_graphql(
        post_graphql(Client(), "query ($id: ID!) { wallet(id: $id) { label } }", {"id": str(wallet.id)})
    )


def read_live(wallet: Wallet) -> Refusal | None:
    try:
        reader._run(lambda: Wallet.objects.get(id=wallet.id))
    except (errors.Conflict, errors.Unavailable) as refusal:
        return refusal.code, refusal.context.get("outcome_known"), refusal.retry_after_seconds
    return None


Call = Callable[[Wallet], Refusal | None]
every_write = pytest.mark.parametrize("write", [write_by_rest, write_by_graphql])
every_read = pytest.mark.parametrize("read", [read_by_rest, read_by_graphql, read_live])


@pytest.mark.skipif(connection.vendor == "sqlite", reason="its table is by text")
def test_each_number_of_the_table_is_tried_here() -> None:
    tried = {each[0] for each in [*AGAIN, *REFUSED, *OPEN_AT_COMMIT]}
    # Of a taken name, each face's own tests tell.
    assert tried == set(dialect._MYSQL) - {1062}


# -- the answers of each face -----------------------------------------------------------------------------


@every_write
@pytest.mark.parametrize(("arguments", "refusal"), AT_A_STATEMENT, ids=str)
def test_a_write_at_a_statement(write: Call, arguments: Saying, refusal: Refusal, wallet: Wallet) -> None:
    before = snapshot()
    with failing(arguments, at="SELECT"):
        assert write(wallet) == refusal
    assert snapshot() == before
    assert write(wallet) is None


@every_write
@pytest.mark.parametrize(("arguments", "refusal"), AT_COMMIT, ids=str)
def test_a_write_at_commit(write: Call, arguments: Saying, refusal: Refusal, wallet: Wallet) -> None:
    before = snapshot()
    with failing(arguments, at=COMMIT):
        assert write(wallet) == refusal
    assert snapshot() == before
    assert write(wallet) is None


@every_write
@pytest.mark.parametrize("arguments", [*AGAIN, *REFUSED], ids=str)
def test_a_write_that_is_tried_once_more(write: Call, arguments: Saying, wallet: Wallet) -> None:
    used = connection.connection
    with failing(arguments, at="SELECT", places=iter([1])):
        assert write(wallet) is None
    assert Transaction.objects.count() == 1
    # Another server may accept what one refuses.
    assert (connection.connection is used) == (arguments in AGAIN)


@every_read
@pytest.mark.parametrize(("arguments", "refusal"), AT_A_STATEMENT, ids=str)
def test_a_read(read: Call, arguments: Saying, refusal: Refusal, wallet: Wallet) -> None:
    with failing(arguments, at="SELECT"):
        assert read(wallet) == refusal
    assert read(wallet) is None


@every_write
def test_a_lasting_refusal_is_tried_twice(write: Call, wallet: Wallet) -> None:
    asked = count(1)
    with failing(REFUSED[0], at="SELECT", places=asked):
        assert write(wallet) == KNOWN
    assert next(asked) == 3
