"""Document structure: resource objects, relationships, compound documents."""

from __future__ import annotations

import re

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conformance.walks import relationships, resources
from tests.rest_api.conftest import resource
from walletsvc.schema.resources import RESOURCES

GLOBALLY_ALLOWED = "a-zA-Z0-9"


def test_resource_required_top_level(world: World) -> None:
    """Each resource object has `id` and `type`, primary or included."""
    assert all({"id", "type"} <= each.keys() for each in resources(world))


def test_resource_optional_top_level(world: World) -> None:
    """Each resource object has attributes, relationships and a link to itself; `meta` holds a cursor if asked for."""
    assert all({"attributes", "relationships", "links"} <= each.keys() for each in resources(world))


def test_resource_id_type(world: World) -> None:
    """`id` and `type` are present even if a fieldset selects no field at all."""
    for each in world.document("/api/wallets/?fields[Wallet]=")["data"]:
        assert each.keys() == {"type", "id", "links"}


def test_resource_id_type_types(world: World) -> None:
    """Both are strings, and nothing else is taken for one."""
    assert all(isinstance(each[name], str) for each in resources(world) for name in ("id", "type"))
    assert world.api.patch(world.wallet_url, resource("Wallet", int(world.wallet["id"]))).status_code == 422  # type: ignore[arg-type]


def test_resource_unique(world: World) -> None:
    """Ids are the table's own, and are never given again, not even after a deletion."""
    assert world.api.delete(world.other["links"]["self"]).status_code == 204
    assert int(world.api.create_wallet(label="Next")["id"]) > int(world.other["id"])


def test_resource_type_constraints(world: World) -> None:
    """The types are Wallet, Transaction and Entry."""
    assert {each["type"] for each in resources(world)} == {"Wallet", "Transaction", "Entry"}
    assert all(re.fullmatch(f"[{GLOBALLY_ALLOWED}]+", name) for name in RESOURCES)


def test_resource_fields(world: World) -> None:
    """No attribute has the name of a relationship, and none is called `id` or `type`."""
    for each in resources(world):
        assert not each["attributes"].keys() & each["relationships"].keys()
        assert not (each["attributes"].keys() | each["relationships"].keys()) & {"id", "type"}


def test_resource_attributes_key(world: World) -> None:
    """The attributes are an object, in requests too."""
    assert all(isinstance(each["attributes"], dict) for each in resources(world))
    assert world.api.post("/api/wallets/", {"data": {"type": "Wallet", "attributes": []}}).status_code == 422


def test_resource_attributes_reserve_members(world: World) -> None:
    """`metadata` takes no `links` and no `relationships`, at any depth; the wallet is never shown as an attribute."""
    for metadata in ({"links": 1}, {"a": [{"relationships": {}}]}):
        document = resource("Wallet", world.wallet["id"], metadata=metadata)
        assert world.api.patch(world.wallet_url, document).status_code == 422
    assert not any("wallet" in each["attributes"] or "walletId" in each["attributes"] for each in resources(world))


def test_resource_relationships_key(world: World) -> None:
    """The relationships are an object, in requests too."""
    assert all(isinstance(each["relationships"], dict) for each in resources(world))
    assert world.api.post("/api/wallets/", {"data": {"type": "Wallet", "relationships": []}}).status_code == 422


def test_resource_relationships_object(world: World) -> None:
    """Each relationship has the links `self` and `related`; to-one, and included to-many, have data too."""
    for each in relationships(world):
        assert {"self", "related"} <= each["links"].keys()


def test_resource_relationships_pagination(world: World) -> None:
    """An included to-many relationship has `prev` and `next`, which page through its linkage."""
    for number in range(25):
        world.api.create_transaction(world.other["id"], txid=f"P{number}", amount="1.00")
    wallet = world.document("/api/wallets/?include=transactions&filter[label]=Other")["data"][0]
    relationship = wallet["relationships"]["transactions"]
    rest = world.document(relationship["links"]["next"])["data"]
    assert len(relationship["data"]) + len(rest) == 25
    assert all(each.keys() <= {"type", "id", "meta"} for each in rest)


def test_resource_related_resource_link(world: World) -> None:
    """Each related link leads somewhere, also where the relationship is empty."""
    for each in relationships(world):
        assert world.api.get(each["links"]["related"]).status_code == 200


def test_resource_related_resource_link_change(world: World) -> None:
    """The link contains the resource's own id, so a move does not change it."""
    before = world.transaction["relationships"]["wallet"]["links"]
    moved = resource("Transaction", world.transaction["id"], wallet=world.other["id"])
    after = world.api.patch(world.transaction_url, moved).json()["data"]
    assert after["relationships"]["wallet"]["links"] == before
    assert after["relationships"]["wallet"]["data"]["id"] == world.other["id"]


def test_resource_linkage(world: World) -> None:
    """Null, an empty array, an identifier or an array of them, as the relationship is."""
    opening, posted = world.document(f"{world.wallet_url}entries/")["data"]
    assert opening["relationships"]["transaction"]["data"] is None
    assert posted["relationships"]["transaction"]["data"] == {"type": "Transaction", "id": world.transaction["id"]}
    one, other = world.document("/api/wallets/?include=transactions&sort=id")["data"]
    assert one["relationships"]["transactions"]["data"] == [{"type": "Transaction", "id": world.transaction["id"]}]
    assert other["relationships"]["transactions"]["data"] == []


def test_resource_links(world: World) -> None:
    """Each resource object has a link to itself."""
    assert all(each["links"].keys() == {"self"} for each in resources(world))


def test_resource_link_response(world: World) -> None:
    """A GET of that link answers with the resource as primary data."""
    for each in resources(world):
        found = world.document(each["links"]["self"])["data"]
        assert (found["type"], found["id"]) == (each["type"], each["id"])


def test_resource_identifier_required_members(world: World) -> None:
    """Each identifier has `type` and `id`, and a request's must have them."""
    for each in relationships(world):
        data = each.get("data")
        for identifier in data if isinstance(data, list) else [data] if data else []:
            assert {"type", "id"} <= identifier.keys()
    response = world.api.patch(f"{world.transaction_url}relationships/wallet", {"data": {"type": "Wallet"}})
    assert response.status_code == 422


def test_resource_identifier_optional_member(world: World) -> None:
    """`meta` of an identifier holds its cursor where pages go by cursor; in requests it is passed over."""
    accept = 'application/vnd.api+json;profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
    (identifier,) = world.document(f"{world.wallet_url}relationships/transactions/", accept=accept)["data"]
    assert identifier["meta"].keys() == {"page"}
    document = {"data": {"type": "Wallet", "id": world.other["id"], "meta": {"a": 1}}}
    assert world.api.patch(f"{world.transaction_url}relationships/wallet", document).status_code == 204


def test_compound_documents_allow(world: World) -> None:
    """`include` makes a compound document."""
    assert "included" in world.document("/api/wallets/?include=entries")


def test_compound_documents_top_level_included(world: World) -> None:
    """All included resources are in one array at the top, however deep the path."""
    document = world.document("/api/entries/?include=transaction.wallet,wallet")
    assert {each["type"] for each in document["included"]} == {"Transaction", "Wallet"}


def test_compound_documents_full_linkage(world: World) -> None:
    """Whatever is included is named by a linkage of the document; a fixture checks it for each response."""
    document = world.document("/api/wallets/?include=transactions.wallet,entries.transaction")
    linked = set()
    for each in (*document["data"], *document["included"]):
        for relationship in each["relationships"].values():
            data = relationship.get("data")
            found = data if isinstance(data, list) else [data] if data else []
            linked |= {(identifier["type"], identifier["id"]) for identifier in found}
    assert {(each["type"], each["id"]) for each in document["included"]} <= linked


def test_compound_documents_duplicates(world: World) -> None:
    """A resource reached by two paths occurs once; a fixture checks it for each response."""
    document = world.document("/api/wallets/?include=transactions.wallet,entries.wallet,entries.transaction")
    keys = [(each["type"], each["id"]) for each in (*document["data"], *document["included"])]
    assert len(keys) == len(set(keys))
