"""A stored write is reported as stored, whatever happens between COMMIT and the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse

from tests.ledger.state import assert_reconciled
from tests.rest_api.batches import add_wallet, move, post, remove, results, send, update
from tests.rest_api.conftest import SERVER, Api, problems, resource, state
from tests.writes import (
    close_wallet,
    create_hold,
    delete_transaction,
    open_wallet,
    post_transaction,
    rename_wallet,
)
from walletsvc.commands.publication import Publication
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

AfterCommit = Callable[[Callable[[], object]], None]

FAILURES = {
    "unforeseen": ValueError("?"),
    "database": OperationalError("?"),
    "driver": InterfaceError(0, ""),
    "lost": OperationalError(2013, "Lost connection"),
    "contention": OperationalError(1213, "Deadlock found; database is locked"),
}


@pytest.fixture
def after_commit(monkeypatch: pytest.MonkeyPatch) -> AfterCommit:
    """Return a function that lets something happen once, as soon as the next write is committed."""

    def after(happen: Callable[[], object]) -> None:
        waiting = [happen]
        complete = Publication.complete

        def complete_and_more(publication: Publication) -> None:
            complete(publication)
            if waiting:
                waiting.pop()()

        monkeypatch.setattr(Publication, "complete", complete_and_more)

    return after


class Database:
    """Fails at each statement once enabled. `refused` counts them."""

    def __init__(self) -> None:
        self.cause: Exception | None = None
        self.refused = 0

    def fail(self, cause: Exception) -> None:
        self.cause = cause

    def recover(self) -> None:
        self.cause = None

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        if self.cause is not None:
            self.refused += 1
            raise self.cause
        return execute(*arguments)


@pytest.fixture
def database(db: None) -> Iterator[Database]:
    found = Database()
    with connection.execute_wrapper(found):
        yield found


@pytest.fixture(params=FAILURES)
def broken(request: pytest.FixtureRequest, database: Database, after_commit: AfterCommit) -> Database:
    """Let no statement succeed after the next COMMIT."""
    after_commit(lambda: database.fail(FAILURES[request.param]))
    return database


@pytest.fixture
def full(api: Api) -> Any:
    return api.create_wallet(label="Full", balance="10.00")


@pytest.fixture
def stored(api: Api, full: Any) -> Any:
    return api.create_transaction(full["id"], txid="T", amount="7.00")


def read(response: HttpResponse) -> Any:
    return json.loads(response.content)


def test_a_posted_transaction_is_reported(api: Api, full: Any, database: Database, broken: Database) -> None:
    url, document = "/api/transactions/?include=wallet,entries", resource("Transaction", wallet=full["id"])
    document["data"]["attributes"] = {"txid": "New", "amount": "5.00"}
    response = api.post(url, document)
    assert database.refused
    database.recover()
    assert response.status_code == 201
    answered = read(response)
    assert answered["included"] == []
    assert answered["meta"] == {"notIncluded": ["entries", "wallet"]}
    own = response["Location"]
    assert answered["data"].pop("meta") == {"wallet": {"sequence": 2, "balance": "15.00", "held": "0.00"}}
    assert answered["data"] == api.data(own.removeprefix(SERVER))
    # A client that does not believe it and tries again moves no more money.
    before = state()
    response = api.post(url, document)
    assert (response.status_code, problems(response)) == (409, [("duplicate_txid", "/data/attributes/txid")])
    assert state() == before
    assert_reconciled()


@pytest.mark.parametrize("path", ["entries", "entries,transactions,transactions.wallet"])
def test_an_opened_wallet_is_reported(api: Api, broken: Database, path: str) -> None:
    response = api.post(f"/api/wallets/?include={path}", resource("Wallet", label="New", balance="5.00"))
    broken.recover()
    assert response.status_code == 201
    answered = read(response)
    assert (answered["included"], answered["meta"]) == ([], {"notIncluded": path.split(",")})
    assert answered["data"] == api.data(response["Location"].removeprefix(SERVER))


def test_a_stored_change_is_reported(api: Api, full: Any, stored: Any, broken: Database) -> None:
    url = f"/api/transactions/{stored['id']}/"
    document = resource("Transaction", stored["id"], amount="8.00", description="lunch")
    response = api.patch(f"{url}?include=wallet,wallet.entries", document)
    broken.recover()
    assert response.status_code == 200
    answered = read(response)
    assert (answered["included"], answered["meta"]) == ([], {"notIncluded": ["wallet", "wallet.entries"]})
    assert answered["data"] == api.data(url)
    assert answered["data"]["attributes"]["amount"] == "8.00"
    assert api.data(f"/api/wallets/{full['id']}/")["attributes"]["balance"] == "18.00"


def test_a_renamed_wallet_is_reported(api: Api, full: Any, broken: Database) -> None:
    url = f"/api/wallets/{full['id']}/"
    response = api.patch(f"{url}?include=entries", resource("Wallet", full["id"], label="Renamed"))
    broken.recover()
    assert (response.status_code, read(response)["meta"]) == (200, {"notIncluded": ["entries"]})
    assert read(response)["data"] == api.data(url)


def test_what_the_caller_of_an_owner_has_written_is_reported(
    api: Api, database: Database, after_commit: AfterCommit
) -> None:
    """Whether a transfer, or a destination, is the owner's as well is known before COMMIT."""
    of_owner = {"Walletsvc_Owner": "o"}
    mine, too, other = (
        open_wallet(principal=ANYONE, label=label, owner=owner, balance="10.00").id
        for label, owner in (("A", "o"), ("B", "o"), ("C", "p"))
    )
    shared = create_hold(principal=ANYONE, txid="S", wallet_id=mine, destination_id=other, amount="1.00").id

    def written(method: str, url: str, document: Any) -> Any:
        after_commit(lambda: database.fail(FAILURES["lost"]))
        response = api.send(method, url, document, **of_owner)
        database.recover()
        assert response.status_code in (200, 201), response.content
        data = read(response)["data"]
        shown = api.data(f"/api/{'holds' if data['type'] == 'Hold' else 'transactions'}/{data['id']}/", **of_owner)
        assert {**data, "meta": None} == {**shown, "meta": None}
        return data

    held = {"txid": "H", "wallet": str(mine), "destination": str(too), "amount": "3.00"}
    hold = written("POST", "/api/holds/", resource("Hold", **held))
    assert hold["relationships"]["destination"]["data"] == {"type": "Wallet", "id": str(too)}
    url = f"/api/holds/{hold['id']}/captures"
    captured = written("POST", url, resource("Transaction", txid="C", amount="2.00"))
    assert captured["relationships"]["transfer"]["data"]["type"] == "Transfer"
    leg = written(
        "PATCH", f"/api/transactions/{captured['id']}/", resource("Transaction", captured["id"], description="x")
    )
    assert leg["relationships"]["transfer"] == captured["relationships"]["transfer"]
    for number, destination in ((hold["id"], {"type": "Wallet", "id": str(too)}), (str(shared), None)):
        changed = written("PATCH", f"/api/holds/{number}/", resource("Hold", number, description="x"))
        assert changed["relationships"]["destination"]["data"] == destination
        released = written("POST", f"/api/holds/{number}/releases", resource("Hold", amount="0.50"))
        assert released["relationships"]["destination"]["data"] == destination


def test_a_stored_deletion_or_move_is_reported(
    api: Api, stored: Any, database: Database, after_commit: AfterCommit
) -> None:
    other = api.create_wallet(label="Other")
    after_commit(lambda: database.fail(FAILURES["database"]))
    url = f"/api/transactions/{stored['id']}/"
    moved = api.patch(f"{url}relationships/wallet/", {"data": {"type": "Wallet", "id": other["id"]}})
    database.recover()
    assert moved.status_code == 204
    assert api.data(url)["relationships"]["wallet"]["data"]["id"] == other["id"]
    after_commit(lambda: database.fail(FAILURES["database"]))
    deleted = api.delete(url)
    database.recover()
    assert deleted.status_code == 204
    assert api.get(url).status_code == 404
    assert_reconciled()


def test_only_failed_parts_are_omitted(
    api: Api, stored: Any, after_commit: AfterCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    # It reads the lists; records by their ids are read otherwise.
    after_commit(lambda: monkeypatch.setattr("walletsvc.queries.engine.fetch_first_rows", fail))
    url = f"/api/transactions/{stored['id']}/?include=entries,wallet"
    response = api.patch(url, resource("Transaction", stored["id"], amount="8.00"))
    assert response.status_code == 200
    answered = read(response)
    assert [each["type"] for each in answered["included"]] == ["Wallet"]
    assert answered["included"][0]["attributes"]["balance"] == "18.00"
    assert answered["meta"] == {"notIncluded": ["entries"]}


def test_a_list_whose_members_lack_an_included_resource_is_omitted(
    api: Api, full: Any, stored: Any, after_commit: AfterCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    after_commit(lambda: monkeypatch.setattr("walletsvc.queries.engine.fetch_rows_by_id", fail))
    url = f"/api/wallets/{full['id']}/?include=entries,transactions.wallet"
    answered = read(api.patch(url, resource("Wallet", full["id"], label="Renamed")))
    assert [each["type"] for each in answered["included"]] == ["Entry", "Entry"]
    assert answered["meta"] == {"notIncluded": ["transactions.wallet"]}
    assert "data" not in answered["data"]["relationships"]["transactions"]


def test_a_resource_deleted_at_once_by_others_is_shown_as_written(
    api: Api, full: Any, stored: Any, after_commit: AfterCommit
) -> None:
    after_commit(lambda: delete_transaction(principal=ANYONE, transaction_id=stored["id"]))
    url = f"/api/transactions/{stored['id']}/?include=wallet,entries"
    response = api.patch(url, resource("Transaction", stored["id"], amount="8.00"))
    answered = read(response)
    assert (response.status_code, answered["data"]["attributes"]["amount"]) == (200, "8.00")
    # Related resources are shown in their current state.
    assert [each["attributes"].get("balance") for each in answered["included"] if each["type"] == "Wallet"] == [
        "10.00"
    ]
    kinds = [each["attributes"]["kind"] for each in answered["included"] if each["type"] == "Entry"]
    assert sorted(kinds) == ["amend", "delete", "post"]


def test_a_wallet_deleted_at_once_by_others_is_shown_as_opened(api: Api, after_commit: AfterCommit) -> None:
    def delete() -> None:
        [wallet] = api.data("/api/wallets/")
        close_wallet(principal=ANYONE, wallet_id=wallet["id"])

    after_commit(delete)
    response = api.post("/api/wallets/?include=entries,transactions", resource("Wallet", label="New"))
    answered = read(response)
    assert (response.status_code, answered["data"]["attributes"]["label"]) == (201, "New")
    assert answered["included"] == []
    assert "meta" not in answered


# -- batches ---------------------------------------------------------------------------------------------


def batch(full: Any, stored: Any) -> list[Any]:
    """Return operations that write wallets and then post to them."""
    return [
        add_wallet("New", "5.00", lid="new"),
        update("Wallet", full["id"], label="Between"),
        post("A", {"lid": "new"}, "-2.00", lid="a"),
        post("B", full["id"], "1.00"),
        update("Wallet", full["id"], label="Renamed"),
        move({"lid": "a"}, full["id"]),
        add_wallet("Gone", lid="gone"),
        remove("Wallet", {"lid": "gone"}),
        remove("Transaction", stored["id"]),
    ]


def test_a_stored_batch_is_reported(
    api: Api, full: Any, stored: Any, database: Database, after_commit: AfterCommit
) -> None:
    after_commit(lambda: database.fail(FAILURES["database"]))
    response = send(api, *batch(full, stored))
    database.recover()
    done = [each["data"] for each in results(response) if each]
    names = [each["attributes"].get("label") or each["attributes"]["txid"] for each in done]
    assert names == ["New", "Renamed", "A", "B", "Renamed", "Gone"]
    for each in done[:5]:
        assert each == api.data(each["links"]["self"].removeprefix(SERVER))
    assert [each["attributes"].get("balance") for each in done] == ["5.00", "9.00", None, None, "9.00", "0.00"]
    assert_reconciled()


def test_a_batch_shows_its_own_writes_and_not_later_ones(
    api: Api, full: Any, stored: Any, after_commit: AfterCommit
) -> None:
    def change() -> None:
        post_transaction(principal=ANYONE, wallet_id=full["id"], txid="Late", amount="50.00")
        rename_wallet(principal=ANYONE, wallet_id=full["id"], label="Late")

    after_commit(change)
    done = results(send(api, *batch(full, stored)))
    attributes = done[1]["data"]["attributes"]
    assert (attributes["label"], attributes["balance"]) == ("Renamed", "9.00")


# -- before the write ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "include=nothing",
        "include=wallet.wallet",
        "fields[Wallet]=nothing",
        "fields[Nothing]=a",
        "filter[txid]=T",
        "a=b",
    ],
)
def test_a_query_that_is_refused_changes_nothing(api: Api, full: Any, stored: Any, query: str) -> None:
    document = resource("Transaction", wallet=full["id"], txid="New", amount="5.00")
    changed = resource("Transaction", stored["id"], amount="8.00")
    before = state()
    assert api.post(f"/api/transactions/?{query}", document).status_code == 400
    assert api.patch(f"/api/transactions/{stored['id']}/?{query}", changed).status_code == 400
    assert api.delete(f"/api/transactions/{stored['id']}/?{query}").status_code == 400
    assert state() == before
