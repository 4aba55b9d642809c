"""An object deleted between two queries of one read is omitted, and the document is still complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.interruptions import before_query
from tests.rest_api.conftest import Api
from tests.writes import close_wallet, delete_transaction
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

TRANSACTION, WALLET = "walletsvc_transaction", "walletsvc_wallet"


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet")


@pytest.fixture
def transaction(api: Api, wallet: Any) -> Any:
    return api.create_transaction(wallet["id"], txid="T", amount="1.00")


@pytest.fixture
def delete(wallet: Any, transaction: Any) -> Any:
    def delete_all() -> None:
        delete_transaction(principal=ANYONE, transaction_id=transaction["id"])
        close_wallet(principal=ANYONE, wallet_id=wallet["id"])

    return delete_all


def linked(document: Any) -> set[tuple[str, str]]:
    """Return what the resources of a document identify as related to them."""
    data = document["data"] if isinstance(document["data"], list) else [document["data"]]
    linkages = [
        relationship.get("data")
        for each in (*data, *document["included"])
        for relationship in each["relationships"].values()
    ]
    flat = [each for linkage in linkages for each in (linkage if isinstance(linkage, list) else [linkage])]
    return {(each["type"], each["id"]) for each in flat if each is not None}


@pytest.mark.parametrize(
    ("url", "table"),
    [
        # What leads no further may be read with its list, by one statement.
        ("/api/entries/?include=transaction.entries", TRANSACTION),
        ("/api/entries/?include=transaction.entries,wallet", TRANSACTION),
        ("/api/entries/?include=transaction.wallet", WALLET),
        ("/api/entries/?include=wallet.transactions", WALLET),
        ("/api/transactions/?include=wallet.entries", WALLET),
        ("/api/transactions/?include=entries,wallet.transactions", WALLET),
        ("/api/wallets/?include=transactions,entries.transaction", TRANSACTION),
    ],
)
@pytest.mark.parametrize("is_one", [False, True], ids=["list", "one"])
def test_all_included_resources_are_linked(
    api: Api, wallet: Any, transaction: Any, delete: Any, url: str, table: str, is_one: bool
) -> None:
    [kind] = [each for each in ("entries", "transactions", "wallets") if f"/{each}/" in url]
    if is_one:
        [first] = api.data(f"/api/{kind}/")
        url = url.replace("/?", f"/{first['id']}/?")
    with before_query(table, delete) as waited:
        response = api.get(url)
    assert waited
    assert response.status_code == 200
    document = json.loads(response.content)
    included = {(each["type"], each["id"]) for each in document["included"]}
    assert included <= linked(document)
    assert not any(
        (each["type"], each["id"]) == ("Transaction", transaction["id"])
        for each in document["included"]
        if table == TRANSACTION
    )
    # Nothing of that is kept.
    assert api.get(url).status_code == (404 if is_one and kind != "entries" else 200)
    assert [each["attributes"]["kind"] for each in api.data("/api/entries/?include=transaction,wallet")] == [
        "post",
        "delete",
    ]
    assert json.loads(api.get("/api/entries/?include=transaction,wallet").content)["included"] == []


def test_deleted_relations_of_an_entry_are_null(api: Api, delete: Any) -> None:
    [entry] = api.data("/api/entries/")
    with before_query(TRANSACTION, delete):
        assert api.data(f"/api/entries/{entry['id']}/transaction/") is None
    assert api.data(f"/api/entries/{entry['id']}/wallet/") is None


def test_a_transaction_deleted_with_its_wallet_is_omitted(api: Api, transaction: Any, delete: Any) -> None:
    with before_query(WALLET, delete):
        response = api.get(f"/api/transactions/{transaction['id']}/wallet/")
    assert response.status_code == 404
