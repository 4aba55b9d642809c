"""Transfers and holds of wallets that the same batch opens: local ids wherever a wallet is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, balance, lines, snapshot
from tests.rest_api.batches import add_wallet, refused, results, send
from tests.rest_api.conftest import Api, problems
from walletsvc.models import Hold, Transaction, Transfer, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

AT = "/atomic:operations/{}/data/attributes/legs/{}/wallet{}"


def local(lid: str) -> dict[str, str]:
    return {"type": "Wallet", "lid": lid}


def add(
    type_name: str, *, lid: str | None = None, relations: dict[str, Any] | None = None, **attributes: object
) -> Any:
    """Return the operation that creates a resource; `relations` are resource identifier objects."""
    data: dict[str, Any] = {"type": type_name, "attributes": attributes}
    if relations:
        data["relationships"] = {name: {"data": each} for name, each in relations.items()}
    return {"op": "add", "data": data | ({"lid": lid} if lid else {})}


def open_three() -> list[Any]:
    return [add_wallet(name, "100.00", lid=name) for name in ("a", "b", "c")]


def transfer(*legs: tuple[Any, str], **more: Any) -> Any:
    members = [{"wallet": wallet, "amount": amount} for wallet, amount in legs]
    return add("Transfer", txid="T", legs=members, **more)


def balances() -> dict[str, str]:
    return {each.label: balance(each.id) for each in Wallet.objects.order_by("label")}


def test_a_batch_opens_wallets_and_moves_between_them(api: Api) -> None:
    old = api.create_wallet(label="old", balance="10.00")["id"]
    legs = [(local("a"), "-40.00"), (local("b"), "30.00"), ({"type": "Wallet", "id": old}, "7.00"), (old, "3.00")]
    *_, moved = results(send(api, *open_three(), transfer(*legs)))
    assert (moved["data"]["type"], moved["data"]["attributes"]["txid"]) == ("Transfer", "T")
    assert balances() == {"a": "60.00", "b": "130.00", "c": "100.00", "old": "20.00"}
    a = Wallet.objects.get(label="a")
    assert lines(a.id)[1:] == [(2, "transfer_out", "-40.00", "60.00", "T.1")]
    found = Transaction.objects.filter(transfer__txid="T").order_by("txid").values_list("wallet__label", "amount")
    assert [(label, str(amount.quantize(1))) for label, amount in found] == [
        ("a", "-40"),
        ("b", "30"),
        ("old", "7"),
        ("old", "3"),
    ]
    assert_reconciled()


def test_a_batch_reverses_the_transfer_between_wallets_that_it_opens(api: Api) -> None:
    moving = transfer((local("a"), "-40.00"), (local("b"), "39.00"), (local("c"), "1.00"))
    moving["data"]["lid"] = "t"
    ref = {"type": "Transfer", "lid": "t", "relationship": "reversals"}
    reversing = {"op": "add", "ref": ref, "data": {"type": "Transfer", "attributes": {"txid": "R"}}}
    results(send(api, *open_three(), moving, reversing))
    assert balances() == dict.fromkeys("abc", "100.00")
    assert Transfer.objects.get(txid="R").reversal_of_id == Transfer.objects.get(txid="T").id
    assert_reconciled()


def test_a_pair_and_a_hold_name_new_wallets_as_relationships(api: Api) -> None:
    pair = add("Transfer", txid="P", amount="5.00", relations={"source": local("a"), "destination": local("b")})
    holding = add(
        "Hold", txid="H", amount="20.00", lid="h", relations={"wallet": local("a"), "destination": local("c")}
    )
    capture = {
        "op": "add",
        "ref": {"type": "Hold", "lid": "h", "relationship": "captures"},
        "data": {"type": "Transaction", "attributes": {"txid": "C", "amount": "15.00", "isFinal": True}},
    }
    results(send(api, *open_three(), pair, holding, capture))
    assert balances() == {"a": "80.00", "b": "105.00", "c": "115.00"}
    assert (Hold.objects.get().state, Wallet.objects.get(label="a").held) == ("captured", 0)
    assert_reconciled()


def test_a_batch_with_local_ids_is_done_once_for_its_key(api: Api) -> None:
    batch = (*open_three(), transfer((local("a"), "-4.00"), (local("b"), "4.00")))
    first = send(api, *batch, idempotency_key="k")
    again = send(api, *batch, idempotency_key="k")
    assert (results(again), again["Idempotency-Replayed"]) == (results(first), "true")
    # To another of the new wallets is another request.
    other = (*open_three(), transfer((local("a"), "-4.00"), (local("c"), "4.00")))
    answer = send(api, *other, idempotency_key="k")
    assert (answer.status_code, problems(answer)[0][0]) == (422, "idempotency_conflict")
    assert balances() == {"a": "96.00", "b": "104.00", "c": "100.00"}


@pytest.mark.parametrize(
    ("wallet", "status", "code", "inside"),
    [
        ({"type": "Wallet", "lid": "nobody"}, 422, "invalid", "/lid"),
        ({"type": "Wallet", "lid": 1}, 422, "invalid", "/lid"),
        ({"type": "Transfer", "lid": "a"}, 409, "type_conflict", "/type"),
        ({"lid": "a"}, 422, "required", ""),
        ({"type": "Wallet"}, 422, "required", ""),
        ({"type": "Wallet", "id": 1}, 422, "invalid", "/id"),
        ({"type": "Wallet", "id": "x"}, 404, "not_found", ""),
        ({"type": "Wallet", "id": "999999"}, 404, "not_found", ""),
        (None, 422, "required", ""),
        (["a"], 422, "invalid", ""),
    ],
)
def test_a_wrong_wallet_of_a_leg_is_refused_where_it_stands(
    api: Api, wallet: Any, status: int, code: str, inside: str
) -> None:
    moving = transfer((local("a"), "-4.00"), (wallet, "4.00"))
    assert refused(api, *open_three(), moving) == (status, [(code, AT.format(3, 1, inside))])


def test_every_wrong_wallet_is_reported_at_once(api: Api) -> None:
    moving = transfer((local("x"), "-4.00"), (local("a"), "3.00"), (local("y"), "1.00"))
    expected = [("invalid", AT.format(3, place, "/lid")) for place in (0, 2)]
    assert refused(api, *open_three(), moving) == (422, expected)


def test_a_transfer_names_wallets_that_are_opened_before_it(api: Api) -> None:
    moving = transfer((local("a"), "-4.00"), (local("b"), "4.00"))
    expected = [("invalid", AT.format(0, place, "/lid")) for place in (0, 1)]
    assert refused(api, moving, *open_three()) == (422, expected)


def test_a_request_for_one_transfer_takes_identifiers_but_no_local_ids(api: Api) -> None:
    one, two = (api.create_wallet(label=label, balance="10.00")["id"] for label in "ab")
    legs = [
        {"wallet": {"type": "Wallet", "id": one}, "amount": "-1.00"},
        {"wallet": {"type": "Wallet", "id": two}, "amount": "1.00"},
    ]
    document = {"data": {"type": "Transfer", "attributes": {"txid": "T", "legs": legs}}}
    for _ in range(2):
        # The second time, its shape is known.
        document["data"]["attributes"]["txid"] += "1"
        assert api.post("/api/transfers/", document).status_code == 201
    legs[1]["wallet"] = local("b")
    before = snapshot()
    answer = api.post("/api/transfers/", document)
    assert json.loads(answer.content)["errors"][0]["source"]["pointer"] == "/data/attributes/legs/1/wallet/lid"
    assert (answer.status_code, snapshot()) == (422, before)
    assert balances() == {"a": "8.00", "b": "12.00"}


def test_more_legs_than_a_transfer_has_are_one_refusal(api: Api) -> None:
    moving = transfer(*[(local("nobody"), "1.00")] * 101)
    at = "/atomic:operations/0/data/attributes/legs"
    assert refused(api, moving) == (422, [("too_many", at)])
