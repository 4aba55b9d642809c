"""To-one relations that are read in the statement of their list: one round trip less.

Only on MySQL, where a row's texts stay as they come. SQLite has no round trip, and each value would be encoded again
for each row that it comes with.
"""

from __future__ import annotations

from collections.abc import Mapping

from walletsvc.db import dialect
from walletsvc.principals import Principal
from walletsvc.queries.clauses import DERIVED, Joined, Joins, quote
from walletsvc.queries.permission import check_read
from walletsvc.queries.questions import Question
from walletsvc.queries.records import Plan, plan_for
from walletsvc.queries.scope import scope_of
from walletsvc.schema.resources import RESOURCES

NO_JOINS = Joins()


def joins_for(plan: Plan, question: Question, *, principal: Principal) -> Joins:
    """Return the relations to read with the rows of a list: those from which nothing further is selected.

    One that a filter selects is the same for all rows, and not among them. Raises `Forbidden`.
    """
    if not question.selection.to_one or dialect.vendor() != "mysql":
        return NO_JOINS
    fixed = dict(question.filters)
    found: list[Joined] = []
    parameters: list[object] = []
    for name, wanted in question.selection.to_one:
        relation = plan.resource.to_one[name]
        target = RESOURCES[relation.target]
        check_read(principal, target, wanted)
        columns = plan_for(principal, target.name, wanted.fields).columns
        # What is computed is written for a table by its own name.
        if name not in fixed and not wanted.goes_further and DERIVED.keys().isdisjoint((relation.column, *columns)):
            condition, values = scope_of(principal, table=quote(name))
            found.append(Joined(name, target.model, relation.column, columns, condition))
            parameters += values
    return Joins(tuple(found), tuple(parameters))


def places_of(joins: Joins, plan: Plan) -> Mapping[str, slice]:
    """Return where each relation is in the rows of the plan."""
    places, begin = {}, len(plan.columns)
    for each in joins.relations:
        places[each.name] = slice(begin, begin + len(each.columns))
        begin += len(each.columns)
    return places
