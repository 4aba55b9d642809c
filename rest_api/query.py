"""Parse a query string (include, fields, filter, sort, page) into a question to the read engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from rest_api.errors import Problem, Refused, bad_parameter
from rest_api.parameters import format_parameters
from walletsvc.errors import InvalidParameter
from walletsvc.principals import Principal
from walletsvc.queries.questions import (
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_NUMBER,
    MAX_PAGE_SIZE,
    CursorPage,
    NumberedPage,
    Question,
    Selection,
)
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES, known_to
from walletsvc.telemetry.traces import PLAN, span

MAX_SIZE_EXCEEDED = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination/max-size-exceeded"
"""The error type that the cursor pagination profile requires for a page that is too large."""

MAX_PATHS = 10
MAX_PATH_LENGTH = 4

Tree = dict[str, Any]
"""Relations to include, each with the relations to include below it."""


@cache
def _relations(resource_name: str) -> tuple[str, ...]:
    resource = RESOURCES[resource_name]
    return (*resource.to_one, *resource.to_many)


@dataclass(frozen=True)
class Query:
    """A parsed query string. `fields` holds the selected names of each type, attributes and relations alike."""

    include: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filters: tuple[tuple[str, str], ...] = ()
    sort: tuple[str, ...] = ()
    page: NumberedPage | CursorPage = field(default_factory=NumberedPage)

    def shown_relations(self, resource: Resource) -> tuple[str, ...]:
        """Return the relations that the type's fieldset shows."""
        wanted = self.fields.get(resource.name)
        relations = _relations(resource.name)
        return relations if wanted is None else tuple(name for name in relations if name in wanted)

    def selection(self, resource: Resource, *, per_parent: int = DEFAULT_PAGE_SIZE) -> Selection:
        """Return the selection from each record, with at most `per_parent` included resources for each."""
        tree: Tree = {}
        for path in self.include:
            branch = tree
            for name in path.split("."):
                branch = branch.setdefault(name, {})
        return self._select(resource, tree, per_parent)

    def _select(self, resource: Resource, tree: Tree, size: int) -> Selection:
        wanted = self.fields.get(resource.name)
        to_one, to_many = [], []
        for name, branch in tree.items():
            if name in resource.to_one:
                to_one.append((name, self._select(RESOURCES[resource.to_one[name].target], branch, size)))
            else:
                target = RESOURCES[resource.to_many[name].target]
                selection = self._select(target, branch, size)
                to_many.append((name, Question(target.name, selection, page=CursorPage(size=size))))
        return Selection(None if wanted is None else frozenset(wanted), tuple(to_one), tuple(to_many))

    def question(self, resource: Resource, *extra_filters: tuple[str, str]) -> Question:
        """Return the question for the list, narrowed by `extra_filters`."""
        return Question(
            resource=resource.name,
            selection=self.selection(resource),
            filters=(*extra_filters, *self.filters),
            order=self.sort,
            page=self.page,
            count=isinstance(self.page, NumberedPage),
        )

    @cached_property
    def text(self) -> str:
        """Return the parameters without those of the page, as a canonical query string."""
        return format_parameters(self._parameters())

    def _parameters(self) -> Iterator[tuple[str, str]]:
        for name, value in sorted(self.filters):
            yield f"filter[{name}]", value
        if self.sort:
            yield "sort", ",".join(self.sort)
        if self.include:
            yield "include", ",".join(self.include)
        for type_name, names in sorted(self.fields.items()):
            yield f"fields[{type_name}]", ",".join(names)


def page_parameters(page: NumberedPage | CursorPage) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a page that differ from the defaults."""
    if isinstance(page, NumberedPage):
        if page.number != 1:
            yield "page[number]", str(page.number)
    else:
        if page.after is not None:
            yield "page[after]", page.after
        if page.before is not None:
            yield "page[before]", page.before
    # Between two cursors the default size differs, so the size is always given.
    if page.size != DEFAULT_PAGE_SIZE or is_range(page):
        yield "page[size]", str(page.size)


def is_range(page: NumberedPage | CursorPage) -> bool:
    """Tell whether a page is the range between two cursors."""
    return isinstance(page, CursorPage) and page.after is not None and page.before is not None


def parse_query(
    resource: Resource, parameters: Mapping[str, str], *, principal: Principal, cursors: bool = False
) -> Query:
    """Return the query that a caller's `parameters` describe, for `resource`.

    `cursors` pages by cursor even without a cursor: the client has asked for the profile. Raises `Refused` (400)
    for meaningless parameters; the engine refuses later, with the same code, what only it can judge.
    """
    with span(PLAN):
        return Query(
            include=_parse_include(resource, parameters.get("include", "")),
            fields=dict(_parse_fields(parameters, known_to(principal))),
            filters=tuple(sorted(_members(parameters, "filter"))),
            sort=_parse_sort(parameters),
            page=_parse_page(dict(_members(parameters, "page")), cursors=cursors),
        )


def _members(parameters: Mapping[str, str], family: str) -> Iterator[tuple[str, str]]:
    """Yield the member and value of each `family[member]`."""
    for name, value in parameters.items():
        if name.startswith(f"{family}["):
            yield name[len(family) + 1 : -1], value


def _parse_sort(parameters: Mapping[str, str]) -> tuple[str, ...]:
    if "sort" not in parameters:
        return ()
    names = tuple(parameters["sort"].split(","))
    if "" in names:
        raise bad_parameter("sort", "Give the fields to sort by, separated by commas.")
    return names


def _parse_fields(
    parameters: Mapping[str, str], resources: Mapping[str, Resource]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for type_name, value in _members(parameters, "fields"):
        parameter = f"fields[{type_name}]"
        resource = resources.get(type_name)
        if resource is None:
            raise bad_parameter(parameter, f"No type {type_name[:64]!r}: choose {', '.join(RESOURCES)}.")
        known = {each.name for each in resource.fields} | {*resource.to_one, *resource.to_many}
        names = set(value.split(",")) if value else set()
        for name in sorted(names - known):
            raise bad_parameter(parameter, f"{type_name} has no field {name[:64]!r}.")
        yield type_name, tuple(sorted(names))


# -- include -------------------------------------------------------------------------------------------


def _parse_include(resource: Resource, value: str) -> tuple[str, ...]:
    if not value:
        return ()
    paths = sorted(set(value.split(",")))
    if len(paths) > MAX_PATHS:
        raise bad_parameter("include", f"At most {MAX_PATHS} paths can be included.")
    for path in paths:
        _check_path(resource, path)
    return tuple(paths)


def _check_path(resource: Resource, path: str) -> None:
    names = path.split(".")
    if len(names) > MAX_PATH_LENGTH:
        raise bad_parameter("include", f"A path has at most {MAX_PATH_LENGTH} relationships.")
    manifold = reversals = 0
    for name in names:
        relation = resource.to_one.get(name) or resource.to_many.get(name)
        if relation is None:
            raise bad_parameter("include", f"{resource.name} has no relationship {name[:64]!r}.")
        manifold += name in resource.to_many
        reversals += relation.target == resource.name
        resource = RESOURCES[relation.target]
    if manifold > 1:
        # Pages of pages: the document would grow with the product of their sizes.
        raise bad_parameter("include", f"{path!r} goes through more than one to-many relationship.")
    if reversals > 1:
        # No reversal is reversed: the second step would lead back, or nowhere.
        raise bad_parameter("include", f"{path!r} leads from one resource to another of its type more than once.")


# -- pages ---------------------------------------------------------------------------------------------


def _parse_page(members: Mapping[str, str], *, cursors: bool) -> NumberedPage | CursorPage:
    _check_known(members, ("number", "size", "after", "before"))
    after, before = members.get("after"), members.get("before")
    both = after is not None and before is not None
    # Between two cursors, the profile asks for as many as possible.
    size = _parse_size(members.get("size"), default=MAX_PAGE_SIZE if both else DEFAULT_PAGE_SIZE)
    if after is None and before is None and not (cursors and "number" not in members):
        return NumberedPage(_parse_number(members.get("number", "1")), size)
    if "number" in members:
        raise bad_parameter("page[number]", "A page is selected by number or by cursor, not by both.")
    for name in ("after", "before"):
        if members.get(name) == "":
            raise bad_parameter(f"page[{name}]", "This is not a cursor of this list.")
    return CursorPage(size=size, after=after, before=before, backward=before is not None and after is None)


def _check_known(members: Iterable[str], known: tuple[str, ...]) -> None:
    for name in members:
        if name not in known:
            raise bad_parameter(f"page[{name}]", f"A page has {', '.join(known)}, not {name[:64]!r}.")


def _parse_size(text: str | None, *, default: int) -> int:
    if text is None:
        return default
    size = parse_positive(text, "page[size]")
    if size > MAX_PAGE_SIZE:
        problem = Problem(
            400,
            InvalidParameter.code,
            f"A page has at most {MAX_PAGE_SIZE} resources.",
            parameter="page[size]",
            meta={"page": {"maxSize": MAX_PAGE_SIZE}, "limit": MAX_PAGE_SIZE},
            type_link=MAX_SIZE_EXCEEDED,
        )
        raise Refused(problem)
    return size


def _parse_number(text: str) -> int:
    number = parse_positive(text, "page[number]")
    if number > MAX_PAGE_NUMBER:
        raise bad_parameter("page[number]", f"Pages are numbered up to {MAX_PAGE_NUMBER}.")
    return number


def parse_positive(text: str, parameter: str) -> int:
    """Return the positive integer of at most 18 digits in a parameter. Raises `Refused`."""
    if not re.fullmatch("0*[1-9][0-9]{0,17}", text[:64], re.ASCII) or len(text) > 64:
        raise bad_parameter(parameter, "It takes a positive integer.")
    return int(text)
