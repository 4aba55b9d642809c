"""Every problem of a write has its own code and a pointer to the member at fault, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.ledger.state import funds
from tests.rest_api.conftest import Api, refused, resource

POINTER = "/data/attributes/amount"
MEGABYTE = "x" * 990_000


@pytest.fixture
def wallet(api: Api) -> Any:
    return api.create_wallet(label="My Wallet", balance="100.00")


AMOUNTS = [
    (b'"-100.01"', 422, "insufficient_funds"),
    (b'"0"', 422, "invalid_amount"),
    (b'"0.00"', 422, "invalid_amount"),
    (b"0", 422, "invalid_amount"),
    (b"-0.0", 422, "invalid_amount"),
    (b'"NaN"', 422, "invalid_amount"),
    (b'"Infinity"', 422, "invalid_amount"),
    (b'"1e5"', 422, "invalid_amount"),
    (b"1e5", 422, "invalid_amount"),
    (b"1E400", 422, "invalid_amount"),
    (b"1e99999999999999999999", 422, "invalid_amount"),
    (b'"1,000.00"', 422, "invalid_amount"),
    (b'" 1.00"', 422, "invalid_amount"),
    (b'"+1.00"', 422, "invalid_amount"),
    (b'"0x10"', 422, "invalid_amount"),
    ('"\u0661.00"'.encode(), 422, "invalid_amount"),
    (b'""', 422, "invalid_amount"),
    (b'"1.001"', 422, "scale_exceeded"),
    (b"1.001", 422, "scale_exceeded"),
    (b'"1.%s"' % (b"1" * 19), 422, "scale_exceeded"),
    (b'"%s"' % (b"1" * 40), 422, "out_of_range"),
    (b"1" * 40, 422, "out_of_range"),
    (b"9" * 5000, 422, "out_of_range"),
    (b"true", 422, "invalid_amount"),
    (b"null", 422, "required"),
    (b"[1]", 422, "invalid_amount"),
    (b'{"value": 1}', 422, "invalid_amount"),
    (b'"%s"' % MEGABYTE.encode(), 422, "invalid_amount"),
    (b"NaN", 400, "malformed"),
    (b"Infinity", 400, "malformed"),
    (b"-Infinity", 400, "malformed"),
]


@pytest.mark.parametrize(("amount", "status", "code"), AMOUNTS, ids=[str(each[0][:24]) for each in AMOUNTS])
def test_an_invalid_amount_is_refused(api: Api, wallet: Any, amount: bytes, status: int, code: str) -> None:
    attributes = b'{"txid":"TX1","wallet":"%s","amount":%s}' % (wallet["id"].encode(), amount)
    body = b'{"data":{"type":"Transaction","attributes":%s}}' % attributes
    pointer = POINTER if status == 422 else None
    assert refused(api, "POST", "/api/transactions/", body) == (status, [(code, pointer)])


def test_an_overdraft_reports_the_balance(api: Api, wallet: Any) -> None:
    response = api.post(
        "/api/transactions/", resource("Transaction", txid="TX1", amount="-100.01", wallet=wallet["id"])
    )
    (error,) = response.json()["errors"]
    assert error == {
        "status": "422",
        "code": "insufficient_funds",
        "title": "Insufficient funds",
        "detail": "The balance does not cover it.",
        "source": {"pointer": POINTER},
        "meta": funds("100.00", "-100.01", int(wallet["id"])),
    }
    # The last cent is available.
    api.create_transaction(wallet["id"], txid="TX1", amount="-100.00")


def test_an_amount_that_sqlite_would_round_is_refused_there(api: Api) -> None:
    wallet = api.create_wallet(label="Ether", currency="ETH")
    document = resource("Transaction", txid="TX1", amount="1.123456789012345678", wallet=wallet["id"])
    if connection.vendor == "sqlite":
        assert refused(api, "POST", "/api/transactions/", document) == (422, [("precision_exceeded", POINTER)])
    else:
        assert api.post("/api/transactions/", document).status_code == 201


TEXTS: list[tuple[object, str]] = [
    ("", "blank"),
    (None, "required"),
    (" leading", "invalid"),
    ("trailing ", "invalid"),
    ("trailing\u3000", "invalid"),
    ("nul\0", "invalid"),
    ("line\nbreak", "invalid"),
    ("\ud800", "invalid"),
    (1, "invalid"),
    (True, "invalid"),
    ([], "invalid"),
    ({}, "invalid"),
    ("x" * 256, "too_long"),
    (MEGABYTE, "too_long"),
]


@pytest.mark.parametrize(("text", "code"), TEXTS, ids=[repr(text)[:24] for text, _ in TEXTS])
def test_an_invalid_name_is_refused(api: Api, wallet: Any, text: object, code: str) -> None:
    for type_name, url, name in (("Wallet", "wallets", "label"), ("Transaction", "transactions", "txid")):
        attributes = {name: text} if type_name == "Wallet" else {name: text, "amount": "1", "wallet": wallet["id"]}
        pointer = f"/data/attributes/{name}"
        document = resource(type_name, **attributes)
        document["data"]["attributes"] = attributes
        assert refused(api, "POST", f"/api/{url}/", document) == (422, [(code, pointer)])


def test_names_that_differ_in_anything_are_different(api: Api, wallet: Any) -> None:
    names = [
        "tx",
        "TX",
        "Tx",
        "tẍ",
        "tx\u0308",
        "t\u2003x",
        "tx🐎",
        "tx🐴",
        "Straße",
        "Strasse",
        "ß",
        "ss",
        "é",
        "e",
        "e\u0301",
    ]
    for name in names:
        api.create_transaction(wallet["id"], txid=name, amount="1.00")
        api.create_wallet(label=name)
    assert [each["attributes"]["txid"] for each in api.data("/api/transactions/")] == names
    assert [each["attributes"]["label"] for each in api.data("/api/wallets/")][1:] == names
    for name in names:
        document = resource("Transaction", txid=name, amount="1.00", wallet=wallet["id"])
        assert refused(api, "POST", "/api/transactions/", document) == (
            409,
            [("duplicate_txid", "/data/attributes/txid")],
        )
        document = resource("Wallet", label=name)
        assert refused(api, "POST", "/api/wallets/", document) == (
            409,
            [("duplicate_label", "/data/attributes/label")],
        )


def test_a_duplicate_names_its_holder(api: Api, wallet: Any) -> None:
    holder = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    response = api.post("/api/transactions/", resource("Transaction", txid="TX1", amount="2.00", wallet=wallet["id"]))
    assert response.json()["errors"][0]["meta"] == {"transaction": int(holder["id"]), "isSame": False}
    response = api.post("/api/transactions/", resource("Transaction", txid="TX1", amount="1", wallet=wallet["id"]))
    assert response.json()["errors"][0]["meta"] == {"transaction": int(holder["id"]), "isSame": True}
    response = api.post("/api/wallets/", resource("Wallet", label="My Wallet"))
    assert response.json()["errors"][0]["meta"] == {"wallet": int(wallet["id"])}


@pytest.mark.parametrize("identifier", ["999999", "0", "-1", "abc", "01", str(2**63), "9" * 30, "1.0", "٣"])
def test_a_missing_wallet_is_not_found(api: Api, identifier: str) -> None:
    document = resource("Transaction", txid="TX1", amount="1.00", wallet=identifier)
    expected = (404, [("not_found", "/data/relationships/wallet")])
    assert refused(api, "POST", "/api/transactions/", document) == expected
    document = resource("Transaction", txid="TX1", amount="1.00")
    document["data"]["attributes"]["wallet"] = identifier
    assert refused(api, "POST", "/api/transactions/", document) == (404, [("not_found", "/data/attributes/wallet")])
    for url in ("wallets", "transactions", "entries"):
        assert api.get(f"/api/{url}/{identifier}/").status_code == 404
    assert api.get(f"/api/wallets/{identifier}/transactions/").status_code == 404
    assert api.get(f"/api/transactions/{identifier}/wallet/").status_code == 404
    assert refused(api, "DELETE", f"/api/wallets/{identifier}/", None)[0] == 404
    assert refused(api, "PATCH", f"/api/wallets/{identifier}/", resource("Wallet", identifier))[0] == 404


@pytest.mark.parametrize("identifier", [2**63, 10**30, -1, 0])
def test_an_integer_id_beyond_all_columns_is_not_found(api: Api, identifier: int) -> None:
    document = resource("Transaction", txid="TX1", amount="1.00")
    document["data"]["attributes"]["wallet"] = identifier
    assert refused(api, "POST", "/api/transactions/", document) == (404, [("not_found", "/data/attributes/wallet")])


def test_several_problems_are_reported_at_once(api: Api, wallet: Any) -> None:
    document = resource("Transaction", txid="", amount="x", metadata=[], wallet=wallet["id"])
    assert refused(api, "POST", "/api/transactions/", document) == (
        422,
        [
            ("blank", "/data/attributes/txid"),
            ("invalid_amount", "/data/attributes/amount"),
            ("invalid", "/data/attributes/metadata"),
        ],
    )


def test_a_missing_member_is_reported_at_the_object_that_lacks_it(api: Api) -> None:
    status, found = refused(api, "POST", "/api/transactions/", {"data": {"type": "Transaction"}})
    assert (status, found) == (422, [("required", "/data")] * 3)
    document = {"data": {"type": "Transaction", "attributes": {}}}
    status, found = refused(api, "POST", "/api/transactions/", document)
    assert found == [("required", "/data/attributes")] * 2 + [("required", "/data")]


METADATA: list[tuple[object, str]] = [
    (None, "invalid"),
    ([], "invalid"),
    ("x", "invalid"),
    (1, "invalid"),
    ({"a": 2**64}, "invalid"),
    ({"a": "\0"}, "invalid"),
    ({"a": "\ud800"}, "invalid"),
    ({"links": {}}, "invalid"),
    ({"a": [{"relationships": 1}]}, "invalid"),
    ({"a": "x" * 20_000}, "too_long"),
]


@pytest.mark.parametrize(("metadata", "code"), METADATA, ids=[repr(value)[:20] for value, _ in METADATA])
def test_metadata_that_would_not_come_back_the_same_is_refused(api: Api, metadata: object, code: str) -> None:
    document = resource("Wallet", label="My Wallet", metadata=metadata)
    assert refused(api, "POST", "/api/wallets/", document) == (422, [(code, "/data/attributes/metadata")])


def test_metadata_nested_beyond_the_parsers_of_databases_is_refused(api: Api) -> None:
    for depth in (17, 96):
        body = b'{"data":{"type":"Wallet","attributes":{"label":"A","metadata":{"a":%s}}}}' % (
            b"[" * depth + b"]" * depth
        )
        assert refused(api, "POST", "/api/wallets/", body) == (422, [("invalid", "/data/attributes/metadata")])
