"""A batch that cannot be stored changes nothing, and names the operation and member at fault."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledger.state import funds, snapshot
from tests.rest_api.batches import OPERATIONS, URL, add_wallet, move, post, refused, remove, results, send, update
from tests.rest_api.conftest import Api, problems
from tests.rest_api.structure import ATOMIC_TYPE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet", balance="100.00")


@pytest.fixture
def transaction(api: Api, wallet: Any) -> Any:
    return api.create_transaction(wallet["id"], txid="T0", amount="1.00")


# -- what commands refuse -----------------------------------------------------------------------------------


def test_an_overdraft_undoes_earlier_operations(api: Api, wallet: Any) -> None:
    operations = [post(f"T{number}", wallet["id"], "-30.00") for number in range(6)]
    pointer = "/atomic:operations/3/data/attributes/amount"
    assert refused(api, *operations) == (422, [("insufficient_funds", pointer)])


def test_an_overdraft_reports_the_balance_at_that_place(api: Api, wallet: Any) -> None:
    response = send(api, post("T1", wallet["id"], "-60.00"), post("T2", wallet["id"], "-60.00"))
    (error,) = response.json()["errors"]
    assert error["meta"] == funds("40.00", "-60.00", int(wallet["id"]))


def test_each_refusal_is_the_one_that_a_single_request_gets(api: Api, wallet: Any, transaction: Any) -> None:
    attributes = [
        {"txid": "T1", "amount": "-200.00"},
        {"txid": "T1", "amount": "zero"},
        {"txid": "T1", "amount": "1.001"},
        {"txid": "", "amount": 0},
        {"txid": "T0", "amount": "1.00"},
        {"txid": "T0", "amount": "-1000.00"},
        {"txid": "T" * 256},
        {"txid": "T1", "amount": "1.00", "wallet": "999999"},
        {"txid": "T1", "amount": "1.00", "nothing": "1"},
        {"txid": "T1", "amount": "1.00", "currency": "USD"},
        {"txid": "T1", "amount": "1.00", "metadata": [], "description": None},
    ]
    for given in attributes:
        document = {"data": {"type": "Transaction", "attributes": {"wallet": wallet["id"], **given}}}
        single = api.post("/api/transactions/", document)
        expected = [(code, pointer.replace("/data", f"/{OPERATIONS}/1/data")) for code, pointer in problems(single)]
        batch = refused(api, post("OK", wallet["id"], "1.00"), {"op": "add", "data": document["data"]})
        assert batch == (single.status_code, expected), given


def test_the_first_refusal_is_reported(api: Api, wallet: Any) -> None:
    status, found = refused(api, post("T1", wallet["id"], "-100.01"), post("T2", wallet["id"], "zero"))
    assert (status, found) == (422, [("insufficient_funds", "/atomic:operations/0/data/attributes/amount")])


def test_a_name_twice_in_a_batch_is_found(api: Api, wallet: Any) -> None:
    assert refused(
        api, post("T1", wallet["id"], "1"), post("T2", wallet["id"], "1"), post("T1", wallet["id"], "1")
    ) == (
        409,
        [("duplicate_txid", "/atomic:operations/2/data/attributes/txid")],
    )
    assert refused(api, add_wallet("W"), add_wallet("W")) == (
        409,
        [("duplicate_label", "/atomic:operations/1/data/attributes/label")],
    )
    assert refused(api, add_wallet("W"), update("Wallet", wallet["id"], label="W")) == (
        409,
        [("duplicate_label", "/atomic:operations/1/data/attributes/label")],
    )


def test_a_missing_object_is_reported_for_the_operation_that_needs_it(
    api: Api, wallet: Any, transaction: Any
) -> None:
    gone = "999999"
    for operation, pointer in [
        (update("Wallet", gone, label="New"), "ref"),
        (update("Transaction", gone, amount="2.00"), "ref"),
        (remove("Wallet", gone), "ref"),
        (remove("Transaction", "abc"), "ref"),
        ({"op": "remove", "href": f"/api/wallets/{gone}/"}, "href"),
        ({"op": "update", "data": {"type": "Wallet", "id": gone}}, "data"),
        (move(gone, wallet["id"]), "ref"),
        (move(transaction["id"], gone), "data"),
        (post("T1", gone, "1.00"), "data/relationships/wallet"),
    ]:
        expected = (404, [("not_found", f"/atomic:operations/1/{pointer}")])
        assert refused(api, post("OK", wallet["id"], "1.00"), operation) == expected, operation


def test_a_wallet_that_holds_money_is_not_removed(api: Api, wallet: Any) -> None:
    expected = (409, [("wallet_not_empty", "/atomic:operations/1")])
    assert refused(api, update("Wallet", wallet["id"], label="New"), remove("Wallet", wallet["id"])) == expected


def test_a_credit_that_was_spent_is_not_removed(api: Api, wallet: Any, transaction: Any) -> None:
    expected = (422, [("insufficient_funds", "/atomic:operations/1")])
    assert refused(api, post("T1", wallet["id"], "-100.50"), remove("Transaction", transaction["id"])) == expected


def test_a_removed_resource_is_missing_for_the_next_operation(api: Api, wallet: Any, transaction: Any) -> None:
    removal = remove("Transaction", transaction["id"])
    assert refused(api, removal, removal) == (404, [("not_found", "/atomic:operations/1/ref")])
    assert refused(api, add_wallet("W", lid="w"), remove("Wallet", {"lid": "w"}), post("T1", {"lid": "w"}, "1")) == (
        404,
        [("not_found", "/atomic:operations/2/data/relationships/wallet")],
    )


def test_a_relationship_leads_to_a_wallet_of_the_same_currency(api: Api, wallet: Any, transaction: Any) -> None:
    yen = api.create_wallet(label="Yen", currency="JPY")
    assert refused(api, move(transaction["id"], yen["id"])) == (
        422,
        [("currency_mismatch", "/atomic:operations/0/data")],
    )


# -- invalid batches ---------------------------------------------------------------------------------------


DOCUMENTS: list[tuple[object, int, str, str]] = [
    ([], 422, "invalid", ""),
    ({}, 422, "required", ""),
    ({OPERATIONS: {}}, 422, "invalid", "/atomic:operations"),
    ({OPERATIONS: []}, 422, "invalid", "/atomic:operations"),
    ({OPERATIONS: [add_wallet("W")] * 1001}, 413, "too_long", "/atomic:operations"),
    ({OPERATIONS: [add_wallet("W")], "data": {}}, 422, "invalid", "/data"),
    ({OPERATIONS: [add_wallet("W")], "included": []}, 422, "invalid", "/included"),
    ({OPERATIONS: [add_wallet("W")], "errors": []}, 422, "invalid", "/errors"),
    ({OPERATIONS: [add_wallet("W")], "atomic:results": []}, 422, "invalid", "/atomic:results"),
]


@pytest.mark.parametrize(("document", "status", "code", "pointer"), DOCUMENTS)
def test_a_document_without_operations_is_refused(
    api: Api, document: object, status: int, code: str, pointer: str
) -> None:
    before = snapshot()
    response = api.post(URL, document, content_type=ATOMIC_TYPE)
    assert (response.status_code, problems(response)) == (status, [(code, pointer)])
    assert snapshot() == before


def test_invalid_json_is_refused(api: Api) -> None:
    response = api.post(URL, b"{", content_type=ATOMIC_TYPE)
    assert (response.status_code, problems(response)) == (400, [("malformed", None)])


def test_meta_and_unknown_members_are_let_be(api: Api) -> None:
    document = {OPERATIONS: [{**add_wallet("W"), "meta": {"a": 1}}], "meta": {}, "jsonapi": {"version": "1.1"}}
    assert results(api.post(URL, document, content_type=ATOMIC_TYPE))[0]["data"]["attributes"]["label"] == "W"


# -- invalid operations ------------------------------------------------------------------------------------

WALLET = {"type": "Wallet", "id": "1"}
ENTRY = {"type": "Entry", "id": "1"}
TO_ONE = {"type": "Transaction", "id": "1", "relationship": "wallet"}

OPERATIONS_REFUSED: list[tuple[object, int, str, str]] = [
    (None, 422, "invalid", ""),
    ({}, 422, "required", ""),
    ({"op": "replace", "ref": WALLET}, 422, "invalid", "/op"),
    ({"op": 1}, 422, "invalid", "/op"),
    ({"op": "remove", "ref": WALLET, "href": "/api/wallets/1/"}, 422, "invalid", ""),
    # ref
    ({"op": "remove"}, 422, "required", ""),
    ({"op": "remove", "ref": []}, 422, "invalid", "/ref"),
    ({"op": "remove", "ref": {"id": "1"}}, 422, "required", "/ref"),
    ({"op": "remove", "ref": {"type": "Wallet"}}, 422, "required", "/ref"),
    ({"op": "remove", "ref": {"type": 1, "id": "1"}}, 422, "invalid", "/ref/type"),
    ({"op": "remove", "ref": {"type": "Nothing", "id": "1"}}, 409, "type_conflict", "/ref/type"),
    ({"op": "remove", "ref": {"type": "Wallet", "id": 1}}, 422, "invalid", "/ref/id"),
    ({"op": "remove", "ref": {"type": "Wallet", "lid": 1}}, 422, "invalid", "/ref/lid"),
    ({"op": "remove", "ref": {"type": "Wallet", "lid": "w"}}, 422, "invalid", "/ref/lid"),
    ({"op": "remove", "ref": {**WALLET, "lid": "w"}}, 422, "invalid", "/ref"),
    ({"op": "add", "ref": WALLET, "data": {"type": "Wallet"}}, 422, "invalid", "/ref"),
    # href
    ({"op": "remove", "href": 1}, 422, "invalid", "/href"),
    ({"op": "remove", "href": f"/api/wallets/{'1' * 2035}"}, 404, "not_found", "/href"),
    ({"op": "remove", "href": f"/api/wallets/{'1' * 2036}"}, 422, "too_long", "/href"),
    ({"op": "remove", "href": "http://["}, 422, "invalid", "/href"),
    ({"op": "remove", "href": "/api/wallets/"}, 422, "invalid", "/href"),
    ({"op": "remove", "href": "/api/nothing/1"}, 404, "not_found", "/href"),
    ({"op": "remove", "href": "/api/"}, 404, "not_found", "/href"),
    ({"op": "remove", "href": "/graphql/"}, 404, "not_found", "/href"),
    ({"op": "remove", "href": "/api/transactions/1/wallet/"}, 404, "not_found", "/href"),
    ({"op": "remove", "href": "https://example.com/api/wallets/1/"}, 422, "invalid", "/href"),
    ({"op": "remove", "href": "//example.com/api/wallets/1/"}, 422, "invalid", "/href"),
    ({"op": "remove", "href": "/api/wallets/1/?include=entries"}, 422, "invalid", "/href"),
    ({"op": "remove", "href": "/api/wallets/1/#a"}, 422, "invalid", "/href"),
    ({"op": "add", "href": "/api/wallets/1/", "data": {"type": "Wallet"}}, 422, "invalid", "/href"),
    ({"op": "update", "href": "/api/wallets/", "data": WALLET}, 422, "invalid", "/href"),
    # data
    ({"op": "add"}, 422, "required", ""),
    ({"op": "add", "data": []}, 422, "invalid", "/data"),
    ({"op": "add", "data": {}}, 422, "required", "/data"),
    ({"op": "add", "data": {"type": "Nothing"}}, 409, "type_conflict", "/data/type"),
    ({"op": "add", "data": WALLET}, 403, "forbidden", "/data/id"),
    ({"op": "add", "data": {"type": "Wallet", "lid": 1}}, 422, "invalid", "/data/lid"),
    ({"op": "add", "href": "/api/wallets", "data": {"type": "Transaction"}}, 409, "type_conflict", "/data/type"),
    ({"op": "update", "ref": WALLET}, 422, "required", ""),
    ({"op": "update", "ref": WALLET, "data": {"type": "Wallet"}}, 422, "required", "/data"),
    ({"op": "update", "ref": WALLET, "data": {"type": "Wallet", "id": "2"}}, 409, "id_conflict", "/data/id"),
    ({"op": "update", "ref": WALLET, "data": {"type": "Entry", "id": "1"}}, 409, "type_conflict", "/data/type"),
    ({"op": "update", "data": {"type": "Wallet"}}, 422, "required", "/data"),
    ({"op": "update", "data": {"type": "Wallet", "lid": "w"}}, 422, "invalid", "/data/lid"),
    # members that cannot be written
    ({"op": "add", "data": {"type": "Entry"}}, 403, "forbidden", "/data/type"),
    ({"op": "add", "href": "/api/entries/", "data": {"type": "Entry"}}, 403, "forbidden", "/href"),
    ({"op": "update", "ref": ENTRY, "data": ENTRY}, 403, "forbidden", "/ref"),
    ({"op": "remove", "ref": ENTRY}, 403, "forbidden", "/ref"),
    # relationships
    ({"op": "update", "ref": {**WALLET, "relationship": 1}, "data": []}, 422, "invalid", "/ref/relationship"),
    ({"op": "update", "ref": {**WALLET, "relationship": "owner"}, "data": []}, 404, "not_found", "/ref/relationship"),
    ({"op": "update", "href": "/api/wallets/1/relationships/owner", "data": []}, 404, "not_found", "/href"),
    ({"op": "set", "ref": TO_ONE, "data": None}, 422, "invalid", "/op"),
    ({"op": "add", "ref": TO_ONE, "data": WALLET}, 422, "invalid", "/op"),
    ({"op": "remove", "ref": TO_ONE, "data": WALLET}, 422, "invalid", "/op"),
    ({"op": "update", "ref": TO_ONE}, 422, "required", ""),
    ({"op": "update", "ref": TO_ONE, "data": []}, 422, "invalid", "/data"),
    ({"op": "update", "ref": TO_ONE, "data": ENTRY}, 409, "type_conflict", "/data/type"),
    ({"op": "update", "ref": TO_ONE, "data": {"type": "Wallet"}}, 422, "required", "/data"),
    ({"op": "update", "ref": TO_ONE, "data": {"type": "Wallet", "lid": "w"}}, 422, "invalid", "/data/lid"),
    *(
        ({"op": code, "ref": {**WALLET, "relationship": name}, "data": []}, 403, "forbidden", "/ref")
        for code in ("add", "update", "remove")
        for name in ("transactions", "entries")
    ),
    ({"op": "update", "ref": {**ENTRY, "relationship": "wallet"}, "data": WALLET}, 403, "forbidden", "/ref"),
]


@pytest.mark.parametrize(("operation", "status", "code", "pointer"), OPERATIONS_REFUSED)
def test_an_invalid_operation_is_refused(api: Api, operation: object, status: int, code: str, pointer: str) -> None:
    expected = (status, [(code, f"/atomic:operations/1{pointer}")])
    assert refused(api, add_wallet("First"), operation) == expected


def test_a_relationship_cannot_be_cleared(api: Api, transaction: Any) -> None:
    operation = {"op": "update", "ref": {**TO_ONE, "id": transaction["id"]}, "data": None}
    assert refused(api, operation) == (422, [("required", "/atomic:operations/0/data")])
