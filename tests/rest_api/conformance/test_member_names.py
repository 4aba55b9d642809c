"""Document structure: member names."""

from __future__ import annotations

import re

import pytest

from tests.rest_api.conformance.conftest import World
from tests.rest_api.conformance.walks import all_names
from tests.rest_api.conftest import resource

GLOBALLY_ALLOWED = "a-zA-Z0-9"


def test_member_name_case(world: World) -> None:
    """`Label` is no attribute of a wallet, and `wallet` is no type."""
    assert world.api.post("/api/wallets/", resource("Wallet", Label="New")).status_code == 422
    assert world.api.post("/api/wallets/", resource("wallet", label="New")).status_code == 409
    assert world.api.get("/api/wallets/?fields[Wallet]=Label").status_code == 400


def test_member_name_character(world: World) -> None:
    """No name is empty."""
    assert "" not in all_names(world)


def test_member_name_allowed_characters_only(world: World) -> None:
    """All names are of letters and digits."""
    assert all(re.fullmatch(f"[{GLOBALLY_ALLOWED}]+", name) for name in all_names(world))


def test_member_name_globally_allowed(world: World) -> None:
    """So are their ends."""
    assert all(re.match(f"[{GLOBALLY_ALLOWED}]", name[0] + name[-1]) for name in all_names(world))


def test_member_name_url_safe(world: World) -> None:
    """Letters and digits need no encoding in a URL."""
    assert all(name.isascii() and name.isalnum() for name in all_names(world))


def test_member_name_allowed_characters(world: World) -> None:
    """Names are in camel case: ASCII letters only."""
    assert {"createdAt", "balanceAfter"} <= all_names(world)


def test_member_name_reserved_characters(world: World) -> None:
    """None of the reserved characters is in any name."""
    reserved = set("+,.[]!\"#$%&'()*/:;<=>?@\\^`{|}~")
    assert not any(set(name) & reserved for name in all_names(world))


@pytest.mark.parametrize(
    "place",
    [("data",), ("data", "attributes"), ("data", "relationships"), ("data", "relationships", "wallet"), ()],
)
def test_member_name_at_members_where(world: World, place: tuple[str, ...]) -> None:
    """They are taken anywhere in a document."""
    document = resource("Transaction", txid="TX2", amount="1.00", wallet=world.wallet["id"])
    target = document
    for name in place:
        target = target[name]
    target["@x"] = {"y": 1}
    assert world.api.post("/api/transactions/", document).status_code == 201


def test_member_name_at_members_definition(world: World) -> None:
    """A name that begins with @ is no unknown attribute."""
    assert world.api.post("/api/wallets/", resource("Wallet", **{"label": "New", "@label": "x"})).status_code == 201


def test_member_name_at_members_no_process(world: World) -> None:
    """Their contents have no effect on the stored data."""
    document = resource("Wallet", world.wallet["id"], **{"@label": "New", "@balance": "99.00"})
    before = world.document(world.wallet_url)
    assert world.api.patch(world.wallet_url, document).json() == before
    assert world.unchanged()


def test_member_name_at_members_ignore_for_definitions(world: World) -> None:
    """A document whose `data` has only an @-member beside `type` still lacks its label."""
    document = {"data": {"type": "Wallet", "@attributes": {"label": "New"}}}
    (error,) = world.api.post("/api/wallets/", document).json()["errors"]
    assert (error["code"], error["source"]["pointer"]) == ("required", "/data")
