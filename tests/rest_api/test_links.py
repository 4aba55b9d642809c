"""Links are URLs that any client can follow: PUBLIC_URL's, or else of the host and scheme that were asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from rest_api.negotiation import CURSOR_PROFILE, MEDIA_TYPE
from tests.rest_api.batches import ATOMIC_TYPE
from tests.rest_api.conftest import Api, resource
from walletsvc.models import Transaction
from walletsvc.server.checks import check_public_url
from walletsvc.web.fast_path import FrontHandler
from walletsvc.web.proxies import Forwarded, Proxies

pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = "https://pay.example:8443/a%20b"
CURSORS = f'{MEDIA_TYPE}; profile="{CURSOR_PROFILE}"'


class Server:
    """The whole server behind a proxy that is trusted, as WSGI servers call it."""

    def __init__(self) -> None:
        self._application = Forwarded(FrontHandler(), Proxies(["10.0.0.0/8", "2001:db8::1"]))

    def ask(
        self, path: str, method: str = "GET", document: object = None, **variables: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        body = b"" if document is None else json.dumps(document).encode()
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "192.0.2.7",
            "CONTENT_TYPE": MEDIA_TYPE,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            **variables,
        }
        setup_testing_defaults(environ)
        started: list[Any] = []
        content = b"".join(self._application(environ, lambda status, headers, *_: started.extend([status, headers])))
        return int(started[0][:3]), dict(started[1]), content


def links(value: object) -> Iterator[str]:
    """Yield each text below a member `links`, and the collections that the root names."""
    if isinstance(value, list):
        for each in value:
            yield from links(each)
    elif isinstance(value, dict):
        for name, below in value.items():
            if name in ("links", "collections"):
                yield from (
                    each["href"] if isinstance(each, dict) else each for each in below.values() if each is not None
                )
            else:
                yield from links(below)


@pytest.fixture
def ids(make_wallet: Any, post: Any) -> dict[str, int]:
    wallet = make_wallet("100.00", label="Savings")
    posted = [post(wallet, "1.00") for _ in range(3)]
    return {"wallet": wallet.id, "transaction": posted[0].id}


READS = [
    "/api/",
    "/api/wallets/",
    "/api/wallets/{wallet}",
    "/api/transactions/?page[size]=1&page[number]=2&include=wallet,entries",
    "/api/wallets/{wallet}/?include=transactions",
    "/api/wallets/{wallet}/transactions/?page[size]=1",
    "/api/wallets/{wallet}/relationships/transactions/?page[size]=1",
    "/api/transactions/{transaction}/wallet/?fields[Wallet]=entries",
    "/api/transactions/{transaction}/relationships/wallet/",
]
ASKED: list[tuple[dict[str, str], str]] = [
    ({}, "http://localhost"),
    ({"HTTP_HOST": "127.0.0.1:8000"}, "http://127.0.0.1:8000"),
    ({"HTTP_HOST": "[::1]:8000"}, "http://[::1]:8000"),
    ({"HTTP_HOST": "LOCALHOST"}, "http://localhost"),
    ({"wsgi.url_scheme": "https"}, "https://localhost"),
    ({"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "127.0.0.1"}, "http://localhost"),
    ({"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_PROTO": "https"}, "https://localhost"),
    ({"REMOTE_ADDR": "::ffff:10.1.2.3", "HTTP_X_FORWARDED_PROTO": "http, HTTPS"}, "https://localhost"),
    ({"REMOTE_ADDR": "2001:db8::1", "HTTP_X_FORWARDED_HOST": "evil.example, 127.0.0.1"}, "http://127.0.0.1"),
    ({"REMOTE_ADDR": "10.1.2.3", "HTTP_X_FORWARDED_PROTO": "gopher"}, "http://localhost"),
    ({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_PROTO": "https"}, "http://localhost"),
]


def test_each_caller_gets_links_that_begin_with_the_requested_address(ids: dict[str, int]) -> None:
    server, relative = Server(), {}
    # Twice: the second time from the cache, by the layer in front of Django.
    for variables, expected in [*ASKED, *ASKED]:
        for template in READS:
            path = template.format(**ids)
            status, headers, body = server.ask(path, **variables)
            found = list(links(json.loads(body)))
            assert (status, bool(found)) == (200, True)
            assert {re.match(r"[a-z]+://[^/]+(?=/api/)|", each)[0] for each in found} == {expected}, (path, variables)  # type: ignore[index]
            # Otherwise, all callers get the same.
            neutral = body.replace(expected.encode(), b"")
            assert relative.setdefault(path, neutral) == neutral
            assert server.ask(path, **variables, HTTP_IF_NONE_MATCH=headers["ETag"])[0] == 304


def test_the_link_of_a_cursor_page_is_absolute_too(ids: dict[str, int]) -> None:
    _, _, body = Server().ask("/api/transactions/?page[size]=1", HTTP_ACCEPT=CURSORS)
    document = json.loads(body)
    assert document["links"]["self"]["href"] == "http://localhost/api/transactions/?page%5Bsize%5D=1"
    assert document["links"]["next"].startswith("http://localhost/api/transactions/?page%5Bafter%5D=")


def test_a_server_with_a_public_url_links_to_that(ids: dict[str, int], settings: Any) -> None:
    paths = [template.format(**ids) for template in READS]
    plain = [Server().ask(path)[2] for path in paths]
    settings.PUBLIC_URL = PUBLIC
    server = Server()
    for variables, _ in [*ASKED, *ASKED]:
        answers = [server.ask(path, **variables)[2] for path in paths]
        assert answers == [body.replace(b"http://localhost", PUBLIC.encode()) for body in plain]


@pytest.mark.parametrize("public", ["", PUBLIC])
def test_a_written_resource_has_the_links_of_a_read_one(ids: dict[str, int], settings: Any, public: str) -> None:
    settings.PUBLIC_URL = public
    server = Server()
    for number, (variables, own) in enumerate([*ASKED, *ASKED]):
        document = resource("Transaction", wallet=str(ids["wallet"]), txid=f"L{number}", amount="1.00")
        status, headers, body = server.ask("/api/transactions/", "POST", document, **variables)
        created = json.loads(body)
        expected = f"{public or own}/api/transactions/{created['data']['id']}/"
        assert (status, headers["Location"], created["links"]["self"]) == (201, expected, expected)
        assert created["data"]["links"]["self"] == expected
        document = resource("Transaction", created["data"]["id"], description="Changed")
        _, _, body = server.ask(f"/api/transactions/{created['data']['id']}", "PATCH", document, **variables)
        assert json.loads(body)["data"]["links"]["self"] == expected
        batch = {"atomic:operations": [{"op": "update", "data": document["data"], "href": expected}]}
        status, _, body = server.ask("/api/operations", "POST", batch, **{**variables, "CONTENT_TYPE": ATOMIC_TYPE})
        [result] = json.loads(body)["atomic:results"]
        assert (status, result["data"]["links"]["self"]) == (200, expected)


@pytest.mark.parametrize(
    ("href", "variables", "public", "status"),
    [
        ("https://localhost/api/transactions/{id}", {"wsgi.url_scheme": "https"}, "", 204),
        ("HTTPS://LOCALHOST:443/api/transactions/{id}", {"wsgi.url_scheme": "https"}, "", 204),
        (
            "https://127.0.0.1/api/transactions/{id}",
            {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "127.0.0.1"},
            "",
            204,
        ),
        ("https://localhost/api/transactions/{id}", {"HTTP_X_FORWARDED_PROTO": "https"}, "", 422),
        ("https://localhost/api/transactions/{id}", {}, "", 422),
        ("http://localhost:80/api/transactions/{id}", {}, "", 204),
        (PUBLIC + "/api/transactions/{id}", {}, PUBLIC, 204),
        ("http://localhost/api/transactions/{id}", {}, PUBLIC, 204),
        ("/api/transactions/{id}", {}, PUBLIC, 204),
        ("transactions/{id}", {}, PUBLIC, 204),
        ("https://pay.example:8443/api/transactions/{id}", {}, PUBLIC, 422),
        ("https://pay.example/a%20b/api/transactions/{id}", {}, PUBLIC, 422),
        ("https://pay.example:8443/a%20bc/api/transactions/{id}", {}, PUBLIC, 422),
        (PUBLIC + "/transactions/{id}", {}, PUBLIC, 404),
        ("http://me@localhost/api/transactions/{id}", {}, "", 422),
        ("http://localhost:x/api/transactions/{id}", {}, "", 422),
    ],
)
def test_an_operation_is_aimed_at_the_urls_that_the_server_is_known_by(
    ids: dict[str, int], settings: Any, href: str, variables: dict[str, str], public: str, status: int
) -> None:
    settings.PUBLIC_URL = public
    operation = {"op": "remove", "href": href.format(id=ids["transaction"])}
    variables = {**variables, "CONTENT_TYPE": ATOMIC_TYPE}
    answered, _, body = Server().ask("/api/operations", "POST", {"atomic:operations": [operation]}, **variables)
    assert answered == status, body
    assert Transaction.objects.filter(id=ids["transaction"]).exists() == (status != 204)
    if status != 204:
        assert json.loads(body)["errors"][0]["source"] == {"pointer": "/atomic:operations/0/href"}


def test_a_host_that_is_no_name_is_refused(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [".example"]
    longest = "a." * 123 + "example:65535"
    assert Server().ask("/api/wallets/", HTTP_HOST=longest)[0] == 200
    for host in (f"a{longest}", "x" * 300 + ".example", 'a".example', "a b.example", "a/b.example", "elsewhere.test"):
        for variables in ({"HTTP_HOST": host}, {"HTTP_X_FORWARDED_HOST": host, "REMOTE_ADDR": "10.0.0.1"}):
            status, _, body = Server().ask("/api/wallets/", **variables)
            assert (status, json.loads(body)["errors"][0]["code"]) == (400, "invalid_host")


def test_options_links_to_itself(api: Api) -> None:
    assert api.send("OPTIONS", "/api/wallets").json()["links"] == {"self": "http://localhost/api/wallets"}


# -- settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "https://pay.example", "http://127.0.0.1:8000", "http://[::1]:8000/x", "https://pay.example/a%20b/c"]
)
def test_a_public_url_can_have_a_path(settings: Any, url: str) -> None:
    settings.PUBLIC_URL = url
    assert check_public_url(None) == []


@pytest.mark.parametrize(
    "url",
    [
        "pay.example",
        "/base",
        "ftp://pay.example",
        "https://",
        "https://me:secret@pay.example",
        "https://pay.example?x=1",
        "https://pay.example/#x",
        "https://pay.example/a b",
        'https://pay.example/"',
        "https://pay.example/%zz",
        "https://pay.example//x",
        "https://pay.example\n",
    ],
)
def test_an_unusable_public_url_is_refused(settings: Any, url: str) -> None:
    settings.PUBLIC_URL = url
    with pytest.raises(SystemCheckError, match=r"walletsvc\.E007"):
        call_command("check", "--deploy", "--tag", "serving", "--fail-level", "ERROR")


@pytest.mark.parametrize("address", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_a_proxy_is_trusted_by_its_address(settings: Any, address: str) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1", address]
    with pytest.raises(SystemCheckError, match=r"walletsvc\.E008"):
        call_command("check", "--deploy", "--tag", "serving", "--fail-level", "ERROR")
