"""The way through the rows of a list: the index that has their order, and the words that make the database take
it."""

from __future__ import annotations

from walletsvc.db import dialect
from walletsvc.queries.attempts import is_bounded
from walletsvc.queries.questions import CursorPage, Order, Question
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES


def parent_key(question: Question) -> str:
    """Return the key of the only parent that the filters select, or "" if they do not."""
    named = {name for name, _ in question.filters}
    relations = RESOURCES[question.resource].to_one.values()
    return next((relation.column for relation in relations if relation.name in named), "")


def without_constants(order: Order, question: Question) -> Order:
    """Return the same order without columns that a filter leaves one value: MariaDB would sort by a text all the
    same."""
    resource = RESOURCES[question.resource]
    fixed = {resource.orders.get(name) for name, _ in question.filters}
    return Order(tuple(each for each in order.columns if each[0] not in fixed) or order.columns)


def other_ways(question: Question, key: str, order: Order) -> tuple[str, ...]:
    """Return the hints for other ways to the page than the first."""
    first, _ = order.columns[0]
    resource = RESOURCES[question.resource]
    ways = dialect.other_ways(resource.walks.get((key, first))) if is_bounded(question) else ()
    return ways if any(_has_index(resource, name) for name, _ in question.filters) else ways[:1]


def _has_index(resource: Resource, filter_name: str) -> bool:
    """Tell whether an index finds what passes a filter."""
    name, _, lookup = filter_name.partition(".")
    columns = {column for _, column in resource.walks}
    return name in resource.to_one or (lookup != "icontains" and resource.orders.get(name) in columns)


def hint_for(question: Question, key: str, order: Order) -> str:
    """Return the index hint for a walk through the records of the parent that `key` refers to, or of an owner."""
    if not key:
        return ""
    resource, page = RESOURCES[question.resource], question.page
    filters = [name for name, _ in question.filters if name not in resource.to_one]
    first, _ = order.columns[0]
    # In any other index, records with an equal value are adjacent, in the order of their ids.
    index = None if any("." not in name for name in filters) else resource.walks.get((key, first))
    from_cursor = isinstance(page, CursorPage) and (page.after or page.before) is not None
    # For an owner, MariaDB would rather sort all matches from a shorter index.
    is_forced = from_cursor or (key == "owner" and not filters)
    return dialect.walk_hint(index, is_forced=is_forced, filtered=bool(filters))


def hint_for_all(resource: Resource, key: str, order: Order) -> str:
    """Return the index hint to read all records of parents that have few, which `key` refers to."""
    first, _ = order.columns[0]
    return dialect.walk_hint(resource.walks.get((key, first)), is_forced=True, filtered=True)
