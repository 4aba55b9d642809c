"""Reading: include, fields, sort, page and filter."""

from __future__ import annotations

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import resource

CURSORS = 'application/vnd.api+json; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'


def labels(world: World, query: str) -> list[str]:
    return [each["attributes"]["label"] for each in world.document(f"/api/wallets/?{query}")["data"]]


# -- include and fields --------------------------------------------------------------------------------


def test_inclusion_default(world: World) -> None:
    """Nothing is included that is not asked for."""
    assert "included" not in world.document("/api/transactions/")


def test_inclusion_include_parameter(world: World) -> None:
    """`include` is taken by each URL that answers with resources, those that write too."""
    for url in ("/api/transactions/", world.transaction_url, f"{world.wallet_url}transactions/"):
        assert world.document(f"{url}?include=wallet")["included"][0]["type"] == "Wallet"
    document = resource("Transaction", txid="TX2", amount="1.00", wallet=world.wallet["id"])
    assert "included" in world.api.post("/api/transactions/?include=wallet", document).json()


def test_inclusion_unrequested(world: World) -> None:
    """Only what lies on a path that was asked for is included; with an empty value, nothing."""
    document = world.document(f"{world.wallet_url}?include=transactions")
    assert {each["type"] for each in document["included"]} == {"Transaction"}
    assert "included" not in world.document(f"{world.wallet_url}?include=")


def test_inclusion_include_parameter_value(world: World) -> None:
    """Paths are separated by commas, their relationships by dots; what lies between is included too."""
    document = world.document("/api/entries/?include=transaction.wallet,wallet")
    assert {each["type"] for each in document["included"]} == {"Transaction", "Wallet"}


def test_inclusion_bad_request(world: World) -> None:
    """400 for an unknown path, an attribute, a path through two to-many relationships, or an empty part."""
    for value in ("nope", "label", "transactions.nope", "transactions.entries", "transactions,", "."):
        response = world.api.get(f"{world.wallet_url}?include={value}")
        assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {"parameter": "include"})


def test_sparse_fieldsets_parameter(world: World) -> None:
    """`fields[TYPE]` is taken by each URL that answers with resources."""
    assert world.document(f"{world.wallet_url}?fields[Wallet]=label")["data"]["attributes"] == {"label": "One"}


def test_sparse_fieldsets_parameter_value(world: World) -> None:
    """Names of attributes and relationships, separated by commas; an unknown one is refused with 400."""
    data = world.document(f"{world.wallet_url}?fields[Wallet]=label,entries")["data"]
    assert (list(data["attributes"]), list(data["relationships"])) == (["label"], ["entries"])
    assert world.api.get(f"{world.wallet_url}?fields[Wallet]=label;entries").status_code == 400


def test_sparse_fieldsets_additional_fields(world: World) -> None:
    """No other field is shown, of primary and of included resources."""
    query = "include=wallet&fields[Wallet]=balance&fields[Transaction]=txid"
    document = world.document(f"/api/transactions/?{query}")
    assert document["data"][0].keys() == {"type", "id", "attributes", "links"}
    assert document["data"][0]["attributes"].keys() == {"txid"}
    assert document["included"][0].keys() == {"type", "id", "attributes", "links"}
    assert document["included"][0]["attributes"] == {"balance": "15.00"}


# -- sort, page and filter -----------------------------------------------------------------------------


def test_sorting_option(world: World) -> None:
    """Lists can be sorted by indexed fields."""
    assert labels(world, "sort=balance") == ["Other", "One"]


def test_sorting_parameter(world: World) -> None:
    """By the parameter `sort`."""
    assert labels(world, "sort=label") == ["One", "Other"]


def test_sorting_parameter_value(world: World) -> None:
    """Its value names attributes, or `id`."""
    assert labels(world, "sort=-id") == ["Other", "One"]


def test_sorting_multiple_fields(world: World) -> None:
    """Several are separated by commas."""
    assert labels(world, "sort=currency,-label") == ["Other", "One"]


def test_sorting_multiple_fields_order(world: World) -> None:
    """The first decides, the next where the first is equal."""
    world.api.create_wallet(label="Aero", currency="EUR")
    assert labels(world, "sort=-currency,label") == ["One", "Other", "Aero"]


def test_sorting_order(world: World) -> None:
    """Ascending, unless a minus stands before it."""
    assert labels(world, "sort=-balance") == labels(world, "sort=balance")[::-1] == ["One", "Other"]


def test_sorting_not_supported(world: World) -> None:
    """400 for a field that lists cannot be sorted by."""
    for value in ("metadata", "nope", "", "label,", "entries"):
        response = world.api.get(f"/api/wallets/?sort={value}")
        assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {"parameter": "sort"})


def test_sorting_specified_order(world: World) -> None:
    """The array is in the order that was asked for, also of related resources."""
    entries = world.document(f"{world.wallet_url}entries/?sort=-sequence")["data"]
    assert [each["attributes"]["sequence"] for each in entries] == [2, 1]


def test_sorting_default(world: World) -> None:
    """By id."""
    assert labels(world, "") == ["One", "Other"]


def test_pagination(world: World) -> None:
    """A page has 20 resources, and at most 100."""
    for number in range(20):
        world.api.create_wallet(label=f"W{number}")
    assert len(labels(world, "")) == 20
    assert len(labels(world, "page[size]=100")) == 22
    assert world.api.get("/api/wallets/?page[size]=101").status_code == 400


def test_pagination_links(world: World) -> None:
    """Each list has them."""
    for url in ("/api/wallets/", f"{world.wallet_url}entries/", f"{world.wallet_url}relationships/entries/"):
        assert {"first", "last", "prev", "next"} <= world.document(url)["links"].keys()


def test_pagination_links_object(world: World) -> None:
    """Those of primary data are at the top, those of an included relationship in its own links."""
    document = world.document("/api/wallets/?include=entries&page[size]=1")
    assert document["links"]["next"]
    assert {"prev", "next"} <= document["data"][0]["relationships"]["entries"]["links"].keys()
    assert "next" not in document["data"][0]["links"]


def test_pagination_keys(world: World) -> None:
    """They are called first, last, prev and next, and lead there."""
    links = world.document("/api/wallets/?page[size]=1&page[number]=2&sort=label")["links"]
    found = {
        name: world.document(links[name])["data"][0]["attributes"]["label"] for name in ("first", "last", "prev")
    }
    assert found == {"first": "One", "last": "Other", "prev": "One"}
    following = world.document(world.document(links["first"])["links"]["next"])
    assert following["data"][0]["attributes"]["label"] == "Other"


def test_pagination_unavailable_link(world: World) -> None:
    """A link that there is none of is null."""
    links = world.document("/api/wallets/")["links"]
    assert (links["prev"], links["next"]) == (None, None)
    assert world.document("/api/wallets/?page[size]=1", accept=CURSORS)["links"]["last"] is None


def test_pagination_order(world: World) -> None:
    """`next` continues in the order of the list, so with `sort=-label` towards A."""
    document = world.document("/api/wallets/?sort=-label&page[size]=1")
    following = world.document(document["links"]["next"])
    assert [each["data"][0]["attributes"]["label"] for each in (document, following)] == ["Other", "One"]


def test_pagination_page_parameter(world: World) -> None:
    """Pages are asked for by `page[number]`, `page[size]`, `page[after]` and `page[before]`; others are refused."""
    first = world.document("/api/wallets/?page[size]=1", accept=CURSORS)["data"][0]
    assert labels(world, f"page[after]={first['meta']['page']['cursor']}") == ["Other"]
    assert world.api.get("/api/wallets/?page[offset]=1").status_code == 400


def test_filtering(world: World) -> None:
    """Lists are narrowed by `filter[...]`, and an unknown filter is refused."""
    assert labels(world, "filter[balance.gt]=0&filter[label.icontains]=o") == ["One"]
    assert world.api.get("/api/wallets/?filter[nope]=1").status_code == 400
