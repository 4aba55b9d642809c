"""Every filter and every order that is declared: right, and within a bound of rows that the database reads.

The lists come from the declarations, so a new filter is tested without another word. The oracle is plain Python over
all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from operator import attrgetter, ge, gt, le, lt
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from tests.queries.questions import ask
from tests.queries.test_rows_read import watched
from walletsvc import errors
from walletsvc.models import Entry, Hold, Total, Transaction, Transfer, Wallet
from walletsvc.queries import attempts, counts
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.queries.questions import CursorPage, NumberedPage, Selection
from walletsvc.queries.records import Page
from walletsvc.queries.row_sql import AtLeast
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES

# ANALYZE TABLE commits.
pytestmark = pytest.mark.django_db(transaction=True)

ROWS, WALLETS = 6_000, 60
PAGE = 20
OWNER = frozenset({"owner"})
BOUNDS = {"MOST_EXAMINED": 500, "MOST_WITH_COUNT": 300, "MOST_AT_FIRST": 100}
COUNTED = 100
MOST_READ = 3_000
"""What all ways together look at, 1,500 rows, of which some are read twice because they are sorted."""
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
UNBOUNDED = {
    "Wallet": {"label.icontains", "search"},
    "Transaction": {"txid.icontains", "search", "currency"},
    "Entry": {"kind", "txid", "createdAt", "sequence", "sort=sequence"},
    "Transfer": {"txid.icontains", "search"},
    "Hold": {"txid.icontains", "search", "state", "currency", "expiresAt"},
}
"""What no index serves, so that a page may be refused: a word within a text; what hardly ever has another value; and
what a post would have to pay an index for."""
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"gte": ge, "lte": le, "gt": gt, "lt": lt}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Return all rows by resource, in the order of their ids, after lowering the bounds."""
    for name, bound in BOUNDS.items():
        monkeypatch.setattr(attempts, name, bound)
    monkeypatch.setattr(counts, "MOST_WITH_COUNT", BOUNDS["MOST_WITH_COUNT"])
    monkeypatch.setattr(counts, "COUNTED_AT_MOST", COUNTED)
    for objects in (wallets(), transfers(), holds(), transactions(), entries()):
        objects = list(objects)
        type(objects[0])._default_manager.bulk_create(objects, batch_size=1_000)
    Total.objects.create(part=100, count=ROWS)
    with connection.cursor() as cursor:
        tables = ", ".join(each.model._meta.db_table for each in RESOURCES.values())
        cursor.execute(f"ANALYZE TABLE {tables}" if connection.vendor == "mysql" else "ANALYZE")
    return {name: list(each.model._default_manager.order_by("id")) for name, each in RESOURCES.items()}


def at(number: int) -> datetime:
    return NOON + timedelta(seconds=number)


def wallets() -> Iterator[Wallet]:
    for number in range(1, ROWS + 1):
        yield Wallet(
            id=number,
            label=f"W{number * 7919 % ROWS}",
            currency="EUR" if number % 1000 == 0 else "USD",
            balance=number * 31 % 997,
            sequence=ROWS // WALLETS if number <= WALLETS else 0,
            transaction_count=ROWS // WALLETS if number <= WALLETS else 0,
            owner=f"o{number % 50}",
            state="frozen" if number == ROWS else "active",
            created_at=at(number),
            updated_at=NOON,
        )


def transfers() -> Iterator[Transfer]:
    for number in range(1, ROWS + 1):
        reversal_of = {"reversal_of_id": number - 1} if number % 100 == 0 else {}
        yield Transfer(
            id=number,
            txid=f"X{number}",
            owner=f"o{number % 50}",
            fingerprint=b"f" * 16,
            created_at=at(number),
            **reversal_of,
        )


def holds() -> Iterator[Hold]:
    for number in range(1, ROWS + 1):
        yield Hold(
            id=number,
            txid=f"H{number}",
            wallet_id=1 + number % WALLETS,
            amount=1,
            remaining=0,
            currency="USD",
            owner=f"o{(1 + number % WALLETS) % 50}",
            state="open" if number == ROWS else "captured",
            expires_at=None if number % 2 else at(ROWS - number),
            fingerprint=b"f" * 16,
            created_at=at(number),
            updated_at=NOON,
        )


def transactions() -> Iterator[Transaction]:
    for number in range(1, ROWS + 1):
        yield Transaction(
            id=number,
            txid=f"T{number}",
            wallet_id=1 + number % WALLETS,
            amount=1 + number * 7919 % 997,
            currency="USD",
            owner=f"o{(1 + number % WALLETS) % 50}",
            description="rent" if number % 3 == 0 else "",
            transfer_id=number // 2 if number % 2 == 0 else None,
            hold_id=number // 3 if number % 3 == 0 else None,
            reversal_of_id=number - 1 if number % 100 == 0 else None,
            created_at=at(number),
            updated_at=NOON,
        )


def entries() -> Iterator[Entry]:
    for number in range(1, ROWS + 1):
        yield Entry(
            id=number,
            wallet_id=1 + number % WALLETS,
            sequence=(number - 1) // WALLETS + 1,
            amount=1,
            balance_after=1,
            currency="USD",
            kind="reversal" if number == ROWS else "post",
            transaction_id=number,
            txid=f"T{number}",
            principal="x",
            owner=f"o{(1 + number % WALLETS) % 50}",
            created_at=at(number),
        )


def values(resource: Resource, name: str, stored: list[Any]) -> list[str]:
    """Return values that few rows pass, about half, most, and none, as texts."""
    member, _, lookup = name.partition(".")
    if name == "search" or lookup == "icontains":
        text = attrgetter(resource.search[0])(stored[-1])
        return [text.lower(), text[:1].lower(), "nowhere"]
    column = column_of(resource, member)
    known = sorted(value for value in map(attrgetter(column), stored) if value is not None)
    places = (known[0], known[len(known) // 2], known[-1])
    return list(dict.fromkeys(map(text_of, places)))


def text_of(value: Any) -> str:
    """Return a value as clients spell it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def column_of(resource: Resource, member: str) -> str:
    if member in resource.to_one:
        return resource.to_one[member].column
    return next(each.column for each in resource.fields if each.name == member)


def passes(resource: Resource, name: str, text: str) -> Callable[[Any], bool]:
    """Return what decides, in plain Python, whether a row passes a filter."""
    member, _, lookup = name.partition(".")
    if name == "search" or lookup == "icontains":
        columns = resource.search if name == "search" else (column_of(resource, member),)
        return lambda row: any(text.lower() in getattr(row, each).lower() for each in columns)
    column = column_of(resource, member)

    def decide(row: Any) -> bool:
        value = getattr(row, column)
        if value is None:
            return False
        operand = datetime.fromisoformat(text) if isinstance(value, datetime) else type(value)(text)
        return COMPARE[lookup](value, operand) if lookup else bool(value == operand)

    return decide


def ordered(resource: Resource, order: str, found: list[Any]) -> list[Any]:
    """Return rows in an order that ends with the id, in the same direction."""
    column = resource.orders[order.removeprefix("-")]
    return sorted(found, key=attrgetter(column, "id"), reverse=order.startswith("-"))


Asked = tuple[str, str, tuple[tuple[str, str], ...], list[Model]]


def lists(rows: dict[str, list[Any]]) -> Iterator[Asked]:
    """Yield the resource, the order, the filters and all that the list holds, of each list that is declared."""
    for name, resource in RESOURCES.items():
        orders = [sign + order for order, sign in product(resource.orders, ("", "-"))]
        for order in orders:
            yield name, order, (), ordered(resource, order, rows[name])
        for each in FILTER_SETS[name].base_filters:
            for text in values(resource, each, rows[name]):
                decide = passes(resource, each, text)
                found = [row for row in rows[name] if decide(row)]
                for order in orders:
                    yield name, order, ((each, text),), ordered(resource, order, found)


def check(name: str, order: str, filters: tuple[tuple[str, str], ...], expected: list[Any]) -> str | None:
    """Ask for pages of a list, and for what their records refer to; return what is wrong with the answers, None if
    nothing is. Raises `TooBroad`."""
    list_of = partial(ask, name, order=(order,), filters=filters)
    selection = Selection(to_one=tuple((each, Selection(OWNER)) for each in RESOURCES[name].to_one))
    first = list_of(page=NumberedPage(1, PAGE), count=True, selection=selection)
    ids = [each.id for each in first.records]
    if ids != [each.id for each in expected[:PAGE]]:
        return f"first page {ids}"
    if first.has_next != (len(expected) > PAGE):
        return f"has_next {first.has_next}"
    if isinstance(first.count, AtLeast):
        if not len(ids) <= first.count <= len(expected):
            return f"at least {first.count} of {len(expected)}"
    elif first.count != len(expected):
        return f"{first.count} of {len(expected)}"
    if not expected:
        return None
    if related(first) != expected_related(expected[:PAGE], selection):
        return f"related {related(first)}"
    second = list_of(page=CursorPage(5, after=first.records[-1].cursor), selection=selection)
    if [each.id for each in second.records] != [each.id for each in expected[PAGE : PAGE + 5]]:
        return "by cursor"
    last = list_of(page=CursorPage(5, backward=True))
    return None if [each.id for each in last.records] == [each.id for each in expected[-5:]] else "from the end"


def related(page: Page) -> list[dict[str, Any]]:
    """Return the id and the owner of what each record's to-one relations lead to."""
    return [
        {name: found and (found.id, found.attributes["owner"]) for name, found in record.one.items()}
        for record in page.records
    ]


def expected_related(rows: list[Any], selection: Selection) -> list[dict[str, Any]]:
    members = {name: name if name != "reversalOf" else "reversal_of" for name, _ in selection.to_one}
    return [
        {name: (found := getattr(row, member)) and (found.id, found.owner) for name, member in members.items()}
        for row in rows
    ]


def test_every_list_is_right_and_bounded(rows: dict[str, list[Any]]) -> None:
    wrong, refused, dear = {}, [], {}
    for name, order, filters, expected in lists(rows):
        with watched() as steps:
            try:
                if problem := check(name, order, filters, expected):
                    wrong[name, order, filters] = problem
            except errors.TooBroad:
                refused.append((name, order.removeprefix("-"), filters))
        # Three pages, each of them in four ways at most.
        if connection.vendor == "mysql" and steps.taken > 3 * MOST_READ:
            dear[name, order, filters] = steps.taken
    assert wrong == {}
    assert dear == {}
    assert [each for each in refused if not may_be_refused(*each)] == []


def may_be_refused(name: str, order: str, filters: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether no index finds the page: what passes a range may all be at the end of another order."""
    members = {f"sort={order}"}
    for each, _ in filters:
        member, _, lookup = each.partition(".")
        if lookup in COMPARE and member != order:
            return True
        members |= {each, member}
    return bool(members & UNBOUNDED[name])
