"""Document structure: the top level."""

from __future__ import annotations

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conformance.walks import documents, resources
from tests.rest_api.conftest import resource
from tests.rest_api.structure import TOP_LEVEL, TOP_LEVEL_LINKS, check_links


def test_additional_members(world: World) -> None:
    """No object of the specification has other members; a fixture checks it for each response of the suite."""
    for document in documents(world):
        assert document.keys() <= TOP_LEVEL
    for each in resources(world):
        assert each.keys() <= {"type", "id", "attributes", "relationships", "links", "meta"}


def test_ignore_additional_members(world: World) -> None:
    """Members that the specification does not know are passed over, at every level that it defines."""
    document = resource("Transaction", txid="TX2", amount="1.00", wallet=world.wallet["id"])
    document["more"] = document["data"]["more"] = 1
    document["data"]["relationships"]["wallet"]["more"] = 1
    document["data"]["relationships"]["wallet"]["data"]["more"] = 1
    assert world.api.post("/api/transactions/", document).status_code == 201


def test_json_object(world: World) -> None:
    """Every response is a JSON object, and only an object is taken as a request."""
    assert all(isinstance(document, dict) for document in documents(world))
    for body in (b"[]", b"1", b"null", b'"x"'):
        assert world.api.post("/api/wallets/", body).status_code == 422


def test_required_top_level(world: World) -> None:
    """Each document has `data`, `errors` or `meta`."""
    assert all(document.keys() & {"data", "errors", "meta"} for document in documents(world))


def test_data_errors(world: World) -> None:
    """A document has `data` or `errors`, never both."""
    assert not any({"data", "errors"} <= document.keys() for document in documents(world))


def test_optional_top_level(world: World) -> None:
    """`jsonapi` is always there, `links` wherever there is data, `included` where it was asked for."""
    document = world.document("/api/wallets/?include=entries")
    assert document.keys() == {"jsonapi", "data", "included", "links", "meta"}


def test_data_included(world: World) -> None:
    """`included` comes with `data` only."""
    assert all("data" in document for document in documents(world) if "included" in document)
    assert "included" not in world.api.get("/api/wallets/999/?include=entries").json()


def test_top_level_links(world: World) -> None:
    """The links are an object: `self` everywhere, `related` for relationships, and the pages of a list."""
    for document in documents(world):
        check_links(document.get("links", {}), TOP_LEVEL_LINKS)
        if "data" in document:
            assert document["links"]["self"]
    assert "related" in world.document(f"{world.transaction_url}relationships/wallet")["links"]
    assert {"first", "last", "prev", "next"} <= world.document("/api/wallets/")["links"].keys()


def test_primary_data(world: World) -> None:
    """One resource or identifier, or null, for a single resource; an array for a collection."""
    assert isinstance(world.document(world.wallet_url)["data"], dict)
    opening = world.document(f"{world.wallet_url}entries/")["data"][0]
    assert world.document(f"{opening['links']['self']}transaction/")["data"] is None
    assert isinstance(world.document("/api/wallets/")["data"], list)
    assert world.document(f"{world.wallet_url}relationships/transactions/")["data"] == [
        {"type": "Transaction", "id": world.transaction["id"]}
    ]


def test_logical_collection(world: World) -> None:
    """A list of one and a list of none are arrays."""
    assert len(world.document("/api/wallets/?filter[label]=One")["data"]) == 1
    assert world.document("/api/wallets/?filter[label]=None")["data"] == []


def test_meta_objects(world: World) -> None:
    """Each `meta` is an object."""
    assert all(isinstance(document.get("meta", {}), dict) for document in documents(world))


def test_meta_object_members(world: World) -> None:
    """A list has `meta.pagination`, the root `meta.collections`, an error the values behind its refusal."""
    assert world.document("/api/wallets/")["meta"]["pagination"]["count"] == 2
    assert "Wallet" in world.document("/api/")["meta"]["collections"]


def test_top_level_links_members(world: World) -> None:
    """A link is a string, or an object with `href` and `type` where a profile is applied."""
    assert isinstance(world.document("/api/wallets/")["links"]["self"], str)
    accept = 'application/vnd.api+json;profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
    assert world.document("/api/wallets/", accept=accept)["links"]["self"].keys() == {"href", "type"}


def test_top_level_json_api_member(world: World) -> None:
    """Every document has it, a refusal too."""
    assert all("jsonapi" in document for document in documents(world))


def test_json_api_type(world: World) -> None:
    """It is an object."""
    assert all(isinstance(document["jsonapi"], dict) for document in documents(world))


def test_json_api_version(world: World) -> None:
    """The version is 1.1."""
    assert {document["jsonapi"]["version"] for document in documents(world)} == {"1.1"}
