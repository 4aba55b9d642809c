"""The layer in front of Django gives Django's answers, and leaves every other request to it."""

import json
from dataclasses import replace
from functools import partial

import pytest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from rest_api.views.base import JsonApiView
from tests.fast_path.front import Front, graphql, transaction
from tests.interruptions import before_query
from tests.writes import delete_transaction
from walletsvc.cache import responses
from walletsvc.cache.responses import wallet_stamp
from walletsvc.models import Entry
from walletsvc.principals import ANYONE
from walletsvc.server.checks import check_fast_path

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_changed_data_are_read_again(front, wallet, post):
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


def test_a_shape_is_known_from_a_304_as_well(front, wallet):
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
        {"HTTP_WALLETSVC_OWNER": "alice"},
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


def test_without_the_cache_reads_are_made_each_time(front, wallet, monkeypatch):
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 0)
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


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "/api/entries/?include=transaction"},
        {"path": "/api/wallets/{wallet}/entries/?include=transaction"},
        # What leads no further may be read with its list, by one statement.
        graphql("{ entries { edges { node { kind transaction { txid entries(first: 1) { totalCount } } } } } }"),
    ],
    ids=["list", "related", "graphql"],
)
def test_an_object_deleted_during_a_read_is_omitted(front, make_wallet, post, asked):
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


def test_with_deciding_middleware_everything_goes_to_django(wallet, settings, caplog):
    assert check_fast_path(None) == []
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.http.ConditionalGetMiddleware"]
    [error] = check_fast_path(None)
    assert (error.id, error.is_serious()) == ("walletsvc.E006", True)
    assert "ConditionalGetMiddleware" in error.msg
    front = Front()
    assert [each.getMessage() for each in caplog.records if each.name == "walletsvc.web.fast_path"] == [
        "Django answers every request: MIDDLEWARE has django.middleware.http.ConditionalGetMiddleware"
    ]
    for _ in range(2):
        front.ask(f"/api/wallets/{wallet.id}/")
        front.ask(**transaction(wallet.id, str(front.reached)))
    assert front.reached == 4


@pytest.mark.parametrize("hook", ["authentication_classes", "permission_classes", "throttle_classes"])
def test_a_view_that_authenticates_gets_every_request_through_django(front, wallet, monkeypatch, hook):
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


def test_large_bodies_always_go_to_django(front, wallet):
    large = graphql("{ wallets { edges { node { label } } } }" + " " * 9000)
    assert front.ask(**large) == front.ask(**large)
    assert front.reached == 2


def test_errors_are_not_kept(front, wallet):
    for asked in ({"path": "/api/wallets/0/"}, graphql('{ walletByLabel(label: "None") { label } }')):
        assert front.ask(**asked) == front.ask(**asked)
    assert front.reached == 4


def test_the_stamps_of_a_wallet_are_its_own(front, wallet):
    front.ask(path=f"/api/wallets/{wallet.id}/")
    [(known, _size)] = front._known._entries.values()
    assert list(known.again.read(wallet.id).stamps) == [wallet_stamp(wallet.id)]
