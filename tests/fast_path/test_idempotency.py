"""The layer in front of Django never ignores an idempotency key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fast_path.front import Front, graphql, transaction
from walletsvc.models import ReplayKey, Transaction

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "HTTP_IDEMPOTENCY_KEY"
REPLAYED = "idempotency-replayed"


def test_a_known_write_is_stored_once_for_its_key(front: Front, wallet: Any) -> None:
    front.ask(**transaction(wallet.id, "A"))
    first = front.ask(**transaction(wallet.id, "B", **{KEY: "k"}))
    again = front.ask(**transaction(wallet.id, "B", **{KEY: '"k"'}))
    other = front.ask(**transaction(wallet.id, "C", **{KEY: "k"}))
    assert front.reached == 1
    assert (first[0], REPLAYED in first[1]) == ("201 Created", False)
    assert again == ("201 Created", first[1] | {REPLAYED: "true"}, first[2])
    assert (other[0], json.loads(other[2])["errors"][0]["code"]) == (
        "422 Unprocessable Entity",
        "idempotency_conflict",
    )
    assert (Transaction.objects.count(), ReplayKey.objects.count()) == (2, 1)


@pytest.mark.parametrize("key", ["", "a b", '"', "k" * 256, "é"])
def test_a_key_without_its_form_is_refused_alike(front: Front, wallet: Any, key: str) -> None:
    front.ask(**transaction(wallet.id, "A"))
    refused = front.ask(**transaction(wallet.id, "B", **{KEY: key}))
    assert front.reached == 1
    assert refused[0] == "400 Bad Request"
    assert json.loads(refused[2])["errors"][0]["source"] == {"header": "Idempotency-Key"}
    by_django = Front().ask(**transaction(wallet.id, "B", **{KEY: key}))
    assert (refused[0], json.loads(refused[2])) == (by_django[0], json.loads(by_django[2]))
    assert Transaction.objects.count() == 1


def test_what_a_replay_taught_is_no_replay(front: Front, wallet: Any) -> None:
    Front().ask(**transaction(wallet.id, "A", **{KEY: "k"}))
    assert front.ask(**transaction(wallet.id, "A", **{KEY: "k"}))[1][REPLAYED] == "true"
    written = front.ask(**transaction(wallet.id, "B"))
    assert (front.reached, written[0], REPLAYED in written[1]) == (1, "201 Created", False)


def test_other_requests_with_a_key_go_to_django(front: Front, wallet: Any) -> None:
    for asked in ({"path": f"/api/wallets/{wallet.id}/"}, graphql("{ wallets { totalCount } }")):
        plain = front.ask(**asked)
        reached = front.reached
        assert front.ask(**asked, **{KEY: "k"})[2] == plain[2]
        assert front.reached == reached + 1
