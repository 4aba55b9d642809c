"""The read engine without a database: what it asks for, and rows that are made from given objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import pytest
from django.db.models import Model, QuerySet

from walletsvc.db import dialect
from walletsvc.principals import Principal
from walletsvc.queries import counts, engine, row_sql
from walletsvc.queries.clauses import Joins
from walletsvc.queries.joins import NO_JOINS
from walletsvc.queries.questions import Order, Question
from walletsvc.queries.records import Plan
from walletsvc.queries.row_sql import Row
from walletsvc.queries.scope import ALL, Scope
from walletsvc.schema.kinds import Kind

ALICE = Principal("k", frozenset({"admin"}), owner="alice")
OWN = Scope("owner = %s", ("alice",))


class Counted(int):
    """A count that is kept."""

    may_be_left_out = False


class Reader:
    """Answers with the objects in `stored`, whatever the conditions and the order, and notes what it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stored: list[Model] = []
        self.asked: list[dict[str, Any]] = []
        self.counted: list[dict[str, Any]] = []
        self.counts: dict[int, int] = {}
        for name in ("ask_rows", "fetch_rows_by_id", "fetch_first_rows"):
            monkeypatch.setattr(engine, name, getattr(self, name))
        monkeypatch.setattr(engine, "answer", self.answer)
        monkeypatch.setattr(counts, "ask_count", self.ask_count)
        monkeypatch.setattr(counts, "count_by_parent", self.count_by_parent)
        monkeypatch.setattr(dialect, "walk_hint", self.walk_hint)

    # -- pages and lists

    def ask_rows(
        self,
        queryset: QuerySet[Model],
        columns: Sequence[str],
        kinds: Sequence[Kind],
        *,
        order: Order | None = None,
        limit: int | None = None,
        offset: int = 0,
        count: object = None,
        hint: str = "",
        scope: Scope = ALL,
        examined: int | None = None,
        joins: Joins = NO_JOINS,
    ) -> tuple[list[Row], object]:
        assert joins == NO_JOINS, "tests/queries/test_joins.py has those, on the engine that they are for"
        self.asked.append(
            {
                "where": where(queryset),
                "columns": columns,
                "order": order and order.order_by(),
                "limit": limit,
                "offset": offset,
                "count": count,
                "hint": hint,
                "scope": scope,
                "examined": examined,
            }
        )
        return self.rows(queryset.model, columns, kinds)[:limit], count

    @staticmethod
    def answer(asked: tuple[list[Row], object]) -> tuple[list[Row], object]:
        return asked

    def ask_count(self, question: Question, queryset: QuerySet[Model], *, principal: Principal, scope: Scope) -> int:
        asked = {"filters": question.filters, "where": where(queryset), "owner": principal.owner, "scope": scope}
        self.counted.append(asked)
        return Counted(42)

    def walk_hint(self, index: str | None, *, is_forced: bool, filtered: bool) -> str:
        return f" {index}{' forced' if is_forced else ''}{' filtered' if filtered else ''}"

    # -- related records

    def fetch_rows_by_id(
        self, model: type[Model], columns: Sequence[str], kinds: Sequence[Kind], ids: Sequence[int], *, scope: Scope
    ) -> list[Row]:
        self.asked.append({"model": model, "columns": columns, "ids": ids, "scope": scope})
        return [row for row in self.rows(model, columns, kinds) if int(row[0]) in ids]

    def fetch_first_rows(
        self, queryset: QuerySet[Model], plan: Plan, *, key: str, ids: Sequence[int], walk: Order, **rest: Any
    ) -> Mapping[bytes, list[Row]]:
        self.asked.append(
            {
                "where": where(queryset),
                "columns": plan.columns,
                "key": key,
                "ids": ids,
                "walk": walk.order_by(),
                **rest,
            }
        )
        found: dict[bytes, list[Row]] = {}
        for row in self.rows(queryset.model, plan.columns, plan.kinds):
            found.setdefault(row[plan.columns.index(key)], []).append(row)
        return found

    def count_by_parent(
        self, question: Question, queryset: QuerySet[Model], *, key: str, ids: Sequence[int]
    ) -> Mapping[int, int]:
        self.counted.append({"filters": question.filters, "where": where(queryset), "key": key, "ids": ids})
        return self.counts

    # -- rows

    def rows(self, model: type[Model], columns: Iterable[str], kinds: Iterable[Kind]) -> list[Row]:
        kinds = list(kinds)
        # Its transfers have one owner each, so that callers of an owner see them.
        values_of = attrgetter(*(each.replace("own_transfer_id", "transfer_id") for each in columns))
        return [
            [
                None if value is None else kind.encode(value)
                for kind, value in zip(kinds, values_of(each), strict=True)
            ]  # type: ignore[misc]
            for each in self.stored
            if isinstance(each, model)
        ]


def where(queryset: QuerySet[Model]) -> tuple[str, str, tuple[Any, ...]]:
    """Return the model, the condition and its parameters, without the quotes and the table's name."""
    text, parameters = row_sql._condition(queryset, ALL)
    return (
        queryset.model.__name__,
        text.replace(f'"{queryset.model._meta.db_table}".', "").replace('"', ""),
        parameters,
    )
