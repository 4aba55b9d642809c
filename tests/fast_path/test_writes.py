"""The layer in front of Django answers writes as Django would."""

import json
from decimal import Decimal

import pytest
from django.db import OperationalError

from rest_api.negotiation import MEDIA_TYPE
from tests.fast_path.front import Front, transaction
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_write_is_answered_alike_without_django(front, wallet):
    first = front.ask(**transaction(wallet.id, "A"))
    second = front.ask(**transaction(wallet.id, "B", "-0.50"))
    assert front.reached == 1
    by_django = Front().ask(**transaction(wallet.id, "C"))
    assert first[0] == second[0] == by_django[0] == "201 Created"
    assert first[1].keys() == second[1].keys() == by_django[1].keys()
    stored = json.loads(second[2])["data"]
    assert stored["attributes"]["amount"] == "-0.50"
    assert second[1]["location"] == f"http://localhost/api/transactions/{stored['id']}/"
    assert stored.pop("meta") == {"wallet": {"sequence": 3, "balance": "100.50", "held": "0.00"}}
    assert json.loads(front.ask(f"/api/transactions/{stored['id']}/")[2])["data"] == stored
    assert Wallet.objects.get().balance == Decimal("101.50")


@pytest.mark.parametrize(
    "refused",
    [
        lambda wallet: transaction(wallet.id, "A"),
        lambda wallet: transaction(wallet.id, "B", "-1000.00"),
        lambda wallet: transaction(wallet.id, "B", "0.001"),
        lambda wallet: transaction(wallet.id, "", "x"),
        lambda wallet: transaction(999_999, "B"),
        lambda wallet: transaction(wallet.id, "B") | {"body": b'{"data":'},
        lambda wallet: transaction(wallet.id, "B") | {"body": b""},
        lambda wallet: transaction(wallet.id, "B") | {"body": b'{"data": {"type": "Wallet"}}'},
        lambda wallet: transaction(wallet.id, "B") | {"body": b" " * 1_000_001},
        lambda wallet: transaction(wallet.id, "B") | {"CONTENT_TYPE": MEDIA_TYPE + "; charset=utf-8"},
    ],
    ids=["duplicate", "balance", "scale", "several", "wallet", "json", "empty", "type", "long", "media type"],
)
def test_a_write_is_refused_alike_without_django(front, wallet, refused):
    assert front.ask(**transaction(wallet.id, "A"))[0] == "201 Created"
    expected = Front().ask(**refused(wallet))
    status, headers, body = front.ask(**refused(wallet))
    assert (status, headers, json.loads(body)) == (expected[0], expected[1], json.loads(expected[2]))
    assert Transaction.objects.count() == 1


def test_a_fault_in_a_write_is_masked(front, wallet, monkeypatch):
    front.ask(**transaction(wallet.id, "A"))
    monkeypatch.setattr("rest_api.create.execute_once", lambda *_, **__: 1 / 0)
    status, _, body = front.ask(**transaction(wallet.id, "B"))
    assert (status, json.loads(body)["errors"][0]["code"]) == ("500 Internal Server Error", "internal_error")


def test_a_stored_write_is_reported_whatever_follows(front, wallet, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("?")

    asked = {"path": "/api/transactions/?include=wallet,entries"}
    front.ask(**transaction(wallet.id, "A") | asked)
    monkeypatch.setattr("walletsvc.queries.engine.read_by_ids", fail)
    by_django = Front().ask(**transaction(wallet.id, "B") | asked)
    status, headers, body = front.ask(**transaction(wallet.id, "C") | asked)
    assert front.reached == 1
    assert (status, headers.keys()) == (by_django[0], by_django[1].keys())
    answered = json.loads(body)
    assert (status, answered["data"]["attributes"]["txid"]) == ("201 Created", "C")
    assert answered["meta"] == json.loads(by_django[2])["meta"] == {"notIncluded": ["entries", "wallet"]}
    assert Wallet.objects.get().balance == Decimal("103.00")
