"""Creating, updating and deleting: relationships."""

from __future__ import annotations

from typing import Any

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import problems


def to_one(world: World) -> str:
    return f"{world.transaction_url}relationships/wallet/"


def to_many(world: World) -> str:
    return f"{world.other['links']['self']}relationships/transactions/"


def members(world: World) -> Any:
    return {"data": [{"type": "Transaction", "id": world.transaction["id"]}]}


def move(world: World) -> Any:
    return world.api.patch(to_one(world), {"data": {"type": "Wallet", "id": world.other["id"]}})


def refused(world: World, method: str) -> bool:
    """Tell whether a write to a to-many relationship is refused without effect."""
    response = world.api.send(method, to_many(world), members(world))
    found = (response.status_code, problems(response)) == (403, [("forbidden", "/data")])
    return found and world.unchanged()


def test_respond_patch_to_one_relationship_link(world: World) -> None:
    """The wallet of a transaction takes PATCH; that of an entry refuses it with 403."""
    assert move(world).status_code == 204
    entry = world.document("/api/entries/")["data"][0]
    url = f"{entry['links']['self']}relationships/wallet/"
    assert world.api.patch(url, {"data": {"type": "Wallet", "id": world.other["id"]}}).status_code == 403


def test_patch_to_one_data_member(world: World) -> None:
    """An identifier moves the transaction; null is refused, as none is without a wallet, and so is no `data`."""
    assert problems(world.api.patch(to_one(world), {"data": None})) == [("required", "/data")]
    assert problems(world.api.patch(to_one(world), {})) == [("required", "")]
    assert world.unchanged()


def test_patch_to_one_response(world: World) -> None:
    """204, and the relationship leads to the other wallet."""
    assert move(world).status_code == 204
    assert world.document(to_one(world))["data"]["id"] == world.other["id"]


def test_respond_patch_post_delete_to_many_relationship_link(world: World) -> None:
    """All three are answered with 403, because a wallet's members change through its transactions."""
    assert all(refused(world, method) for method in ("PATCH", "POST", "DELETE"))


def test_patch_post_delete_to_many_data_member(world: World) -> None:
    """A document without an array of identifiers is refused with 422."""
    for method in ("PATCH", "POST", "DELETE"):
        for document in ({}, {"data": None}, {"data": members(world)["data"][0]}, {"data": [1]}):
            assert world.api.send(method, to_many(world), document).status_code == 422
    assert world.unchanged()


def test_patch_to_many_complete_replace(world: World) -> None:
    """403: complete replacement is not allowed."""
    assert refused(world, "PATCH")


def test_post_to_many_add(world: World) -> None:
    """403: adding is not supported, a transaction is moved by its own relationship."""
    assert refused(world, "POST")


def test_post_to_many_add_again(world: World) -> None:
    """403, also for an existing member: no member ever occurs twice."""
    url = f"{world.wallet_url}relationships/transactions/"
    assert world.api.post(url, members(world)).status_code == 403
    assert world.document(url)["data"] == members(world)["data"]


def test_delete_to_many(world: World) -> None:
    """403: a transaction is deleted at its own URL."""
    assert refused(world, "DELETE")


def test_updating_relationship_204_status(world: World) -> None:
    """204 without a document: the resource equals the request."""
    response = move(world)
    assert (response.status_code, response.content) == (204, b"")


def test_updating_relationship_403_status(world: World) -> None:
    """403 for each relationship that is not written."""
    assert refused(world, "POST")


def test_updating_relationship_other_status(world: World) -> None:
    """404 for a wallet that does not exist, 409 for another type, 412 for an old version, 422 for a guard."""

    def patched(type_name: str, identifier: str, **headers: str) -> int:
        return world.api.patch(to_one(world), {"data": {"type": type_name, "id": identifier}}, **headers).status_code

    assert patched("Wallet", "999") == 404
    assert patched("Transaction", "1") == 409
    assert patched("Wallet", world.other["id"], if_match='"old"') == 412
    euros = world.api.create_wallet(label="Euros", currency="EUR")
    assert patched("Wallet", euros["id"]) == 422
    assert world.document(to_one(world))["data"]["id"] == world.wallet["id"]


def test_updating_relationship_other_details(world: World) -> None:
    """The error points at the linkage."""
    response = world.api.patch(to_one(world), {"data": {"type": "Wallet", "id": "999"}})
    assert problems(response) == [("not_found", "/data")]


def test_update_relationship_http_semantics(world: World) -> None:
    """Repeating a PATCH changes nothing more, and each move is guarded and in the ledger."""
    assert (move(world).status_code, move(world).status_code) == (204, 204)
    kinds = [each["attributes"]["kind"] for each in world.document("/api/entries/")["data"]]
    assert kinds == ["opening", "post", "move_out", "move_in"]
