"""Pages of a list, by number and by cursor, as the cursor pagination profile has it.

The profile: http://jsonapi.org/profiles/ethanresnick/cursor-pagination/
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.rest_api.conftest import SERVER, Api, labels, problems

CURSORS = 'application/vnd.api+json; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
ERRORS = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/"


def page(number: int | None, **others: str) -> str:
    parameters = [*others.items(), *([("page[number]", str(number))] if number else []), ("page[size]", "2")]
    return f"{SERVER}/api/wallets/?" + "&".join(f"{quote(name)}={value}" for name, value in parameters)


def test_pages_are_linked(api: Api, wallets: list[Any]) -> None:
    document = api.get("/api/wallets/?page[number]=2&sort=label&page[size]=2").json()
    assert document["meta"] == {"pagination": {"page": 2, "pages": 3, "count": 5}}
    assert document["links"] == {
        "self": page(2, sort="label"),
        "first": page(None, sort="label"),
        "last": page(3, sort="label"),
        "prev": page(None, sort="label"),
        "next": page(3, sort="label"),
    }


def test_the_ends_have_no_neighbours(api: Api, wallets: list[Any]) -> None:
    first, last = api.get(page(None)).json(), api.get(page(3)).json()
    assert (first["links"]["prev"], first["links"]["next"]) == (None, page(2))
    assert (last["links"]["prev"], last["links"]["next"]) == (page(2), None)
    beyond = api.get(page(9)).json()
    assert (beyond["links"]["prev"], beyond["links"]["next"], beyond["data"]) == (page(3), None, [])
    assert beyond["meta"] == {"pagination": {"page": 9, "pages": 3, "count": 5}}


def test_an_empty_list_has_one_empty_page(api: Api) -> None:
    document = api.get("/api/wallets/").json()
    assert document["data"] == []
    assert document["meta"] == {"pagination": {"page": 1, "pages": 1, "count": 0}}
    assert document["links"] == {
        "self": f"{SERVER}/api/wallets/",
        "first": f"{SERVER}/api/wallets/",
        "last": f"{SERVER}/api/wallets/",
        "prev": None,
        "next": None,
    }


def test_a_page_has_twenty_and_never_more_than_a_hundred(api: Api) -> None:
    for number in range(25):
        api.create_wallet(label=f"W{number}")
    assert len(api.data("/api/wallets/")) == 20
    assert len(api.data("/api/wallets/?page[size]=100")) == 25


def test_links_keep_the_query_percent_encoded(api: Api, wallets: list[Any]) -> None:
    filters = "filter[currency]=USD&filter[label.icontains]=%26 %C3%BC"
    query = f"page[size]=1&sort=-balance&fields[Wallet]=label,balance&{filters}"
    document = api.get(f"/api/wallets/?{query}").json()
    assert document["links"]["self"] == (
        f"{SERVER}/api/wallets/?filter%5Bcurrency%5D=USD&filter%5Blabel.icontains%5D=%26%20%C3%BC&sort=-balance"
        "&fields%5BWallet%5D=balance,label&page%5Bsize%5D=1"
    )
    assert api.get(document["links"]["self"]).json() == document


# -- the cursor pagination profile ---------------------------------------------------------------------


def test_the_profile_is_applied_when_it_is_asked_for(api: Api, wallets: list[Any]) -> None:
    response = api.get("/api/wallets/?page[size]=2", accept=CURSORS)
    assert response["Content-Type"] == CURSORS
    document = response.json()
    assert document["jsonapi"] == {
        "version": "1.1",
        "profile": ["http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"],
    }
    assert document["links"]["self"] == {"href": f"{SERVER}/api/wallets/?page%5Bsize%5D=2", "type": CURSORS}
    assert document["links"]["prev"] is None
    assert "meta" not in document
    assert all(each["meta"]["page"]["cursor"] for each in document["data"])
    assert "profile" not in api.get("/api/wallets/?page[size]=2").json()["jsonapi"]


def test_cursors_walk_in_both_directions(api: Api, wallets: list[Any]) -> None:
    seen, url = "", "/api/wallets/?sort=-balance&page[size]=2"
    while url:
        document = api.get(url, accept=CURSORS).json()
        seen += "".join(each["attributes"]["label"] for each in document["data"])
        last, url = document, document["links"]["next"]
    assert seen == "edCBA"
    seen, url = "", last["links"]["prev"]
    while url:
        document = api.get(url).json()
        seen = "".join(each["attributes"]["label"] for each in document["data"]) + seen
        url = document["links"]["prev"]
    assert seen == "edCB"


def cursor(api: Api, place: int) -> str:
    return str(api.data("/api/wallets/", accept=CURSORS)[place]["meta"]["page"]["cursor"])


def test_a_range_between_two_cursors(api: Api, wallets: list[Any]) -> None:
    query = f"page[after]={cursor(api, 0)}&page[before]={cursor(api, 4)}"
    assert labels(api, query) == "BCd"
    assert "meta" not in api.get(f"/api/wallets/?{query}").json()
    truncated = api.get(f"/api/wallets/?{query}&page[size]=2").json()
    assert truncated["meta"] == {"page": {"rangeTruncated": True}}
    assert [each["attributes"]["label"] for each in truncated["data"]] == ["B", "C"]
    assert labels(api, truncated["links"]["next"].partition("?")[2]) == "de"
    assert labels(api, truncated["links"]["prev"].partition("?")[2]) == "A"


def test_a_cursor_outlives_its_record(api: Api, wallets: list[Any]) -> None:
    place = cursor(api, 0)
    assert api.delete(wallets[0]["links"]["self"]).status_code == 204
    assert labels(api, f"page[after]={place}&page[size]=2") == "BC"
    assert labels(api, f"page[before]={place}") == ""


def test_a_cursor_of_another_order_is_refused(api: Api, wallets: list[Any]) -> None:
    response = api.get(f"/api/wallets/?page[after]={cursor(api, 0)}&sort=label")
    assert (response.status_code, problems(response)) == (400, [("invalid_parameter", "page[after]")])


def test_the_errors_of_the_profile_have_their_types(api: Api, wallets: list[Any]) -> None:
    (error,) = api.get("/api/wallets/?page[size]=101", accept=CURSORS).json()["errors"]
    assert error["links"]["type"] == f"{ERRORS}max-size-exceeded"
    assert error["meta"]["page"] == {"maxSize": 100}
    assert error["source"] == {"parameter": "page[size]"}
    (error,) = api.get("/api/wallets/?sort=metadata", accept=CURSORS).json()["errors"]
    assert error["links"]["type"] == f"{ERRORS}unsupported-sort"
    assert error["source"] == {"parameter": "sort"}


def test_relationships_are_paged_by_cursor_too(api: Api) -> None:
    wallet = api.create_wallet(label="My Wallet")
    created = [api.create_transaction(wallet["id"], txid=f"TX{n}", amount="1.00")["id"] for n in range(3)]
    url = f"/api/wallets/{wallet['id']}/relationships/transactions?page[size]=2"
    document = api.get(url, accept=CURSORS).json()
    assert [each["id"] for each in document["data"]] == created[:2]
    assert document["links"]["related"] == f"{SERVER}/api/wallets/{wallet['id']}/transactions/"
    assert [each["id"] for each in api.data(document["links"]["next"])] == created[2:]
