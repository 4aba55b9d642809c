"""Compiled mutations say, store and count what graphql-core does, whatever the document and its variables."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api import documents
from tests.graphql_api.mutation_requests import gid, requests
from tests.graphql_api.two_ways import Way, body_of, in_both_ways
from tests.writes import create_hold, post_transfer, rename_wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(make_wallet: Any, post: Any) -> dict[str, Any]:
    """Make wallets and what is in them, and return values that inputs can have."""
    rich, poor = make_wallet("100.00", label="Rich"), make_wallet("5.00", label="Poor")
    frozen, empty = make_wallet("50.00", label="Frozen"), make_wallet(label="Empty")
    rename_wallet(principal=ANYONE, wallet_id=frozen.id, state="frozen")
    posted = post(rich, "3.00", txid="T1")
    held = create_hold(principal=ANYONE, txid="H1", wallet_id=rich.id, amount="10.00")
    moved = post_transfer(principal=ANYONE, txid="M1", source=rich.id, destination=poor.id, amount="2.00")
    wallets = [rich.id, str(poor.id), gid("Wallet", rich.id), str(frozen.id), str(empty.id), gid("Hold", held.id)]
    return {
        "wallet": wallets,
        "Wallet": wallets,
        "Transaction": [posted.id, gid("Transaction", posted.id)],
        "Transfer": [moved.id, gid("Transfer", moved.id)],
        "Hold": [held.id, gid("Hold", held.id)],
        "amount": ["1.25", "-0.50", 2, 0.1, "-1000"],
        "txid": ["A", "B", "T1", "H1", "M1"],
        "idempotencyKey": ["k"],
        "metadata": [{"a": [1, None, {"b": 2.5}]}],
        "legs": [[{"wallet": rich.id, "amount": "-1"}, {"wallet": str(poor.id), "amount": 1}]],
        "conditions": [{"balance": {"gte": "0"}}, {"sequence": 3, "notAfter": "2099-01-01T00:00:00Z"}],
    }


def says_the_same(compiled: Way, old: Way) -> None:
    for one, other in zip(compiled.told, old.told, strict=True):
        assert one == other
        assert "internal_error" not in one.body
    assert compiled.stored == old.stored


def test_says_what_graphql_core_says(known: dict[str, Any]) -> None:
    counted = Counter[str]()

    # How long one takes is the machine's affair.
    @hypothesis.settings(deadline=None)
    @given(st.lists(requests(known), min_size=1, max_size=3))
    def says(bodies: list[bytes]) -> None:
        documents.forget()
        compiled, old = in_both_ways(bodies)
        says_the_same(compiled, old)
        assert old.reached == len(bodies)
        counted["answered"] += len(bodies) - compiled.reached
        counted["left to Django"] += compiled.reached
        counted["stored"] += sum(compiled.stored["new"])

    says()
    assert min(counted[each] for each in ("answered", "left to Django", "stored")) >= 10, counted


POST = "{ transaction { txid amount description metadata } userErrors { code field message isSame } }"
CREATE = f"mutation ($input: CreateTransactionInput!) {{ createTransaction(input: $input) {POST} }}"


def by_parts(parts: str, declared: str) -> str:
    return f'mutation ({declared}) {{ createTransaction(input: {{walletId: "1", {parts}}}) {POST} }}'


@pytest.mark.parametrize(
    ("query", "variables", "in_front"),
    [
        (CREATE, {"input": {"walletId": 1, "txid": "A", "amount": "1"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "A", "amount": "1", "description": None}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "A", "amount": 1.005}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "A", "amount": {"a": 1}}}, True),
        (CREATE, {"input": {"walletId": "9999", "txid": "A", "amount": "1"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "A", "amount": "-100000"}}, True),
        (CREATE, {"input": {"walletId": "3", "txid": "A", "amount": "-1"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "T1", "amount": "3.00"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "T1", "amount": "4.00"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "", "amount": "x"}}, True),
        (CREATE, {"input": {"walletId": "1", "txid": "A"}}, False),
        (CREATE, {"input": {"walletId": "1", "txid": None, "amount": "1"}}, False),
        (CREATE, {"input": {"walletId": 1.5, "txid": "A", "amount": "1"}}, False),
        (CREATE, {"input": {"walletId": "1", "txid": 5, "amount": "1"}}, False),
        (CREATE, {"input": {"walletId": "1", "txid": "A", "amount": "1", "nope": 1}}, False),
        (CREATE, {"input": [{"walletId": "1", "txid": "A", "amount": "1"}]}, False),
        (CREATE, {}, False),
        (by_parts('txid: "A", amount: $a, metadata: {x: $x}', "$a: Amount!, $x: JSON"), {"a": 1.50, "x": [2]}, True),
        (by_parts('txid: "A", amount: "2", metadata: {x: $x}', "$x: JSON = {y: 1}"), {}, True),
        (by_parts('txid: "A", amount: "2", metadata: {x: [$x]}', "$x: JSON"), {}, True),
        (by_parts('txid: "A", amount: "2", description: $d', "$d: String"), {}, True),
        (by_parts('txid: "A", amount: "2", description: $d', "$d: String"), {"d": None}, True),
        (by_parts('txid: "A", amount: "2", description: $d', '$d: String = "D"'), {}, True),
        (by_parts('txid: "A", amount: "2", description: $d', '$d: String = "D"'), {"d": None}, True),
        (by_parts("txid: $t, amount: 2e0", '$t: String = "A"'), {"t": None}, False),
        (by_parts("txid: $t, amount: 2e0", '$t: String = "A"'), {}, True),
        (by_parts('txid: "A", amount: "1", conditions: $c', "$c: ConditionsInput"), {"c": {"sequence": 2.0}}, True),
        (by_parts('txid: "A", amount: "1", conditions: $c', "$c: ConditionsInput"), {"c": {"sequence": 1.5}}, False),
        (by_parts('txid: "A", amount: "1", conditions: {sequence: $s}', "$s: Long"), {"s": 3}, True),
        (
            ("mutation ($row: [TransactionRowInput!]!, $k: String) {"
            " createTransactions(input: $row, idempotencyKey: $k)"
            " { transactions { txid wallet { label } } userErrors { code field } isReplay } }"),
            {"row": {"walletId": "1", "txid": "A", "amount": "1"}},
            True,
        ),
        (
            ("mutation ($row: [TransactionRowInput!]!) { createTransactions(input: $row, idempotencyKey: null)"
            " { transactions { txid } userErrors { code field } } }"),
            {"row": [{"walletId": "1", "txid": each, "amount": each} for each in ("1", "x", "", "1")]},
            True,
        ),
        (
            ("mutation ($legs: [TransferLegInput!]) { createTransfer(input: {txid: \"A\", legs: $legs, "
            'external: {currency: "USD", amount: "1"}}) { transfer { txid external } userErrors { code field } } }'),
            {"legs": {"wallet": "1", "amount": "-1"}},
            True,
        ),
        (
            ("mutation { createWallet(input: {label: \"N\", currency: \"JPY\"}) { ...A ...B wallet { ...W ...W } } }"
            " fragment A on CreateWalletPayload { wallet { label } ...B } fragment W on Wallet { label currency }"
            " fragment B on CreateWalletPayload { isReplay userErrors { code } wallet { balance } }"),
            {},
            True,
        ),
        (
            ('mutation { a: updateWallet(input: {id: 1, label: "X"}) { wallet { label } }'
            ' a: updateWallet(input: {id: 1, label: "X"}) { wallet { balance } __typename } }'),
            {},
            True,
        ),
        ('mutation { __typename deleteWallet(input: {id: "4"}) { wallet { label } } }', {}, False),
        ('mutation { deleteWallet(input: {id: "4"}) { wallet { label } } }', {}, True),
        ('mutation { deleteWallet(input: {id: "1"}) { wallet { label } userErrors { code } } }', {}, True),
        ('mutation { w: updateWallet(input: {id: "1", state: frozen}) { wallet { state } } }', {}, True),
        ('mutation { w: updateWallet(input: {id: "1", state: nope}) { wallet { state } } }', {}, False),
    ],
)  # fmt: skip
def test_each_kind_of_argument_is_read_as_by_graphql_core(
    known: dict[str, Any], query: str, variables: Any, in_front: bool
) -> None:
    first = int(known["wallet"][0]) - 1

    def real(text: str) -> str:
        """Return the text with the ids of this test's wallets."""
        for number in (4, 3, 1):
            for name in ("id", "walletId", "wallet"):
                for mark in ('": ', ": "):
                    text = text.replace(f'{name}{mark}"{number}"', f'{name}{mark}"{first + number}"')
                    text = text.replace(f"{name}{mark}{number},", f"{name}{mark}{first + number},")
        return text

    body = body_of(real(query), json.loads(real(json.dumps(variables))))
    compiled, old = in_both_ways([body, body])
    says_the_same(compiled, old)
    assert (compiled.reached, old.reached) == (0 if in_front else 2, 2)
