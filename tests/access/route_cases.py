"""The cases of routes: how each method of each URL is asked, and what that takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.access.case import Case, Else
from tests.access.collected import Thing
from tests.access.contract import (
    ACTIONS,
    BOOKS,
    COMPUTED,
    OPEN_ROUTES,
    PATHS,
    RELATIONS,
    TO_MANY,
    WRITABLE_RELATIONS,
    Uncovered,
    reading,
    writing,
)
from tests.access.rest_parts import ACTION_ATTRIBUTES, COMPUTED_PARAMETERS, ID, IDS, new, operations


def route_cases(things: Iterable[Thing]) -> Iterator[Case]:
    """Yield a case for each method of each route. Raises `Uncovered`."""
    for thing in things:
        if thing.place in OPEN_ROUTES or thing.place in ("unknown", "UnknownView", "view"):
            yield _outside(thing)
        elif thing.place in ("graphql", "root", "operations"):
            yield _of_face(thing)
        else:
            yield _of_collection(thing)


def book_case(thing: Thing, method: str, url: str) -> Case:
    """Return the case of books: for callers that are bound to an owner there is nothing at their URLs."""
    scopes = frozenset() if method == "OPTIONS" else BOOKS
    return Case((thing,), method, url, scopes=scopes, for_unbound=True, foreign=Else.ABSENT)


def _outside(thing: Thing) -> Case:
    paths = {
        "index": "/",
        "favicon": "/favicon.ico",
        "healthz": "/healthz/",
        "livez": "/livez/",
        "readyz": "/readyz/",
        "version": "/version/",
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
            return operations((thing,), content, scopes=writing("Wallet"), foreign=Else.OWN)
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
    if path == "books":
        return book_case(thing, thing.name, f"/api/books/{'USD/' * (rest == 'detail')}")
    is_relationship = rest.startswith("relationships-")
    relation = rest.removeprefix("relationships-")
    if path not in PATHS:
        raise Uncovered(thing)
    resource = PATHS[path]
    if relation in ("list", "detail"):
        return _of_resource(thing, resource, path, is_item=relation == "detail")
    if (resource, relation) in COMPUTED:
        return _of_history(thing, f"/api/{path}/{ID[path]}/{relation}/", relation)
    if (resource, relation) in ACTIONS and not is_relationship and thing.name in ("POST", "OPTIONS"):
        return _of_action(thing, resource, path, relation)
    target = RELATIONS.get((resource, relation))
    if target is None:
        raise Uncovered(thing)
    url = f"/api/{path}/{ID[path]}/{'relationships/' * is_relationship}{relation}/"
    identified = {"type": target, "id": "{other}" if target == "Wallet" else IDS[target]}
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


def _of_action(thing: Thing, resource: str, path: str, action: str) -> Case:
    url = f"/api/{path}/{ID[path]}/{action}/"
    if thing.name == "OPTIONS":
        return Case((thing,), "OPTIONS", url, foreign=Else.SAME)
    target, status = ACTIONS[resource, action]
    content = {"data": {"type": target, "attributes": ACTION_ATTRIBUTES[action]}}
    return Case((thing,), "POST", url, content, scopes=writing(resource), status=status, foreign=Else.ABSENT)


def _of_history(thing: Thing, url: str, name: str) -> Case:
    if thing.name == "OPTIONS":
        return Case((thing,), "OPTIONS", url, foreign=Else.SAME)
    query = next(iter(COMPUTED_PARAMETERS[name].values()))
    url = f"{url}?{query}"
    return Case((thing,), thing.name, url, scopes=reading("Wallet", "Entry"), foreign=Else.ABSENT)


def _of_resource(thing: Thing, resource: str, path: str, *, is_item: bool) -> Case:
    url = f"/api/{path}/" + (f"{ID[path]}/" if is_item else "")
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
            data = {"type": resource, "id": ID[path], "attributes": {"metadata": {"b": 2}}}
            return Case((thing,), "PATCH", url, {"data": data}, scopes=writing(resource), foreign=Else.ABSENT)
        case "DELETE":
            url = url.replace("{wallet}", "{empty}")
            return Case((thing,), "DELETE", url, scopes=writing(resource), status=204, foreign=Else.ABSENT)
    raise Uncovered(thing)
