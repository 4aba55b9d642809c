"""Reading: fetching resources and relationships."""

from __future__ import annotations

from typing import Any

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import SERVER

CURSORS = 'application/vnd.api+json; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'


def linkage_url(world: World) -> str:
    return f"{world.transaction_url}relationships/wallet/"


# -- fetching ------------------------------------------------------------------------------------------


def test_fetch_url_support(world: World) -> None:
    """Every link that any document holds can be fetched: a walk from the root proves it."""

    def links(value: Any) -> set[str]:
        if isinstance(value, dict | list):
            items = value.values() if isinstance(value, dict) else value
            return {link for item in items for link in links(item)}
        return {value} if isinstance(value, str) and value.startswith(f"{SERVER}/api/") else set()

    seen: set[str] = set()
    waiting = {f"{SERVER}/api/", "/api/wallets/?include=transactions&page[size]=1"}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        waiting |= links(world.document(url)) - seen
    assert len(seen) > 20


def test_fetch_response_code(world: World) -> None:
    """200 for one and for many."""
    assert world.api.get(world.wallet_url).status_code == 200
    assert world.api.get("/api/wallets/").status_code == 200


def test_fetch_primary_data_collection(world: World) -> None:
    """An array of resource objects, or an empty one."""
    assert [each["type"] for each in world.document("/api/wallets/")["data"]] == ["Wallet", "Wallet"]
    assert world.document(f"{world.other['links']['self']}transactions/")["data"] == []


def test_fetch_primary_data_single(world: World) -> None:
    """A resource object, or null for the transaction of an entry that has none."""
    assert world.document(world.transaction_url)["data"] == world.transaction
    opening = world.document(f"{world.wallet_url}entries/")["data"][0]
    assert world.document(f"{opening['links']['self']}transaction/")["data"] is None


def test_fetch_responses_404(world: World) -> None:
    """404 for a resource that does not exist, and for whatever would be related to it."""
    for path in ("wallets/999", "wallets/999/transactions", "transactions/x", "transactions/999/wallet", "entries/0"):
        assert world.api.get(f"/api/{path}/").status_code == 404


def test_fetch_responses_other_status_codes(world: World) -> None:
    """304 for what the client has already; 400 and 406 for what cannot be answered."""
    etag = world.api.get(world.wallet_url)["ETag"]
    assert world.api.get(world.wallet_url, if_none_match=etag).status_code == 304
    assert world.api.get("/api/wallets/?page[size]=0").status_code == 400
    assert world.api.get("/api/wallets/", accept="text/html").status_code == 406


def test_fetch_responses_error_details(world: World) -> None:
    """Each refusal is an error object with code, title and detail."""
    (error,) = world.api.get("/api/wallets/999/").json()["errors"]
    assert {"status", "code", "title", "detail"} <= error.keys()


def test_fetch_responses_http_semantics(world: World) -> None:
    """HEAD answers as GET without a body, a GET changes nothing, and other methods are refused with 405 and Allow."""
    get, head = world.api.get(world.wallet_url), world.api.send("HEAD", world.wallet_url)
    assert (head.status_code, head["ETag"], head["Content-Type"]) == (200, get["ETag"], get["Content-Type"])
    refused = world.api.send("PUT", world.wallet_url)
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, PATCH, DELETE, OPTIONS")
    assert world.unchanged()


def test_fetch_relationships(world: World) -> None:
    """Each relationship's self link answers with its linkage."""
    for each in (world.wallet, world.transaction, *world.document("/api/entries/")["data"]):
        for relationship in each["relationships"].values():
            assert "data" in world.document(relationship["links"]["self"])


def test_fetch_relationships_response_200(world: World) -> None:
    """200."""
    assert world.api.get(linkage_url(world)).status_code == 200


def test_fetch_relationships_response_200_primary_data(world: World) -> None:
    """The primary data is the linkage that the resource object shows."""
    assert world.document(linkage_url(world))["data"] == world.transaction["relationships"]["wallet"]["data"]
    included = world.document(f"{world.wallet_url}?include=entries")["data"]["relationships"]["entries"]
    assert world.document(included["links"]["self"])["data"] == included["data"]


def test_fetch_relationships_response_200_self_related(world: World) -> None:
    """The links have both."""
    links = world.document(linkage_url(world))["links"]
    assert links == {"self": linkage_url(world), "related": f"{world.transaction_url}wallet/"}


def test_fetch_relationships_response_404(world: World) -> None:
    """404 for a resource or relationship that does not exist."""
    for path in (
        "wallets/999/relationships/entries",
        "wallets/1/relationships/owner",
        "transactions/x/relationships/wallet",
    ):
        assert world.api.get(f"/api/{path}").status_code == 404


def test_fetch_relationships_response_exists_empty(world: World) -> None:
    """200 with an empty array or null."""
    assert world.document(f"{world.other['links']['self']}relationships/transactions/")["data"] == []
    opening = world.document("/api/entries/")["data"][0]
    assert world.document(f"{opening['links']['self']}relationships/transaction/")["data"] is None


def test_fetch_relationships_other_status_codes(world: World) -> None:
    """304 for what the client has already, 400 for a parameter that a relationship does not take."""
    etag = world.api.get(linkage_url(world))["ETag"]
    assert world.api.get(linkage_url(world), if_none_match=etag).status_code == 304
    assert world.api.get(f"{linkage_url(world)}?include=wallet").status_code == 400


def test_fetch_relationships_other_error_details(world: World) -> None:
    """Each refusal is an error object that names the parameter."""
    (error,) = world.api.get(f"{linkage_url(world)}?page[size]=1").json()["errors"]
    assert error["source"] == {"parameter": "page[size]"}


def test_fetch_relationships_http_semantics(world: World) -> None:
    """HEAD and OPTIONS work, and POST to a to-one is refused with 405."""
    assert world.api.send("HEAD", linkage_url(world)).status_code == 200
    assert world.api.send("OPTIONS", linkage_url(world))["Allow"] == "GET, HEAD, PATCH, OPTIONS"
    assert world.api.send("POST", linkage_url(world), {"data": None}).status_code == 405
