"""The layer in front of Django answers commands on one resource as Django would."""

import json

import pytest

from rest_api.negotiation import MEDIA_TYPE
from tests.fast_path.front import Front, transaction
from walletsvc.models import Hold, Transaction

pytestmark = pytest.mark.django_db(transaction=True)


def action(path, type_="Transaction", **attributes):
    body = json.dumps({"data": {"type": type_, "attributes": attributes}}).encode()
    return {"path": f"/api/{path}/", "method": "POST", "body": body, "CONTENT_TYPE": MEDIA_TYPE}


def post(front, asked, *, status="201 Created"):
    answered = front.ask(**asked)
    assert answered[0] == status, answered[2]
    return json.loads(answered[2])["data"]


@pytest.fixture
def holds(wallet):
    """The ids of two holds of 10.00."""
    asked = [action("holds", "Hold", txid=txid, amount="10.00", wallet=str(wallet.id)) for txid in ("H1", "H2")]
    return [post(Front(), each)["id"] for each in asked]


def test_captures_of_other_holds_are_answered_without_django(front, holds):
    first, second = holds
    post(front, action(f"holds/{first}/captures", txid="C1", amount="1.00"))
    known = post(front, action(f"holds/{second}/captures", txid="C2", amount="2.50", isFinal=True))
    assert front.reached == 1
    by_django = post(Front(), action(f"holds/{first}/captures", txid="C3", amount="2.50"))
    assert known.keys() == by_django.keys()
    assert known["attributes"].keys() == by_django["attributes"].keys()
    assert known["relationships"]["hold"]["data"] == {"type": "Hold", "id": second}
    assert list(Hold.objects.order_by("id").values_list("captured", "state")) == [(3.5, "open"), (2.5, "captured")]


def test_releases_and_reversals_are_answered_without_django(front, holds, wallet):
    first, second = holds
    post(front, action(f"holds/{first}/releases", "Hold", amount="4.00"), status="200 OK")
    released = post(front, action(f"holds/{second}/releases", "Hold"), status="200 OK")
    assert released["attributes"]["state"] == "released"
    posted = [post(Front(), transaction(wallet.id, txid, "5.00"))["id"] for txid in ("A", "B")]
    for number, each in enumerate(posted):
        post(front, action(f"transactions/{each}/reversals", txid=f"R{number}"))
    assert front.reached == 2
    assert list(Transaction.objects.filter(txid__in="AB").values_list("reversed", flat=True)) == [5, 5]


@pytest.mark.parametrize(
    "refused",
    [
        {"txid": "C1", "amount": "1.00"},
        {"txid": "C2", "amount": "100.00"},
        {"txid": "C2", "amount": "0.001"},
        {"txid": "", "amount": "x", "isFinal": "yes"},
        {"txid": "C2", "conditions": {"sequence": 99}},
        {"txid": "C2", "colour": "red"},
    ],
    ids=["duplicate", "exceeded", "scale", "several", "conditions", "unknown"],
)
def test_an_action_is_refused_alike_without_django(front, holds, refused):
    first, second = holds
    post(front, action(f"holds/{first}/captures", txid="C1", amount="1.00"))
    asked = action(f"holds/{second}/captures", **refused)
    expected, answered = Front().ask(**asked), front.ask(**asked)
    assert front.reached == 1
    assert (answered[:2], json.loads(answered[2])) == (expected[:2], json.loads(expected[2]))
    assert Transaction.objects.count() == 1


def test_an_action_on_nothing_is_refused_alike_without_django(front, holds):
    post(front, action(f"holds/{holds[0]}/captures", txid="C1", amount="1.00"))
    asked = action("holds/999999/captures", txid="C2")
    expected, answered = Front().ask(**asked), front.ask(**asked)
    assert answered[0] == "404 Not Found"
    assert (answered[:2], json.loads(answered[2])) == (expected[:2], json.loads(expected[2]))


def test_a_repeated_action_is_answered_alike_without_django(front, holds):
    first, second = holds
    post(front, action(f"holds/{first}/captures", txid="C1", amount="1.00"))
    asked = action(f"holds/{second}/captures", txid="C2", amount="1.00") | {"HTTP_IDEMPOTENCY_KEY": "K"}
    made, again = front.ask(**asked), front.ask(**asked)
    assert front.reached == 1
    assert again[2] == made[2]
    assert again[1] == made[1] | {"idempotency-replayed": "true"}
    other = front.ask(**action(f"holds/{first}/captures", txid="C2", amount="1.00") | {"HTTP_IDEMPOTENCY_KEY": "K"})
    assert json.loads(other[2])["errors"][0]["code"] == "idempotency_conflict"
