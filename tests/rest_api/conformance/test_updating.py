"""Creating, updating and deleting: changing and deleting resources."""

from __future__ import annotations

from typing import Any

from tests.ledger.state import funds
from tests.rest_api.conformance.conftest import World, update
from tests.rest_api.conftest import problems, resource


def test_update_patch_resource(world: World) -> None:
    """Anything but one resource object is refused with 422."""
    for data in ([], None, [world.transaction]):
        assert world.api.patch(world.transaction_url, {"data": data}).status_code == 422
    assert world.unchanged()


def test_update_patch_resource_members(world: World) -> None:
    """One without type or id is refused with 422."""
    for data in ({"type": "Transaction"}, {"id": world.transaction["id"]}):
        response = world.api.patch(world.transaction_url, {"data": data})
        assert (response.status_code, problems(response)) == (422, [("required", "/data")])


def test_update_resource_attributes(world: World) -> None:
    """Any of txid, amount, description and metadata; of a wallet label and metadata."""
    response = update(world, description="rent", txid="TX9")
    attributes = response.json()["data"]["attributes"]
    assert (attributes["description"], attributes["txid"], attributes["amount"]) == ("rent", "TX9", "5.00")


def test_update_interpret_resource_attributes(world: World) -> None:
    """Missing fields stay unchanged; null is a value, and refused where it makes no sense."""
    before = world.document(world.transaction_url)["data"]["attributes"]
    after = update(world, description="rent").json()["data"]["attributes"]
    assert {**after, "description": "", "updatedAt": before["updatedAt"]} == before
    response = update(world, amount=None)
    assert (response.status_code, problems(response)) == (422, [("required", "/data/attributes/amount")])


def test_update_resource_relationships(world: World) -> None:
    """The wallet of a transaction can be another one."""
    assert update(world, wallet=world.other["id"]).status_code == 200
    assert world.document(world.other["links"]["self"])["data"]["attributes"]["balance"] == "5.00"


def test_update_interpret_resource_relationships(world: World) -> None:
    """A transaction stays where it is unless its wallet is named."""
    update(world, amount="6.00")
    relationship = world.document(world.transaction_url)["data"]["relationships"]["wallet"]
    assert relationship["data"]["id"] == world.wallet["id"]


def test_update_resource_relationship_value(world: World) -> None:
    """A relationship without `data` is refused with 422."""
    data = {"type": "Transaction", "id": world.transaction["id"], "relationships": {"wallet": {}}}
    response = world.api.patch(world.transaction_url, {"data": data})
    assert (response.status_code, problems(response)) == (422, [("required", "/data/relationships/wallet")])


def replace_transactions(world: World) -> Any:
    data = {
        "type": "Wallet",
        "id": world.wallet["id"],
        "attributes": {"label": "New"},
        "relationships": {"transactions": {"data": []}},
    }
    return world.api.patch(world.wallet_url, {"data": data})


def test_update_resource_relationship_reject_full_replacement(world: World) -> None:
    """The transactions of a wallet are not replaced."""
    response = replace_transactions(world)
    assert problems(response) == [("forbidden", "/data/relationships/transactions")]


def test_update_resource_relationship_reject_full_replacement_response(world: World) -> None:
    """403, and nothing of the request is done."""
    assert replace_transactions(world).status_code == 403
    assert world.unchanged()


def test_update_resource_200_status(world: World) -> None:
    """200, as each change renews `updatedAt`."""
    response = update(world, description="rent")
    assert response.status_code == 200
    attributes = response.json()["data"]["attributes"]
    assert attributes["updatedAt"] > attributes["createdAt"]


def test_update_resource_relationship_200_response(world: World) -> None:
    """The document is the one that a GET of the URL answers with, `include` and `fields` too."""
    query = "?include=wallet&fields[Wallet]=balance"
    document = resource("Transaction", world.transaction["id"], amount="7.00")
    assert world.api.patch(world.transaction_url + query, document).json() == world.document(
        world.transaction_url + query
    )


def test_update_resource_204_status(world: World) -> None:
    """An update that changes nothing is answered with 200 and the document."""
    response = update(world, amount="5.00")
    assert (response.status_code, response.json()["data"]) == (200, world.transaction)


def test_update_resource_403_status(world: World) -> None:
    """403 for a relationship that is not written; entries are not changed at all (405)."""
    assert replace_transactions(world).status_code == 403
    entry = world.document("/api/entries/")["data"][0]
    assert world.api.patch(entry["links"]["self"], {"data": entry}).status_code == 405


def test_update_resource_404_status(world: World) -> None:
    """404 for a resource that does not exist."""
    assert world.api.patch("/api/wallets/999/", resource("Wallet", "999", label="New")).status_code == 404


def test_update_resource_404_related(world: World) -> None:
    """404 for a wallet that does not exist, and a pointer to the relationship."""
    response = update(world, wallet="999")
    assert (response.status_code, problems(response)) == (404, [("not_found", "/data/relationships/wallet")])
    assert world.unchanged()


def test_update_resource_409_status(world: World) -> None:
    """409 for a txid or label that is taken."""
    response = world.api.patch(world.wallet_url, resource("Wallet", world.wallet["id"], label="Other"))
    assert (response.status_code, problems(response)) == (409, [("duplicate_label", "/data/attributes/label")])
    assert world.unchanged()


def test_update_resource_409_no_match(world: World) -> None:
    """409 for another type or id than the URL's."""
    response = world.api.patch(world.wallet_url, resource("Transaction", world.wallet["id"]))
    assert (response.status_code, problems(response)) == (409, [("type_conflict", "/data/type")])
    response = world.api.patch(world.wallet_url, resource("Wallet", world.other["id"], label="New"))
    assert (response.status_code, problems(response)) == (409, [("id_conflict", "/data/id")])
    assert world.unchanged()


def test_update_resource_409_details(world: World) -> None:
    """The error names the obstacle."""
    response = world.api.patch(world.wallet_url, resource("Wallet", world.wallet["id"], label="Other"))
    assert response.json()["errors"][0]["meta"] == {"wallet": int(world.other["id"])}


def test_update_resource_other_status(world: World) -> None:
    """412 where If-Match names an old version, 422 for what breaks a rule; each with details."""
    document = resource("Wallet", world.wallet["id"], label="New")
    response = world.api.patch(world.wallet_url, document, if_match='"old"')
    assert (response.status_code, problems(response)) == (412, [("precondition_failed", "If-Match")])
    response = update(world, amount="-20.00")
    assert (response.status_code, problems(response)) == (422, [("insufficient_funds", "/data/attributes/amount")])
    assert world.unchanged()


def test_update_resource_other_semantics(world: World) -> None:
    """The error of a refused amount contains the wallet's funds, its currency and its id."""
    (error,) = update(world, amount="-20.00").json()["errors"]
    assert error["meta"] == funds("15.00", "-25.00", int(world.wallet["id"]))


def test_update_resource_http_semantics(world: World) -> None:
    """A PATCH is all or nothing, and repeating one that was done changes nothing."""
    response = update(world, description="rent", amount="-20.00")
    assert response.status_code == 422
    assert world.unchanged()
    assert update(world, amount="6.00").json() == update(world, amount="6.00").json()


# -- deleting ------------------------------------------------------------------------------------------


def test_delete_204_status(world: World) -> None:
    """204 without a document."""
    response = world.api.delete(world.transaction_url)
    assert (response.status_code, response.content) == (204, b"")


def test_delete_404_status(world: World) -> None:
    """404 for a resource that does not exist, or no more."""
    assert world.api.delete(world.transaction_url).status_code == 204
    assert world.api.delete(world.transaction_url).status_code == 404


def test_deleting_other_status(world: World) -> None:
    """409 for a wallet that holds money, 412 where If-Match names an old version."""
    assert world.api.delete(world.wallet_url).status_code == 409
    assert world.api.delete(world.transaction_url, if_match='"old"').status_code == 412
    assert world.unchanged()


def test_deleting_other_details(world: World) -> None:
    """The error contains the wallet's balance."""
    (error,) = world.api.delete(world.wallet_url).json()["errors"]
    assert error["meta"] == {
        "balance": "15.00",
        "held": "0.00",
        "currency": "USD",
        "wallet": int(world.wallet["id"]),
    }


def test_deleting_http_semantics(world: World) -> None:
    """A deleted resource disappears from its URL and from every list."""
    world.api.delete(world.transaction_url)
    assert world.api.get(world.transaction_url).status_code == 404
    assert world.document("/api/transactions/")["data"] == []
