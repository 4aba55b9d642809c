"""Creating, updating and deleting: new resources."""

from __future__ import annotations

from typing import Any

from tests.rest_api.conformance.conftest import World, update
from tests.rest_api.conftest import SERVER, problems, resource


def create(world: World, document: Any) -> Any:
    return world.api.post("/api/wallets/", document)


def test_crud_atomic(world: World) -> None:
    """Each request is one database transaction: a move that is refused leaves its description alone too."""
    world.api.create_transaction(world.wallet["id"], txid="TX2", amount="-15.00")
    response = update(world, wallet=world.other["id"], description="moved")
    assert (response.status_code, problems(response)) == (422, [("insufficient_funds", "/data/attributes")])
    assert world.document(world.transaction_url)["data"] == world.transaction


# -- creating ------------------------------------------------------------------------------------------


def test_create_support(world: World) -> None:
    """Wallets and transactions are created by POST to their collection; the ledger is not (405)."""
    assert create(world, resource("Wallet", label="New")).status_code == 201
    assert world.api.post("/api/entries/", resource("Entry")).status_code == 405


def test_modify_delete_support(world: World) -> None:
    """Wallets and transactions are changed by PATCH and deleted by DELETE."""
    assert update(world, amount="6.00").status_code == 200
    assert world.api.delete(world.transaction_url).status_code == 204


def test_create_single_resource(world: World) -> None:
    """Anything but one resource object is refused with 422."""
    for data in ([], [{"type": "Wallet", "attributes": {"label": "New"}}], None, "x"):
        assert create(world, {"data": data}).status_code == 422
    assert world.unchanged()


def test_create_type_member(world: World) -> None:
    """One without a type is refused with 422."""
    response = create(world, {"data": {"attributes": {"label": "New"}}})
    assert (response.status_code, problems(response)) == (422, [("required", "/data")])


def test_create_relationships_member(world: World) -> None:
    """A relationship without `data` is refused with 422, and a pointer to it."""
    document = resource("Transaction", txid="TX2", amount="1.00")
    document["data"]["relationships"] = {"wallet": {"meta": {}}}
    response = world.api.post("/api/transactions/", document)
    assert (response.status_code, problems(response)) == (422, [("required", "/data/relationships/wallet")])


def test_create_accept_client_generated_ids(world: World) -> None:
    """Ids are the server's; a `lid` is taken, and names the new resource within its document only."""
    document = resource("Wallet", label="New")
    document["data"]["lid"] = "a"
    assert create(world, document).status_code == 201


def test_create_client_generated_ids_forbidden(world: World) -> None:
    """403 for a request that brings an id."""
    response = create(world, resource("Wallet", "b0f5c3a2-0d63-4a0a-9d5e-4d2c2a3e1a11", label="New"))
    assert (response.status_code, problems(response)) == (403, [("forbidden", "/data/id")])
    assert world.unchanged()


def test_create_responses_201_status(world: World) -> None:
    """201."""
    assert create(world, resource("Wallet", label="New")).status_code == 201


def test_create_responses_201_location(world: World) -> None:
    """Location is the URL of the new resource."""
    response = create(world, resource("Wallet", label="New"))
    assert response["Location"] == f"{SERVER}/api/wallets/{response.json()['data']['id']}/"


def test_create_responses_201_document(world: World) -> None:
    """The document is the one that a GET of Location answers with."""
    response = create(world, resource("Wallet", label="New"))
    assert response.json() == world.document(response["Location"])


def test_create_responses_201_self(world: World) -> None:
    """Location and the self link are the same."""
    response = create(world, resource("Wallet", label="New"))
    assert response.json()["data"]["links"]["self"] == response["Location"]


def test_create_responses_403(world: World) -> None:
    """403 also for entries in a document that creates a wallet."""
    document = resource("Wallet", label="New")
    document["data"]["relationships"] = {"entries": {"data": [{"type": "Entry", "id": "1"}]}}
    assert create(world, document).status_code == 403
    assert world.unchanged()


def test_create_responses_404_related(world: World) -> None:
    """404 for a wallet that does not exist, and a pointer to the relationship."""
    response = world.api.post("/api/transactions/", resource("Transaction", txid="T", amount="1", wallet="999"))
    assert (response.status_code, problems(response)) == (404, [("not_found", "/data/relationships/wallet")])


def test_create_responses_409_bad_type(world: World) -> None:
    """409 for a transaction among wallets."""
    response = create(world, resource("Transaction", label="New"))
    assert (response.status_code, problems(response)) == (409, [("type_conflict", "/data/type")])


def test_create_responses_409_error_details(world: World) -> None:
    """The error points at the member, and names the holder of a name that is taken."""
    (error,) = create(world, resource("Wallet", label="One")).json()["errors"]
    assert (error["code"], error["source"]) == ("duplicate_label", {"pointer": "/data/attributes/label"})
    assert error["meta"] == {"wallet": int(world.wallet["id"])}


def test_create_responses_other_status(world: World) -> None:
    """400 for invalid JSON, 413 for more than a megabyte, 415 for another type, 422 for a broken rule."""
    assert create(world, b"{").status_code == 400
    assert create(world, b" " * 1_000_001).status_code == 413
    assert create(world, resource("Wallet", label="")).status_code == 422


def test_create_responses_other_error_details(world: World) -> None:
    """Several problems are reported at once, each with a pointer."""
    response = create(world, resource("Wallet", label="", balance="x", nope=1))
    assert problems(response) == [("invalid", "/data/attributes/nope")]
    response = create(world, resource("Wallet", label="", balance="x"))
    assert problems(response) == [("blank", "/data/attributes/label"), ("invalid_amount", "/data/attributes/balance")]


def test_create_http_semantics(world: World) -> None:
    """POST is not safe to repeat: the second of two equal requests is refused with 409 and changes nothing."""
    document = resource("Transaction", txid="TX1", amount="5.00", wallet=world.wallet["id"])
    assert world.api.post("/api/transactions/", document).status_code == 409
    assert world.unchanged()
