"""A written object is shown as it was written, with the related records that could be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from walletsvc.models import Transaction
from walletsvc.principals import ANYONE
from walletsvc.queries import written
from walletsvc.queries.questions import Question, Selection
from walletsvc.queries.written import WrittenRecord

pytestmark = pytest.mark.without_engine

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SELECTION = Selection(
    frozenset({"txid"}), to_one=(("wallet", Selection()),), to_many=(("entries", Question("Entry", alias="all")),)
)
WALLET, ENTRIES = "wallet", ("entries", "all")


class Reader:
    """Reads related records, or raises what is set for them."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.asked: list[str] = []
        self.dropped: list[Exception] = []

    def add_related(self, records: Sequence[Any], selection: Selection, *, principal: object) -> None:
        assert principal is ANYONE
        [record] = records
        [(name, _)] = (*selection.to_one, *selection.to_many)
        self.asked.append(name)
        failure = self.failures.get(name)
        if isinstance(failure, OperationalError):
            raise failure
        record.one |= {name: None for name, _ in selection.to_one}
        record.many |= {(name, question.alias): "a page" for name, question in selection.to_many}
        # The relation has been read, and then something below it fails.
        if failure is not None:
            raise failure

    def read(self, monkeypatch: pytest.MonkeyPatch) -> WrittenRecord:
        monkeypatch.setattr(written, "add_related", self.add_related)
        monkeypatch.setattr(written, "drop_useless_connection", self.dropped.append)
        posted = Transaction(
            id=7,
            txid="T",
            wallet_id=3,
            amount=Decimal(1),
            currency="USD",
            created_at=NOON,
            updated_at=NOON,
        )
        record = WrittenRecord(posted, "Transaction", SELECTION, principal=ANYONE)
        record.read_related(SELECTION, principal=ANYONE)
        return record


def test_only_the_selected_fields_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader()
    record = reader.read(monkeypatch)
    assert (record.id, record.attributes) == (7, {"txid": "T"})
    assert record.keys == {"wallet": 3, "transfer": None, "hold": None, "reversalOf": None}
    assert (record.one, record.many, record.failures) == ({WALLET: None}, {ENTRIES: "a page"}, {})
    assert (reader.asked, reader.dropped) == (["wallet", "entries"], [])


@pytest.mark.parametrize("failing", ["wallet", "entries"])
def test_a_failure_leaves_out_its_relation_only(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = ValueError("?")
    reader = Reader(**{failing: failure})
    record = reader.read(monkeypatch)
    assert reader.asked == ["wallet", "entries"]
    assert record.failures == {WALLET if failing == "wallet" else ENTRIES: failure}
    assert (record.one == {}, record.many == {}) == (failing == "wallet", failing == "entries")
    # The connection has nothing to do with it.
    assert reader.dropped == []


def test_what_the_database_refuses_once_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = OperationalError(2013, "Lost connection")
    reader = Reader(wallet=failure)
    record = reader.read(monkeypatch)
    assert reader.asked == ["wallet"]
    assert record.failures == {WALLET: failure, ENTRIES: failure}
    assert (record.one, record.many) == ({}, {})
    assert reader.dropped == [failure]
