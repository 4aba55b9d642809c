"""What is asked of the read engine, and what is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc import errors
from walletsvc.models import Entry, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries import selectors
from walletsvc.queries.questions import Question, Selection
from walletsvc.queries.records import Record, plan_for
from walletsvc.queries.selectors import add_related, get_record

pytestmark = pytest.mark.without_engine

WALLETS = Principal("w", frozenset({"wallets:read"}))
WITH_ENTRIES = Selection(to_many=(("entries", Question("Entry")),))
WITH_WALLET = Selection(to_one=(("wallet", Selection()),))
ID = frozenset[str]()


@pytest.mark.parametrize(
    ("value", "is_asked_for"),
    [
        (-(2**63), True),
        (-(2**63) - 1, False),
        (2**63 - 1, True),
        (2**63, False),
        ("Sävings\ud7ff\ue000\U0010ffff", True),
        ("a\ud800", False),
        ("\udfffz", False),
    ],
)
def test_what_no_column_holds_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, value: object, is_asked_for: bool
) -> None:
    asked: list[object] = []

    def read_one(_resource: object, _selection: object, *, principal: Principal, **match: object) -> None:
        asked.append(match)

    monkeypatch.setattr(selectors, "read_one", read_one)
    get_record(principal=ANYONE, resource="Wallet", owner="", key=value)
    assert asked == ([{"owner": "", "key": value}] if is_asked_for else [])


def test_related_records_take_their_own_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for who may not read the records themselves: it has written them."""
    read: list[Any] = []
    monkeypatch.setattr(selectors, "read_related", lambda *asked, principal: read.append((*asked, principal)))
    [wallet, entry] = [
        Record(plan, plan.row_of(instance))
        for plan, instance in (
            (plan_for(WALLETS, "Wallet", ID), Wallet(id=7, currency="USD")),
            (plan_for(WALLETS, "Entry", ID), Entry(id=9, wallet_id=7, currency="USD")),
        )
    ]
    with pytest.raises(errors.Forbidden) as caught:
        add_related([wallet], WITH_ENTRIES, principal=WALLETS)
    assert (caught.value.context, read) == ({"scope": "transactions:read"}, [])
    add_related([entry], WITH_WALLET, principal=WALLETS)
    add_related([wallet], WITH_ENTRIES, principal=ANYONE)
    assert read == [([entry], WITH_WALLET, WALLETS), ([wallet], WITH_ENTRIES, ANYONE)]
