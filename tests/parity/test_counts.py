"""Both faces report the number of transactions, after every kind of write and under every filter."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeWallet, Post
from tests.parity.faces import MEDIA_TYPE
from tests.writes import amend_transaction, close_wallet, delete_transaction, post_transfer
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

QUERY = """query ($filters: TransactionFilters) {
  transactions(filters: $filters, first: 1) { totalCount }
  wallets(first: 100) { edges { node { databaseId transactions { totalCount } } } }
}"""


@pytest.fixture
def wallets(make_wallet: MakeWallet, post: Post) -> list[Wallet]:
    """Make three wallets with two, no and one transaction."""
    made = [make_wallet("100.00"), make_wallet(), make_wallet()]
    for wallet, amount in ((made[0], "1.00"), (made[0], "2.00"), (made[2], "2.00")):
        post(wallet, amount)
    return made


def ask_rest(client: Client, query: str = "") -> int:
    response = client.get(f"/api/transactions/?page[size]=1{query}", headers={"Accept": MEDIA_TYPE})
    count: int = json.loads(response.content)["meta"]["pagination"]["count"]
    return count


def ask_graphql(client: Client, **filters: Any) -> tuple[int, dict[int, int]]:
    """Return how many transactions pass the filters, and how many each wallet says that it has."""
    body = json.dumps({"query": QUERY, "variables": {"filters": filters}})
    data = json.loads(client.post("/graphql/", body, content_type="application/json").content)["data"]
    nodes = [edge["node"] for edge in data["wallets"]["edges"]]
    counts = {int(node["databaseId"]): node["transactions"]["totalCount"] for node in nodes}
    return data["transactions"]["totalCount"], counts


def assert_counted(client: Client) -> None:
    real = {wallet.id: Transaction.objects.filter(wallet=wallet).count() for wallet in Wallet.objects.all()}
    assert ask_rest(client) == sum(real.values())
    assert ask_graphql(client) == (sum(real.values()), real)
    for wallet_id, count in real.items():
        assert ask_rest(client, f"&filter[wallet]={wallet_id}") == count
        name = b64encode(f"Wallet:{wallet_id}".encode()).decode()
        assert [ask_graphql(client, wallet=each)[0] for each in (str(wallet_id), name)] == [count, count]


def test_both_faces_count_correctly_after_every_kind_of_write(
    client: Client, wallets: list[Wallet], post: Post
) -> None:
    first, second, third = wallets
    assert_counted(client)
    posted = post(second, "5.00")
    assert_counted(client)
    amend_transaction(principal=ANYONE, transaction_id=posted.id, wallet_id=first.id, amount="6.00")
    assert_counted(client)
    post_transfer(principal=ANYONE, txid="T", source_id=first.id, destination_id=second.id, amount="2.00")
    assert_counted(client)
    delete_transaction(principal=ANYONE, transaction_id=posted.id)
    assert_counted(client)
    post(third, "-2.00")
    close_wallet(principal=ANYONE, wallet_id=third.id)
    assert_counted(client)
    assert ask_rest(client) == 4


def test_both_faces_count_matches_of_other_filters(client: Client, wallets: list[Wallet]) -> None:
    wallet = str(wallets[0].id)
    assert (ask_rest(client, "&filter[amount]=2.00"), ask_graphql(client, amount={"exact": "2.00"})[0]) == (2, 2)
    both = ask_graphql(client, amount={"exact": "2.00"}, wallet=wallet)[0]
    assert (ask_rest(client, f"&filter[amount]=2.00&filter[wallet]={wallet}"), both) == (1, 1)


def test_neither_face_shows_the_column_behind_it(client: Client, wallets: list[Wallet]) -> None:
    document = json.loads(client.get(f"/api/wallets/{wallets[0].id}/", headers={"Accept": MEDIA_TYPE}).content)
    assert "transactionCount" not in document["data"]["attributes"]
    body = {"query": f"{{ wallet(id: {wallets[0].id}) {{ transactionCount }} }}"}
    refused = client.post("/graphql/", json.dumps(body), content_type="application/json").content
    assert b"Cannot query field" in refused
