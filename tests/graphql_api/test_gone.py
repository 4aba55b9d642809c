"""An object deleted between two queries of one read is null where the schema allows it, or omitted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interruptions import before_query
from tests.writes import close_wallet, delete_transaction
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

TRANSACTION, WALLET = "walletsvc_transaction", "walletsvc_wallet"
FURTHER = "entries(first: 1) { totalCount }"
"""With this below, a relation is read by a statement of its own, on each engine."""


@pytest.fixture
def delete(make_wallet: Any, post: Any) -> Any:
    wallet = make_wallet("0.00")
    transaction = post(wallet, "1.00")

    def delete_all() -> None:
        delete_transaction(principal=ANYONE, transaction_id=transaction.id)
        close_wallet(principal=ANYONE, wallet_id=wallet.id)

    return delete_all


@pytest.mark.parametrize("rest", ["", " @include(if: true)"], ids=["compiled", "executed"])
@pytest.mark.parametrize("table", [TRANSACTION, WALLET])
def test_deleted_relations_of_an_entry_are_null(ask: Any, delete: Any, table: str, rest: str) -> None:
    order = [f"transaction {{ txid {FURTHER} }}", f"wallet {{ label {FURTHER} }}"]
    first, second = order if table == TRANSACTION else reversed(order)
    query = f"{{ entries {{ edges {{ node {{ kind{rest} {first} {second} }} }} }} }}"
    with before_query(table, delete) as waited:
        reply = ask(query)
    assert waited
    assert reply.errors == []
    assert reply.data == {"entries": {"edges": [{"node": {"kind": "post", "transaction": None, "wallet": None}}]}}
    # Nothing of that is kept.
    kinds = [edge["node"]["kind"] for edge in ask(query).data["entries"]["edges"]]
    assert kinds == ["post", "delete"]


def test_a_transaction_of_a_deleted_wallet_is_omitted_too(ask: Any, delete: Any) -> None:
    query = f"{{ transactions {{ edges {{ node {{ txid wallet {{ label {FURTHER} }} }} }} }} }}"
    with before_query(WALLET, delete) as waited:
        reply = ask(query)
    assert waited
    assert reply.errors == []
    assert reply.data == {"transactions": {"edges": []}}


def test_a_deleted_wallet_has_no_transactions(ask: Any, delete: Any) -> None:
    query = "{ wallets { edges { node { transactions { edges { node { txid } } } } } } }"
    with before_query(TRANSACTION, delete) as waited:
        reply = ask(query)
    assert waited
    assert reply.errors == []
    assert reply.data == {"wallets": {"edges": [{"node": {"transactions": {"edges": []}}}]}}
    assert ask(query).data == {"wallets": {"edges": []}}
