"""A list of one owner among fifty costs the database hardly more than the same list of all owners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from django.db import connection

from tests.queries.questions import ask
from tests.queries.test_rows_read import watched
from walletsvc.models import Entry, Hold, Total, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.engine import read_by_ids
from walletsvc.queries.questions import CursorPage, NumberedPage, Selection
from walletsvc.schema.resources import RESOURCES

# ANALYZE TABLE commits.
pytestmark = pytest.mark.django_db(transaction=True)

OWNERS, WALLETS, ROWS = 50, 1_000, 20_000
OWNER = Principal("o7", frozenset({"admin"}), owner="o7")
OTHER = 9
"""A wallet of somebody else."""
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
AT_MOST = 1.5


@pytest.fixture(autouse=True)
def filled() -> None:
    """Spread wallets and their rows evenly over the owners: what stands together is not one owner's."""
    times = {"created_at": NOON, "updated_at": NOON}
    Wallet.objects.bulk_create(
        Wallet(
            id=number,
            label=f"W{number}",
            currency="USD" if number % 3 else "EUR",
            balance=number,
            sequence=ROWS // WALLETS,
            transaction_count=ROWS // WALLETS,
            owner=f"o{number % OWNERS}",
            **times,
        )
        for number in range(1, WALLETS + 1)
    )
    Transfer.objects.bulk_create(
        Transfer(id=each, txid=f"X{each}", owner=f"o{each % OWNERS}", fingerprint=b"f" * 16, created_at=NOON)
        for each in range(1, ROWS + 1)
    )
    held = {"amount": 1, "remaining": 0, "state": "released", "currency": "USD", "fingerprint": b"f" * 16, **times}
    Hold.objects.bulk_create(
        Hold(id=each, txid=f"H{each}", wallet_id=each % WALLETS or WALLETS, owner=f"o{each % OWNERS}", **held)
        for each in range(1, ROWS + 1)
    )
    rows = [(number, 1 + number % WALLETS, number // WALLETS + 1) for number in range(ROWS)]
    Transaction.objects.bulk_create(
        (
            Transaction(
                id=number + 1,
                txid=f"T{number}",
                wallet_id=wallet,
                amount=1 + number * 7919 % ROWS,
                currency="USD",
                owner=f"o{wallet % OWNERS}",
                **times,
            )
            for number, wallet, _ in rows
        ),
        batch_size=1000,
    )
    Entry.objects.bulk_create(
        (
            Entry(
                id=number + 1,
                wallet_id=wallet,
                sequence=sequence,
                amount=1,
                balance_after=1,
                currency="USD",
                kind="post",
                transaction_id=number + 1,
                txid=f"T{number}",
                principal="x",
                owner=f"o{wallet % OWNERS}",
                created_at=NOON,
            )
            for number, wallet, sequence in rows
        ),
        batch_size=1000,
    )
    Total.objects.bulk_create(Total(part=part, count=ROWS // 40) for part in range(100, 140))
    tables = ", ".join(model._meta.db_table for model in (Wallet, Transaction, Entry))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE TABLE {tables}" if connection.vendor == "mysql" else "ANALYZE")


def questions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a name and a question for each list that a caller can ask for."""
    for resource in RESOURCES:
        for order, sign in product(RESOURCES[resource].orders, ("", "-")):
            for page in (NumberedPage(1, 20), CursorPage(20), CursorPage(20, backward=True)):
                yield (
                    f"{resource} by {sign}{order}, {page}",
                    {"resource": resource, "order": (sign + order,), "page": page},
                )
    counted: dict[str, list[tuple[tuple[str, str], ...]]] = {
        "Wallet": [(), (("label", "W57"),), (("currency", "EUR"),), (("balance.gte", "500"),)],
        "Transaction": [
            (),
            (("txid", "T56"),),
            (("wallet", "57"),),
            (("wallet", str(OTHER)),),
            (("amount.gte", "100"),),
            (("createdAt.gte", "2026-01-01T00:00:00Z"),),
        ],
        "Entry": [(), (("wallet", "57"),), (("wallet", str(OTHER)),), (("transaction", "57"),), (("kind", "post"),)],
    }
    for resource, all_filters in counted.items():
        for filters, page in product(all_filters, (NumberedPage(1, 20), CursorPage(20))):
            yield (
                f"{resource} counted, {filters}, {page}",
                {"resource": resource, "filters": filters, "count": True, "page": page},
            )


def costs(principal: Principal, *more: tuple[str, str]) -> dict[str, int]:
    """Return what each list costs the database, with `more` filters."""
    found = {}
    for name, asked in questions():
        question = asked | {"filters": (*asked.get("filters", ()), *more)}
        ask(principal=principal, **question)
        with watched() as steps:
            ask(principal=principal, **question)
        found[name] = steps.taken
    for resource in RESOURCES.values():
        ids = [57]
        with watched() as steps:
            assert len(read_by_ids(resource, Selection(), principal=principal, ids=ids)) == 1
        found[f"{resource.name} by id"] = steps.taken
    return found


def test_a_list_of_one_owner_reads_only_its_rows() -> None:
    everyone, owner, filtered = costs(ANYONE), costs(OWNER), costs(ANYONE, ("owner", "o7"))
    # MariaDB looks at a status variable as well, and SQLite sets the statement up.
    slack = 3 if connection.vendor == "mysql" else 15
    # To count a whole table is one instruction to SQLite, whatever it reads.
    alike = {name for name in owner if not (connection.vendor == "sqlite" and name.startswith("Entry counted, (),"))}
    dearer = {name: (everyone[name], owner[name]) for name in alike if owner[name] > AT_MOST * everyone[name] + slack}
    assert dearer == {}
    # So does an operator's list of the same owner, which has a column more.
    assert {name: (owner[name], filtered[name]) for name in owner if filtered[name] > 1.1 * owner[name] + slack} == {}
    first = [owner[name] for name in owner if "by" in name and "id" in name]
    assert max(first) < ROWS // OWNERS
