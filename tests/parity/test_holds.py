"""Holds through both faces: what each does, refuses, repeats and shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import MakeWallet
from tests.ledger.state import assert_reconciled, snapshot
from tests.parity.faces import MEDIA_TYPE, Asked, ask_graphql, ask_rest, post_graphql
from walletsvc.models import Hold, Wallet

pytestmark = pytest.mark.django_db

LATER = "2999-01-01T00:00:00.000000Z"
HOLD = (
    "databaseId txid amount captured released remaining currency state expiresAt owner description metadata createdAt"
    " updatedAt wallet { databaseId } destination { databaseId }"
)
CAPTURED = (
    "databaseId txid amount currency owner description metadata createdAt updatedAt wallet { databaseId }"
    " transfer { databaseId } hold { databaseId }"
)
MUTATIONS = {
    "create": ("createHold", "CreateHoldInput", f"hold {{ {HOLD} }}", "isReplay"),
    "update": ("updateHold", "UpdateHoldInput", f"hold {{ {HOLD} }}", ""),
    "capture": ("captureHold", "CaptureHoldInput", f"transaction {{ {CAPTURED} }}", "isReplay"),
    "release": ("releaseHold", "ReleaseHoldInput", f"hold {{ {HOLD} }}", "isReplay"),
}


@pytest.fixture
def wallets(make_wallet: MakeWallet) -> list[Wallet]:
    """Make three wallets with 100.00, and one in another currency."""
    return [
        *(make_wallet("100.00", label=f"W{number}") for number in range(3)),
        make_wallet("5.00", label="Euros", currency="EUR"),
    ]


def rest(client: Client, method: str, path: str, data: object = None, *, key: str = "") -> tuple[int, Any, Any]:
    """Return the status, the document and the headers of an answer."""
    body = "" if data is None else json.dumps(data)
    media_type = MEDIA_TYPE
    if path.startswith("/api/operations"):
        media_type += '; ext="https://jsonapi.org/ext/atomic"'
    headers = {"Accept": media_type} | ({"Idempotency-Key": key} if key else {})
    response = client.generic(method, path, body, content_type=media_type, headers=headers)
    return response.status_code, json.loads(response.content) if response.content else None, response.headers


def act_rest(client: Client, verb: str, hold: str, key: str = "", **attributes: Any) -> tuple[int, Any, Any]:
    """Return the answer to a command on holds."""
    kind = "Transaction" if verb == "capture" else "Hold"
    data: dict[str, Any] = {"type": kind, "attributes": attributes}
    if verb == "update":
        return rest(client, "PATCH", f"/api/holds/{hold}/", {"data": data | {"id": hold}})
    path = {
        "create": "/api/holds/",
        "capture": f"/api/holds/{hold}/captures",
        "release": f"/api/holds/{hold}/releases",
    }
    return rest(client, "POST", path[verb], {"data": data}, key=key)


def act_graphql(client: Client, verb: str, hold: str, key: str = "", **values: Any) -> dict[str, Any]:
    """Return the payload of the same command."""
    field, kind, shown, replay = MUTATIONS[verb]
    values = {
        {"wallet": "walletId", "destination": "destinationId"}.get(name, name): each for name, each in values.items()
    }
    values |= {"id": hold} if verb != "create" else {}
    values |= {"idempotencyKey": key} if key else {}
    query = (
        f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {shown} {replay} userErrors {{ code field }} }} }}"
    )
    reply = post_graphql(client, query, {"input": values})
    assert "errors" not in reply, reply
    payload: dict[str, Any] = reply["data"][field]
    return payload


def flat_rest(document: Any) -> dict[str, Any]:
    """Return what a document shows of a resource, in the form of a payload."""
    data = document["data"]
    linked = {
        name: None if each["data"] is None else {"databaseId": each["data"]["id"]}
        for name, each in data["relationships"].items()
        if "data" in each and not isinstance(each["data"], list)
    }
    return {"databaseId": data["id"], **data["attributes"], **linked}


NAMES = ("databaseId", "txid", "createdAt", "updatedAt", "hold", "transfer", "reversalOf")


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two of the same show the same, but for what names them."""
    one, other = ({name: each for name, each in shown.items() if name not in NAMES} for shown in (one, other))
    return {name: each for name, each in one.items() if name in other} == other


def test_the_requests_of_the_contract_work_as_written(client: Client, wallets: list[Wallet]) -> None:
    one = str(wallets[0].id)
    body = (
        '{"data":{"type":"Hold","attributes":{"txid":"H1","wallet":"%s","amount":"20.00",'
        '"expiresAt":"2999-01-01T00:00:00Z"}}}'
    )
    answer = client.post("/api/holds/", body % one, content_type=MEDIA_TYPE)
    assert answer.status_code == 201, answer.content
    hold = answer.json()["data"]
    assert answer.headers["Location"].endswith(f"/api/holds/{hold['id']}/")
    assert (hold["type"], hold["attributes"]["state"], hold["attributes"]["expiresAt"]) == ("Hold", "open", LATER)
    body = (
        '{"data":{"type":"Transaction","attributes":{"txid":"H1-1","amount":"15.00","isFinal":true,'
        '"conditions":{"available":{"gte":"0.00"}}}}}'
    )
    answer = client.post(f"/api/holds/{hold['id']}/captures", body, content_type=MEDIA_TYPE)
    assert answer.status_code == 201, answer.content
    captured = answer.json()["data"]
    assert answer.headers["Location"].endswith(f"/api/transactions/{captured['id']}/")
    assert (captured["attributes"]["txid"], captured["attributes"]["amount"]) == ("H1-1", "-15.00")
    assert captured["relationships"]["hold"]["data"] == {"type": "Hold", "id": hold["id"]}
    assert captured["meta"] == {"wallet": {"sequence": 3, "balance": "85.00", "held": "0.00"}}
    _status, shown, _ = rest(client, "GET", f"/api/holds/{hold['id']}/")
    figures = ("state", "captured", "released", "remaining")
    assert [shown["data"]["attributes"][name] for name in figures] == ["captured", "15.00", "5.00", "0.00"]
    assert_reconciled()


@pytest.mark.parametrize("to", [False, True])
def test_both_faces_do_the_same(client: Client, wallets: list[Wallet], to: bool) -> None:
    one, two = str(wallets[0].id), str(wallets[1].id)
    given: dict[str, Any] = {"wallet": one, "amount": "20.00", "description": "Stay", "metadata": {"a": 1}}
    given |= {"destination": two} if to else {}
    status, made, _ = act_rest(client, "create", "", txid="R", **given, expiresAt=LATER)
    payload = act_graphql(client, "create", "", txid="G", **given, expiresAt=LATER)
    assert (status, payload["userErrors"], payload["isReplay"]) == (201, [], False)
    ids = made["data"]["id"], payload["hold"]["databaseId"]
    assert alike(flat_rest(made), payload["hold"])
    assert payload["hold"]["destination"] == ({"databaseId": two} if to else None)
    steps: list[tuple[str, dict[str, Any]]] = [
        ("update", {"amount": "30.00", "description": "Longer", "expiresAt": None}),
        ("capture", {"amount": "5.00", "description": "First"}),
        ("release", {"amount": "1.00"}),
        ("capture", {"amount": "40.00", "allowExcess": True}),
    ]
    for number, (verb, values) in enumerate(steps):
        names = [{"txid": f"{face}{number}"} if verb == "capture" else {} for face in "RG"]
        status, document, _ = act_rest(client, verb, ids[0], **values, **names[0])
        payload = act_graphql(client, verb, ids[1], **values, **names[1])
        assert (status, payload["userErrors"]) == (201 if verb == "capture" else 200, [])
        shown = payload["transaction" if verb == "capture" else "hold"]
        assert alike(flat_rest(document), shown), (verb, flat_rest(document), shown)
        if verb == "capture":
            assert (shown["transfer"] is not None) is to
    assert [each.state for each in Hold.objects.all()] == ["captured"] * 2
    assert_reconciled()


CREATING: list[tuple[dict[str, Any], int, str, str, str]] = [
    ({"amount": "100.01"}, 422, "insufficient_funds", "amount", "amount"),
    ({"amount": "0"}, 422, "invalid_amount", "amount", "amount"),
    ({"amount": "-1.00"}, 422, "invalid_amount", "amount", "amount"),
    ({"amount": "0.001"}, 422, "scale_exceeded", "amount", "amount"),
    ({"txid": ""}, 422, "blank", "txid", "txid"),
    ({"txid": "H"}, 409, "duplicate_txid", "txid", "txid"),
    ({"wallet": "999999"}, 404, "not_found", "wallet", "walletId"),
    ({"destination": "999999"}, 404, "not_found", "destination", "destinationId"),
    ({"destination": "{one}"}, 422, "invalid", "destination", "destinationId"),
    ({"destination": "{euros}"}, 422, "currency_mismatch", "destination", "destinationId"),
    ({"expiresAt": "2020-01-01T00:00:00Z"}, 422, "invalid", "expiresAt", "expiresAt"),
    ({"conditions": {"sequence": 9}}, 412, "condition_failed", "conditions/sequence", "conditions.sequence"),
]


@pytest.mark.parametrize(("values", "status", "code", "pointer", "field"), CREATING)
def test_a_refused_hold(
    client: Client, wallets: list[Wallet], values: dict[str, Any], status: int, code: str, pointer: str, field: str
) -> None:
    names = {"{one}": str(wallets[0].id), "{euros}": str(wallets[3].id)}
    act_rest(client, "create", "", txid="H", wallet=str(wallets[1].id), amount="1.00")
    given = {"txid": "N", "wallet": str(wallets[0].id), "amount": "1.00"} | values
    given = {name: names.get(each, each) if isinstance(each, str) else each for name, each in given.items()}
    before = snapshot()
    answered, document, _ = act_rest(client, "create", "", **given)
    [problem] = document["errors"]
    assert (answered, problem["code"], problem["source"]["pointer"]) == (status, code, f"/data/attributes/{pointer}")
    payload = act_graphql(client, "create", "", **given)
    assert (payload["hold"], payload["userErrors"]) == (None, [{"code": code, "field": field}])
    assert snapshot() == before


ACTING: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("capture", {"amount": "20.01"}, 422, "hold_exceeded", "amount"),
    ("capture", {"amount": "100.01", "allowExcess": True}, 422, "insufficient_funds", "amount"),
    ("capture", {"amount": "0"}, 422, "invalid_amount", "amount"),
    ("capture", {"amount": "0.001"}, 422, "scale_exceeded", "amount"),
    ("capture", {"txid": "C0"}, 409, "duplicate_txid", "txid"),
    ("capture", {"txid": ""}, 422, "blank", "txid"),
    ("capture", {"conditions": {"balance": {"gt": "99.00"}}}, 412, "condition_failed", "conditions.balance.gt"),
    ("release", {"amount": "20.01"}, 422, "hold_exceeded", "amount"),
    ("release", {"amount": "-1"}, 422, "invalid_amount", "amount"),
    ("update", {"amount": "0.50"}, 422, "hold_exceeded", "amount"),
    ("update", {"amount": "120.01"}, 422, "insufficient_funds", "amount"),
    ("update", {"expiresAt": "2020-01-01T00:00:00Z"}, 422, "invalid", "expiresAt"),
]


@pytest.mark.parametrize(("verb", "values", "status", "code", "field"), ACTING)
def test_a_refused_change(
    client: Client, wallets: list[Wallet], verb: str, values: dict[str, Any], status: int, code: str, field: str
) -> None:
    hold = act_rest(client, "create", "", txid="H", wallet=str(wallets[0].id), amount="21.00")[1]["data"]["id"]
    act_rest(client, "capture", hold, txid="C0", amount="1.00")
    given = ({"txid": "N"} if verb == "capture" else {}) | values
    before = snapshot()
    answered, document, _ = act_rest(client, verb, hold, **given)
    [problem] = document["errors"]
    pointer = f"/data/attributes/{field.replace('.', '/')}"
    assert (answered, problem["code"], problem["source"]["pointer"]) == (status, code, pointer)
    assert act_graphql(client, verb, hold, **given)["userErrors"] == [{"code": code, "field": field}]
    assert snapshot() == before


@pytest.mark.parametrize("verb", ["capture", "release", "update"])
def test_a_hold_that_has_ended_or_never_was(client: Client, wallets: list[Wallet], verb: str) -> None:
    hold = act_rest(client, "create", "", txid="H", wallet=str(wallets[0].id), amount="20.00")[1]["data"]["id"]
    act_rest(client, "release", hold)
    given = {"txid": "N"} if verb == "capture" else {}
    before = snapshot()
    for identifier, status, code in ((hold, 409, "hold_closed"), ("999999", 404, "not_found")):
        answered, document, _ = act_rest(client, verb, identifier, **given)
        [problem] = document["errors"]
        assert (answered, problem["code"]) == (status, code)
        field = "id" if code == "not_found" else None
        assert act_graphql(client, verb, identifier, **given)["userErrors"] == [{"code": code, "field": field}]
        if code == "hold_closed":
            assert problem["meta"] == {"state": "released", "hold": int(hold)}
    assert snapshot() == before


@pytest.mark.parametrize("name", ["wallet", "destination", "txid", "captured", "state"])
def test_what_never_changes(client: Client, wallets: list[Wallet], name: str) -> None:
    one, two = str(wallets[0].id), str(wallets[1].id)
    made = act_rest(client, "create", "", txid="H", wallet=one, destination=two, amount="20.00")[1]["data"]
    before = snapshot()
    value = {"wallet": two, "destination": one, "txid": "X", "captured": "1.00", "state": "released"}[name]
    status, document, _ = act_rest(client, "update", made["id"], **{name: value})
    assert (status, document["errors"][0]["code"]) == (422, "immutable")
    if name in ("wallet", "destination"):
        path = f"/api/holds/{made['id']}/relationships/{name}/"
        assert rest(client, "PATCH", path, {"data": {"type": "Wallet", "id": two}})[0] == 403
    assert rest(client, "DELETE", f"/api/holds/{made['id']}/")[0] == 405
    assert snapshot() == before


def test_keys_repeat_the_first_answer(client: Client, wallets: list[Wallet]) -> None:
    one, two = str(wallets[0].id), str(wallets[1].id)
    given = {"txid": "H", "wallet": one, "destination": two, "amount": "20.00", "expiresAt": LATER}
    first = act_rest(client, "create", "", key="k1", **given)
    hold = first[1]["data"]["id"]
    captured = act_rest(client, "capture", hold, key="k2", txid="C", amount="5.00")
    released = act_rest(client, "release", hold, key="k3", amount="3.00")
    act_rest(client, "capture", hold, txid="D")
    before = snapshot()
    for again, answer in (
        (act_rest(client, "create", "", key="k1", **given), first),
        (act_rest(client, "capture", hold, key="k2", txid="C", amount="5.00"), captured),
        (act_rest(client, "release", hold, key="k3", amount="3.00"), released),
    ):
        assert again[2]["Idempotency-Replayed"] == "true"
        assert again[:2] == answer[:2]
    for verb, key, values in (
        ("create", "k1", {**given, "amount": "20"}),
        ("capture", "k2", {"txid": "C", "amount": "5"}),
        ("release", "k3", {"amount": "3"}),
    ):
        payload = act_graphql(client, verb, hold, key=key, **values)
        assert (payload["isReplay"], payload["userErrors"]) == (True, [])
    assert act_graphql(client, "release", hold, key="k3", amount="3.00")["hold"]["remaining"] == "12.00"
    for verb, key in (("release", "k2"), ("create", "k3")):
        values = given if verb == "create" else {}
        status, document, _ = act_rest(client, verb, hold, key=key, **values)
        assert (status, document["errors"][0]["code"]) == (422, "idempotency_conflict")
    assert snapshot() == before


def test_operations_with_local_ids(client: Client, wallets: list[Wallet]) -> None:
    hold = {"type": "Hold", "lid": "h", "attributes": {"txid": "H", "wallet": str(wallets[0].id), "amount": "20.00"}}
    ref = {"type": "Hold", "lid": "h"}
    captured = {"type": "Transaction", "attributes": {"txid": "C", "amount": "5.00"}}
    document = {
        "atomic:operations": [
            {"op": "add", "data": hold},
            {"op": "add", "ref": {**ref, "relationship": "captures"}, "data": captured},
            {"op": "add", "ref": {**ref, "relationship": "releases"}, "data": {"type": "Hold"}},
        ]
    }
    status, answer, _ = rest(client, "POST", "/api/operations", document)
    assert status == 200, answer
    results = [each["data"] for each in answer["atomic:results"]]
    assert [each["type"] for each in results] == ["Hold", "Transaction", "Hold"]
    assert results[1]["attributes"]["amount"] == "-5.00"
    assert results[2]["attributes"]["state"] == "captured"
    href = f"/api/holds/{results[0]['id']}/captures/"
    before = snapshot()
    late = {"atomic:operations": [{"op": "add", "href": href, "data": captured | {"attributes": {"txid": "D"}}}]}
    status, answer, _ = rest(client, "POST", "/api/operations", late)
    assert (status, answer["errors"][0]["code"]) == (409, "hold_closed")
    assert snapshot() == before
    assert_reconciled()


@pytest.fixture
def some(client: Client, wallets: list[Wallet]) -> None:
    for number in range(6):
        given = {"wallet": str(wallets[number % 2].id), "amount": f"{number + 1}.00"}
        given |= {"expiresAt": f"299{number}-01-01T00:00:00Z"} if number % 3 else {}
        given |= {"destination": str(wallets[2].id)} if number % 2 else {}
        made = act_rest(client, "create", "", txid=f"H{number}", **given)[1]["data"]["id"]
        if number % 4 == 0:
            act_rest(client, "capture", made, txid=f"C{number}")


@pytest.mark.parametrize(
    ("filters", "order"),
    [
        ({}, ()),
        ({"state": "open"}, ("-createdAt",)),
        ({"state": "captured"}, ("txid",)),
        ({"txid": "H3"}, ()),
        ({"expiresAt.lte": "2993-01-01T00:00:00Z"}, ("-txid",)),
        ({"expiresAt.gt": "2993-01-01T00:00:00Z"}, ()),
        ({"search": "h"}, ()),
        ({"state": "lost"}, ()),
    ],
)
@pytest.mark.usefixtures("some")
def test_lists(client: Client, filters: dict[str, str], order: tuple[str, ...]) -> None:
    asked = Asked("Hold", filters, order)
    there, here = ask_rest(client, asked), ask_graphql(client, asked)
    if filters.get("state") == "lost":
        # A value of no enum is refused by each face itself.
        assert (there.codes, bool(here.codes)) == (["invalid_parameter"], True)
        return
    assert there == here
    found = {each["txid"] for each in there.records}
    expected = {
        "state": {"open": {"H1", "H2", "H3", "H5"}, "captured": {"H0", "H4"}}.get(filters.get("state", "")),
        "txid": {"H3"},
        "expiresAt.lte": {"H1", "H2"},
        "expiresAt.gt": {"H4", "H5"},
    }
    name = next(iter(filters), "")
    assert found == expected.get(name, {f"H{number}" for number in range(6)})


@pytest.mark.usefixtures("some")
def test_what_is_related(client: Client, wallets: list[Wallet]) -> None:
    one = wallets[0].id
    _, document, _ = rest(client, "GET", f"/api/wallets/{one}/holds/?include=captures,wallet&filter[state]=captured")
    assert [each["attributes"]["txid"] for each in document["data"]] == ["H0", "H4"]
    captures = [each for each in document["included"] if each["type"] == "Transaction"]
    assert [each["attributes"]["txid"] for each in captures] == ["C0", "C4"]
    query = (
        "query ($id: ID!) { wallet(id: $id) { held holds(filters: {state: captured}) { totalCount edges { node { txid"
        " captures { edges { node { txid hold { txid } } } } } } } }"
        ' holdByTxid(txid: "H1") { destination { held } } }'
    )
    found = post_graphql(client, query, {"id": str(one)})["data"]
    edges = found["wallet"]["holds"]["edges"]
    assert [each["node"]["txid"] for each in edges] == ["H0", "H4"]
    assert [each["node"]["captures"]["edges"][0]["node"]["hold"]["txid"] for each in edges] == ["H0", "H4"]
    assert found["holdByTxid"] == {"destination": {"held": "0.00"}}
    kinds = "kind=hold", "kind=capture"
    for kind, count in zip(kinds, (3, 2), strict=True):
        _, document, _ = rest(
            client, "GET", f"/api/wallets/{one}/entries/?filter[{kind.replace('=', ']=')}&include=hold"
        )
        assert len(document["data"]) == count
        assert all(each["relationships"]["hold"]["data"] for each in document["data"])
