"""The cases of what the OpenAPI document describes: how each part is asked, and what that takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from tests.access.case import Case, Else
from tests.access.collected import Thing
from tests.access.contract import (
    ACTIONS,
    COMPUTED,
    FOR_UNBOUND,
    GIVEN_RELATIONS,
    PATHS,
    RELATIONS,
    SETTINGS,
    TO_MANY,
    TO_ONE,
    WRITABLE_RELATIONS,
    Uncovered,
    follow,
    of_reversed,
    reading,
    writing,
)
from tests.access.rest_parts import ACTION_ATTRIBUTES, COMPUTED_PARAMETERS, ID, IDS, VALUES, new, operations
from tests.access.route_cases import book_case

_PATH = re.compile(r"/api/(\w+)/(\{id\}/)?(relationships/)?(?:(\w+)/)?")
_FILTERS = {
    "label": "{label}",
    "label.icontains": "sav",
    "balance": "90.00",
    "currency": "USD",
    "state": "active",
    "txid": "{txid}",
    "txid.icontains": "t",
    "amount": "-10.00",
    "search": "a",
    "wallet": "{wallet}",
    "transaction": "{transaction}",
    "transfer": "{transfer}",
    "hold": "{hold}",
    "reversalOf": "{reversed}",
    "kind": "post",
    "sequence.gt": "0",
}
_RANGES = {
    "balance": "1",
    "amount": "-100",
    "createdAt": "2020-01-01T00:00:00Z",
    "expiresAt": "2020-01-01T00:00:00Z",
}
_PAGES = {"page[number]": "1", "page[size]": "2", "page[after]": None, "page[before]": None}


def described_cases(things: Iterable[Thing]) -> Iterator[Case]:
    """Yield a case for each parameter, member of a body and operation. Raises `Uncovered`."""
    for thing in things:
        if thing.kind == "operation":
            yield _operation(thing)
            continue
        method, _, template = thing.place.partition(" ")
        if template == "/api/operations/" and thing.kind == "header":
            # With the route.
            continue
        if template.startswith("/api/books/"):
            query = f"?{thing.kind}={thing.name}" if thing.kind.startswith("fields[") else ""
            yield book_case(thing, method, template.replace("{currency}", "USD") + query)
            continue
        found = _PATH.fullmatch(template)
        if template in ("/api/", "/api/operations/") or found is None or found[1] not in PATHS:
            raise Uncovered(thing)
        resource, relation = PATHS[found[1]], found[4]
        url = template.replace("{id}", ID[found[1]])
        if (resource, relation) in COMPUTED:
            queries = COMPUTED_PARAMETERS[relation]
            if thing.kind == "parameter" and thing.name not in queries:
                raise Uncovered(thing)
            query = queries.get(thing.name, next(iter(queries.values())))
            scopes = reading("Wallet", "Entry")
            yield Case((thing,), "GET", f"{url}?{query}", scopes=scopes, foreign=Else.ABSENT)
        elif (name := re.sub(r"filter\[(.*)\]", r"\1", thing.name)) in FOR_UNBOUND and thing.kind != "include":
            yield _for_unbound(thing, method, resource, url, name)
        elif method == "GET":
            yield _read(thing, resource, relation, url, is_list=_is_list(template, resource, relation))
        elif thing.kind in ("header", "path"):
            # With the routes: these are no choice of the caller about what is shown.
            continue
        elif (resource, relation) in ACTIONS and "/relationships/" not in template:
            yield _acted(thing, resource, str(relation), url)
        elif thing.kind in ("attributes", "relationships"):
            yield _written(thing, method, resource, url)
        else:
            yield _shown_write(thing, method, resource, url)


def _for_unbound(thing: Thing, method: str, resource: str, url: str, name: str) -> Case:
    """Return the case of something that bound callers do not know."""
    unbound: dict[str, Any] = {"for_unbound": True, "foreign": Else.UNKNOWN}
    if method == "POST" and thing.kind == "attributes":
        content = {"data": new(resource, **{name: "alice"})}
        return Case((thing,), method, url, content, scopes=writing(resource), status=201, **unbound)
    if method == "GET" and thing.kind.startswith(("fields[", "parameter")):
        value = "alice" if thing.name.startswith("filter[") else name
        parameter = thing.name if thing.name.startswith("filter[") else thing.kind
        return Case((thing,), method, f"{url}?{parameter}={value}", scopes=scopes_of_url(url), **unbound)
    raise Uncovered(thing)


def scopes_of_url(url: str) -> frozenset[str]:
    """Return the scopes that take reading a collection or what is related to a resource."""
    parts = url.strip("/").split("/")
    resource = PATHS[parts[1]]
    return reading(resource, *([RELATIONS[resource, parts[3]]] if len(parts) > 3 else []))


def _is_list(template: str, resource: str, relation: str | None) -> bool:
    return "{id}" not in template if relation is None else (resource, relation) in TO_MANY


def _read(thing: Thing, resource: str, relation: str | None, url: str, *, is_list: bool) -> Case:
    url = of_reversed(url) if relation == "reversals" else url
    target = resource if relation is None else RELATIONS[resource, relation]
    scopes = reading(*{resource, target})
    foreign = Else.ABSENT if relation or not is_list else Else.NOTHING
    make: Callable[..., Case] = lambda query, more=frozenset(): Case(  # noqa: E731
        (thing,), "GET", f"{url}?{query}" if query else url, scopes=scopes | more, foreign=foreign
    )
    match thing.kind:
        case "path" | "header":
            return make("")
        case "include":
            return make(f"include={thing.name}", reading(*follow(target, thing.name.split("."))))
        case "sort":
            return make(f"sort={thing.name}")
        case "parameter" if thing.name.startswith("filter["):
            case = make(f"{thing.name}={_filter_value(thing)}")
            # The URL itself is a filter by the parent, which cannot be given twice.
            is_twice = relation is not None and thing.name == f"filter[{resource.lower()}]"
            return replace(case, status=400) if is_twice else case
        case "parameter" if thing.name in _PAGES:
            value = _PAGES[thing.name]
            # A cursor of this list: of its first page.
            return make(f"{thing.name}={{cursor}}" if value is None else f"{thing.name}={value}")
        case _ if thing.kind.startswith("fields["):
            return make(f"{thing.kind}={thing.name}")
    raise Uncovered(thing)


def _filter_value(thing: Thing) -> str:
    name = thing.name.removeprefix("filter[").removesuffix("]")
    attribute, _, lookup = name.partition(".")
    if name == "state" and "holds" in thing.place:
        return "open"
    if name in _FILTERS:
        return _FILTERS[name]
    if lookup in ("gte", "gt") and attribute in _RANGES:
        return _RANGES[attribute]
    if lookup in ("lte", "lt") and attribute in _RANGES:
        return "2999-01-01T00:00:00Z" if attribute.endswith("At") else "1000"
    raise Uncovered(thing)


def _written(thing: Thing, method: str, resource: str, url: str) -> Case:
    name = thing.name
    if thing.kind == "attributes" and name not in VALUES:
        raise Uncovered(thing)
    if thing.kind == "attributes":
        members: dict[str, Any] = {"attributes": {name: VALUES[name]}}
    elif (resource, name) in GIVEN_RELATIONS:
        members = {"relationships": {name: {"data": {"type": GIVEN_RELATIONS[resource, name], "id": VALUES[name]}}}}
    elif (resource, name) in TO_ONE:
        members = {"relationships": {name: {"data": {"type": TO_ONE[resource, name], "id": "{other}"}}}}
    else:
        members = {"relationships": {name: {"data": []}}}
    given = {name: VALUES[name]} if thing.kind == "attributes" else {}
    data = new(resource, **given) if method == "POST" else {"type": resource, "id": IDS[resource], "attributes": {}}
    for member, value in members.items():
        data[member] = data.get(member, {}) | value
    for each in data.get("relationships", ()):
        if each in ("wallet", "source", "destination"):
            data["attributes"].pop(each, None)
    status: int | None = 201 if method == "POST" else 200
    if method == "PATCH" and (resource, name) in TO_MANY:
        # Refused, as there are some: 403 for everyone who may write.
        status = 403
    foreign = Else.OWN if method == "POST" and resource == "Wallet" else Else.ABSENT
    if name in SETTINGS:
        # Callers who may do all to their own are no administrators.
        foreign = Else.ABSENT_OR_FORBIDDEN
    scopes = writing(resource, name)
    return Case((thing,), method, url, {"data": data}, scopes=scopes, status=status, foreign=foreign)


def _acted(thing: Thing, resource: str, action: str, url: str) -> Case:
    """Return an action with a member of what it takes, or with more in its answer."""
    target, status = ACTIONS[resource, action]
    data: dict[str, Any] = {"type": target, "attributes": dict(ACTION_ATTRIBUTES[action])}
    scopes = writing(resource)
    match thing.kind:
        case "attributes" if thing.name in VALUES:
            data["attributes"][thing.name] = VALUES[thing.name]
        case "relationships" if (target, thing.name) in TO_MANY:
            data["relationships"] = {thing.name: {"data": []}}
        case "include":
            url += f"?include={thing.name}"
            scopes |= reading(*follow(target, thing.name.split(".")))
        case _ if thing.kind.startswith("fields["):
            url += f"?{thing.kind}={thing.name}"
        case _:
            raise Uncovered(thing)
    return Case((thing,), "POST", url, {"data": data}, scopes=scopes, status=status, foreign=Else.ABSENT)


def _shown_write(thing: Thing, method: str, resource: str, url: str) -> Case:
    """Return a write that is answered with more than the resource."""
    more = reading(*follow(resource, thing.name.split("."))) if thing.kind == "include" else frozenset()
    query = f"{thing.kind}={thing.name}"
    if thing.kind != "include" and not thing.kind.startswith("fields["):
        raise Uncovered(thing)
    data = new(resource) if method == "POST" else {"type": resource, "id": IDS[resource], "attributes": {}}
    if method == "PATCH":
        data["attributes"] = {"metadata": {"c": 3}}
    foreign = Else.OWN if method == "POST" and resource == "Wallet" else Else.ABSENT
    status = 201 if method == "POST" else 200
    scopes = writing(resource) | more
    return Case((thing,), method, f"{url}?{query}", {"data": data}, scopes=scopes, status=status, foreign=foreign)


def _operation(thing: Thing) -> Case:
    resource, (code, _, relation) = thing.place, thing.name.partition(" ")
    identified = {"type": resource, "id": IDS[resource]}
    if relation:
        target = RELATIONS.get((resource, relation))
        if target is None:
            raise Uncovered(thing)
        data: Any = {"type": target, "id": "{other}" if target == "Wallet" else IDS[target]}
        data = [data] if (resource, relation) in TO_MANY else data
        content = {"op": code, "ref": {**identified, "relationship": relation}, "data": data}
        if (resource, relation) in ACTIONS and code == "add":
            target, _ = ACTIONS[resource, relation]
            content["data"] = {"type": target, "attributes": ACTION_ATTRIBUTES[relation]}
            return operations((thing,), content, scopes=writing(resource), foreign=Else.ABSENT)
        if (resource, relation) not in WRITABLE_RELATIONS:
            return operations((thing,), content, status=403, foreign=Else.ABSENT_OR_FORBIDDEN)
        if code != "update":
            # A to-one relationship is replaced, and never added to.
            return operations((thing,), content, status=422, foreign=Else.SAME)
        return operations((thing,), content, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    if resource == "Entry":
        data = {**identified, "attributes": {}}
        content = {"op": code, "data": data} if code == "add" else {"op": code, "ref": identified, "data": data}
        return operations((thing,), content, status=403, foreign=Else.ABSENT_OR_FORBIDDEN)
    match code:
        case "add":
            foreign = Else.OWN if resource == "Wallet" else Else.ABSENT
            return operations(
                (thing,), {"op": "add", "data": new(resource)}, scopes=writing(resource), foreign=foreign
            )
        case "update":
            data = {**identified, "attributes": {"metadata": {"d": 4}}}
            return operations((thing,), {"op": "update", "data": data}, scopes=writing(resource), foreign=Else.ABSENT)
        case "remove":
            if resource in ("Transfer", "Hold"):
                content = {"op": "remove", "ref": identified}
                return operations((thing,), content, status=403, foreign=Else.ABSENT_OR_FORBIDDEN)
            identified = {"type": resource, "id": "{empty}" if resource == "Wallet" else "{transaction}"}
            content = {"op": "remove", "ref": identified}
            return operations((thing,), content, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    raise Uncovered(thing)
