"""`owner` is an attribute for callers that are not bound to an owner, and does not exist for others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.access.owners import Caller, change, new, nodes
from tests.database.rows import insert
from tests.fast_path.front import Front
from tests.ledger.state import snapshot
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

CREATE = """mutation ($input: CreateWalletInput!) {
  createWallet(input: $input) { wallet { databaseId label owner } userErrors { code message field } } }"""
OWNERS = """query ($filters: WalletFilters) {
  wallets(filters: $filters) { edges { node {
    label owner transactions { edges { node { owner } } } entries { edges { node { owner } } } } } } }"""


@pytest.fixture
def operator(guarded_front: Front) -> Caller:
    return Caller(guarded_front)


@pytest.fixture
def alice(guarded_front: Front) -> Caller:
    return Caller(guarded_front, owner="alice")


def owners_in(document: Any) -> list[object]:
    """Return each `owner` in the resource objects of a document."""
    found = document["data"] if isinstance(document["data"], list) else [document["data"]]
    return [each["attributes"].get("owner", "absent") for each in (*found, *document.get("included", ()))]


def test_an_operator_opens_wallets_for_owners_and_sees_whose_all_is(operator: Caller, alice: Caller) -> None:
    hers = operator.open("A", owner="alice", balance="5.00")
    for label, owner in (("B", {"owner": "bob"}), ("C", {"owner": ""}), ("D", {})):
        payload = operator.graphql(CREATE, input={"label": label, "balance": "5.00", **owner})["data"]["createWallet"]
        assert payload["userErrors"] == []
        assert payload["wallet"]["owner"] == owner.get("owner", "")
        assert operator.post(payload["wallet"]["databaseId"], f"of {label}")[0] == 201
    assert alice.post(hers, "of A")[1]["data"]["attributes"].keys() >= {"txid"}
    expected = {"A": "alice", "B": "bob", "C": "", "D": ""}
    for _ in range(3):
        assert {each["attributes"]["label"]: each["attributes"]["owner"] for each in operator.read("wallets/")} == (
            expected
        )
        for type_name in ("transactions", "entries"):
            shown = [each["attributes"]["owner"] for each in operator.read(f"{type_name}/?include=wallet")]
            assert sorted(set(shown)) == ["", "alice", "bob"]
        found = nodes(operator.graphql(OWNERS))
        assert {each["label"]: each["owner"] for each in found} == expected
        for each in found:
            inner = [*each["transactions"]["edges"], *each["entries"]["edges"]]
            assert [edge["node"]["owner"] for edge in inner] == [each["owner"]] * 3
    assert operator.read(f"wallets/{hers}/?fields[Wallet]=owner")["attributes"] == {"owner": "alice"}
    status, document = operator.rest("GET", f"wallets/{hers}/?include=transactions,entries")
    assert (status, owners_in(document)) == (200, ["alice"] * 4)
    status, document = operator.operations(
        {"op": "add", "data": new("Wallet", label="E", owner="eve")["data"]},
        {"op": "update", "data": change("Wallet", hers, label="A2")["data"]},
    )
    assert status == 200, document
    assert [each["data"]["attributes"]["owner"] for each in document["atomic:results"]] == ["eve", "alice"]
    assert set(Transaction.objects.values_list("txid", "owner")) == {
        ("of A", "alice"),
        ("of B", "bob"),
        ("of C", ""),
        ("of D", ""),
    }


def test_lists_can_be_filtered_by_owner(operator: Caller) -> None:
    for label, owner in (("A", "alice"), ("B", "bob"), ("C", ""), ("D", "alice")):
        operator.post(operator.open(label, owner=owner), f"of {label}")
    for owner, labels in (("alice", ["A", "D"]), ("bob", ["B"]), ("", ["C"]), ("Alice", []), ("nobody", [])):
        for _ in range(2):
            status, document = operator.rest("GET", f"wallets/?filter[owner]={owner}")
            assert status == 200, document
            assert [each["attributes"]["label"] for each in document["data"]] == labels
            assert document["meta"]["pagination"]["count"] == len(labels)
            assert [each["label"] for each in nodes(operator.graphql(OWNERS, filters={"owner": owner}))] == labels
            for type_name in ("transactions", "entries"):
                found = operator.read(f"{type_name}/?filter[owner]={owner}")
                assert [each["attributes"]["txid"] for each in found] == [f"of {label}" for label in labels]
    assert operator.rest("GET", f"wallets/?filter[owner]={'x' * 256}")[0] == 400


ASKED: list[tuple[str, str, Any]] = [
    ("GET", "wallets/?filter[owner]=alice", None),
    ("GET", "wallets/?filter[owner]=", None),
    ("GET", "wallets/{wallet}/transactions/?filter[owner]=alice", None),
    ("GET", "entries/?filter[owner]=alice&page[size]=1", None),
    ("GET", "wallets/?sort=owner", None),
    ("GET", "transactions/?sort=-owner", None),
    *(("GET", f"wallets/?fields[{name}]=owner", None) for name in ("Wallet", "Transaction", "Entry")),
    ("GET", "transactions/{transaction}/wallet/?fields[Wallet]=label,owner", None),
    ("GET", "wallets/?include=owner", None),
    *(("POST", "wallets/", new("Wallet", label="N", owner=owner)) for owner in ("alice", "bob", "", None, 1)),
    ("POST", "wallets/", new("Wallet", owner="alice")),
    ("POST", "wallets/?fields[Wallet]=owner", new("Wallet", label="N")),
    ("POST", "transactions/", new("Transaction", txid="N", amount="1", wallet="{wallet}", owner="alice")),
    ("PATCH", "wallets/{wallet}/", change("Wallet", "{wallet}", owner="bob")),
    ("PATCH", "transactions/{transaction}/", change("Transaction", "{transaction}", owner="alice")),
]
BATCHES: list[Any] = [
    {"op": "add", "data": new("Wallet", label="N", owner="alice")["data"]},
    {"op": "update", "data": change("Wallet", "{wallet}", owner="alice")["data"]},
    {"op": "add", "data": new("Transaction", txid="N", amount="1", wallet="{wallet}", owner="")["data"]},
]


@pytest.mark.parametrize("narrows", [False, True])
def test_for_a_bound_caller_it_is_what_does_not_exist(operator: Caller, guarded_front: Front, narrows: bool) -> None:
    caller = Caller(guarded_front, narrowed_to="alice") if narrows else Caller(guarded_front, owner="alice")
    wallet = caller.open("A", balance="5.00")
    ids = {"wallet": wallet, "transaction": str(caller.post(wallet, "T")[1]["data"]["id"])}
    before = snapshot()

    def ask(name: str, method: str, path: str, document: Any) -> tuple[int, str]:
        text = json.dumps([path, document]).replace("owner", name)
        for key, number in ids.items():
            text = text.replace(f"{{{key}}}", number)
        path, document = json.loads(text)
        if path == "operations":
            status, answer = caller.operations(document)
        else:
            status, answer = caller.rest(method, path, document)
        return status, json.dumps(answer)

    for method, path, document in [*ASKED, *(("POST", "operations", each) for each in BATCHES)]:
        for _ in range(2):
            status, answer = ask("owner", method, path, document)
            unknown = ask("whose", method, path, document)
            assert (status, answer.replace("owner", "whose")) == unknown
            assert status in (400, 422)
    assert snapshot() == before


def test_in_graphql_a_bound_caller_gets_null_and_the_refusals_of_rest(operator: Caller, alice: Caller) -> None:
    hers = alice.open("A", balance="5.00")
    alice.post(hers, "T")
    operator.open("B", owner="bob")
    before = snapshot()
    included = OWNERS.replace("label owner", "label owner @include(if: true)")
    for query in (OWNERS, included):
        for _ in range(2):
            (found,) = nodes(alice.graphql(query))
            assert (found["label"], found["owner"]) == ("A", None)
            inner = [*found["transactions"]["edges"], *found["entries"]["edges"]]
            assert [edge["node"]["owner"] for edge in inner] == [None] * 3
    for owner in ("alice", "bob", ""):
        (error,) = alice.graphql(OWNERS, filters={"owner": owner})["errors"]
        status, document = alice.rest("GET", f"wallets/?filter[owner]={owner}")
        assert (status, document["errors"][0]["detail"]) == (400, error["message"])
        assert error["extensions"]["code"] == document["errors"][0]["code"] == "invalid_parameter"
        nested = "{ wallets { edges { node { transactions(filters: {owner: $owner}) { totalCount } } } } }"
        answer = alice.graphql(f"query ($owner: String) {nested}", owner=owner)
        assert [each["extensions"]["code"] for each in answer["errors"]] == ["invalid_parameter"]
        payload = alice.graphql(CREATE, input={"label": "N", "owner": owner})["data"]["createWallet"]
        status, document = alice.rest("POST", "wallets/", new("Wallet", label="N", owner=owner))
        assert payload["wallet"] is None
        assert payload["userErrors"] == [
            {"code": document["errors"][0]["code"], "message": document["errors"][0]["detail"], "field": "owner"}
        ]
    assert snapshot() == before
    payload = alice.graphql(CREATE, input={"label": "N"})["data"]["createWallet"]
    assert (payload["wallet"]["owner"], payload["userErrors"]) == (None, [])
    assert Wallet.objects.get(label="N").owner == "alice"


@pytest.mark.parametrize(
    ("owner", "code"), [(" alice", "invalid"), ("a\n", "invalid"), ("x" * 256, "too_long"), (None, "invalid")]
)
def test_an_owner_is_a_name(operator: Caller, owner: object, code: str) -> None:
    status, document = operator.rest("POST", "wallets/", new("Wallet", label="N", owner=owner))
    (error,) = document["errors"]
    assert (status, error["code"], error["source"]) == (422, code, {"pointer": "/data/attributes/owner"})
    payload = operator.graphql(CREATE, input={"label": "N", "owner": owner})["data"]["createWallet"]
    assert payload["userErrors"] == [{"code": code, "message": error["detail"], "field": "owner"}]
    assert not Wallet.objects.exists()


def test_an_owner_never_changes(operator: Caller) -> None:
    wallet = operator.open("A", owner="alice")
    transaction = str(operator.post(wallet, "T")[1]["data"]["id"])
    before = snapshot()
    for type_name, identifier in (("Wallet", wallet), ("Transaction", transaction)):
        path = f"{type_name.lower()}s/{identifier}/"
        status, document = operator.rest("PATCH", path, change(type_name, identifier, owner="bob"))
        (error,) = document["errors"]
        assert (status, error["code"]) == (422, "immutable")
        assert error["source"] == {"pointer": "/data/attributes/owner"}
    assert snapshot() == before


def test_names_are_those_of_the_owner_for_whom_an_operator_writes(operator: Caller, alice: Caller) -> None:
    hers = alice.open("A")
    assert alice.post(hers, "T")[0] == 201
    operator.open("A")
    operator.open("A", owner="bob")
    status, document = operator.rest("POST", "wallets/", new("Wallet", label="A", owner="alice"))
    (error,) = document["errors"]
    assert (status, error["code"], error["meta"]) == (409, "duplicate_label", {"wallet": int(hers)})
    payload = operator.graphql(CREATE, input={"label": "A", "owner": "alice"})["data"]["createWallet"]
    assert [each["code"] for each in payload["userErrors"]] == ["duplicate_label"]

    def open_and_post(owner: str) -> tuple[int, Any]:
        post = new("Transaction", txid="T", amount="1")["data"] | {  # type: ignore[operator]
            "relationships": {"wallet": {"data": {"type": "Wallet", "lid": "w"}}}
        }
        opening = new("Wallet", label="New", owner=owner)["data"] | {"lid": "w"}  # type: ignore[operator]
        return operator.operations({"op": "add", "data": opening}, {"op": "add", "data": post})

    before = snapshot()
    status, document = open_and_post("alice")
    assert (status, document["errors"][0]["code"]) == (409, "duplicate_txid")
    assert snapshot() == before
    assert open_and_post("bob")[0] == 200
    twice = {"op": "add", "data": new("Wallet", label="Twice", owner="eve")["data"]}
    of_another = {"op": "add", "data": new("Wallet", label="Twice", owner="bob")["data"]}
    assert operator.operations(twice, twice)[0] == 409
    assert operator.operations(twice, of_another)[0] == 200


def test_rows_without_an_owner_are_for_operators_only(operator: Caller, alice: Caller) -> None:
    """As those of a server from before owners, whose wallets have none."""
    wallet = insert("walletsvc_wallet")
    insert("walletsvc_transaction", wallet_id=wallet)
    insert("walletsvc_entry", wallet_id=wallet)
    for path in ("wallets/", "transactions/", "entries/"):
        assert [each["attributes"]["owner"] for each in operator.read(path)] == [""]
        assert alice.read(path) == []
    assert operator.post(str(wallet), "N")[0] == 201
    assert alice.post(str(wallet), "O")[0] == 404
