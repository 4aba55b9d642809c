"""The layer in front of Django says what Django would say, and knows when it must not."""

import json
from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest

from walletsvc.cache import wallet_stamp
from walletsvc.front import FrontHandler

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


def test_what_a_write_has_changed_is_asked_of_django_again(front, wallet, make_wallet, post):
    asked = {"path": f"/api/wallets/{wallet.id}/"}
    front.ask(**asked)
    post(make_wallet("1.00"), "1.00")
    front.ask(**asked)
    assert front.reached == 1
    post(wallet, "-1.00")
    _, _, body = front.ask(**asked)
    assert json.loads(body)["data"]["attributes"]["balance"] == "99.00"
    assert front.reached == 2
    assert front.ask(**asked)[2] == body
    assert front.reached == 2


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
    [known] = front._known.values()
    assert known.kept.stamps == (wallet_stamp(wallet.id),)
