"""The checks that every request passes, at each URL of the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.conftest import MakeWallet
from tests.rest_api.structure import check_response
from walletsvc.models import Wallet

URLS = {
    "/": "GET, HEAD, OPTIONS",
    "/favicon.ico": "GET, HEAD, OPTIONS",
    "/healthz": "GET, HEAD, OPTIONS",
    "/healthz/": "GET, HEAD, OPTIONS",
    "/livez": "GET, HEAD, OPTIONS",
    "/readyz/": "GET, HEAD, OPTIONS",
    "/version": "GET, HEAD, OPTIONS",
    "/nope": None,
    "/api": "GET, HEAD, OPTIONS",
    "/api/": "GET, HEAD, OPTIONS",
    "/api/wallets/": "GET, HEAD, POST, OPTIONS",
    "/api/wallets/1": "GET, HEAD, PATCH, DELETE, OPTIONS",
    "/api/operations/": "POST, OPTIONS",
    "/api/schema/": "GET, HEAD, OPTIONS",
    "/api/docs/": "GET, HEAD, OPTIONS",
    "/static/rest_api/docs.js": "GET, HEAD, OPTIONS",
    "/api/nope": None,
    "/graphql": "GET, HEAD, POST, OPTIONS",
    "/graphql/": "GET, HEAD, POST, OPTIONS",
    "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css": "GET, HEAD, OPTIONS",
    "/static/nope": None,
    "/graphql/nope": None,
}
"""URLs of each kind, and the methods that they have; None where nothing is."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "M-SEARCH")
OPEN_WALLET = 'mutation { createWallet(input: {label: "Stolen"}) { wallet { id } } }'
DOCUMENT = {"data": {"type": "Wallet", "attributes": {"label": "Stolen"}}}
ADDRESS = "10.11.12.13:8000"

pytestmark = pytest.mark.django_db


def send(method: str, url: str, **environ: Any) -> HttpResponse:
    """Send a request that would open a wallet where that is possible."""
    body, content_type = "", "application/json"
    if method in ("POST", "PATCH", "PUT", "DELETE"):
        is_rest = url.startswith("/api")
        body = json.dumps(DOCUMENT if is_rest else {"query": OPEN_WALLET})
        content_type = "application/vnd.api+json" if is_rest else content_type
    return Client().generic(method, url, body, content_type=content_type, **environ)


def code_of(url: str, response: HttpResponse) -> str:
    """Return the code of the error in an answer, which has the shape of the face's errors."""
    if url.startswith("/api"):
        check_response(response, method="")
    [error] = json.loads(response.content)["errors"]
    if url.startswith("/api"):
        assert error["status"] == str(response.status_code)
        return error["code"]
    return error["extensions"]["code"] if url.startswith("/graphql") else error["code"]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("url", URLS)
def test_another_host_is_refused(settings: Any, url: str, debug: bool) -> None:
    settings.DEBUG = debug
    for host in ("evil.example", "localhost.evil.example", "evil.example:80", "localhost,evil.example", "", "a b"):
        for method in METHODS:
            response = send(method, url, HTTP_HOST=host)
            assert response.status_code == 400, (host, method)
            if method != "HEAD":
                assert code_of(url, response) == "invalid_host"
    assert not Wallet.objects.exists()


@pytest.mark.parametrize("url", URLS)
def test_a_preflight_for_another_host_is_refused(settings: Any, url: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    asked = {"HTTP_ORIGIN": "https://app.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    assert send("OPTIONS", url, HTTP_HOST="evil.example", **asked).status_code == 400
    assert send("OPTIONS", url, **asked).status_code == 200


@pytest.mark.parametrize("url", URLS)
def test_load_balancers_probe_by_address_and_nothing_else_is_served_so(url: str) -> None:
    is_probed = url.strip("/") in ("healthz", "livez", "readyz")
    for host, protocol in ((ADDRESS, "HTTP/1.1"), ("[fe80::1]", "HTTP/1.1"), ("", "HTTP/1.0")):
        response = send("GET", url, HTTP_HOST=host, SERVER_PROTOCOL=protocol)
        assert response.status_code == (200 if is_probed else 400)


@pytest.mark.parametrize("url", URLS)
def test_methods_are_case_sensitive(url: str) -> None:
    client, body = Client(), json.dumps({"query": OPEN_WALLET})
    for method in ("get", "Get", "post", "delete", "propfind"):
        response = client.generic("GET", url, body, content_type="application/json", REQUEST_METHOD=method)
        assert (response.status_code, code_of(url, response)) == (501, "not_implemented")
    assert not Wallet.objects.exists()


@pytest.mark.parametrize(("url", "allowed"), URLS.items())
def test_each_url_has_its_methods_and_refuses_the_others(url: str, allowed: str | None) -> None:
    for method in METHODS:
        response = Client().generic(method, url)
        if allowed is None:
            assert response.status_code == 404
        elif method not in allowed.split(", "):
            assert (response.status_code, response["Allow"]) == (405, allowed)
            assert method == "HEAD" or code_of(url, response) == "method_not_allowed"
        elif method == "OPTIONS":
            assert (response.status_code, response["Allow"]) in ((200, allowed), (204, allowed))
        else:
            assert response.status_code not in (405, 501)


@pytest.mark.parametrize("url", [url for url, allowed in URLS.items() if allowed is None or "HEAD" in allowed])
def test_head_is_answered_as_get_without_a_body(url: str) -> None:
    got, head = Client().get(url), Client().head(url)
    assert head.getvalue() == b""
    assert (head.status_code, head.headers) == (got.status_code, got.headers)


def test_the_server_as_a_whole_has_options_only() -> None:
    response = Client().generic("OPTIONS", "/", PATH_INFO="*")
    assert (response.status_code, response["Allow"]) == (204, "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
    assert Client().generic("GET", "/", PATH_INFO="*").status_code == 400


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_coded_body_is_refused(method: str, url: str) -> None:
    for coding in ("gzip", "GZIP", "br", "deflate, gzip", "identity, gzip"):
        response = send(method, url, HTTP_CONTENT_ENCODING=coding)
        assert (response.status_code, code_of(url, response)) == (415, "unsupported_media_type")
        assert (response["Accept-Encoding"], response["Connection"]) == ("identity", "close")
    assert not Wallet.objects.exists()


@pytest.mark.parametrize("url", URLS)
def test_a_transfer_coding_that_is_unknown_is_not_implemented(url: str) -> None:
    for coding in ("gzip, chunked", "gzip", "identity", "chunked, chunked", ""):
        response = send("POST", url, HTTP_TRANSFER_ENCODING=coding)
        assert (response.status_code, code_of(url, response)) == (501, "not_implemented")
    assert not Wallet.objects.exists()


@pytest.mark.parametrize("url", ["/api/wallets/", "/graphql/"])
def test_a_coding_without_effect_makes_no_difference(url: str) -> None:
    assert send("POST", url, HTTP_CONTENT_ENCODING="identity").status_code in (200, 201)
    assert (
        send("GET", url + "?query={__typename}" * ("graphql" in url), HTTP_CONTENT_ENCODING="gzip").status_code == 200
    )
    assert Wallet.objects.count() == 1


def test_the_method_is_the_one_in_the_request_line(make_wallet: MakeWallet) -> None:
    url = f"/api/wallets/{make_wallet().id}/"
    for name in ("X_HTTP_METHOD_OVERRIDE", "X_HTTP_METHOD", "X_METHOD_OVERRIDE"):
        assert send("POST", url, **{f"HTTP_{name}": "DELETE"}).status_code == 405
        assert send("GET", url, **{f"HTTP_{name}": "DELETE"}).status_code == 200
    assert Wallet.objects.count() == 1


def test_each_pattern_of_the_server_is_among_those_urls() -> None:
    """A new URL must be added to this test as well."""

    def plain(patterns: list[Any]) -> int:
        return sum(
            plain(each.url_patterns) if isinstance(each, URLResolver) else isinstance(each, URLPattern)
            for each in patterns
        )

    resolver = get_resolver()
    matched = {id(resolver.resolve(url).func) for url in URLS}
    plain_views = [each.callback for each in resolver.url_patterns if isinstance(each, URLPattern)]
    assert {id(view) for view in plain_views} <= matched
    assert plain(resolver.url_patterns) > len(plain_views)
