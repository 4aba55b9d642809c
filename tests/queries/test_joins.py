"""To-one relations that come with the rows of a list are those that a caller may see, and no others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from tests.queries.questions import ask
from walletsvc import errors
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries import attempts
from walletsvc.queries.joins import MOST_SKIPPED
from walletsvc.queries.questions import CursorPage, NumberedPage, Question, Selection
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.django_db

ALICE, BOB = (Principal(owner, frozenset({"admin"}), owner=owner) for owner in ("alice", "bob"))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ROWS = 40
GONE = 1_000
MEMBERS = {"reversalOf": "reversal_of_id"}
NAME = Selection(frozenset({"label", "txid"}))
NAMES = {name: Selection(to_one=tuple((each, NAME) for each in RESOURCES[name].to_one)) for name in RESOURCES}
IS_MYSQL = connection.vendor == "mysql"


def rows() -> Iterator[Model]:
    """Yield rows that refer to any others, of whatever owner: more than commands would ever write."""
    chance = random.Random(7)

    def some(*more: int | None) -> int | None:
        return chance.choice([*range(1, ROWS + 1), *more])

    times: dict[str, Any] = {"created_at": NOON, "updated_at": NOON}
    for number in range(1, ROWS + 1):
        yield Wallet(id=number, label=f"W{number}", currency="USD", owner=chance.choice(["alice", "bob"]), **times)
    for number in range(1, ROWS + 1):
        shared = {
            "id": number,
            "owner": chance.choice(["alice", "bob"]),
            "created_at": NOON,
            "fingerprint": b"f" * 16,
        }
        yield Transfer(txid=f"X{number}", reversal_of_id=None if number == 1 else number - 1, **shared)
    for number in range(1, ROWS + 1):
        yield Hold(
            id=number,
            txid=f"H{number}",
            wallet_id=some(),
            destination_id=some(None),
            amount=1,
            remaining=0,
            currency="USD",
            owner=chance.choice(["alice", "bob"]),
            state="captured",
            fingerprint=b"f" * 16,
            **times,
        )
    for number in range(1, ROWS + 1):
        yield Transaction(
            id=number,
            txid=f"T{number}",
            wallet_id=some(),
            amount=1,
            currency="USD",
            owner=chance.choice(["alice", "bob"]),
            transfer_id=some(None),
            hold_id=some(None),
            reversal_of_id=None if number == 1 else number - 1,
            **times,
        )
    for number in range(1, ROWS + 1):
        yield Entry(
            id=number,
            wallet_id=some(),
            sequence=number,
            amount=1,
            balance_after=1,
            currency="USD",
            # They outlive what they tell of.
            **({"kind": "hold", "held": 1, "hold_id": some()} if number % 3 == 0 else {}),
            **({"kind": "post", "transaction_id": some(GONE, GONE)} if number % 3 else {}),
            txid=f"T{number}",
            principal="x",
            owner=chance.choice(["alice", "bob"]),
            created_at=NOON,
        )


@pytest.fixture
def stored() -> dict[str, dict[int, Any]]:
    """Return all rows by resource and id."""
    for each in rows():
        each.save(force_insert=True)
    return {name: resource.model._default_manager.in_bulk() for name, resource in RESOURCES.items()}


def expected(stored: dict[str, dict[int, Any]], resource: str, row: Any, principal: Principal) -> dict[str, Any]:
    """Return the id and the name of what each relation leads to, by plain Python."""
    found = {}
    for name, relation in RESOURCES[resource].to_one.items():
        target = stored[relation.target].get(getattr(row, MEMBERS.get(name, f"{name}_id")))
        is_seen = target is not None and (principal.owner is None or target.owner == principal.owner)
        if is_seen and name in ("transfer", "destination") and principal.owner is not None:
            is_seen = target.owner == row.owner
        found[name] = (target.id, name_of(relation.target, target)) if is_seen else None
    return found


def name_of(resource: str, row: Any) -> str:
    return row.label if resource == "Wallet" else row.txid


def shown(page: Any) -> dict[int, dict[str, Any]]:
    return {
        record.id: {
            name: found and (found.id, found.attributes["label" if found.resource.name == "Wallet" else "txid"])
            for name, found in record.one.items()
        }
        for record in page.records
    }


@pytest.mark.parametrize("page", [NumberedPage(1, ROWS), CursorPage(ROWS, backward=True)], ids=["numbered", "cursor"])
@pytest.mark.parametrize(
    "filters",
    [(), (("owner", "bob"),), (("createdAt.gte", "2026-01-01T00:00:00Z"),)],
    ids=["all", "owner", "filtered"],
)
@pytest.mark.parametrize("principal", [ANYONE, ALICE, BOB], ids=["anyone", "alice", "bob"])
@pytest.mark.parametrize("resource", [name for name in RESOURCES if RESOURCES[name].to_one])
def test_relations_are_those_that_the_caller_sees(
    stored: dict[str, dict[int, Any]], resource: str, principal: Principal, filters: Any, page: Any
) -> None:
    if filters[:1] == (("owner", "bob"),) and principal is not ANYONE:
        filters = ()
    owner = dict(filters).get("owner", principal.owner)
    rows = [row for row in stored[resource].values() if owner in (None, row.owner)]
    with CaptureQueriesContext(connection) as statements:
        found = shown(
            ask(resource, principal=principal, selection=NAMES[resource], filters=filters, page=page, count=True)
        )
    assert found == {row.id: expected(stored, resource, row, principal) for row in rows}
    if IS_MYSQL and principal is ANYONE:
        assert len(statements) == 1


TOGETHER = 1 if IS_MYSQL else 2


@pytest.mark.parametrize(
    ("wallet", "page", "statements"),
    [
        (NAME, CursorPage(5), TOGETHER),
        (NAME, NumberedPage(3, 5), TOGETHER),
        # What leads further has a statement of its own, and another one for what it leads to.
        (replace(NAME, to_many=(("entries", Question("Entry")),)), CursorPage(5), 3),
        # Long texts would come again with each row.
        (Selection(frozenset({"label", "metadata"})), CursorPage(5), 2),
        (Selection(), CursorPage(5), 2),
        # MariaDB joins what it skips.
        (NAME, NumberedPage(1 + MOST_SKIPPED // 5, 5), TOGETHER),
        (NAME, NumberedPage(2 + MOST_SKIPPED // 5, 5), 2),
    ],
    ids=["by cursor", "by number", "further", "metadata", "all fields", "last near page", "far page"],
)
def test_a_relation_comes_with_its_list_if_that_is_cheaper(
    stored: dict[str, dict[int, Any]], wallet: Selection, page: Any, statements: int
) -> None:
    for place in range(ROWS + 1, 2 * MOST_SKIPPED):
        Transaction.objects.create(
            id=place, txid=f"T{place}", wallet_id=7, amount=1, currency="USD", created_at=NOON, updated_at=NOON
        )
    selection = Selection(NAME.fields, to_one=(("wallet", wallet),))
    with CaptureQueriesContext(connection) as taken:
        found = shown(ask("Transaction", selection=selection, page=page))
    assert len(taken) == statements
    label = {each.id: each.wallet.label for each in Transaction.objects.select_related("wallet")}
    assert len(found) == 5
    assert {key: each["wallet"][1] for key, each in found.items()} == {key: label[key] for key in found}


def test_no_list_is_refused_for_what_is_joined_to_it(
    stored: dict[str, dict[int, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A way may look at as many rows as without relations."""
    bound = 2 * ROWS
    for name in ("MOST_EXAMINED", "MOST_WITH_COUNT", "MOST_AT_FIRST"):
        monkeypatch.setattr(attempts, name, bound)
    for resource, selection in NAMES.items():
        for page in (NumberedPage(2, ROWS // 2), CursorPage(ROWS)):
            rows = ask(resource, selection=selection, page=page, order=("-id",)).rows
            assert len(rows) == page.size


def test_a_relation_takes_the_scope_of_its_resource(stored: dict[str, dict[int, Any]]) -> None:
    clerk = Principal("clerk", frozenset({"transactions:read"}))
    with CaptureQueriesContext(connection) as statements, pytest.raises(errors.Forbidden):
        ask("Transaction", principal=clerk, selection=Selection(to_one=(("wallet", Selection()),)))
    assert len(statements) == 0
