"""Values to filter by, chosen from the data: what few rows pass, what about half, and what most or all."""

from __future__ import annotations

from collections.abc import Iterator

import MySQLdb

from benchmarks.flat.data import OWNERS
from benchmarks.harness import dataset
from walletsvc.schema.declarations import Field, Resource
from walletsvc.schema.types import Amount, Choice, Counter, Currency, Moment, OptionalMoment, Owner

FEW, HALF, MOST, NONE = "few", "half", "most", "none"
NAMES = {
    "Wallet": "Wallet {}",
    "Transaction": "load-{}",
    "Entry": "load-{}",
    "Transfer": "move-{}",
    "Hold": "hold-{}",
}
_SHARES = {FEW: 0.00002, HALF: 0.5, MOST: 0.99998}


class Chooser:
    """Chooses values from one database, with so many rows in each table that lists are made of."""

    def __init__(self, connection: MySQLdb.Connection, size: dataset.Size) -> None:
        self._connection = connection
        self._size = size

    def choose(self, resource: Resource, name: str) -> Iterator[tuple[str, str]]:
        """Yield the kind of each value for the filter `name`, and the value."""
        member, _, lookup = name.partition(".")
        prefix = NAMES[resource.name]
        if name == "search" or lookup == "icontains":
            middle = prefix.format(self._size.transactions // 2)
            yield from (
                (FEW, middle),
                (HALF, middle[-3:]),
                (MOST, prefix.format("")[:4]),
                (NONE, "nowhere to be seen"),
            )
            return
        if member in resource.to_one:
            # The wallets' first is the largest there is.
            yield from ((MOST, "1"), (NONE, str(2 * self._size.transactions + 5)))
            return
        field = next(each for each in resource.fields if each.name == member)
        if lookup:
            for kind, share in _SHARES.items():
                yield kind, self._quantile(resource, field, share if lookup.startswith("l") else 1 - share)
            return
        yield from self._exact(resource, field)

    def _exact(self, resource: Resource, field: Field) -> Iterator[tuple[str, str]]:
        if isinstance(field.type, Choice):
            found = self._most_frequent(resource, field)
            yield MOST, found[0]
            yield from ((FEW, value) for value in found[-1:] if len(found) > 1)
            yield from ((NONE, value) for value in field.type.values if value not in found[:1] and value not in found)
        elif isinstance(field.type, Currency):
            yield from ((MOST, "USD"), (FEW, "EUR"))
        elif isinstance(field.type, Owner):
            yield from ((FEW, f"owner-{OWNERS // 2}"), (NONE, "nobody's"))
        elif isinstance(field.type, Amount):
            yield from ((HALF, self._quantile(resource, field, 0.5)), (NONE, "12345678.99"))
        else:
            name = NAMES[resource.name].format(self._size.transactions // 2)
            yield from ((FEW, name), (NONE, "nowhere to be seen"))

    def _most_frequent(self, resource: Resource, field: Field) -> list[str]:
        table = resource.model._meta.db_table
        cursor = self._connection.cursor()
        cursor.execute(f"SELECT {field.column} FROM {table} GROUP BY 1 ORDER BY COUNT(*) DESC")
        return [value for (value,) in cursor.fetchall()]

    def _quantile(self, resource: Resource, field: Field, share: float) -> str:
        table, column = resource.model._meta.db_table, field.column
        there = f"FROM {table} WHERE {column} IS NOT NULL"
        count = int(dataset.scalar(self._connection, f"SELECT COUNT(*) {there}"))
        place = min(count - 1, int(count * share))
        text = f"SELECT {column} {there} ORDER BY {column} LIMIT 1 OFFSET {place}"
        value = dataset.scalar(self._connection, text)
        if isinstance(field.type, Moment | OptionalMoment):
            return f"{value.replace(' ', 'T')}Z"
        return value if isinstance(field.type, Counter) else f"{float(value):.2f}"
