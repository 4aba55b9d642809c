"""The layer in front of Django says what Django would say, and knows when it must not."""

import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from io import BytesIO
from urllib.parse import quote
from wsgiref.util import setup_testing_defaults

import pytest
from django.db import OperationalError
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from rest_api.negotiation import MEDIA_TYPE
from rest_api.views.base import JsonApiView
from tests.between import before_query
from walletsvc.cache import wallet_stamp
from walletsvc.front import FrontHandler
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.services.transactions import delete_transaction

pytestmark = pytest.mark.django_db(transaction=True)


class Front(FrontHandler):
    """Counts the requests that reach Django."""

    def __init__(self):
        super().__init__()
        self.reached = 0

    def get_response(self, request):
        self.reached += 1
        return super().get_response(request)

    def ask(self, path, *, method="GET", body=b"", **headers):
        """Return status, headers and body of the answer, as the WSGI server is given them."""
        path, _, query = path.partition("?")
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "localhost"}
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), **headers}
        setup_testing_defaults(environ)
        started = []
        chunks = self(environ, lambda status, headers, *_: started.append((status, headers)))
        content = b"".join(chunks)
        getattr(chunks, "close", lambda: None)()
        [(status, sent)] = started
        return status, {name.lower(): value for name, value in sent}, content


@pytest.fixture
def front():
    return Front()


@pytest.fixture
def wallet(make_wallet):
    return make_wallet("100.00", label="Savings")


def graphql(query):
    return {"path": "/graphql/", "method": "POST", "body": json.dumps({"query": query}).encode()} | {
        "CONTENT_TYPE": "application/json"
    }


@pytest.mark.parametrize(
    "request_of",
    [
        lambda wallet: {"path": f"/api/wallets/{wallet.id}/"},
        lambda wallet: {"path": "/api/wallets/?page[size]=1&filter[search]=sav"},
        lambda wallet: {"path": f"/api/wallets/{wallet.id}/", "HTTP_ORIGIN": "http://elsewhere.example"},
        lambda wallet: graphql("{ wallets { edges { node { label balance } } } }"),
    ],
    ids=["wallet", "list", "cross-origin", "graphql"],
)
def test_a_known_question_is_answered_alike_without_django(front, wallet, request_of):
    asked = request_of(wallet)
    first = front.ask(**asked)
    assert first[0] == "200 OK"
    assert front.reached == 1
    assert front.ask(**asked) == first
    assert front.reached == 1


def test_what_a_write_has_changed_is_read_again(front, wallet, post):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    front.ask(**asked)
    post(wallet, "-1.00")
    _, _, body = front.ask(**asked)
    assert json.loads(body)["data"]["attributes"]["balance"] == "99.00"
    assert front.ask(**asked)[2] == body
    assert front.reached == 1


def test_a_known_representation_is_not_sent_again(front, wallet):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    _, headers, _ = front.ask(**asked)
    by_django = Front().ask(**asked, HTTP_IF_NONE_MATCH=headers["etag"])
    status, sent, body = front.ask(**asked, HTTP_IF_NONE_MATCH=headers["etag"])
    assert (status, body, front.reached) == ("304 Not Modified", b"", 1)
    assert sent == {name: value for name, value in by_django[1].items() if name != "content-length"}
    assert front.ask(**asked, HTTP_IF_NONE_MATCH='"another"')[0] == "200 OK"


def test_a_question_is_known_from_a_304_as_well(front, wallet):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    expected = Front().ask(**asked)
    known = {"HTTP_IF_NONE_MATCH": expected[1]["etag"]}
    first = front.ask(**asked, **known)
    assert first[0] == "304 Not Modified"
    assert front.ask(**asked, **known) == first
    assert front.ask(**asked) == expected
    assert front.reached == 1


@pytest.mark.parametrize(
    "different",
    [
        {"HTTP_AUTHORIZATION": "Bearer x"},
        {"HTTP_COOKIE": "session=x"},
        {"HTTP_ACCEPT": "text/html"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_ORIGIN": "http://elsewhere.example"},
        {"method": "HEAD"},
        {"method": "DELETE"},
    ],
    ids=lambda different: "-".join(different),
)
def test_a_request_that_differs_in_what_matters_goes_to_django(front, wallet, different):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    front.ask(**asked)
    expected = Front().ask(**asked, **different) if different.get("method") != "DELETE" else None
    status, headers, body = front.ask(**asked, **different)
    assert front.reached == 2
    if expected is not None:
        assert (status, headers, body) == expected


@pytest.mark.parametrize("rest", ["", "transactions/?page[size]=2", "relationships/entries/"])
def test_the_number_in_a_path_makes_no_difference(front, wallet, make_wallet, post, rest):
    other = make_wallet("7.00", label="Other")
    post(other, "1.00")
    front.ask(f"/api/wallets/{wallet.id}/{rest}")
    asked = {"path": f"/api/wallets/{other.id}/{rest}"}
    answered = front.ask(**asked)
    assert front.reached == 1
    assert answered == Front().ask(**asked)


@pytest.mark.parametrize("number", ["0", "007", "999999", "9" * 18, "9" * 30, "x"])
def test_a_number_that_leads_nowhere_is_refused_by_django(front, wallet, number):
    front.ask(f"/api/wallets/{wallet.id}/")
    asked = {"path": f"/api/wallets/{number}/"}
    assert front.ask(**asked) == Front().ask(**asked)
    assert front.reached == 2


def test_without_the_cache_reads_are_made_each_time(front, wallet, settings):
    settings.CACHE_SECONDS = 0
    asked = {"path": "/api/wallets/"}
    assert front.ask(**asked) == front.ask(**asked)
    asked = graphql("{ wallets { edges { node { label } } } }")
    assert front.ask(**asked) == front.ask(**asked)
    assert front.reached == 2


def test_a_read_that_fails_is_left_to_django(front, wallet, monkeypatch):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    expected = front.ask(**asked)
    [(known, _size)] = front._known._entries.values()
    broken = replace(known, reading=replace(known.again.read(wallet.id), key="x", build=lambda: 1 / 0))
    for shape in [*front._known._entries]:
        front._known.put(shape, broken, size=0)
    assert front.ask(**asked) == expected
    assert front.reached == 2


def transaction(wallet_id, txid, amount="1.00", **headers):
    data = {
        "type": "Transaction",
        "attributes": {"txid": txid, "amount": amount},
        "relationships": {"wallet": {"data": {"type": "Wallet", "id": str(wallet_id)}}},
    }
    body = json.dumps({"data": data}).encode()
    return {"path": "/api/transactions/", "method": "POST", "body": body, "CONTENT_TYPE": MEDIA_TYPE} | headers


def test_a_write_is_answered_alike_without_django(front, wallet):
    first = front.ask(**transaction(wallet.id, "A"))
    second = front.ask(**transaction(wallet.id, "B", "-0.50"))
    assert front.reached == 1
    by_django = Front().ask(**transaction(wallet.id, "C"))
    assert first[0] == second[0] == by_django[0] == "201 Created"
    assert first[1].keys() == second[1].keys() == by_django[1].keys()
    stored = json.loads(second[2])["data"]
    assert stored["attributes"]["amount"] == "-0.50"
    assert second[1]["location"] == f"http://localhost/api/transactions/{stored['id']}/"
    assert json.loads(front.ask(f"/api/transactions/{stored['id']}/")[2])["data"] == stored
    assert Wallet.objects.get().balance == Decimal("101.50")


@pytest.mark.parametrize(
    "refused",
    [
        lambda wallet: transaction(wallet.id, "A"),
        lambda wallet: transaction(wallet.id, "B", "-1000.00"),
        lambda wallet: transaction(wallet.id, "B", "0.001"),
        lambda wallet: transaction(wallet.id, "", "x"),
        lambda wallet: transaction(999_999, "B"),
        lambda wallet: transaction(wallet.id, "B") | {"body": b'{"data":'},
        lambda wallet: transaction(wallet.id, "B") | {"body": b""},
        lambda wallet: transaction(wallet.id, "B") | {"body": b'{"data": {"type": "Wallet"}}'},
        lambda wallet: transaction(wallet.id, "B") | {"body": b" " * 1_000_001},
        lambda wallet: transaction(wallet.id, "B") | {"CONTENT_TYPE": MEDIA_TYPE + "; charset=utf-8"},
    ],
    ids=["duplicate", "balance", "scale", "several", "wallet", "json", "empty", "type", "long", "media type"],
)
def test_a_write_is_refused_alike_without_django(front, wallet, refused):
    assert front.ask(**transaction(wallet.id, "A"))[0] == "201 Created"
    expected = Front().ask(**refused(wallet))
    status, headers, body = front.ask(**refused(wallet))
    assert (status, headers, json.loads(body)) == (expected[0], expected[1], json.loads(expected[2]))
    assert Transaction.objects.count() == 1


def test_a_fault_in_a_write_is_masked(front, wallet, monkeypatch):
    front.ask(**transaction(wallet.id, "A"))
    monkeypatch.setattr("rest_api.creations.perform", lambda *_, **__: 1 / 0)
    status, _, body = front.ask(**transaction(wallet.id, "B"))
    assert (status, json.loads(body)["errors"][0]["code"]) == ("500 Internal Server Error", "internal_error")


def test_a_write_that_is_stored_is_said_to_be_whatever_follows(front, wallet, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("?")

    asked = {"path": "/api/transactions/?include=wallet,entries"}
    front.ask(**transaction(wallet.id, "A") | asked)
    monkeypatch.setattr("walletsvc.reading.execution.read_by_ids", fail)
    by_django = Front().ask(**transaction(wallet.id, "B") | asked)
    status, headers, body = front.ask(**transaction(wallet.id, "C") | asked)
    assert front.reached == 1
    assert (status, headers.keys()) == (by_django[0], by_django[1].keys())
    answered = json.loads(body)
    assert (status, answered["data"]["attributes"]["txid"]) == ("201 Created", "C")
    assert answered["meta"] == json.loads(by_django[2])["meta"] == {"notIncluded": ["entries", "wallet"]}
    assert Wallet.objects.get().balance == Decimal("103.00")


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "/api/entries/?include=transaction"},
        {"path": "/api/wallets/{wallet}/entries/?include=transaction"},
        graphql("{ entries { edges { node { kind transaction { txid } } } } }"),
    ],
    ids=["list", "related", "graphql"],
)
def test_what_is_deleted_while_it_is_read_is_left_out(front, make_wallet, post, asked):
    wallet = make_wallet("0.00")
    asked = asked | {"path": asked["path"].format(wallet=wallet.id)}
    front.ask(**asked)
    transaction = post(wallet, "1.00")
    entry = Entry.objects.get()
    delete = partial(delete_transaction, principal=ANYONE, transaction_id=transaction.id)
    with before_query("walletsvc_transaction", delete) as waited:
        status, _, body = front.ask(**asked)
    assert (bool(waited), status, front.reached) == (True, "200 OK", 1)
    document = json.loads(body)
    if "included" in document:
        assert [each["id"] for each in document["data"]] == [str(entry.id)]
        assert document["included"] == []
    else:
        assert document["data"] == {"entries": {"edges": [{"node": {"kind": "post", "transaction": None}}]}}
    # Nothing of that is kept.
    assert front.ask(**asked) == Front().ask(**asked) != (status, _, body)


def test_where_middleware_may_decide_everything_goes_to_django(wallet, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.http.ConditionalGetMiddleware"]
    front = Front()
    for _ in range(2):
        front.ask(f"/api/wallets/{wallet.id}/")
        front.ask(**transaction(wallet.id, str(front.reached)))
    assert front.reached == 4


@pytest.mark.parametrize("hook", ["authentication_classes", "permission_classes", "throttle_classes"])
def test_where_a_view_asks_who_is_calling_everything_goes_to_django(front, wallet, monkeypatch, hook):
    class Allow(BaseAuthentication, BasePermission, BaseThrottle):
        def authenticate(self, request):
            return None

        def allow_request(self, request, view):
            return True

    monkeypatch.setattr(JsonApiView, hook, (Allow,))
    for _ in range(2):
        front.ask(f"/api/wallets/{wallet.id}/")
        front.ask(**transaction(wallet.id, str(front.reached)))
    assert front.reached == 4


def test_mutations_and_large_bodies_always_go_to_django(front, wallet):
    rename = f'mutation {{ updateWallet(input: {{id: "{wallet.id}", label: "%s"}}) {{ wallet {{ label }} }} }}'
    for label in ("A", "A", "B"):
        _, _, body = front.ask(**graphql(rename % label))
        assert json.loads(body)["data"] == {"updateWallet": {"wallet": {"label": label}}}
    assert front.reached == 3
    large = graphql("{ wallets { edges { node { label } } } }" + " " * 9000)
    assert front.ask(**large) == front.ask(**large)
    assert front.reached == 5


def test_errors_are_not_kept(front, wallet):
    for asked in ({"path": "/api/wallets/0/"}, graphql('{ walletByLabel(label: "None") { label } }')):
        assert front.ask(**asked) == front.ask(**asked)
    assert front.reached == 4


def test_the_stamps_of_a_wallet_are_its_own(front, wallet):
    front.ask(path=f"/api/wallets/{wallet.id}/")
    [(known, _size)] = front._known._entries.values()
    assert list(known.again.read(wallet.id).stamps) == [wallet_stamp(wallet.id)]


CONDITIONS = [
    {"HTTP_IF_MATCH": '"nope"'},
    {"HTTP_IF_MATCH": "*"},
    {"HTTP_IF_MATCH": "{etag}"},
    {"HTTP_IF_MATCH": "W/{etag}"},
    {"HTTP_IF_NONE_MATCH": "*"},
    {"HTTP_IF_NONE_MATCH": 'W/{etag}, "a"'},
    {"HTTP_IF_MATCH": "{etag}", "HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_IF_MATCH": '"nope"', "HTTP_IF_NONE_MATCH": "{etag}"},
    {"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"HTTP_RANGE": "bytes=0-1"},
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=str)
def test_preconditions_are_judged_as_django_does(front, wallet, conditions):
    query = quote("{ wallets { edges { node { label } } } }")
    for asked in ({"path": f"/api/wallets/{wallet.id}/"}, {"path": f"/graphql/?query={query}"}):
        _, headers, _ = front.ask(**asked)
        sent = {name: value.replace("{etag}", headers["etag"]) for name, value in conditions.items()}
        expected = Front().ask(**asked, **sent)
        [status, answered, body] = front.ask(**asked, **sent)
        assert (status, body) == (expected[0], expected[2])
        assert answered == {name: value for name, value in expected[1].items() if name != "content-length" or body}


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"HTTP_IF_MATCH": '"nope"'}, "412 Precondition Failed"),
        ({"HTTP_IF_NONE_MATCH": "*"}, "412 Precondition Failed"),
        ({"HTTP_IF_MATCH": "*"}, "201 Created"),
    ],
    ids=str,
)
def test_the_preconditions_of_a_write_are_judged_too(front, wallet, conditions, status):
    assert front.ask(**transaction(wallet.id, "A"))[0] == "201 Created"
    assert front.ask(**transaction(wallet.id, "B"), **conditions)[0] == status
    assert Transaction.objects.count() == 1 + (status == "201 Created")


def test_a_mutation_that_is_to_match_something_is_not_carried_out(front, wallet):
    rename = f'mutation {{ updateWallet(input: {{id: "{wallet.id}", label: "B"}}) {{ wallet {{ label }} }} }}'
    for value in ("*", '"a"'):
        status, _, body = front.ask(**graphql(rename), HTTP_IF_MATCH=value)
        assert status == "412 Precondition Failed"
        assert json.loads(body)["errors"][0]["extensions"] == {"code": "precondition_failed"}
    assert Wallet.objects.get().label == "Savings"
