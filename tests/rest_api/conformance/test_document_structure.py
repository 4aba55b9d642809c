"""Document structure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import resource
from tests.rest_api.structure import TOP_LEVEL, TOP_LEVEL_LINKS, check_links
from walletsvc.reading.resources import RESOURCES

GLOBALLY_ALLOWED = "a-zA-Z0-9"


def documents(world: World) -> list[Any]:
    """Return one document of each kind."""
    urls = [
        "/api/",
        "/api/wallets/?include=transactions.wallet,entries",
        "/api/transactions/?page[size]=1&include=wallet",
        "/api/entries/",
        "/api/nope",
        world.wallet_url,
        world.transaction_url,
        f"{world.transaction_url}wallet/",
        f"{world.transaction_url}relationships/wallet/",
        f"{world.wallet_url}relationships/transactions/",
        f"{world.wallet_url}transactions/?include=wallet",
    ]
    return [world.api.get(url).json() for url in urls]


def resources(world: World) -> list[Any]:
    """Return the resource objects of all of them."""
    found = []
    for document in documents(world):
        data = document.get("data")
        primary = data if isinstance(data, list) else [data]
        found += [each for each in (*primary, *document.get("included", [])) if each and "links" in each]
    return found


def relationships(world: World) -> list[Any]:
    return [each for found in resources(world) for each in found.get("relationships", {}).values()]


def names(value: Any) -> set[str]:
    """Return the member names of a document, except for what callers keep in `metadata`."""
    if isinstance(value, list):
        return {name for item in value for name in names(item)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for key, item in value.items() if key != "metadata" for name in names(item)}


def all_names(world: World) -> set[str]:
    return {name for document in documents(world) for name in names(document)}


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
    """One resource or identifier, or null, for what is one; an array for what is many."""
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


def test_resource_required_top_level(world: World) -> None:
    """Each resource object has `id` and `type`, primary or included."""
    assert all({"id", "type"} <= each.keys() for each in resources(world))


def test_resource_optional_top_level(world: World) -> None:
    """Each resource object has attributes, relationships and a link to itself; `meta` holds a cursor if asked for."""
    assert all({"attributes", "relationships", "links"} <= each.keys() for each in resources(world))


def test_resource_id_type(world: World) -> None:
    """`id` and `type` are there even if a fieldset asks for no field at all."""
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
    """The link is made of the resource's own id, so a move does not change it."""
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
    """Each identifier has `type` and `id`, and a request's has to."""
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
    """All that is included is in one array at the top, however deep the path."""
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
    """A resource that two paths lead to is there once; a fixture checks it for each response."""
    document = world.document("/api/wallets/?include=transactions.wallet,entries.wallet,entries.transaction")
    keys = [(each["type"], each["id"]) for each in (*document["data"], *document["included"])]
    assert len(keys) == len(set(keys))


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


def test_member_name_case(world: World) -> None:
    """`Label` is no attribute of a wallet, and `wallet` is no type."""
    assert world.api.post("/api/wallets/", resource("Wallet", Label="New")).status_code == 422
    assert world.api.post("/api/wallets/", resource("wallet", label="New")).status_code == 409
    assert world.api.get("/api/wallets/?fields[Wallet]=Label").status_code == 400


def test_member_name_character(world: World) -> None:
    """No name is empty."""
    assert "" not in all_names(world)


def test_member_name_allowed_characters_only(world: World) -> None:
    """All names are of letters and digits."""
    assert all(re.fullmatch(f"[{GLOBALLY_ALLOWED}]+", name) for name in all_names(world))


def test_member_name_globally_allowed(world: World) -> None:
    """So are their ends."""
    assert all(re.match(f"[{GLOBALLY_ALLOWED}]", name[0] + name[-1]) for name in all_names(world))


def test_member_name_url_safe(world: World) -> None:
    """Letters and digits need no encoding in a URL."""
    assert all(name.isascii() and name.isalnum() for name in all_names(world))


def test_member_name_allowed_characters(world: World) -> None:
    """Names are in camel case: ASCII letters only."""
    assert {"createdAt", "balanceAfter"} <= all_names(world)


def test_member_name_reserved_characters(world: World) -> None:
    """None of the reserved characters is in any name."""
    reserved = set("+,.[]!\"#$%&'()*/:;<=>?@\\^`{|}~")
    assert not any(set(name) & reserved for name in all_names(world))


@pytest.mark.parametrize(
    "place",
    [("data",), ("data", "attributes"), ("data", "relationships"), ("data", "relationships", "wallet"), ()],
)
def test_member_name_at_members_where(world: World, place: tuple[str, ...]) -> None:
    """They are taken anywhere in a document."""
    document = resource("Transaction", txid="TX2", amount="1.00", wallet=world.wallet["id"])
    target = document
    for name in place:
        target = target[name]
    target["@x"] = {"y": 1}
    assert world.api.post("/api/transactions/", document).status_code == 201


def test_member_name_at_members_definition(world: World) -> None:
    """A name that begins with @ is no unknown attribute."""
    assert world.api.post("/api/wallets/", resource("Wallet", **{"label": "New", "@label": "x"})).status_code == 201


def test_member_name_at_members_no_process(world: World) -> None:
    """What they hold has no effect on what is stored."""
    document = resource("Wallet", world.wallet["id"], **{"@label": "New", "@balance": "99.00"})
    before = world.document(world.wallet_url)
    assert world.api.patch(world.wallet_url, document).json() == before
    assert world.unchanged()


def test_member_name_at_members_ignore_for_definitions(world: World) -> None:
    """A document whose `data` has an @-member beside `type` alone is still short of its label."""
    document = {"data": {"type": "Wallet", "@attributes": {"label": "New"}}}
    (error,) = world.api.post("/api/wallets/", document).json()["errors"]
    assert (error["code"], error["source"]["pointer"]) == ("required", "/data")
