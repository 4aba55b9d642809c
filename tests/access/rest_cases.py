"""The cases of the REST face: how each thing is asked, and what that takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from tests.access.case import Case, Else
from tests.access.collected import Thing
from tests.access.contract import (
    FOR_UNBOUND,
    OPEN_ROUTES,
    PATHS,
    RELATIONS,
    TO_MANY,
    TO_ONE,
    WRITABLE_RELATIONS,
    Uncovered,
    follow,
    reading,
    writing,
)
from tests.access.world import ATOMIC, JSON_API

_ID = {"wallets": "{wallet}", "transactions": "{transaction}", "entries": "{entry}"}
_IDS = {resource: _ID[path] for path, resource in PATHS.items()}
_PATH = re.compile(r"/api/(\w+)/(\{id\}/)?(relationships/)?(?:(\w+)/)?")

VALUES: dict[str, Any] = {
    "label": "New",
    "balance": "1.00",
    "currency": "USD",
    "metadata": {"a": 1},
    "txid": "N1",
    "amount": "1.25",
    "description": "text",
    "wallet": "{other}",
}
"""A valid value of each attribute that can be written."""
_FILTERS = {
    "label": "{label}",
    "label.icontains": "sav",
    "balance": "90.00",
    "currency": "USD",
    "txid": "{txid}",
    "txid.icontains": "t",
    "amount": "-10.00",
    "search": "a",
    "wallet": "{wallet}",
    "transaction": "{transaction}",
    "kind": "post",
    "sequence.gt": "0",
}
_RANGES = {"balance": "1", "amount": "-100", "createdAt": "2020-01-01T00:00:00Z"}
_PAGES = {"page[number]": "1", "page[size]": "2", "page[after]": None, "page[before]": None}


def new(resource: str, **changed: Any) -> dict[str, Any]:
    """Return the document of a new resource."""
    needed = {"Wallet": ("label",), "Transaction": ("txid", "amount", "wallet")}[resource]
    attributes = {name: VALUES[name] for name in needed} | ({"wallet": "{wallet}"} if "wallet" in needed else {})
    return {"type": resource, "attributes": attributes | changed}


# -- routes ----------------------------------------------------------------------------------------------


def route_cases(things: Iterable[Thing]) -> Iterator[Case]:
    """Yield a case for each method of each route. Raises `Uncovered`."""
    for thing in things:
        if thing.place in OPEN_ROUTES or thing.place in ("unknown", "UnknownView", "view"):
            yield _outside(thing)
        elif thing.place in ("graphql", "root", "operations"):
            yield _of_face(thing)
        else:
            yield _of_collection(thing)


def _outside(thing: Thing) -> Case:
    paths = {
        "index": "/",
        "healthz": "/healthz/",
        "schema": "/api/schema/",
        "docs": "/api/docs/",
        "unknown": "/nope/",
    }
    if thing.place in ("UnknownView", "view"):
        return Case((thing,), thing.name, "/api/nope/", status=404)
    if thing.place not in paths:
        raise Uncovered(thing)
    status = 404 if thing.place == "unknown" else 200 if thing.name in ("GET", "HEAD") else None
    return Case((thing,), thing.name, paths[thing.place], status=status, is_open=True)


def _of_face(thing: Thing) -> Case:
    match thing.place, thing.name:
        case "root", "GET" | "HEAD" | "OPTIONS":
            return Case((thing,), thing.name, "/api/")
        case "operations", "POST":
            content = {"atomic:operations": [{"op": "add", "data": new("Wallet")}]}
            return _operations((thing,), content, scopes=writing("Wallet"), foreign=Else.OWN)
        case "operations", "OPTIONS":
            return Case((thing,), thing.name, "/api/operations/")
        case "graphql", "POST":
            return Case((thing,), "POST", "/graphql/", {"query": "{ __typename }"}, content_type="application/json")
        case "graphql", "GET":
            return Case((thing,), "GET", "/graphql/?query=%7B__typename%7D")
        case "graphql", "OPTIONS" | "PATCH" | "DELETE":
            # No method of this URL.
            return Case((thing,), thing.name, "/graphql/", status=None, is_open=True)
    raise Uncovered(thing)


def _of_collection(thing: Thing) -> Case:
    path, _, rest = thing.place.partition("-")
    is_relationship = rest.startswith("relationships-")
    relation = rest.removeprefix("relationships-")
    if path not in PATHS:
        raise Uncovered(thing)
    resource = PATHS[path]
    if relation in ("list", "detail"):
        return _of_resource(thing, resource, path, is_item=relation == "detail")
    target = RELATIONS.get((resource, relation))
    if target is None:
        raise Uncovered(thing)
    url = f"/api/{path}/{_ID[path]}/{'relationships/' * is_relationship}{relation}/"
    identified = {"type": target, "id": "{other}" if target == "Wallet" else _IDS[target]}
    match thing.name:
        case "GET" | "HEAD":
            return Case((thing,), thing.name, url, scopes=reading(resource, target), foreign=Else.ABSENT)
        case "OPTIONS":
            return Case((thing,), thing.name, url, foreign=Else.SAME)
        case "PATCH" if (resource, relation) in WRITABLE_RELATIONS:
            return Case(
                (thing,),
                "PATCH",
                url,
                {"data": identified},
                scopes=writing(resource),
                status=204,
                foreign=Else.ABSENT,
            )
        case "POST" | "PATCH" | "DELETE":
            data = [identified] if (resource, relation) in TO_MANY else identified
            # Written by nobody.
            foreign = Else.ABSENT_OR_FORBIDDEN
            return Case((thing,), thing.name, url, {"data": data}, status=403, foreign=foreign)
    raise Uncovered(thing)


def _of_resource(thing: Thing, resource: str, path: str, *, is_item: bool) -> Case:
    url = f"/api/{path}/" + (f"{_ID[path]}/" if is_item else "")
    match thing.name:
        case "GET" | "HEAD":
            return Case(
                (thing,), thing.name, url, scopes=reading(resource), foreign=Else.ABSENT if is_item else Else.NOTHING
            )
        case "OPTIONS":
            return Case((thing,), thing.name, url, foreign=Else.SAME)
        case "POST":
            return Case(
                (thing,),
                "POST",
                url,
                {"data": new(resource)},
                scopes=writing(resource),
                status=201,
                foreign=Else.OWN if resource == "Wallet" else Else.ABSENT,
            )
        case "PATCH":
            data = {"type": resource, "id": _ID[path], "attributes": {"metadata": {"b": 2}}}
            return Case((thing,), "PATCH", url, {"data": data}, scopes=writing(resource), foreign=Else.ABSENT)
        case "DELETE":
            url = url.replace("{wallet}", "{empty}")
            return Case((thing,), "DELETE", url, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    raise Uncovered(thing)


# -- what the document describes -------------------------------------------------------------------------


def described_cases(things: Iterable[Thing]) -> Iterator[Case]:
    """Yield a case for each parameter, member of a body and operation. Raises `Uncovered`."""
    for thing in things:
        if thing.kind == "operation":
            yield _operation(thing)
            continue
        method, _, template = thing.place.partition(" ")
        found = _PATH.fullmatch(template)
        if template in ("/api/", "/api/operations/") or found is None or found[1] not in PATHS:
            raise Uncovered(thing)
        resource, relation = PATHS[found[1]], found[4]
        url = template.replace("{id}", _ID[found[1]])
        if (name := re.sub(r"filter\[(.*)\]", r"\1", thing.name)) in FOR_UNBOUND and thing.kind != "include":
            yield _for_unbound(thing, method, resource, url, name)
        elif method == "GET":
            yield _read(thing, resource, relation, url, is_list=_is_list(template, resource, relation))
        elif thing.kind in ("header", "path"):
            # With the routes: these are no choice of the caller about what is shown.
            continue
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
    if name in _FILTERS:
        return _FILTERS[name]
    if lookup in ("gte", "gt") and attribute in _RANGES:
        return _RANGES[attribute]
    if lookup in ("lte", "lt") and attribute in _RANGES:
        return "2999-01-01T00:00:00Z" if attribute == "createdAt" else "1000"
    raise Uncovered(thing)


def _written(thing: Thing, method: str, resource: str, url: str) -> Case:
    name = thing.name
    if thing.kind == "attributes" and name not in VALUES:
        raise Uncovered(thing)
    if thing.kind == "attributes":
        members: dict[str, Any] = {"attributes": {name: VALUES[name]}}
    elif (resource, name) in TO_ONE:
        members = {"relationships": {name: {"data": {"type": TO_ONE[resource, name], "id": "{other}"}}}}
    else:
        members = {"relationships": {name: {"data": []}}}
    data = new(resource) if method == "POST" else {"type": resource, "id": _IDS[resource], "attributes": {}}
    for member, value in members.items():
        data[member] = data.get(member, {}) | value
    if "relationships" in data and "wallet" in data["relationships"]:
        data["attributes"].pop("wallet", None)
    status: int | None = 201 if method == "POST" else 200
    if method == "PATCH" and (resource, name) in TO_MANY:
        # Refused, as there are some: 403 for everyone who may write.
        status = 403
    foreign = Else.OWN if method == "POST" and resource == "Wallet" else Else.ABSENT
    return Case((thing,), method, url, {"data": data}, scopes=writing(resource), status=status, foreign=foreign)


def _shown_write(thing: Thing, method: str, resource: str, url: str) -> Case:
    """Return a write that is answered with more than the resource."""
    more = reading(*follow(resource, thing.name.split("."))) if thing.kind == "include" else frozenset()
    query = f"{thing.kind}={thing.name}"
    if thing.kind != "include" and not thing.kind.startswith("fields["):
        raise Uncovered(thing)
    data = new(resource) if method == "POST" else {"type": resource, "id": _IDS[resource], "attributes": {}}
    if method == "PATCH":
        data["attributes"] = {"metadata": {"c": 3}}
    foreign = Else.OWN if method == "POST" and resource == "Wallet" else Else.ABSENT
    status = 201 if method == "POST" else 200
    scopes = writing(resource) | more
    return Case((thing,), method, f"{url}?{query}", {"data": data}, scopes=scopes, status=status, foreign=foreign)


def _operation(thing: Thing) -> Case:
    resource, (code, _, relation) = thing.place, thing.name.partition(" ")
    identified = {"type": resource, "id": _IDS[resource]}
    if relation:
        target = RELATIONS.get((resource, relation))
        if target is None:
            raise Uncovered(thing)
        data: Any = {"type": target, "id": "{other}" if target == "Wallet" else _IDS[target]}
        data = [data] if (resource, relation) in TO_MANY else data
        content = {"op": code, "ref": {**identified, "relationship": relation}, "data": data}
        if (resource, relation) not in WRITABLE_RELATIONS:
            return _operations((thing,), content, status=403, foreign=Else.ABSENT_OR_FORBIDDEN)
        if code != "update":
            # A to-one relationship is replaced, and never added to.
            return _operations((thing,), content, status=422, foreign=Else.SAME)
        return _operations((thing,), content, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    if resource == "Entry":
        data = {**identified, "attributes": {}}
        content = {"op": code, "data": data} if code == "add" else {"op": code, "ref": identified, "data": data}
        return _operations((thing,), content, status=403, foreign=Else.ABSENT_OR_FORBIDDEN)
    match code:
        case "add":
            foreign = Else.OWN if resource == "Wallet" else Else.ABSENT
            return _operations(
                (thing,), {"op": "add", "data": new(resource)}, scopes=writing(resource), foreign=foreign
            )
        case "update":
            data = {**identified, "attributes": {"metadata": {"d": 4}}}
            return _operations(
                (thing,), {"op": "update", "data": data}, scopes=writing(resource), foreign=Else.ABSENT
            )
        case "remove":
            identified = {"type": resource, "id": "{empty}" if resource == "Wallet" else "{transaction}"}
            content = {"op": "remove", "ref": identified}
            return _operations((thing,), content, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    raise Uncovered(thing)


def _operations(covers: tuple[Thing, ...], content: Any, **more: Any) -> Case:
    document = content if "atomic:operations" in content else {"atomic:operations": [content]}
    return Case(covers, "POST", "/api/operations/", document, content_type=ATOMIC, **more)


__all__ = ["JSON_API", "described_cases", "new", "route_cases"]
