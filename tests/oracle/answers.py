"""The oracle: graphql-core over the printed schema, with resolvers that look at the rows of a `Ledger`."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from graphql import GraphQLResolveInfo, build_schema, execute_sync, parse

from tests.oracle.ledger import SCALES, Ledger, Row, global_id, print_time

SCHEMA = build_schema((Path(__file__).parents[2] / "graphql_api" / "schema.graphql").read_text(encoding="utf-8"))
TYPES = {"wallets": "Wallet", "transactions": "Transaction", "entries": "Entry"}
SEARCHED = {"Wallet": ["label"], "Transaction": ["txid", "description"]}

Ordering = tuple[tuple[str, bool], ...]
"""The column that a list is sorted by, and whether it is descending."""


class Cursor(str):
    """Stands for a cursor in an answer: the order and the record's values in it; only the server knows the text."""


class Places:
    """Which text of the server's is which place. Each place has one text, and each text one place."""

    def __init__(self) -> None:
        self.texts: dict[Cursor, str] = {}
        self.orderings: dict[str, tuple[Ordering, tuple[Any, ...]]] = {}
        self._values: dict[Cursor, tuple[Ordering, tuple[Any, ...]]] = {}

    def place(self, ordering: Ordering, row: Row) -> Cursor:
        """Return what stands for the cursor of a row in a list of this order."""
        values = tuple(row[name] for name, _ in ordering)
        cursor = Cursor(f"{ordering} {[f'{value:f}' if isinstance(value, Decimal) else value for value in values]}")
        self._values[cursor] = ordering, values
        return cursor

    def is_same(self, cursor: Cursor, text: str) -> bool:
        """Tell whether `text` can be that cursor, and remember that it is."""
        known = self.texts.setdefault(cursor, text)
        return known == text and self.orderings.setdefault(text, self._values[cursor]) == self._values[cursor]


class Oracle:
    """Answers documents."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.places = Places()
        self.written: Row | None = None

    def answer(self, text: str, variables: Mapping[str, Any]) -> tuple[Any, list[list[Any]]]:
        """Return the data, and the paths of the errors in their order."""
        # A document that is not valid is the server's to refuse: that shows as well, as an error without a path.
        result = execute_sync(SCHEMA, parse(text), variable_values=dict(variables), field_resolver=self._resolve)
        assert all(error.path for error in result.errors or ()), (result.errors, text, variables)
        return result.data, [list(error.path or ()) for error in result.errors or ()]

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        parent, name = info.parent_type.name, info.field_name
        if parent == "Query":
            return self._root(name, arguments)
        if parent == "Mutation":
            return {"transaction": self.written, "userErrors": []}
        if parent not in TYPES.values():
            return source[name]
        if name in TYPES and info.parent_type.fields[name].args:
            return self._related(parent, source, TYPES[name], arguments)
        if name in ("wallet", "transaction"):
            return self.ledger.table(name.capitalize()).get(source[name])
        if name == "id":
            return global_id(parent, source["databaseId"])
        value = source[name]
        if isinstance(value, Decimal):
            return f"{value:.{SCALES[source['currency']]}f}"
        return print_time(value) if isinstance(value, datetime) else value

    def _root(self, name: str, arguments: dict[str, Any]) -> Any:
        if name in TYPES:
            return self._page(TYPES[name], list(self.ledger.table(TYPES[name]).values()), arguments)
        if name in ("node", "nodes"):
            ids = {
                global_id(type_name, identifier): row
                for type_name in TYPES.values()
                for identifier, row in self.ledger.table(type_name).items()
            }
            return ids.get(arguments["id"]) if name == "node" else [ids.get(each) for each in arguments["ids"]]
        type_name, member = {
            "wallet": ("Wallet", "id"),
            "transaction": ("Transaction", "id"),
            "walletByLabel": ("Wallet", "label"),
            "transactionByTxid": ("Transaction", "txid"),
        }[name]
        for row in self.ledger.table(type_name).values():
            if arguments[member] in _names(row, member):
                return row
        raise LookupError(name)

    def _related(self, parent: str, source: Row, target: str, arguments: dict[str, Any]) -> Any:
        key = parent.lower()
        rows = [row for row in self.ledger.table(target).values() if row[key] == source["databaseId"]]
        return self._page(target, rows, arguments, parent)

    # -- lists -----------------------------------------------------------------------------------------

    def _page(self, type_name: str, rows: list[Row], arguments: dict[str, Any], parent: str = "") -> Any:
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise ValueError("both")
        size = 20 if first is None and last is None else first if last is None else last
        if not 0 <= size <= 100:
            raise ValueError(size)
        for filters in _conditions(arguments.get("filters") or {}):
            rows = [row for row in rows if _passes(type_name, row, *filters)]
        ordering = ordering_of(arguments.get("ordering") or [], type_name, parent)
        rows = sorted(
            rows,
            key=functools.cmp_to_key(
                lambda one, other: _compare(ordering, _values(ordering, one), _values(ordering, other))
            ),
        )
        after, before = (self._cursor(arguments.get(name), ordering) for name in ("after", "before"))
        left = [
            row
            for row in rows
            if (after is None or _compare(ordering, _values(ordering, row), after) > 0)
            and (before is None or _compare(ordering, _values(ordering, row), before) < 0)
        ]
        shown = left[:size] if last is None else left[max(len(left) - size, 0) :]
        more = len(left) > len(shown)
        cursors = [self.places.place(ordering, row) for row in shown]
        return {
            "edges": [{"node": row, "cursor": cursor} for row, cursor in zip(shown, cursors, strict=True)],
            "totalCount": len(rows),
            "pageInfo": {
                "hasNextPage": more if last is None else before is not None,
                "hasPreviousPage": after is not None if last is None else more,
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            },
        }

    def _cursor(self, text: str | None, ordering: Ordering) -> tuple[Any, ...] | None:
        if text is None:
            return None
        known, values = self.places.orderings[text]
        if known != ordering:
            raise ValueError("another order")
        return values


def ordering_of(given: Sequence[Mapping[str, str]], type_name: str, parent: str = "") -> Ordering:
    """Return the complete order: it ends in the id, in the direction of the last column.

    The entries of a wallet have numbers, which replace their ids in its cursors.
    """
    ordering: list[tuple[str, bool]] = []
    for item in given:
        [(name, direction)] = item.items()
        if "databaseId" not in dict(ordering):
            ordering.append(("databaseId" if name == "id" else name, direction == "DESC"))
    if "databaseId" not in dict(ordering):
        ordering.append(("databaseId", ordering[-1][1] if ordering else False))
    if (type_name, parent) == ("Entry", "Wallet"):
        ordering = [("sequence" if name == "databaseId" else name, falls) for name, falls in ordering]
        del ordering[[name for name, _ in ordering].index("sequence") + 1 :]
    return tuple(ordering)


def _values(ordering: Ordering, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name, _ in ordering)


def _compare(ordering: Ordering, one: Sequence[Any], other: Sequence[Any]) -> int:
    for (_, falls), mine, theirs in zip(ordering, one, other, strict=True):
        if mine != theirs:
            return -1 if (mine < theirs) is not falls else 1
    return 0


def _names(row: Row, member: str) -> list[str]:
    identifier = row["databaseId"]
    return [global_id(row["__typename"], identifier), str(identifier)] if member == "id" else [row[member]]


def _conditions(filters: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for name, value in filters.items():
        yield from [(name, *each) for each in value.items()] if isinstance(value, dict) else [(name, "exact", value)]


def _passes(type_name: str, row: Row, name: str, lookup: str, operand: Any) -> bool:
    if name == "search":
        return any(str(operand).lower() in row[each].lower() for each in SEARCHED[type_name])
    value = row[name]
    if name in ("wallet", "transaction"):
        return str(operand) in (str(value), global_id(name.capitalize(), value or 0))
    if isinstance(value, Decimal):
        operand = Decimal(str(operand))
    elif isinstance(value, datetime):
        operand = datetime.fromisoformat(operand)
    match lookup:
        case "exact":
            return bool(value == operand)
        case "icontains":
            return str(operand).lower() in str(value).lower()
        case "gt":
            return bool(value > operand)
        case "gte":
            return bool(value >= operand)
        case "lt":
            return bool(value < operand)
        case "lte":
            return bool(value <= operand)
    raise ValueError(lookup)
