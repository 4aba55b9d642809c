"""Operations run in order, all or nothing, and the answer shows the resources that they left."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.ledger.state import assert_reconciled, lines
from tests.rest_api.batches import OPERATIONS, URL, add_wallet, move, post, remove, results, send, update
from tests.rest_api.conftest import Api, problems
from tests.rest_api.structure import ATOMIC, ATOMIC_TYPE, MEDIA_TYPE
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet", balance="100.00")


@pytest.fixture
def other(api: Api) -> Any:
    return api.create_wallet(label="Other", balance="10.00")


def test_every_kind_of_operation_in_one_request(api: Api, wallet: Any, other: Any) -> None:
    stored = api.create_transaction(wallet["id"], txid="T0", amount="1.00")
    response = send(
        api,
        add_wallet("New", "5.00", lid="new"),
        post("T1", {"lid": "new"}, "-2.00", lid="first"),
        update("Transaction", {"lid": "first"}, description="lunch", amount="-3.00"),
        update("Wallet", other["id"], label="Renamed"),
        move({"lid": "first"}, wallet["id"]),
        remove("Transaction", stored["id"]),
        post("T2", other["id"], 1),
    )
    done = results(response)
    assert response["Content-Type"] == ATOMIC_TYPE
    assert json.loads(response.content)["jsonapi"] == {"version": "1.1", "ext": [ATOMIC]}
    assert [sorted(each) for each in done] == [["data"]] * 4 + [[], [], ["data"]]
    assert [each["data"]["attributes"].get("label") for each in done if each][:1] == ["New"]
    for result in done:
        if result:
            assert result["data"] == api.data(result["data"]["links"]["self"])
    assert done[0]["data"]["attributes"]["balance"] == "5.00"
    assert done[1]["data"]["attributes"]["amount"] == "-3.00"
    assert done[1]["data"]["relationships"]["wallet"]["data"]["id"] == wallet["id"]
    assert done[3]["data"]["attributes"]["balance"] == "11.00"
    assert [line[1:3] for line in lines(int(wallet["id"]))] == [
        ("opening", "100.00"),
        ("post", "1.00"),
        ("move_in", "-3.00"),
        ("delete", "-1.00"),
    ]
    assert_reconciled()


def test_resources_are_named_by_their_urls(api: Api, wallet: Any, other: Any) -> None:
    transaction = api.create_transaction(wallet["id"], txid="T0", amount="1.00")
    described = {"type": "Transaction", "id": transaction["id"], "attributes": {"amount": "2.00"}}
    done = results(
        send(
            api,
            {"op": "add", "href": "/api/transactions", "data": post("T1", wallet["id"], "1.00")["data"]},
            {"op": "update", "href": transaction["links"]["self"], "data": described},
            {
                "op": "update",
                "href": f"http://localhost/api/transactions/{transaction['id']}/relationships/wallet/",
                "data": {"type": "Wallet", "id": other["id"]},
            },
            {"op": "remove", "href": f"../transactions/{transaction['id']}"},
            # Without ref and href, the resource object says which it is.
            {"op": "update", "data": {"type": "Wallet", "id": wallet["id"], "attributes": {"label": "Mine"}}},
        )
    )
    assert [sorted(each) for each in done] == [["data"], ["data"], [], [], ["data"]]
    assert [line[1:3] for line in lines(int(other["id"]))] == [
        ("opening", "10.00"),
        ("move_in", "2.00"),
        ("delete", "-2.00"),
    ]
    assert api.data(wallet["links"]["self"])["attributes"]["label"] == "Mine"
    assert_reconciled()


def test_operations_without_results_are_answered_without_a_document(api: Api, wallet: Any, other: Any) -> None:
    transaction = api.create_transaction(wallet["id"], txid="T0", amount="1.00")
    response = send(api, move(transaction["id"], other["id"]), remove("Transaction", transaction["id"]))
    assert (response.status_code, response.content) == (204, b"")
    assert [line[1] for line in lines(int(other["id"]))] == ["opening", "move_in", "delete"]
    assert not Transaction.objects.exists()
    assert_reconciled()


def test_a_resource_that_a_batch_created_and_deleted_is_shown_as_it_was(api: Api) -> None:
    done = results(
        send(
            api,
            add_wallet("Short", lid="w"),
            post("T1", {"lid": "w"}, "1.00", lid="t"),
            remove("Transaction", {"lid": "t"}),
            remove("Wallet", {"lid": "w"}),
        )
    )
    assert [each["data"]["type"] for each in done[:2]] == ["Wallet", "Transaction"]
    assert done[2:] == [{}, {}]
    assert not Wallet.objects.exists()
    assert_reconciled()


def test_one_local_id_may_name_one_resource_of_each_type(api: Api) -> None:
    done = results(send(api, add_wallet("W", lid="1"), post("T1", {"lid": "1"}, "1.00", lid="1")))
    assert done[0]["data"]["attributes"]["balance"] == "1.00"


def test_a_thousand_posts_fit_and_take_few_queries(api: Api, wallet: Any, other: Any) -> None:
    wallets = (wallet["id"], other["id"])
    operations = [post(f"T-{number:032}", wallets[number % 2], "0.01") for number in range(1000)]
    for operation in operations:
        operation["data"]["attributes"] |= {"description": "d" * 250, "metadata": {"order": "o" * 50}}
    assert len(json.dumps({OPERATIONS: operations})) < 1_000_000
    with CaptureQueriesContext(connection) as queries:
        done = results(send(api, *operations))
    assert len(queries) < 25
    assert [each["data"]["attributes"]["txid"] for each in done] == [f"T-{number:032}" for number in range(1000)]
    assert done[999]["data"] == api.data(done[999]["data"]["links"]["self"])
    assert sum(Wallet.objects.values_list("balance", flat=True)) == Decimal("120.00")
    assert_reconciled()


@pytest.mark.parametrize("number", [1000, 10])
def test_results_take_as_many_queries_for_a_thousand_as_for_ten(api: Api, wallet: Any, number: int) -> None:
    with CaptureQueriesContext(connection) as queries:
        results(send(api, *(post(f"T{each}", wallet["id"], "0.01") for each in range(number))))
    reads = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("SELECT")]
    # The lock.
    assert len(reads) == 1


def test_cached_documents_of_the_touched_wallets_are_dropped(api: Api, wallet: Any, other: Any) -> None:
    urls = [wallet["links"]["self"], f"/api/wallets/{wallet['id']}/transactions", "/api/wallets/"]
    untouched = other["links"]["self"]
    before = [api.get(url).content for url in urls]
    with CaptureQueriesContext(connection) as queries:
        assert [api.get(url).content for url in urls] == before
        api.get(untouched)
    assert len(queries) == 1
    results(send(api, post("T1", wallet["id"], "1.00"), post("T2", wallet["id"], "1.00")))
    assert [api.get(url).content == old for url, old in zip(urls, before, strict=True)] == [False] * 3
    assert api.data(urls[0])["attributes"]["balance"] == "102.00"
    with CaptureQueriesContext(connection) as queries:
        api.get(untouched)
    assert len(queries) == 0


# -- negotiation -----------------------------------------------------------------------------------------


PLAIN_TYPES = [MEDIA_TYPE, f'{MEDIA_TYPE}; ext="https://example.com/other"', "application/json", ""]


@pytest.mark.parametrize("content_type", PLAIN_TYPES)
def test_the_request_must_name_the_extension(api: Api, content_type: str) -> None:
    response = send(api, add_wallet("New"), content_type=content_type)
    assert (response.status_code, problems(response)) == (415, [("unsupported_media_type", "Content-Type")])
    assert response["Content-Type"] == MEDIA_TYPE
    assert not Wallet.objects.exists()


@pytest.mark.parametrize("accept", [ATOMIC_TYPE, "*/*", "", MEDIA_TYPE, f"text/html, {ATOMIC_TYPE}; q=0.1"])
def test_the_answer_names_the_extension(api: Api, accept: str) -> None:
    assert send(api, add_wallet("New"), accept=accept)["Content-Type"] == ATOMIC_TYPE


@pytest.mark.parametrize("accept", ["text/html", f'{MEDIA_TYPE}; ext="https://example.com/other"'])
def test_a_client_that_takes_no_such_answer_is_refused(api: Api, accept: str) -> None:
    response = send(api, add_wallet("New"), accept=accept)
    assert (response.status_code, problems(response)) == (406, [("not_acceptable", "Accept")])
    assert not Wallet.objects.exists()


def test_the_extension_is_understood_nowhere_else(api: Api) -> None:
    response = api.post("/api/wallets/", add_wallet("New"), content_type=ATOMIC_TYPE)
    assert response.status_code == 415
    assert api.get("/api/wallets/", accept=ATOMIC_TYPE).status_code == 406


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE", "PUT"])
def test_operations_are_posted(api: Api, method: str) -> None:
    response = api.send(method, URL)
    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")


def test_there_are_no_query_parameters(api: Api) -> None:
    response = api.post(f"{URL}?include=wallet", {OPERATIONS: [add_wallet("New")]}, content_type=ATOMIC_TYPE)
    assert (response.status_code, problems(response)) == (400, [("invalid_parameter", "include")])
    assert not Wallet.objects.exists()
