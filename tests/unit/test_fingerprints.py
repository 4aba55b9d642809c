"""Equal requests have equal fingerprints, whatever their form; others have others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest

from walletsvc.commands.command import Conditional
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.transactions import AmendTransaction, PostTransaction
from walletsvc.commands.wallets import OpenWallet

pytestmark = pytest.mark.without_engine

POST = {"txid": "T", "wallet": "7", "amount": "50"}
AMEND = {"amount": "50"}
WALLET = {"label": "A"}


def post(values: Mapping[str, Any]) -> bytes:
    return fingerprint_of(PostTransaction.parse(values))


def amend(values: Mapping[str, Any]) -> bytes:
    return fingerprint_of(AmendTransaction.parse("7", values))


def open_wallet(values: Mapping[str, Any]) -> bytes:
    return fingerprint_of(OpenWallet.parse(values))


def test_a_fingerprint_stays_what_it_is() -> None:
    """Stored fingerprints are compared with those of later versions."""
    described = json.dumps(["transaction.post", "T", 7, "50"], separators=(",", ":"))
    assert post(POST) == sha256(described.encode()).digest()[:16]
    described = json.dumps(
        ["transaction.post", "T", 7, "-0.05", "details", {"description": "x", "metadata": {"a": [1], "b": None}}],
        separators=(",", ":"),
    )
    values = {"amount": "-0.050", "metadata": {"b": None, "a": [1]}, "description": "x"}
    assert post(POST | values) == sha256(described.encode()).digest()[:16]


@pytest.mark.parametrize(
    ("fingerprint", "values", "others"),
    [
        (post, POST, {"amount": "50.00"}),
        (post, POST, {"amount": 50}),
        (post, POST, {"amount": Decimal("5E+1")}),
        (post, POST, {"wallet": 7}),
        (post, POST, {"description": "", "metadata": {}}),
        (post, POST | {"metadata": {"a": 1, "b": {"c": 2, "d": 3}}}, {"metadata": {"b": {"d": 3, "c": 2}, "a": 1}}),
        (open_wallet, WALLET, {"balance": "0.00"}),
        (open_wallet, WALLET, {"owner": ""}),
        (open_wallet, WALLET, {"currency": "USD"}),
        (open_wallet, WALLET, {"metadata": {}}),
    ],
)
def test_another_form_of_the_same_is_the_same(
    fingerprint: Callable[[Mapping[str, Any]], bytes], values: Mapping[str, Any], others: Mapping[str, Any]
) -> None:
    assert fingerprint({**values, **others}) == fingerprint(values)


def test_any_other_request_is_another() -> None:
    posts = [
        {},
        {"txid": "t"},
        {"wallet": "8"},
        {"amount": "-50"},
        {"amount": "5"},
        {"amount": "50.000000000000000001"},
        {"amount": "12345678901234567890.000000000000000001"},
        {"amount": "12345678901234567890.000000000000000002"},
        {"description": "x"},
        {"metadata": {"a": 1}},
        {"metadata": {"a": "1"}},
        {"metadata": {"a": None}},
    ]
    found = [post(POST | each) for each in posts]
    found += [amend(each) for each in ({}, AMEND, {"description": ""}, {"description": "x"}, {"wallet": "8"})]
    found += [open_wallet(WALLET | each) for each in ({}, {"balance": "1"}, {"currency": "EUR"}, {"owner": "bob"})]
    assert all(one != other for one, other in combinations(found, 2))
    assert {len(each) for each in found} == {16}


def test_neither_a_condition_around_it_nor_its_own_local_id_is_part_of_a_request() -> None:
    command = PostTransaction.parse(POST)
    around: Conditional[Any] = Conditional(Conditional(command, None), None)  # type: ignore[arg-type]
    assert fingerprint_of(around) == fingerprint_of(command)
    assert fingerprint_of(PostTransaction.parse(POST, local_id=LocalId())) == fingerprint_of(command)


def test_a_local_id_stands_for_the_id_that_it_leads_to() -> None:
    created = LocalId()
    created.id = 7
    assert post(POST | {"wallet": created}) == post(POST)
