"""Both faces ask for a key, take it from one place only, and let it do and see no more than it may."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.access.owners import ALL, JSON_API, Writer, new
from walletsvc.access import keys
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("guarded_server")]

ABSENT = "999999999"
CHALLENGE = 'Bearer realm="walletsvc", error="invalid_token"'

Key = Callable[..., str]


@pytest.fixture
def key() -> Key:
    def make(*scopes: str, owner: str | None = None) -> str:
        now = timezone.now()
        granted = frozenset(scopes or ALL)
        made = keys.create_key(by=SYSTEM, name="k", scopes=granted, owner=owner, expires_at=None, at=now)
        return made.text

    return make


class Face(Writer):
    """A client with the credentials of one caller, or with none."""

    def __init__(self, key: str | None = None, **headers: str) -> None:
        self._client = Client(headers=headers | ({} if key is None else {"Authorization": f"Bearer {key}"}))

    def rest(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        more = {} if document is None else {"data": json.dumps(document), "content_type": JSON_API}
        self.answer = self._client.generic(method, f"/api/{path}", **more)  # type: ignore[arg-type]
        return self.answer.status_code, json.loads(self.answer.content) if self.answer.content else None

    def graphql(self, query: str, **variables: object) -> tuple[int, Any]:
        body = {"query": query, "variables": variables}
        self.answer = self._client.post("/graphql/", json.dumps(body), "application/json")
        return self.answer.status_code, self.answer.json()

    def open(self, label: str, **attributes: object) -> str:
        return super().open(label, **{"balance": "10.00", **attributes})


def code(document: Any) -> str:
    error = document["errors"][0]
    return str(error.get("code") or error["extensions"]["code"])


def test_nobody_is_told_anything(key: Key) -> None:
    Face(key()).open("W")
    for caller in (Face(), Face("walk_nonsense"), Face(f"{key()}x")):
        for status, document in (
            caller.rest("GET", "wallets/"),
            caller.rest("GET", "wallets/1/"),
            caller.rest("GET", ""),
            caller.rest("GET", "no-such-url/"),
            caller.rest("POST", "wallets/", new("Wallet", label="X")),
            caller.graphql("{ wallets { totalCount } }"),
            caller.graphql("{ nonsense"),
        ):
            assert (status, code(document)) == (401, "unauthenticated")
            assert caller.answer["WWW-Authenticate"] == CHALLENGE
    assert Wallet.objects.count() == 1


def test_every_way_of_not_being_somebody_has_one_body(key: Key) -> None:
    revoked, now = key(), timezone.now()
    keys.revoke_key(by=SYSTEM, key_id=revoked[5:15], at=now)
    expired = keys.create_key(
        by=SYSTEM, name="k", scopes=frozenset(ALL), owner=None, at=now - timedelta(2), expires_at=now - timedelta(1)
    )
    bodies = set()
    for credentials in (None, "walk_", f"{key()[:-1]}?", revoked, expired.text):
        caller = Face(credentials)
        caller.rest("GET", "wallets/")
        bodies.add(caller.answer.content)
    assert len(bodies) == 1


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/api/docs/", "/api/schema/"])
def test_some_pages_are_for_everybody(path: str) -> None:
    assert Client().get(path).status_code == 200


def test_the_playground_opens_without_a_key() -> None:
    assert Client().get("/graphql/", headers={"accept": "text/html"}).status_code == 200


def test_a_key_is_taken_from_one_place_only(key: Key) -> None:
    text = key()
    client = Client()
    client.cookies["Authorization"] = client.cookies["token"] = f"Bearer {text}"
    elsewhere = ("X-Api-Key", "Api-Key", "X-Authorization", "Proxy-Authorization", "Walletsvc-Key")
    headers = dict.fromkeys(elsewhere, f"Bearer {text}")
    for query in ("", f"?key={text}", f"?access_token={text}", f"?authorization=Bearer%20{text}"):
        assert client.get(f"/api/wallets/{query}", headers=headers).status_code == 401
        assert client.get(f"/graphql/{query}", headers=headers | {"accept": "application/json"}).status_code == 401


@pytest.mark.parametrize(
    ("lacking", "method", "path", "document"),
    [
        ("wallets:read", "GET", "wallets/", None),
        ("wallets:read", "GET", "wallets/{wallet}/", None),
        ("wallets:read", "GET", "transactions/?include=wallet", None),
        ("wallets:read", "GET", "transactions/{transaction}/wallet/", None),
        ("wallets:write", "POST", "wallets/", new("Wallet", label="X")),
        ("wallets:write", "DELETE", "wallets/{wallet}/", None),
        ("transactions:read", "GET", "transactions/", None),
        ("transactions:read", "GET", "transactions/{transaction}/", None),
        ("transactions:read", "GET", "entries/", None),
        ("transactions:read", "GET", "wallets/{wallet}/entries/", None),
        ("transactions:read", "GET", "wallets/{wallet}/relationships/transactions/", None),
        ("transactions:read", "GET", "wallets/{wallet}/?include=transactions", None),
        ("transactions:read", "POST", "wallets/?include=entries", new("Wallet", label="X")),
        ("transactions:write", "POST", "transactions/", new("Transaction", txid="X", amount="1", wallet="1")),
        ("transactions:write", "DELETE", "transactions/{transaction}/", None),
    ],
)
def test_without_its_scope_nothing_is_read_or_done(
    key: Key, lacking: str, method: str, path: str, document: object
) -> None:
    everything = Face(key())
    wallet = everything.open("W")
    _, posted = everything.post(wallet, "T")
    path = path.format(wallet=wallet, transaction=posted["data"]["id"])
    before = [list(model.objects.order_by("id").values()) for model in (Wallet, Transaction, Entry)]
    limited = Face(key(*(scope for scope in ALL if scope != lacking)))
    status, answer = limited.rest(method, path, document)
    assert (status, code(answer)) == (403, "forbidden")
    assert lacking in answer["errors"][0]["detail"]
    assert [list(model.objects.order_by("id").values()) for model in (Wallet, Transaction, Entry)] == before


def test_graphql_asks_for_the_same_scopes(key: Key) -> None:
    everything = Face(key())
    wallet = everything.open("W")
    everything.post(wallet, "T")
    reads_wallets = Face(key("wallets:read", "transactions:write"))
    assert reads_wallets.graphql("{ wallets { edges { node { label } } } }")[1]["data"]["wallets"]["edges"]
    for query in (
        "{ transactions { totalCount } }",
        "{ wallets { edges { node { transactions { totalCount } } } } }",
        f'{{ wallet(id: "{wallet}") {{ entries {{ totalCount }} }} }}',
        '{ transactionByTxid(txid: "T") { txid } }',
    ):
        status, document = reads_wallets.graphql(query)
        assert (status, code(document)) == (200, "forbidden")
    mutation = """mutation ($input: CreateTransactionInput!) {
      createTransaction(input: $input) { transaction { txid wallet { label } } userErrors { code } } }"""
    posted = {"walletId": wallet, "amount": "1", "txid": "U"}
    payload = Face(key("wallets:read", "transactions:read")).graphql(mutation, input=posted)[1]["data"]
    assert payload == {"createTransaction": {"transaction": None, "userErrors": [{"code": "forbidden"}]}}
    payload = Face(key("transactions:write")).graphql(mutation, input=posted)[1]["data"]
    assert payload == {"createTransaction": {"transaction": None, "userErrors": [{"code": "forbidden"}]}}
    assert Transaction.objects.count() == 1
    payload = reads_wallets.graphql(mutation, input=posted)[1]["data"]["createTransaction"]
    assert payload == {"transaction": {"txid": "U", "wallet": {"label": "W"}}, "userErrors": []}


def test_what_is_anothers_is_what_is_not_there(key: Key) -> None:
    alice, bob = Face(key(owner="alice")), Face(key(owner="bob"))
    wallet = alice.open("W")
    transaction = alice.post(wallet, "T")[1]["data"]["id"]
    entry = alice.rest("GET", f"wallets/{wallet}/entries/")[1]["data"][0]["id"]
    for path, number in (
        ("wallets/{}/", wallet),
        ("wallets/{}/transactions/", wallet),
        ("wallets/{}/entries/", wallet),
        ("transactions/{}/", transaction),
        ("entries/{}/", entry),
    ):
        theirs, absent = bob.rest("GET", path.format(number)), bob.rest("GET", path.format(ABSENT))
        assert theirs[0] == absent[0] == 404
        assert json.dumps(theirs[1]).replace(f"{number}", ABSENT) == json.dumps(absent[1]).replace(
            f"{number}", ABSENT
        )
    for path in ("wallets/", "transactions/", "entries/", f"transactions/?filter[wallet]={wallet}"):
        assert bob.rest("GET", path)[1]["data"] == []
        assert alice.rest("GET", path)[1]["data"] != []
    assert bob.post(wallet, "U")[0] == 404
    assert bob.rest("DELETE", f"transactions/{transaction}/")[0] == 404
    query = f'{{ wallet(id: "{wallet}") {{ label }} }}'
    assert code(bob.graphql(query)[1]) == "not_found"
    # Nor do names meet.
    assert bob.post(bob.open("W"), "T")[0] == 201


def test_each_caller_is_answered_by_its_own_reach_also_from_the_cache(key: Key) -> None:
    alice, bob, all_ = Face(key(owner="alice")), Face(key(owner="bob")), Face(key())
    alice.open("A")
    bob.open("B")
    for _ in range(3):
        labels = [
            [each["attributes"]["label"] for each in caller.rest("GET", "wallets/")[1]["data"]]
            for caller in (alice, bob, all_)
        ]
        assert labels == [["A"], ["B"], ["A", "B"]]
        query = "{ wallets { edges { node { label } } } }"
        found = [caller.graphql(query)[1]["data"]["wallets"]["edges"] for caller in (alice, bob, all_)]
        assert [[edge["node"]["label"] for edge in edges] for edges in found] == labels


def test_entries_name_who_wrote_them(key: Key) -> None:
    first, second = key(owner="alice"), key(owner="alice")
    wallet = Face(first).open("W", balance="0")
    for number in range(6):
        assert Face((first, second)[number % 2]).post(wallet, f"T{number}")[0] == 201
    assert list(Entry.objects.order_by("id").values_list("principal", flat=True)) == [first[5:15], second[5:15]] * 3


def test_a_caller_that_reaches_all_may_narrow_itself(key: Key) -> None:
    text = key()
    as_alice = Face(text, **{"Walletsvc-Owner": "alice"})
    as_alice.open("A")
    Face(text).open("N")
    assert Wallet.objects.get(label="A").owner == "alice"
    assert [each["attributes"]["label"] for each in as_alice.rest("GET", "wallets/")[1]["data"]] == ["A"]
    assert len(Face(text).rest("GET", "wallets/")[1]["data"]) == 2


def test_a_bound_caller_is_nobody_else(key: Key) -> None:
    text = key(owner="alice")
    assert Face(text, **{"Walletsvc-Owner": "alice"}).rest("GET", "wallets/")[0] == 200
    for status, document in (
        Face(text, **{"Walletsvc-Owner": "bob"}).rest("GET", "wallets/"),
        Face(text, **{"Walletsvc-Owner": "bob"}).graphql("{ wallets { totalCount } }"),
    ):
        assert (status, code(document)) == (403, "forbidden")


def test_caches_between_are_told_what_an_answer_depends_on(key: Key) -> None:
    caller = Face(key())
    caller.rest("GET", "wallets/")
    varies = {name.strip() for name in caller.answer["Vary"].split(",")}
    assert {"Accept", "Authorization", "Walletsvc-Owner"} <= varies
    assert caller.answer["Cache-Control"] == "private, no-cache"
