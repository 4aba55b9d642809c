"""Both faces count no further than they say, and refuse alike what would take reading too many rows."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import MakeWallet, Post
from tests.parity.faces import MEDIA_TYPE
from walletsvc.models import Wallet
from walletsvc.queries import attempts, counts

pytestmark = pytest.mark.django_db

QUERY = """query ($filters: WalletFilters, $first: Int) {
  wallets(filters: $filters, first: $first) { totalCount countIsMinimum edges { node { label } } }
}"""
NESTED = """query ($filters: TransactionFilters) {
  wallets { edges { node { transactions(filters: $filters, first: 2) { totalCount countIsMinimum } } } }
}"""


@pytest.fixture(autouse=True)
def wallets(make_wallet: MakeWallet, monkeypatch: pytest.MonkeyPatch) -> list[Wallet]:
    monkeypatch.setattr(counts, "COUNTED_AT_MOST", 4)
    return [make_wallet("1.00") for _ in range(6)]


def ask_rest(client: Client, **parameters: object) -> Any:
    return json.loads(client.get(f"/api/wallets/?{urlencode(parameters)}", headers={"Accept": MEDIA_TYPE}).content)


def ask_graphql(client: Client, query: str, **variables: object) -> Any:
    body = json.dumps({"query": query, "variables": variables})
    return json.loads(client.post("/graphql/", body, content_type="application/json").content)


def number_of_lists(statements: CaptureQueriesContext) -> int:
    return sum("LIKE" in each["sql"] for each in statements)


def test_a_list_that_is_longer_than_was_counted_says_so(client: Client) -> None:
    document = ask_rest(client, **{"page[size]": 2, "page[number]": 2})
    assert document["meta"]["pagination"] == {"page": 2, "pages": 2, "count": 4, "countIsMinimum": True}
    links = document["links"]
    assert links["last"] is None
    assert "page%5Bnumber%5D=3" in links["next"]
    assert "number" not in links["prev"]
    connection = ask_graphql(client, QUERY, first=2)["data"]["wallets"]
    assert (connection["totalCount"], connection["countIsMinimum"]) == (4, True)
    # Further pages follow all the same, up to the last one.
    document = ask_rest(client, **{"page[size]": 2, "page[number]": 3})
    assert (len(document["data"]), document["links"]["next"]) == (2, None)
    assert "page%5Bnumber%5D=2" in document["links"]["prev"]


def test_what_was_counted_to_its_end_is_as_before(client: Client, wallets: list[Wallet]) -> None:
    document = ask_rest(client, **{"filter[label]": wallets[0].label})
    assert document["meta"]["pagination"] == {"page": 1, "pages": 1, "count": 1}
    assert document["links"]["last"] is not None
    connection = ask_graphql(client, QUERY, filters={"label": {"exact": wallets[0].label}})["data"]["wallets"]
    assert (connection["totalCount"], connection["countIsMinimum"]) == (1, False)


def test_the_mark_alone_is_counted_for(client: Client) -> None:
    found = ask_graphql(client, "{ wallets { countIsMinimum } }")
    assert found["data"] == {"wallets": {"countIsMinimum": True}}


def test_lists_of_many_parents_share_the_bound(client: Client, wallets: list[Wallet], post: Post) -> None:
    for number in range(5):
        post(wallets[number % 2], f"{number + 1}.00")
    filters = {"amount": {"gt": "0"}}
    edges = ask_graphql(client, NESTED, filters=filters)["data"]["wallets"]["edges"]
    found = [
        (each["node"]["transactions"]["totalCount"], each["node"]["transactions"]["countIsMinimum"]) for each in edges
    ]
    # Five are more than four: then each is counted up to one, and has at least what it shows.
    assert found == [(2, True), (2, True), (0, False), (0, False), (0, False), (0, False)]
    few = ask_graphql(client, NESTED, filters={"amount": {"gt": "1"}})["data"]["wallets"]["edges"]
    assert [each["node"]["transactions"]["totalCount"] for each in few] == [2, 2, 0, 0, 0, 0]
    # The number of all transactions of a wallet is kept.
    every = ask_graphql(client, NESTED)["data"]["wallets"]["edges"]
    assert every[0]["node"]["transactions"] == {"totalCount": 3, "countIsMinimum": False}


def test_what_no_bound_holds_is_refused_alike(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "mysql" or not connection.mysql_is_mariadb:
        # Others read all rows (`dialect.examining`).
        assert ask_rest(client, **{"filter[label.icontains]": "nowhere"})["data"] == []
        return
    for name in ("MOST_EXAMINED", "MOST_WITH_COUNT", "MOST_AT_FIRST"):
        monkeypatch.setattr(attempts, name, 3)
    [error] = ask_rest(client, **{"filter[label.icontains]": "nowhere"})["errors"]
    assert (error["status"], error["code"], error["source"]) == ("400", "too_broad", {"parameter": "filter"})
    assert error["meta"] == {"limit": 3}
    with CaptureQueriesContext(connection) as by_rest:
        ask_rest(client, **{"filter[label.icontains]": "nobody"})
    with CaptureQueriesContext(connection) as by_graphql:
        [refusal] = ask_graphql(client, QUERY, filters={"label": {"icontains": "nowhere"}})["errors"]
    # It is found out once, although two ways to run a query may come to it.
    assert number_of_lists(by_graphql) == number_of_lists(by_rest) > 1
    assert refusal["message"] == error["detail"]
    assert refusal["extensions"] == {"code": "too_broad", "parameter": "filters", "limit": 3}
    [error] = ask_rest(client, sort="-label,balance", **{"filter[label.icontains]": "nowhere"})["errors"]
    assert error["code"] == "too_broad"
