"""The public contract: the requests of the documentation, letter for letter, and their answers."""

from __future__ import annotations

import json

import pytest

from tests.rest_api.conftest import SERVER, Api, problems, resource
from walletsvc.models import Entry, Transaction, Wallet

CREATE_WALLET = b'{"data":{"type":"Wallet","attributes":{"label":"My Wallet","balance":"100.00"}}}'


def create_transaction_document(wallet_id: str) -> bytes:
    template = '{"data":{"type":"Transaction","attributes":{"txid":"TX123","amount":"50.00","wallet":"%s"}}}'
    return (template % wallet_id).encode()


def test_the_documented_requests_work_as_written(api: Api) -> None:
    response = api.post("/api/wallets/", CREATE_WALLET)
    assert response.status_code == 201
    wallet = response.json()["data"]
    assert response["Location"] == wallet["links"]["self"] == f"{SERVER}/api/wallets/{wallet['id']}/"
    response = api.post("/api/transactions/", create_transaction_document(wallet["id"]))
    assert response.status_code == 201
    transaction = response.json()["data"]
    assert response["Location"] == transaction["links"]["self"] == f"{SERVER}/api/transactions/{transaction['id']}/"
    assert transaction["relationships"]["wallet"]["data"] == {"type": "Wallet", "id": wallet["id"]}
    assert "wallet" not in transaction["attributes"]
    assert api.data(wallet["links"]["self"])["attributes"]["balance"] == "150.00"


def test_a_wallet_is_shown_in_full(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="100.00", metadata={"team": ["a", {"b": 1}]})
    at, base = wallet["attributes"]["createdAt"], wallet["links"]["self"]
    assert wallet == {
        "type": "Wallet",
        "id": wallet["id"],
        "attributes": {
            "label": "My Wallet",
            "balance": "100.00",
            "currency": "USD",
            "held": "0.00",
            "floor": "0.00",
            "available": "100.00",
            "state": "active",
            "sequence": 1,
            "owner": "",
            "metadata": {"team": ["a", {"b": 1}]},
            "createdAt": at,
            "updatedAt": at,
        },
        "relationships": {
            name: {"links": {"self": f"{base}relationships/{name}/", "related": f"{base}{name}/"}}
            for name in ("transactions", "entries", "holds")
        },
        "links": {"self": f"{SERVER}/api/wallets/{wallet['id']}/"},
    }
    assert at.endswith("Z")
    assert len(at) == len("2026-01-31T12:00:00.000000Z")


def test_a_new_wallet_has_an_entry_but_no_transaction(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="100.00")
    assert api.data(f"/api/wallets/{wallet['id']}/transactions") == []
    (entry,) = api.data(f"/api/wallets/{wallet['id']}/entries")
    attributes = {name: entry["attributes"][name] for name in ("sequence", "amount", "balanceAfter", "kind", "txid")}
    assert attributes == {
        "sequence": 1,
        "amount": "100.00",
        "balanceAfter": "100.00",
        "kind": "opening",
        "txid": "",
    }
    assert entry["relationships"]["wallet"]["data"] == {"type": "Wallet", "id": wallet["id"]}
    assert entry["relationships"]["transaction"]["data"] is None


@pytest.mark.parametrize("amount", ["-25.50", -25.5, "-25.500"])
def test_an_amount_is_a_text_or_an_exact_number(api: Api, amount: object) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="100.00")
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount=amount)
    assert transaction["attributes"]["amount"] == "-25.50"
    assert api.data(f"/api/wallets/{wallet['id']}")["attributes"]["balance"] == "74.50"


def test_a_number_that_no_float_holds_is_kept(api: Api) -> None:
    api.create_wallet(label="Ether", currency="ETH")
    response = api.post(
        "/api/transactions/",
        b'{"data":{"type":"Transaction","attributes":{"txid":"T","wallet":%d,"amount":0.100000000000001}}}'
        % Wallet.objects.get().id,
    )
    assert response.json()["data"]["attributes"]["amount"] == "0.100000000000001000"


def test_the_wallet_may_be_an_attribute_of_either_kind(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet")
    for number, identifier in enumerate((wallet["id"], int(wallet["id"]))):
        document = resource("Transaction", txid=f"TX{number}", amount="1.00")
        document["data"]["attributes"]["wallet"] = identifier
        assert api.post("/api/transactions", document).status_code == 201
    both = resource("Transaction", txid="both", amount="1.00", wallet=wallet["id"])
    both["data"]["attributes"]["wallet"] = int(wallet["id"])
    assert api.post("/api/transactions", both).status_code == 201


def test_a_wallet_given_as_two_different_ones_is_refused(api: Api) -> None:
    wallet, other = api.create_wallet(label="One"), api.create_wallet(label="Other")
    document = resource("Transaction", txid="TX1", amount="1.00", wallet=wallet["id"])
    document["data"]["attributes"]["wallet"] = other["id"]
    response = api.post("/api/transactions/", document)
    assert response.status_code == 422
    assert problems(response) == [("invalid", "/data/attributes/wallet")]
    assert not Transaction.objects.exists()


def test_a_transaction_is_amended_moved_and_deleted(api: Api) -> None:
    one, other = api.create_wallet(label="One", balance="10.00"), api.create_wallet(label="Other")
    transaction = api.create_transaction(one["id"], txid="TX1", amount="5.00")
    url = transaction["links"]["self"]
    changed = api.patch(
        url,
        resource("Transaction", transaction["id"], amount="7.00", txid="TX2", description="rent", metadata={"a": 1}),
    )
    assert changed.status_code == 200
    assert changed.json()["data"] == api.data(url)
    attributes = changed.json()["data"]["attributes"]
    assert (attributes["amount"], attributes["txid"], attributes["description"]) == ("7.00", "TX2", "rent")
    moved = api.patch(url, resource("Transaction", transaction["id"], wallet=other["id"]))
    assert moved.json()["data"]["relationships"]["wallet"]["data"]["id"] == other["id"]
    balances = [api.data(each["links"]["self"])["attributes"]["balance"] for each in (one, other)]
    assert balances == ["10.00", "7.00"]
    response = api.delete(url)
    assert (response.status_code, response.content) == (204, b"")
    assert api.get(url).status_code == 404
    assert api.data(other["links"]["self"])["attributes"]["balance"] == "0.00"
    kinds = [entry["attributes"]["kind"] for entry in api.data("/api/entries/")]
    assert kinds == ["opening", "post", "amend", "move_out", "move_in", "delete"]


def test_an_empty_wallet_is_deleted_and_its_entries_stay(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="10.00")
    url = wallet["links"]["self"]
    response = api.delete(url)
    assert response.status_code == 409
    assert response.json()["errors"][0]["meta"] == {
        "balance": "10.00",
        "held": "0.00",
        "currency": "USD",
        "wallet": int(wallet["id"]),
    }
    api.create_transaction(wallet["id"], txid="TX1", amount="-10.00")
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404
    assert api.data("/api/wallets/") == []
    assert api.data("/api/transactions/") == []
    assert len(api.data(f"/api/entries/?filter[wallet]={wallet['id']}")) == 2
    assert api.get(f"/api/wallets/{wallet['id']}/entries").status_code == 404


def test_the_entries_of_a_deleted_wallet_still_name_it(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet")
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    assert api.delete(transaction["links"]["self"]).status_code == 204
    assert api.delete(wallet["links"]["self"]).status_code == 204
    entry = api.data("/api/entries/")[0]
    assert entry["relationships"]["wallet"]["data"]["id"] == wallet["id"]
    for name in ("wallet", "transaction"):
        links = entry["relationships"][name]["links"]
        assert api.data(links["related"]) is None
        assert api.data(links["self"]) == entry["relationships"][name]["data"]
    assert api.get("/api/entries/?include=wallet,transaction").json()["included"] == []


def test_a_label_is_changed_and_money_is_not(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet", balance="10.00")
    url = wallet["links"]["self"]
    response = api.patch(url, resource("Wallet", wallet["id"], label="Savings", metadata={"a": None}))
    assert response.status_code == 200
    assert response.json()["data"] == api.data(url)
    assert response.json()["data"]["attributes"]["label"] == "Savings"
    response = api.patch(url, resource("Wallet", wallet["id"], label="Other", balance="99.00", currency="EUR"))
    assert response.status_code == 422
    assert problems(response) == [
        ("immutable", "/data/attributes/balance"),
        ("immutable", "/data/attributes/currency"),
    ]
    assert api.data(url)["attributes"]["label"] == "Savings"
    assert Entry.objects.count() == 1


def test_a_write_answers_with_the_document_of_a_read(api: Api) -> None:
    values = {
        "label": "Žluť 🐎",
        "metadata": {"b": 1, "a": [1.5, None, True, "x"], "ü": {"deep": []}},
        "currency": "JPY",
    }
    created = api.post("/api/wallets/", resource("Wallet", **values))
    url = created["Location"]
    assert json.loads(created.content) == json.loads(api.get(url).content)
    with_related = api.post(
        "/api/transactions/?include=wallet&fields[Wallet]=balance,label",
        resource("Transaction", txid="TX1", amount=7, wallet=created.json()["data"]["id"]),
    )
    assert with_related.status_code == 201
    assert with_related["Location"] == with_related.json()["data"]["links"]["self"]
    query = "?include=wallet&fields[Wallet]=balance,label"
    document = with_related.json()
    # The wallet after the entry is known to the write only.
    assert document["data"].pop("meta") == {"wallet": {"sequence": 1, "balance": "7", "held": "0"}}
    assert document == api.get(with_related["Location"] + query).json()
    assert with_related.json()["included"][0]["attributes"] == {"label": "Žluť 🐎", "balance": "7"}
