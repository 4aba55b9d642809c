"""Content negotiation."""

from __future__ import annotations

import pytest

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import resource
from tests.rest_api.structure import MEDIA_TYPE

WALLET = resource("Wallet", label="New")


def test_request_content_type(world: World) -> None:
    """A request document of another type is refused with 415."""
    for content_type in ("application/json", "text/plain", ""):
        assert world.api.send("POST", "/api/wallets/", WALLET, content_type=content_type).status_code == 415
    assert world.unchanged()
    assert world.api.send("POST", "/api/wallets/", WALLET, content_type=MEDIA_TYPE).status_code == 201


def test_request_accept(world: World) -> None:
    """One instance without parameters is enough to be answered, whatever stands beside it."""
    accept = f"{MEDIA_TYPE};charset=utf-8, {MEDIA_TYPE}"
    assert world.api.get("/api/wallets/", accept=accept).status_code == 200


def test_response_content_type(world: World) -> None:
    """Each document has the type, with no parameter but an applied `ext` or `profile`; a fixture checks it."""
    for url in ("/api/", "/api/wallets/", "/api/nope", world.wallet_url):
        assert world.api.get(url)["Content-Type"] == MEDIA_TYPE


@pytest.mark.parametrize("parameter", ["charset=utf-8", "version=1.1", "a=b; profile=c", 'ext="https://example.com"'])
def test_response_unsupported_media_type(world: World, parameter: str) -> None:
    """415 for each parameter but `ext` and `profile`, and for an extension that is not supported."""
    for method, url in (("POST", "/api/wallets/"), ("PATCH", world.wallet_url)):
        response = world.api.send(method, url, WALLET, content_type=f"{MEDIA_TYPE}; {parameter}")
        assert response.status_code == 415
    assert world.unchanged()


def test_response_not_acceptable(world: World) -> None:
    """406 when each instance in Accept has a parameter but `ext` and `profile`, or asks for an unknown extension."""
    for parameters in ("charset=utf-8", "version=1, a=b", 'ext="https://example.com"'):
        for method in ("GET", "HEAD", "DELETE"):
            response = world.api.send(method, world.wallet_url, accept=f"{MEDIA_TYPE}; {parameters}, */*")
            assert response.status_code == 406
    assert world.unchanged()
