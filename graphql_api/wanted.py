"""What a selection wants of the records of the read engine, collected field by field (`planning.py`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from walletsvc.queries.questions import BalanceQuestion, Period, Question, Selection, StatementQuestion
from walletsvc.schema.declarations import Resource


@dataclass(slots=True)
class Wanted:
    """The selection from a record."""

    resource: Resource
    fields: set[str] = field(default_factory=set)
    to_one: dict[str, Wanted] = field(default_factory=dict)
    to_many: dict[tuple[str, str], WantedList] = field(default_factory=dict)
    balances: dict[BalanceQuestion, None] = field(default_factory=dict)
    statements: dict[Period, WantedStatement] = field(default_factory=dict)

    def selection(self) -> Selection:
        """Return what is collected by now."""
        by_sequence = self.balances or self.statements
        return Selection(
            fields=frozenset(self.fields) | ({"sequence"} if by_sequence else frozenset()),
            to_one=tuple((name, wanted.selection()) for name, wanted in self.to_one.items()),
            to_many=tuple((name, wanted.question()) for (name, _), wanted in self.to_many.items()),
            balances=tuple(self.balances),
            statements=tuple(wanted.question(period) for period, wanted in self.statements.items()),
        )


@dataclass(slots=True)
class WantedList:
    """The selection from a list of records, and whether they are counted."""

    asked: Question
    record: Wanted
    alias: str = ""
    count: bool = False

    def question(self) -> Question:
        """Return the question for the list."""
        asked = self.asked
        return Question(
            asked.resource, self.record.selection(), asked.filters, asked.order, asked.page, self.count, self.alias
        )


@dataclass(slots=True)
class WantedStatement:
    """The selection from a statement: whether it shows totals, and its pages of lines."""

    has_totals: bool = False
    lines: dict[str, WantedList] = field(default_factory=dict)

    def question(self, period: Period) -> StatementQuestion:
        """Return the question for the statement of a period."""
        return StatementQuestion(period, self.has_totals, tuple(each.question() for each in self.lines.values()))
