"""Wrong declarations and references of local ids in a batch: refused, and nothing has changed."""

from __future__ import annotations

import pytest

from tests.rest_api.batches import add_wallet, move, post, refused, remove
from tests.rest_api.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_local_id_is_declared_once(api: Api) -> None:
    expected = (422, [("invalid", "/atomic:operations/1/data/lid")])
    assert refused(api, add_wallet("A", lid="w"), add_wallet("B", lid="w")) == expected


def test_a_local_id_is_declared_before_it_is_used(api: Api) -> None:
    lid = "/atomic:operations/0/data/relationships/wallet/data/lid"
    assert refused(api, post("T1", {"lid": "w"}, "1.00"), add_wallet("A", lid="w")) == (422, [("invalid", lid)])


def test_a_local_id_of_another_type_is_refused(api: Api) -> None:
    first = add_wallet("A", lid="w")
    assert refused(api, first, remove("Transaction", {"lid": "w"})) == (
        409,
        [("type_conflict", "/atomic:operations/1/ref/lid")],
    )
    assert refused(api, first, move({"lid": "w"}, {"lid": "w"})) == (
        409,
        [("type_conflict", "/atomic:operations/1/ref/lid")],
    )


def test_data_and_ref_name_the_same_local_id(api: Api) -> None:
    first, ref = add_wallet("A", lid="w"), {"type": "Wallet", "lid": "w"}
    for data, pointer in [
        ({"type": "Wallet", "lid": "v"}, "/data/lid"),
        ({"type": "Wallet", "lid": "w", "id": "1"}, "/data/lid"),
        ({"type": "Wallet", "id": "1"}, "/data"),
    ]:
        expected = (409, [("id_conflict", f"/atomic:operations/1{pointer}")])
        assert refused(api, first, {"op": "update", "ref": ref, "data": data}) == expected
