"""An id has one spelling; any other spelling is not found, like the id of no object."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from graphql_api.ids import global_id
from tests.live_updates.hubs import refusal
from tests.rest_api.batches import send as send_operations
from tests.rest_api.conftest import Api, refused
from walletsvc.models import Wallet

pytestmark = pytest.mark.django_db


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def spellings(number: str) -> dict[str, str]:
    """Return other spellings of a database id."""
    full_width = "".join(chr(ord("\uff10") + int(digit)) for digit in number)
    return {
        "zeros before": f"0{number}",
        "a plus": f"+{number}",
        "a minus": f"-{number}",
        "a space": f" {number}",
        "a line feed behind": f"{number}\n",
        "an underscore": "_".join(f"{number}0"),
        "a fraction": f"{number}.0",
        "an exponent": f"{number}e0",
        "full-width digits": full_width,
        "Arabic digits": "".join(chr(0x660 + int(digit)) for digit in number),
        "a superscript": f"{number}\u00b2",
        "many digits": "9" * 5_000,
        "many zeros": "0" * 5_000 + number,
        "more than 64 bits": str(int(number) + 2**64),
        "just more than an id": str(2**63),
        "nothing": "",
    }


NAMES = list(spellings("1"))


@pytest.fixture
def wallet(make_wallet: Any) -> Wallet:
    wallet: Wallet = make_wallet("5.00")
    return wallet


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.mark.parametrize("name", NAMES)
def test_in_global_ids(name: str, wallet: Wallet, ask: Any, everything: Any) -> None:
    identifier = encoded(f"Wallet:{spellings(str(wallet.id))[name]}")
    not_there(identifier, wallet, ask, everything)


def test_base64_with_bits_that_say_nothing(wallet: Wallet, ask: Any, everything: Any) -> None:
    # Lengths of 8, 9 and 10 bytes: only some have such bits.
    number = str(wallet.id)
    proper = global_id("Wallet", wallet.id)
    last = proper.rstrip("=")[-1]
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = digits[digits.index(last) + 1]
    other = proper.rstrip("=")[:-1] + twin + "=" * (len(proper) - len(proper.rstrip("=")))
    if proper.endswith("="):
        assert base64.b64decode(other) == f"Wallet:{number}".encode()
    not_there(other, wallet, ask, everything)


def not_there(identifier: str, wallet: Wallet, ask: Any, everything: Any) -> None:
    before = everything()
    there = global_id("Wallet", wallet.id)
    assert ask("query ($id: ID!) { node(id: $id) { id } }", id=identifier).data == {"node": None}
    reply = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[identifier, there, identifier])
    assert (reply.data, reply.errors) == ({"nodes": [None, {"id": there}, None]}, [])
    reply = ask("query ($id: ID!) { wallet(id: $id) { id } }", id=identifier)
    assert (reply.data, reply.codes) == ({"wallet": None}, ["not_found"])
    reply = ask("query ($id: ID) { transactions(filters: {wallet: $id}) { totalCount } }", id=identifier)
    assert reply.data == {"transactions": {"totalCount": 0}}
    for mutation, values in (
        ("updateWallet", {"id": identifier, "label": "New"}),
        ("deleteWallet", {"id": identifier}),
        ("createTransaction", {"txid": "T", "amount": "1.00", "walletId": identifier}),
    ):
        kind = mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation ($v: {kind}!) {{ done: {mutation}(input: $v) {{ userErrors {{ code }} }} }}"
        assert ask(query, v=values).data == {"done": {"userErrors": [{"code": "not_found"}]}}
    assert everything() == before


@pytest.mark.parametrize("name", NAMES)
def test_in_database_ids_on_both_faces(name: str, wallet: Wallet, ask: Any, everything: Any, api: Api) -> None:
    identifier = spellings(str(wallet.id))[name]
    before = everything()
    reply = ask("query ($id: ID!) { wallet(id: $id) { id } }", id=identifier)
    assert (reply.data, reply.codes) == ({"wallet": None}, ["not_found"])
    query = "mutation ($v: CreateTransactionInput!) { done: createTransaction(input: $v) { userErrors { code } } }"
    values = {"txid": "T", "amount": "1.00", "walletId": identifier}
    assert ask(query, v=values).data == {"done": {"userErrors": [{"code": "not_found"}]}}
    related = {"data": {"type": "Wallet", "id": identifier}}
    data = {
        "type": "Transaction",
        "attributes": {"txid": "T", "amount": "1.00"},
        "relationships": {"wallet": related},
    }
    status, [(code, _)] = refused(api, "POST", "/api/transactions/", {"data": data})
    assert (status, code) == (404, "not_found")
    for operation in (
        {"op": "remove", "ref": {"type": "Wallet", "id": identifier}},
        {"op": "update", "data": {"type": "Wallet", "id": identifier, "attributes": {"label": "New"}}},
        {"op": "add", "data": data},
    ):
        assert send_operations(api, operation).status_code == 404
    assert everything() == before


@pytest.mark.parametrize(
    "spelled",
    ["0%s", "%%2B%s", "-%s", "%%20%s", "%s%%0A", "%s.0", "%%EF%%BC%%91", "9999999999999999999%s", "%%C2%%B9"],
)
def test_in_paths(spelled: str, wallet: Wallet, api: Api, everything: Any) -> None:
    before = everything()
    identifier = spelled % wallet.id if "%s" in spelled else spelled.replace("%%", "%")
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "transactions/"),
        ("GET", "relationships/transactions/"),
    ):
        status, found = refused(api, method, f"/api/wallets/{identifier}/{path}", None)
        assert (status, [code for code, _ in found]) == (404, ["not_found"])
    assert everything() == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("query", [
    "subscription ($id: ID!) { walletBalance(id: $id) { id } }",
    "subscription ($id: ID!) { transactions(walletId: $id) { id } }",
])  # fmt: skip
@pytest.mark.django_db(transaction=True)  # the live server reads in threads, on their own connections
def test_in_subscriptions(name: str, query: str, wallet: Wallet) -> None:
    spelled = spellings(str(wallet.id))[name]
    for identifier in (spelled, encoded(f"Wallet:{spelled}")):
        rejected = refusal(query, {"id": identifier})
        assert [error["extensions"]["code"] for error in rejected.errors] == ["not_found"]
