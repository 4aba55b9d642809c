"""Query strings: filters, order, related resources and fieldsets; and what none of them can be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rest_api.conftest import Api, labels, problems


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "ABCde"),
        ("filter[label]=A", "A"),
        ("filter%5Blabel%5D=A", "A"),
        ("filter[label]=a", ""),
        ("filter[label.icontains]=D", "d"),
        ("filter[balance]=10", "B"),
        ("filter[balance.gte]=10.00&filter[balance.lt]=30", "BC"),
        ("filter[balance.gt]=10&filter[balance.lte]=30", "Cd"),
        ("filter[currency]=EUR", "de"),
        ("filter[createdAt.gte]=2020-01-01T00:00:00Z", "ABCde"),
        ("filter[createdAt.lt]=2020-01-01T00:00:00%2B01:00", ""),
        ("filter[search]=E", "e"),
        ("sort=-balance", "edCBA"),
        ("sort=currency,-balance", "edCBA"),
        ("sort=-currency,label", "ABCde"),
        ("sort=-createdAt", "edCBA"),
        ("sort=-id", "edCBA"),
        ("page[size]=2", "AB"),
        ("page[size]=2&page[number]=2", "Cd"),
        ("page[size]=2&page[number]=3", "e"),
        ("page[size]=2&page[number]=4", ""),
        ("page[number]=02&page[size]=0002", "Cd"),
        ("&&sort=-balance&", "edCBA"),
    ],
)
def test_a_list_is_filtered_ordered_and_cut(api: Api, wallets: list[Any], query: str, expected: str) -> None:
    assert labels(api, query) == expected


def test_transactions_are_filtered_by_their_own_fields(api: Api) -> None:
    one, other = api.create_wallet(label="One"), api.create_wallet(label="Other")
    for number, wallet in enumerate((one, one, other), start=1):
        api.create_transaction(wallet["id"], txid=f"TX{number}", amount=f"{number}.00", description=f"Rent {number}")

    def found(query: str, url: str = "/api/transactions/") -> str:
        return "".join(each["attributes"]["txid"][-1] for each in api.data(f"{url}?{query}"))

    assert found(f"filter[wallet]={one['id']}") == "12"
    assert found("filter[wallet]=999999") == ""
    assert found(f"filter[wallet]={10**30}") == ""
    assert found("filter[txid]=TX3") == "3"
    assert found("filter[amount.gte]=2.00&sort=-amount") == "32"
    assert found("filter[search]=rENT 1") == "1"
    assert found("sort=-amount", f"/api/wallets/{one['id']}/transactions") == "21"
    assert found("filter[amount.gt]=1", f"/api/wallets/{one['id']}/transactions") == "2"
    assert found("filter[kind]=post&filter[sequence.gt]=1", f"/api/wallets/{one['id']}/entries") == "2"


REFUSED = [
    ("foo=1", "foo"),
    ("foo[bar]=1", "foo[bar]"),
    ("Filter[label]=A", "Filter[label]"),
    ("filter=1", "filter"),
    ("filter[nope]=1", "filter[nope]"),
    ("filter[label.nope]=1", "filter[label.nope]"),
    ("filter[holder]=1", "filter[holder]"),
    ("filter[label][x]=1", "filter[label][x]"),
    ("filter[]=1", "filter[]"),
    ("filter[label]=", "filter[label]"),
    ("filter[label]=A&filter[label]=B", "filter[label]"),
    ("filter[balance.gte]=abc", "filter[balance.gte]"),
    ("filter[balance.gte]=1e5", "filter[balance.gte]"),
    ("filter[balance.gte]=NaN", "filter[balance.gte]"),
    ("filter[createdAt.gte]=yesterday", "filter[createdAt.gte]"),
    ("filter[createdAt.gte]=2026-13-01", "filter[createdAt.gte]"),
    ("filter[createdAt.gte]=2026-12-01", "filter[createdAt.gte]"),
    ("filter[createdAt.gte]=2026-11-26T05:00:00Z%00junk", "filter[createdAt.gte]"),
    ("filter[createdAt.lt]=2026-11-26%F0%9F%98%8005:00:00Z", "filter[createdAt.lt]"),
    ("filter[createdAt.lt]=2026-11-26T05:00:00", "filter[createdAt.lt]"),
    ("sort=", "sort"),
    ("sort=nope", "sort"),
    ("sort=label,,id", "sort"),
    ("sort=label,-label", "sort"),
    ("sort=metadata", "sort"),
    ("sort=label&sort=id", "sort"),
    ("page=1", "page"),
    ("page[foo]=1", "page[foo]"),
    ("page[size]=abc", "page[size]"),
    ("page[size]=0", "page[size]"),
    ("page[size]=-1", "page[size]"),
    ("page[size]=1.0", "page[size]"),
    ("page[size]=101", "page[size]"),
    ("page[size]=" + "9" * 3000, "page[size]"),
    ("page[size]=%D9%A3", "page[size]"),
    ("page[size]=", "page[size]"),
    ("page[number]=0", "page[number]"),
    ("page[number]=99999999999999", "page[number]"),
    ("page[after]=", "page[after]"),
    ("page[after]=nope", "page[after]"),
    ("page[before]=%FF", "page[before]"),
    ("page[after]=x&page[number]=1", "page[number]"),
    ("include=nope", "include"),
    ("include=label", "include"),
    ("include=transactions,", "include"),
    ("include=transactions.entries", "include"),
    ("include=transactions.wallet.transactions", "include"),
    ("include=transactions.wallet.nope", "include"),
    ("fields=label", "fields"),
    ("fields[Nope]=label", "fields[Nope]"),
    ("fields[wallet]=label", "fields[wallet]"),
    ("fields[Wallet]=nope", "fields[Wallet]"),
    ("fields[Wallet]=holder", "fields[Wallet]"),
    ("fields[Wallet]=label,", "fields[Wallet]"),
    ("%FF=1", "%FF"),
]


@pytest.mark.parametrize(("query", "parameter"), REFUSED, ids=[query[:40] for query, _ in REFUSED])
def test_a_parameter_without_a_meaning_is_refused(api: Api, wallets: list[Any], query: str, parameter: str) -> None:
    response = api.get(f"/api/wallets/?{query}")
    assert response.status_code == 400
    assert problems(response) == [("invalid_parameter", parameter)]


@pytest.mark.parametrize("query", ["page[size]=1", "filter[label]=A", "sort=label", "foo=1", "page[foo]=1"])
def test_a_parameter_is_refused_where_it_means_nothing(api: Api, wallets: list[Any], query: str) -> None:
    url = wallets[0]["links"]["self"]
    parameter = query.partition("=")[0]
    for method in ("GET", "HEAD", "PATCH", "DELETE", "OPTIONS"):
        response = api.send(method, f"{url}?{query}", {"data": wallets[0]})
        assert response.status_code == 400
        assert method == "HEAD" or problems(response) == [("invalid_parameter", parameter)]
    assert api.send("POST", f"/api/wallets/?{query}", {"data": {"type": "Wallet"}}).status_code == 400
    assert api.send("DELETE", f"{url}?include=entries").status_code == 400
    assert api.data(url) == wallets[0]


def test_a_query_of_unreasonable_length_is_refused(api: Api) -> None:
    assert api.get("/api/wallets/?sort=" + "label," * 2000).status_code == 400


# -- include and fields --------------------------------------------------------------------------------


def test_included_resources_come_once_and_are_linked(api: Api, wallets: list[Any]) -> None:
    transactions = [api.create_transaction(wallets[0]["id"], txid=f"TX{n}", amount="1.00") for n in range(3)]
    document = api.get("/api/transactions/?include=wallet,entries").json()
    keys = [(each["type"], each["id"]) for each in document["included"]]
    assert keys.count(("Wallet", wallets[0]["id"])) == 1
    assert len([key for key in keys if key[0] == "Entry"]) == 3
    document = api.get(f"/api/wallets/{wallets[0]['id']}/?include=transactions.wallet").json()
    assert [(each["type"], each["id"]) for each in document["included"]] == [
        ("Transaction", each["id"]) for each in transactions
    ]
    assert document["data"]["relationships"]["transactions"]["data"] == [
        {"type": "Transaction", "id": each["id"]} for each in transactions
    ]


def test_one_resource_object_shows_what_either_path_found(api: Api, wallets: list[Any]) -> None:
    api.create_transaction(wallets[0]["id"], txid="TX", amount="1.00")
    document = api.get("/api/entries/?include=wallet.transactions,transaction.entries&filter[kind]=post").json()
    (transaction,) = [each for each in document["included"] if each["type"] == "Transaction"]
    assert len(transaction["relationships"]["entries"]["data"]) == 1


def test_the_links_of_a_relationship_lead_to_the_records_beyond_its_page(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet")
    created = [api.create_transaction(wallet["id"], txid=f"TX{n}", amount="1.00")["id"] for n in range(25)]
    document = api.get("/api/wallets/?include=transactions").json()
    relationship = document["data"][0]["relationships"]["transactions"]
    assert [each["id"] for each in relationship["data"]] == created[:20]
    assert len(document["included"]) == 20
    rest = api.data(relationship["links"]["next"])
    assert [each["id"] for each in rest] == created[20:]
    document = api.get(f"/api/wallets/{wallet['id']}/?include=transactions").json()
    assert len(document["included"]) == 25
    assert document["data"]["relationships"]["transactions"]["links"]["next"] is None


def test_an_empty_include_asks_for_nothing(api: Api, wallets: list[Any]) -> None:
    assert "included" not in api.get("/api/wallets/?include=").json()
    assert api.get("/api/wallets/?include=transactions").json()["included"] == []


def test_a_fieldset_thins_attributes_and_relationships(api: Api, wallets: list[Any]) -> None:
    wallet = api.data(f"/api/wallets/{wallets[1]['id']}/?fields[Wallet]=balance,entries")
    assert wallet["attributes"] == {"balance": "10.00"}
    assert list(wallet["relationships"]) == ["entries"]
    nothing = api.data(f"/api/wallets/{wallets[1]['id']}/?fields[Wallet]=")
    assert nothing.keys() == {"type", "id", "links"}
    document = api.get("/api/entries/?include=wallet&fields[Wallet]=label&fields[Entry]=amount,wallet").json()
    assert document["included"][0]["attributes"] == {"label": "B"}
    assert document["data"][0]["attributes"] == {"amount": "10.00"}
