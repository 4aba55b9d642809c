"""To-one relations that are read in the statement of their list: one round trip less.

Only on MySQL, where a row's texts stay as they come. SQLite has no round trip, and each value would be encoded again
for each row that it comes with.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from walletsvc.db import dialect
from walletsvc.principals import Principal
from walletsvc.queries.clauses import DERIVED, Joined, Joins, quote
from walletsvc.queries.permission import check_read
from walletsvc.queries.questions import NumberedPage, Question
from walletsvc.queries.records import Plan, plan_for
from walletsvc.queries.scope import scope_of
from walletsvc.schema.kinds import EXTERNAL, METADATA
from walletsvc.schema.resources import RESOURCES

NO_JOINS = Joins()
MOST_SKIPPED = 100
"""How many rows may be before a page: MariaDB joins those that OFFSET skips as well."""
LONG_TEXT = 256
"""From how many characters on a text is long: a related row comes again with each row that leads to it."""


def joins_for(plan: Plan, question: Question, *, principal: Principal) -> Joins:
    """Return the relations to read with the rows of a list: those from which nothing further is selected, and no
    text that may be long.

    One that a filter selects is the same for all rows, and not among them. Raises `Forbidden`.
    """
    page = question.page
    is_far = isinstance(page, NumberedPage) and (page.number - 1) * page.size > MOST_SKIPPED
    if not question.selection.to_one or is_far or dialect.vendor() != "mysql":
        return NO_JOINS
    fixed = dict(question.filters)
    found: list[Joined] = []
    parameters: list[object] = []
    for name, wanted in question.selection.to_one:
        relation = plan.resource.to_one[name]
        target = RESOURCES[relation.target]
        check_read(principal, target, wanted)
        linked = plan_for(principal, target.name, wanted.fields)
        if name in fixed or wanted.goes_further or relation.column in DERIVED or not _can_be_repeated(linked):
            continue
        condition, values = scope_of(principal, table=quote(name))
        found.append(Joined(name, target.model, relation.column, linked.columns, condition))
        parameters += values
    return Joins(tuple(found), tuple(parameters))


@lru_cache(maxsize=1024)
def _can_be_repeated(plan: Plan) -> bool:
    """Tell whether all columns are short, and none is computed: that is written for a table by its own name."""
    return not any(
        column in DERIVED
        or kind in (METADATA, EXTERNAL)
        or (getattr(plan.resource.model._meta.get_field(column), "max_length", None) or 0) >= LONG_TEXT
        for column, kind in zip(plan.columns, plan.kinds, strict=True)
    )


def places_of(joins: Joins, plan: Plan) -> Mapping[str, slice]:
    """Return where each relation is in the rows of the plan."""
    places, begin = {}, len(plan.columns)
    for each in joins.relations:
        places[each.name] = slice(begin, begin + len(each.columns))
        begin += len(each.columns)
    return places
