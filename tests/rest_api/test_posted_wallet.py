"""The answer to the POST of a transaction says how its wallet stood after its entry, whatever happens meanwhile."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conftest import MakeWallet
from tests.parity.faces import MEDIA_TYPE
from tests.writes import amend_transaction, delete_transaction, post_transaction
from walletsvc.models import Entry, Wallet
from walletsvc.principals import ANYONE


def post(wallet: Wallet, txid: str, amount: str, key: str | None = None, query: str = "") -> Any:
    attributes = {"txid": txid, "amount": amount, "wallet": str(wallet.id)}
    body = json.dumps({"data": {"type": "Transaction", "attributes": attributes}})
    headers = {} if key is None else {"Idempotency-Key": key}
    response = Client().post(f"/api/transactions/{query}", body, MEDIA_TYPE, headers=headers)
    assert response.status_code == 201, response.content
    return response


def meta(response: Any) -> Any:
    return response.json()["data"].get("meta")


@pytest.mark.django_db
def test_it_is_that_of_the_entry(make_wallet: MakeWallet) -> None:
    wallet = make_wallet("10.00", label="A")
    assert meta(post(wallet, "1", "-2.50")) == {"wallet": {"sequence": 2, "balance": "7.50", "held": "0.00"}}
    Wallet.objects.filter(id=wallet.id).update(held="3", available="4.5")
    answer = post(wallet, "2", "1", query="?include=wallet,entries&fields[Transaction]=txid")
    assert meta(answer) == {"wallet": {"sequence": 3, "balance": "8.50", "held": "3.00"}}
    assert all("meta" not in each for each in answer.json()["included"])


@pytest.mark.django_db
def test_it_has_the_scale_of_the_currency(make_wallet: MakeWallet) -> None:
    assert meta(post(make_wallet(currency="JPY"), "1", "5"))["wallet"] == {"sequence": 1, "balance": "5", "held": "0"}


@pytest.mark.django_db
def test_nothing_is_read_for_it(make_wallet: MakeWallet) -> None:
    wallet = make_wallet("10.00")
    with CaptureQueriesContext(connection) as queries:
        post(wallet, "1", "1")
    assert [each["sql"] for each in queries if "SELECT" in each["sql"] and "walletsvc_entry" in each["sql"]] == []


@pytest.mark.django_db
def test_other_answers_have_none(make_wallet: MakeWallet) -> None:
    wallet, client = make_wallet("10.00"), Client()
    path = f"/api/transactions/{post(wallet, '1', '1').json()['data']['id']}/"
    body = {"data": {"type": "Transaction", "id": path.split("/")[-2], "attributes": {"amount": "2"}}}
    assert meta(client.patch(path, json.dumps(body), MEDIA_TYPE)) is None
    assert meta(client.get(path)) is None
    new = {"data": {"type": "Wallet", "attributes": {"label": "New", "balance": "1"}}}
    assert meta(client.post("/api/wallets/", json.dumps(new), MEDIA_TYPE)) is None


@pytest.mark.django_db
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_replayed_answer_has_the_same(make_wallet: MakeWallet, is_deleted: bool) -> None:
    wallet, other = make_wallet("10.00"), make_wallet("5.00")
    first = post(wallet, "1", "-2.50", key="k")
    posted = first.json()["data"]["id"]
    post_transaction(principal=ANYONE, wallet=wallet.id, txid="2", amount="100")
    amend_transaction(principal=ANYONE, transaction_id=posted, amount="-1", wallet=other.id, txid="renamed")
    if is_deleted:
        delete_transaction(principal=ANYONE, transaction_id=posted)
    again = post(wallet, "1", "-2.5", key="k")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert meta(again) == {"wallet": {"sequence": 2, "balance": "7.50", "held": "0.00"}}


@pytest.mark.django_db(transaction=True)
def test_answers_that_share_a_commit_have_each_its_own(make_wallet: MakeWallet) -> None:
    wallet = make_wallet("1.00")

    def work(number: int) -> Any:
        try:
            return [post(wallet, f"{number}-{each}", f"{number}.0{each}").json()["data"] for each in range(1, 6)]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        answers = [each for some in threads.map(work, range(16)) for each in some]
    told = {(each["attributes"]["txid"], *each["meta"]["wallet"].values()) for each in answers}
    rows = Entry.objects.filter(kind="post").values_list("txid", "sequence", "balance_after", "held_after")
    assert told == {(txid, sequence, f"{balance:.2f}", f"{held:.2f}") for txid, sequence, balance, held in rows}
    assert len(told) == 80
    assert Wallet.objects.get().balance == Decimal("1.00") + sum(
        Decimal(f"{number}.0{each}") for number in range(16) for each in range(1, 6)
    )
