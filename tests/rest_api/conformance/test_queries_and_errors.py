"""Query parameters, and errors."""

from __future__ import annotations

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conftest import problems, resource
from tests.rest_api.structure import ERROR


def test_query_parameters_bad_request(world: World) -> None:
    """400 with the name as `source.parameter`, for an unknown or meaningless parameter, on every method."""
    for method in ("GET", "PATCH", "DELETE", "OPTIONS"):
        for name in ("foo", "fooBar", "page[foo]", "page[size]"):
            response = world.api.send(method, f"{world.wallet_url}?{name}=1", resource("Wallet", world.wallet["id"]))
            assert (response.status_code, problems(response)) == (400, [("invalid_parameter", name)])
    response = world.api.post("/api/wallets/?sort=label", resource("Wallet", label="New"))
    assert (response.status_code, problems(response)) == (400, [("invalid_parameter", "sort")])
    assert world.unchanged()


def test_error_stop_processing(world: World) -> None:
    """Problems of several members are reported at once; the structure comes first, then the rules."""
    response = world.api.post("/api/wallets/", resource("Wallet", label="", balance="x"))
    assert [code for code, _ in problems(response)] == ["blank", "invalid_amount"]


def test_error_general(world: World) -> None:
    """The status that all have in common, or else 400."""
    document = resource("Transaction", txid="", amount="1.00", wallet="x")
    response = world.api.post("/api/transactions/", document)
    assert response.status_code == 400
    assert [error["status"] for error in response.json()["errors"]] == ["422", "404"]


def test_error_object_key(world: World) -> None:
    """An array called `errors`, for each refusal there is."""
    for url in ("/api/nope", "/api/wallets/999", "/api/wallets/?foo=1"):
        assert isinstance(world.api.get(url).json()["errors"], list)


def test_error_object_members(world: World) -> None:
    """Status, code, title and detail always; source, meta and a type link where there is something to say."""
    for url in ("/api/nope", "/api/wallets/?page[size]=1000", "/api/wallets/?sort=x"):
        for error in world.api.get(url).json()["errors"]:
            assert {"status", "code", "title", "detail"} <= error.keys() <= ERROR
