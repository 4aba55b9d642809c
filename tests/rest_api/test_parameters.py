"""Query parameters that this server does not have: refused at each URL, for each method, and nothing is done.

Source: https://jsonapi.org/format/1.1/#query-parameters. A family's name alone is not of the family, a member's name
is not empty, and there is one of it; `sort` and `include` are no families, and names of small letters are the
specification's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest

from rest_api.urls import urlpatterns
from tests.fast_path.front import Front
from tests.rest_api.batches import ATOMIC_TYPE
from tests.rest_api.conftest import Api, resource, state

NOWHERE = [
    "sort[label]",
    "sort[]",
    "include[]",
    "include[transactions]",
    "fields",
    "filter",
    "page",
    "filter[]",
    "page[]",
    "fields[]",
    "page[size][x]",
    "filter[label][x]",
    "fields[Wallet][x]",
    "page[size",
    "page]size[",
    "page[size]]",
    "page[[size]]",
    "[size]",
    "[]",
    "[",
    "Page[size]",
    "SORT",
    "page[size]x",
    " sort",
    "sort ",
    "limit",
    "offset",
    "q",
    "format",
    "camelCase",
    "page.size",
    "",
]
"""Names that no URL has."""
SPELLINGS: list[Callable[[str], str]] = [
    lambda name: f"{name}=label",
    lambda name: f"{quote(name, safe='')}=label",
    lambda name: f"{name}=",
    lambda name: f"&{quote(name)}=label&",
]
FAMILIES = ("sort", "include", "fields[Wallet]", "filter[label]", "page[size]")
LIST = {*FAMILIES}
DOCUMENT = {"include", "fields[Wallet]"}

ROUTES: dict[str, tuple[str, dict[str, set[str]]]] = {
    "root": ("/api/", {"GET": set()}),
    "operations": ("/api/operations", {"POST": set()}),
    "schema": ("/api/schema/", {"GET": set()}),
    "wallets-list": ("/api/wallets/", {"GET": LIST, "POST": DOCUMENT}),
    "wallets-detail": ("/api/wallets/{wallet}/", {"GET": DOCUMENT, "PATCH": DOCUMENT, "DELETE": set()}),
    "transactions-list": ("/api/transactions/", {"GET": LIST, "POST": DOCUMENT}),
    "transactions-detail": (
        "/api/transactions/{transaction}/",
        {"GET": DOCUMENT, "PATCH": DOCUMENT, "DELETE": set()},
    ),
    "entries-list": ("/api/entries/", {"GET": LIST}),
    "entries-detail": ("/api/entries/{entry}/", {"GET": DOCUMENT}),
    "wallets-transactions": ("/api/wallets/{wallet}/transactions/", {"GET": LIST}),
    "wallets-entries": ("/api/wallets/{wallet}/entries/", {"GET": LIST}),
    "wallets-balance": ("/api/wallets/{wallet}/balance/", {"GET": set()}),
    "wallets-statement": ("/api/wallets/{wallet}/statement/", {"GET": {"page[size]"}}),
    "transactions-entries": ("/api/transactions/{transaction}/entries/", {"GET": LIST}),
    "transactions-wallet": ("/api/transactions/{transaction}/wallet/", {"GET": DOCUMENT}),
    "transactions-transfer": ("/api/transactions/{transaction}/transfer/", {"GET": DOCUMENT}),
    "transactions-reversalOf": ("/api/transactions/{transaction}/reversalOf/", {"GET": DOCUMENT}),
    "transactions-reversals": ("/api/transactions/{transaction}/reversals/", {"GET": LIST, "POST": DOCUMENT}),
    "transfers-reversalOf": ("/api/transfers/{transfer}/reversalOf/", {"GET": DOCUMENT}),
    "transfers-reversals": ("/api/transfers/{transfer}/reversals/", {"GET": LIST, "POST": DOCUMENT}),
    "transfers-list": ("/api/transfers/", {"GET": LIST, "POST": DOCUMENT}),
    "transfers-detail": ("/api/transfers/{transfer}/", {"GET": DOCUMENT, "PATCH": DOCUMENT}),
    "transfers-legs": ("/api/transfers/{transfer}/legs/", {"GET": LIST}),
    "transactions-hold": ("/api/transactions/{transaction}/hold/", {"GET": DOCUMENT}),
    "holds-list": ("/api/holds/", {"GET": LIST, "POST": DOCUMENT}),
    "holds-detail": ("/api/holds/{hold}/", {"GET": DOCUMENT, "PATCH": DOCUMENT}),
    "holds-wallet": ("/api/holds/{hold}/wallet/", {"GET": DOCUMENT}),
    "holds-destination": ("/api/holds/{hold}/destination/", {"GET": DOCUMENT}),
    "holds-captures": ("/api/holds/{hold}/captures/", {"GET": LIST, "POST": DOCUMENT}),
    "holds-releases": ("/api/holds/{hold}/releases/", {"POST": DOCUMENT}),
    "wallets-holds": ("/api/wallets/{wallet}/holds/", {"GET": LIST}),
    "entries-hold": ("/api/entries/{entry}/hold/", {"GET": DOCUMENT}),
    "entries-wallet": ("/api/entries/{entry}/wallet/", {"GET": DOCUMENT}),
    "books-list": ("/api/books/", {"GET": {"fields[Book]"}}),
    "books-detail": ("/api/books/USD/", {"GET": {"fields[Book]"}}),
    "entries-transaction": ("/api/entries/{entry}/transaction/", {"GET": DOCUMENT}),
    **{
        f"{path}-relationships-{name}": (
            f"/api/{path}/{{{path}}}/relationships/{name}/",
            {"GET": {"page[size]"}, "POST": set(), "PATCH": set(), "DELETE": set()},
        )
        for path, name in (
            ("wallets", "transactions"),
            ("wallets", "entries"),
            ("transactions", "entries"),
            ("transactions", "reversals"),
            ("transfers", "legs"),
            ("wallets", "holds"),
            ("holds", "captures"),
            ("transfers", "reversals"),
        )
    },
    **{
        f"{path}-relationships-{name}": (
            f"/api/{path}/{{{path}}}/relationships/{name}/",
            {"GET": set(), "PATCH": set()},
        )
        for path, name in (
            ("transactions", "wallet"),
            ("transactions", "transfer"),
            ("transactions", "hold"),
            ("entries", "hold"),
            ("holds", "wallet"),
            ("holds", "destination"),
            ("transactions", "reversalOf"),
            ("transfers", "reversalOf"),
            ("entries", "wallet"),
            ("entries", "transaction"),
        )
    },
}
"""Each route by its name: a URL of it, and which of the families each method takes there."""
PAGES = {"docs", None}
"""URLs outside the API: pages for people, and unknown paths."""


def test_no_route_is_left_out() -> None:
    assert {pattern.name for pattern in urlpatterns} - PAGES == set(ROUTES)


@pytest.fixture
def ids(api: Api) -> dict[str, str]:
    wallet = api.create_wallet(label="My Wallet", balance="10.00")
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="1.00")
    entry = api.data("/api/entries/?sort=-id")[0]
    legs, external = [{"wallet": wallet["id"], "amount": "1"}], [{"currency": "USD", "amount": "-1"}]
    document = resource("Transfer", txid="X", legs=legs, external=external)
    transfer = api.post("/api/transfers/", document).json()["data"]
    hold = api.post("/api/holds/", resource("Hold", txid="H", wallet=wallet["id"], amount="1")).json()["data"]
    made = {"wallet": wallet, "transaction": transaction, "entry": entry, "transfer": transfer, "hold": hold}
    singular = {name: each["id"] for name, each in made.items()}
    plural = {
        "wallets": "wallet",
        "transactions": "transaction",
        "entries": "entry",
        "transfers": "transfer",
        "holds": "hold",
    }
    return singular | {name: singular[one] for name, one in plural.items()}


def request_of(route: str, method: str, ids: dict[str, str]) -> tuple[object, dict[str, str]]:
    """Return a document that the route would take, and the headers that it needs."""
    if route == "operations":
        data = resource("Wallet", ids["wallet"], label="Renamed")["data"]
        return {"atomic:operations": [{"op": "update", "data": data}]}, {"content_type": ATOMIC_TYPE}
    if method == "PATCH" and "relationships-wallet" in route:
        return {"data": {"type": "Wallet", "id": ids["wallet"]}}, {}
    documents = {
        ("wallets-list", "POST"): resource("Wallet", label="New"),
        ("wallets-detail", "PATCH"): resource("Wallet", ids["wallet"], label="Renamed"),
        ("transactions-list", "POST"): resource("Transaction", wallet=ids["wallet"], txid="TX2", amount="1.00"),
        ("transactions-detail", "PATCH"): resource("Transaction", ids["transaction"], amount="2.00"),
        ("transfers-list", "POST"): resource(
            "Transfer", txid="X2", legs=[{"wallet": ids["wallet"], "amount": "1"}] * 2
        ),
        ("holds-list", "POST"): resource("Hold", txid="H2", wallet=ids["wallet"], amount="1"),
        ("holds-detail", "PATCH"): resource("Hold", ids["hold"], description="New"),
        ("holds-captures", "POST"): resource("Transaction", txid="C"),
        ("holds-releases", "POST"): resource("Hold"),
        ("transfers-detail", "PATCH"): resource("Transfer", ids["transfer"], description="New"),
        ("transactions-reversals", "POST"): resource("Transaction", txid="TX3"),
        ("transfers-reversals", "POST"): resource("Transfer", txid="X3"),
    }
    return documents.get((route, method), None if method in ("GET", "DELETE") else {"data": []}), {}


@pytest.mark.parametrize(
    ("route", "method"), [(route, method) for route, (_, methods) in ROUTES.items() for method in methods]
)
def test_an_unknown_parameter_is_refused_by_name(api: Api, ids: dict[str, str], route: str, method: str) -> None:
    template, methods = ROUTES[route]
    document, headers = request_of(route, method, ids)
    before = state()
    names = [*NOWHERE, *(family for family in FAMILIES if family not in methods[method])]
    for name, spell in zip(names, cycle(SPELLINGS), strict=False):
        url = f"{template.format(**ids)}?{spell(name)}"
        response = api._client.get(url) if route == "schema" else api.send(method, url, document, **headers)
        errors = response.json()["errors"]
        assert (response.status_code, [error["source"] for error in errors]) == (400, [{"parameter": name}]), url
    assert state() == before


@pytest.mark.django_db(transaction=True)
def test_the_layer_in_front_of_django_knows_no_other_parameters(make_wallet: Any) -> None:
    wallet, front = make_wallet(), Front()
    for path in ("/api/wallets/?", f"/api/wallets/{wallet.id}/?", "/api/transactions/?sort=-amount&"):
        assert front.ask(path)[0] == "200 OK"
        for name in [*NOWHERE, *NOWHERE]:
            status, _, body = front.ask(f"{path}{quote(name)}=label")
            assert status == "400 Bad Request"
            assert json.loads(body)["errors"][0]["source"] == {"parameter": name}
