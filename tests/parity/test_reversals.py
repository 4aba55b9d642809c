"""Reversals through both faces: the same answers, and the same refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.parity.faces import post_graphql, post_rest
from tests.writes import open_wallet, post_transaction, post_transfer, rename_wallet, reverse_transaction
from tests.writes import reverse_transfer as reverse_posted_transfer
from walletsvc.models import Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = (
    "databaseId txid amount currency reversed description metadata createdAt updatedAt"
    " wallet { databaseId } transfer { databaseId } hold { databaseId } reversalOf { databaseId }"
)
TRANSFER = "databaseId txid external description metadata createdAt reversalOf { databaseId }"
Refusal = tuple[str, str | None]


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


def reverse_by_rest(client: Client, kind: str, identifier: object, **given: Any) -> tuple[dict[str, Any], Any]:
    """Return the reversal as GraphQL names its members."""
    key = {"Idempotency-Key": given.pop("idempotencyKey")} if "idempotencyKey" in given else {}
    path = f"/api/{kind.lower()}s/{identifier}/reversals"
    status, document, headers = post_rest(client, path, {"data": {"type": kind, "attributes": given}}, **key)
    assert status == 201, document
    data = document["data"]
    assert headers["Location"] == f"http://localhost/api/{kind.lower()}s/{data['id']}/" == data["links"]["self"]
    linked = {
        name: None if each["data"] is None else {"databaseId": each["data"]["id"]}
        for name, each in data["relationships"].items()
        if "data" in each
    }
    return {"databaseId": data["id"], **data["attributes"], **linked}, headers.get("Idempotency-Replayed")


def reverse_by_graphql(client: Client, kind: str, identifier: object, **given: Any) -> tuple[dict[str, Any], Any]:
    shown = SHOWN if kind == "Transaction" else TRANSFER
    name = f"reverse{kind}"
    query = (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input)"
        f" {{ {kind.lower()} {{ owner {shown} }} isReplay userErrors {{ code field }} }} }}"
    )
    reply = post_graphql(client, query, {"input": {"id": str(identifier), **given}})
    payload = reply["data"][name]
    assert payload["userErrors"] == [], payload
    return payload[kind.lower()], "true" if payload["isReplay"] else None


FACES: list[Callable[..., tuple[dict[str, Any], Any]]] = [reverse_by_rest, reverse_by_graphql]


def comparable(shown: dict[str, Any]) -> dict[str, Any]:
    varying = ("databaseId", "txid", "createdAt", "updatedAt", "reversalOf", "transfer")
    return {name: value for name, value in shown.items() if name not in varying}


def open_wallets() -> list[Wallet]:
    return [open_wallet(principal=ANYONE, label=f"W{number}", balance="100.00") for number in range(3)]


def test_both_faces_take_back_a_part_of_a_transaction(client: Client) -> None:
    wallet, *_ = open_wallets()
    shown = []
    for number, reverse in enumerate(FACES):
        posted = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid=f"TX{number}", amount="50.00")
        given = {"amount": "2.50", "description": "Why", "metadata": {"a": 1}}
        made, replayed = reverse(client, "Transaction", posted.id, txid=f"R{number}", **given)
        assert (made["amount"], made["reversed"], made["reversalOf"]) == (
            "-2.50",
            "0.00",
            {"databaseId": str(posted.id)},
        )
        assert (made["wallet"], made["transfer"], replayed) == ({"databaseId": str(wallet.id)}, None, None)
        shown.append(comparable(made))
    assert shown[0] == shown[1]
    assert_reconciled()


def test_both_faces_take_back_a_transfer(client: Client) -> None:
    wallets = open_wallets()
    shown = []
    for number, reverse in enumerate(FACES):
        moved = post_transfer(
            principal=ANYONE,
            txid=f"T{number}",
            legs=[{"wallet": wallets[0].id, "amount": "97.00"}, {"wallet": wallets[1].id, "amount": "3.00"}],
            external=[{"currency": "USD", "amount": "-100.00"}],
        )
        made, _ = reverse(client, "Transfer", moved.id, txid=f"R{number}", description="Why")
        assert (made["external"], made["reversalOf"]) == (
            [{"currency": "USD", "amount": "100.00"}],
            {"databaseId": str(moved.id)},
        )
        shown.append(comparable(made))
    assert shown[0] == shown[1]
    assert [balance(each.id) for each in wallets] == ["100.00"] * 3
    assert_reconciled()


def test_both_faces_take_back_a_transfer_while_conditions_hold(client: Client) -> None:
    wallets = open_wallets()
    for number, reverse in enumerate(FACES):
        moved = post_transfer(
            principal=ANYONE,
            txid=f"T{number}",
            source_id=wallets[0].id,
            destination_id=wallets[1].id,
            amount="5.00",
        )
        bounds = {"balance": {"gte": "100.00"}, "available": {"eq": "100.00"}}
        conditions = {"sequence": 2 + 2 * number, **bounds, "notAfter": "2100-01-01T00:00:00Z"}
        made, _ = reverse(client, "Transfer", moved.id, txid=f"R{number}", conditions=conditions)
        assert made["reversalOf"] == {"databaseId": str(moved.id)}
    assert_reconciled()


@pytest.mark.parametrize("kind", ["Transaction", "Transfer"])
@pytest.mark.parametrize(("first", "second"), [FACES, FACES[::-1]])
def test_a_key_gets_the_same_answer_again_through_either_face(
    client: Client, kind: str, first: Callable[..., Any], second: Callable[..., Any]
) -> None:
    wallets = open_wallets()
    posted = post_transaction(principal=ANYONE, wallet_id=wallets[0].id, txid="TX", amount="50.00")
    moved = post_transfer(
        principal=ANYONE, txid="T", source_id=wallets[0].id, destination_id=wallets[1].id, amount="50.00"
    )
    target = posted.id if kind == "Transaction" else moved.id
    given = {"txid": "R", "metadata": {"a": [1]}, "idempotencyKey": "key-1"}
    made, replayed = first(client, kind, target, **given)
    assert replayed is None
    # What has been taken back since, and the rest that is none any more, change nothing.
    before = snapshot()
    for reverse in (first, second, first):
        again, replayed = reverse(client, kind, target, **given)
        assert (again, replayed) == (made, "true")
    assert snapshot() == before
    another = f'id: {target}, txid: "R", idempotencyKey: "key-1"'
    query = f"mutation {{ reverse{kind}(input: {{{another}}}) {{ userErrors {{ code }} }} }}"
    reply = post_graphql(client, query, {})
    assert reply["data"][f"reverse{kind}"]["userErrors"] == [{"code": "idempotency_conflict"}]


# -- refusals ------------------------------------------------------------------------------------------


def refused_by_rest(
    client: Client, kind: str, identifier: object, given: dict[str, Any]
) -> tuple[int, list[Refusal]]:
    path = f"/api/{kind.lower()}s/{identifier}/reversals/"
    status, document, _ = post_rest(client, path, {"data": {"type": kind, "attributes": given}})
    found: list[Refusal] = []
    for error in document["errors"]:
        pointer = error.get("source", {}).get("pointer")
        field = None if pointer is None else pointer.removeprefix("/data/attributes").lstrip("/").replace("/", ".")
        found.append((error["code"], field or None))
    return status, found


def refused_by_graphql(client: Client, kind: str, identifier: object, given: dict[str, Any]) -> list[Refusal]:
    name = f"reverse{kind}"
    query = (
        f"mutation ($input: Reverse{kind}Input!) {{ {name}(input: $input)"
        f" {{ {kind.lower()} {{ txid }} userErrors {{ code field }} }} }}"
    )
    payload = post_graphql(client, query, {"input": {"id": str(identifier), **given}})["data"][name]
    assert payload[kind.lower()] is None
    return [(each["code"], each["field"]) for each in payload["userErrors"]]


@pytest.mark.parametrize(
    ("what", "given", "status", "refusals"),
    [
        ("credit", {"txid": "", "amount": "0"}, 422, [("blank", "txid"), ("invalid_amount", "amount")]),
        ("credit", {"txid": "R", "amount": "-1"}, 422, [("invalid_amount", "amount")]),
        ("credit", {"txid": "R", "amount": "0.001"}, 422, [("scale_exceeded", "amount")]),
        ("credit", {"txid": "R", "amount": "50.01"}, 422, [("reversal_exceeds", "amount")]),
        ("credit", {"txid": "credit"}, 409, [("duplicate_txid", "txid")]),
        ("credit", {"txid": "R", "conditions": {"sequence": 1}}, 412, [("condition_failed", "conditions.sequence")]),
        ("credit", {"txid": "R", "conditions": {"balance": {"gte": "x"}}}, 422, None),
        ("spent", {"txid": "R"}, 422, [("insufficient_funds", "amount")]),
        ("frozen", {"txid": "R"}, 409, [("wallet_frozen", None)]),
        ("closed", {"txid": "R"}, 409, [("wallet_closed", None)]),
        ("reversed", {"txid": "R"}, 422, [("reversal_exceeds", "amount")]),
        ("reversal", {"txid": "R"}, 409, [("transaction_bound", None)]),
        ("leg", {"txid": "R"}, 409, [("transaction_bound", None)]),
        ("nothing", {"txid": "R"}, 404, [("not_found", None)]),
        ("pair", {"txid": "", "amount": "x"}, 422, [("blank", "txid"), ("invalid_amount", "amount")]),
        ("pair", {"txid": "R", "amount": "5.01"}, 422, [("reversal_exceeds", "amount")]),
        ("pair", {"txid": "pair"}, 409, [("duplicate_txid", "txid")]),
        ("three", {"txid": "R", "amount": "1"}, 422, [("invalid", "amount")]),
        ("three", {"txid": "R", "conditions": {"sequence": 1}}, 422, [("invalid", "conditions")]),
        ("pair", {"txid": "R", "conditions": {"sequence": 1}}, 412, [("condition_failed", "conditions.sequence")]),
        (
            "pair",
            {"txid": "R", "conditions": {"available": {"gte": "100.01"}}},
            412,
            [("condition_failed", "conditions.available.gte")],
        ),
        (
            "three",
            {"txid": "R", "conditions": {"notAfter": "2026-01-01T00:00:00Z"}},
            412,
            [("condition_failed", "conditions.notAfter")],
        ),
        ("transfer back", {"txid": "R"}, 409, [("transaction_bound", None)]),
        ("no transfer", {"txid": "R"}, 404, [("not_found", None)]),
    ],
)
def test_both_faces_refuse_alike(
    client: Client, what: str, given: dict[str, Any], status: int, refusals: list[Refusal] | None
) -> None:
    kind, identifier = make(what)
    before = snapshot()
    answered, by_rest = refused_by_rest(client, kind, identifier, given)
    by_graphql = refused_by_graphql(client, kind, identifier, given)
    if refusals is None:
        # The scalar of the schema reads amounts in GraphQL.
        assert answered == status
    else:
        # REST points to what was sent. GraphQL names the id that is not found, which is no part of REST's document.
        pointed = [
            (code, field if field is None or field.partition(".")[0] in given else None) for code, field in refusals
        ]
        named = [(code, "id" if code == "not_found" else field) for code, field in refusals]
        assert (answered, by_rest, by_graphql) == (status, pointed, named)
    assert snapshot() == before


def make(what: str) -> tuple[str, int]:
    """Return the kind and the id of something to reverse."""
    wallets = open_wallets()

    def post(txid: str, amount: str) -> Transaction:
        return post_transaction(principal=ANYONE, wallet_id=wallets[0].id, txid=txid, amount=amount)

    def move(txid: str, *amounts: str) -> Transfer:
        legs = [{"wallet": wallet.id, "amount": each} for wallet, each in zip(wallets, amounts, strict=False)]
        return post_transfer(principal=ANYONE, txid=txid, legs=legs)

    match what:
        case "credit":
            return "Transaction", post("credit", "50.00").id
        case "spent":
            credit = post("credit", "50.00")
            post("debit", "-120.00")
            return "Transaction", credit.id
        case "frozen":
            credit = post("credit", "50.00")
            rename_wallet(principal=SYSTEM, wallet_id=wallets[0].id, state="frozen")
            return "Transaction", credit.id
        case "closed":
            debit = post("debit", "-100.00")
            rename_wallet(principal=SYSTEM, wallet_id=wallets[0].id, state="closed")
            return "Transaction", debit.id
        case "reversed":
            credit = post("credit", "50.00")
            reverse_transaction(principal=ANYONE, transaction_id=credit.id, txid="back")
            return "Transaction", credit.id
        case "reversal":
            credit = post("credit", "50.00")
            return "Transaction", reverse_transaction(principal=ANYONE, transaction_id=credit.id, txid="back").id
        case "leg":
            return "Transaction", move("pair", "-5.00", "5.00").legs.earliest("id").id
        case "pair":
            return "Transfer", move("pair", "-5.00", "5.00").id
        case "three":
            return "Transfer", move("three", "-5.00", "4.00", "1.00").id
        case "transfer back":
            pair = move("pair", "-5.00", "5.00")
            return "Transfer", reverse_posted_transfer(principal=ANYONE, transfer_id=pair.id, txid="back").id
    return "Transfer" if what == "no transfer" else "Transaction", 999_999


# -- reads ---------------------------------------------------------------------------------------------


def test_a_reversal_shows_at_once_in_what_is_read_of_the_original(client: Client) -> None:
    wallet, *_ = open_wallets()
    posted = post_transaction(principal=ANYONE, wallet_id=wallet.id, txid="TX", amount="50.00")
    url = f"/api/transactions/{posted.id}/"
    query = (
        f"{{ transaction(id: {posted.id}) {{ reversed reversals {{ totalCount edges {{ node {{ txid }} }} }} }}"
        f" wallet(id: {wallet.id}) {{ transactions(first: 1) {{ edges {{ node {{ reversed reversals"
        " { edges { node { txid } } } } } } } }"
    )

    def seen() -> tuple[Any, ...]:
        item = client.get(f"{url}?include=reversals").json()
        listed = client.get(f"/api/wallets/{wallet.id}/transactions/?page[size]=1").json()
        related = client.get(f"{url}reversals/").json()
        ids = client.get(f"{url}relationships/reversals/").json()
        data = post_graphql(client, query, {})["data"]
        nested = data["wallet"]["transactions"]["edges"][0]["node"]
        return (
            item["data"]["attributes"]["reversed"],
            [each["attributes"]["txid"] for each in item.get("included", ())],
            listed["data"][0]["attributes"]["reversed"],
            [each["attributes"]["txid"] for each in related["data"]],
            len(ids["data"]),
            data["transaction"]["reversed"],
            data["transaction"]["reversals"]["totalCount"],
            [each["node"]["txid"] for each in data["transaction"]["reversals"]["edges"]],
            nested["reversed"],
            [each["node"]["txid"] for each in nested["reversals"]["edges"]],
        )

    for number in range(4):
        txids = [f"R{each}" for each in range(number)]
        amount = f"{number}.00"
        for _ in range(2):
            assert seen() == (amount, txids, amount, txids, number, amount, number, txids, amount, txids)
        FACES[number % 2](client, "Transaction", posted.id, txid=f"R{number}", amount="1")
    filtered = client.get(f"/api/transactions/?filter[reversalOf]={posted.id}&sort=-id").json()
    assert [each["attributes"]["txid"] for each in filtered["data"]] == ["R3", "R2", "R1", "R0"]
    back = client.get(f"/api/transactions/{filtered['data'][0]['id']}/reversalOf/").json()
    assert (back["data"]["id"], back["data"]["attributes"]["reversed"]) == (str(posted.id), "4.00")
