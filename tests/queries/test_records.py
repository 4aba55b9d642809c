"""Records: printed as both faces show them, found by unique names, with the selected fields."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.queries.questions import ask
from tests.queries.wallets import MOMENT, open_wallets
from tests.writes import open_wallet, post_transaction
from walletsvc.principals import ANYONE
from walletsvc.queries.questions import Selection
from walletsvc.queries.selectors import get_record, list_records_by_id

pytestmark = pytest.mark.django_db

PRINTED = "2026-01-31T12:00:00.000001Z"


def test_records_print_as_both_faces_show_them() -> None:
    wallet = open_wallet(principal=ANYONE, label="Sävings", balance="5", metadata={"a": [1]}, clock=lambda: MOMENT)
    transaction = post_transaction(
        principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-0.5", description="d", clock=lambda: MOMENT
    )
    times = {"createdAt": PRINTED, "updatedAt": PRINTED}
    [record] = ask("Wallet").records
    assert (record.id, record.keys, record.one, record.many) == (wallet.id, {}, {}, {})
    assert record.attributes == {
        "label": "Sävings",
        "balance": "4.50",
        "currency": "USD",
        "held": "0.00",
        "floor": "0.00",
        "available": "4.50",
        "state": "active",
        "sequence": 2,
        "owner": "",
        "metadata": {"a": [1]},
        **times,
    }
    [record] = ask("Transaction").records
    assert record.id == transaction.id
    assert record.keys == {"wallet": wallet.id, "transfer": None, "hold": None, "reversalOf": None}
    assert record.attributes == {
        "txid": "T1",
        "amount": "-0.50",
        "currency": "USD",
        "reversed": "0.00",
        "owner": "",
        "description": "d",
        "metadata": {},
        **times,
    }
    opening, post = ask("Entry").records
    assert (opening.keys, post.keys) == (
        {"wallet": wallet.id, "transaction": None, "hold": None},
        {"wallet": wallet.id, "transaction": transaction.id, "hold": None},
    )
    assert opening.attributes == {
        "sequence": 1,
        "amount": "5.00",
        "balanceAfter": "5.00",
        "held": "0.00",
        "heldAfter": "0.00",
        "detail": {},
        "currency": "USD",
        "kind": "opening",
        "txid": "",
        "principal": "anonymous",
        "owner": "",
        "createdAt": PRINTED,
    }
    assert (post.attributes["amount"], post.attributes["balanceAfter"], post.attributes["txid"]) == (
        "-0.50",
        "4.50",
        "T1",
    )


def test_only_the_wanted_fields_are_read() -> None:
    open_wallets(2, each=1)
    selection = Selection(fields=frozenset({"label"}))
    with CaptureQueriesContext(connection) as queries:
        page = ask("Wallet", selection=selection)
    assert [record.attributes for record in page.records] == [{"label": "W0"}, {"label": "W1"}]
    assert "metadata" not in queries.captured_queries[0]["sql"]
    assert [record.attributes for record in ask("Wallet", selection=Selection(fields=frozenset())).records] == [
        {},
        {},
    ]


def test_a_record_is_found_by_its_unique_names() -> None:
    [wallet] = open_wallets(1, each=0)
    for match in ({"id": wallet.id}, {"label": "W0"}):
        record = get_record(principal=ANYONE, resource="Wallet", **match)
        assert record is not None
        assert record.id == wallet.id
    for match in (
        {"id": wallet.id + 1},
        {"id": 2**63},
        {"id": 10**30},
        {"label": "w0"},
        {"label": "W0 "},
        {"label": "\ud800"},
        {"label": "a\0"},
    ):
        assert get_record(principal=ANYONE, resource="Wallet", **match) is None


def test_records_by_id_come_in_the_order_of_the_ids() -> None:
    first, second = open_wallets(2, each=0)
    wanted = [second.id, 10**30, first.id, 0, second.id, 2**63]
    records = list_records_by_id(principal=ANYONE, resource="Wallet", ids=wanted)
    assert [record and record.attributes["label"] for record in records] == ["W1", None, "W0", None, "W1", None]
    assert list_records_by_id(principal=ANYONE, resource="Wallet", ids=[]) == []
