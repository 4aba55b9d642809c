"""The target of an operation: `ref` or `href` (https://jsonapi.org/ext/atomic/#operation-objects)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from rest_api.endpoints import BASE, ENDPOINTS, Action, Endpoint
from rest_api.errors import Problem, Refused, refuse
from rest_api.local_ids import LocalIds
from walletsvc import errors
from walletsvc.commands.inputs import LocalId

MAX_HREF_LENGTH = 2048
"""Longer than any URL of this server. `urlsplit` caches its latest arguments, so their length is bounded."""


@dataclass(frozen=True, slots=True)
class Target:
    """A collection, one of its resources, or a relationship or an action of that.

    `pointer` leads to the member that names it. A `ref` may name an action as a relationship.
    """

    endpoint: Endpoint
    pointer: str
    identifier: str | LocalId | None = None
    lid: str | None = None
    relationship: str | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class RequestUrl:
    """The URL that operations were sent to: the known base URLs of the server, and the path below them."""

    servers: Sequence[str]
    path: str


def read_target(
    operation: Mapping[str, Any], base: str, *, local_ids: LocalIds, request_url: RequestUrl
) -> Target | None:
    """Return the target that an operation names, or None.

    Raises `Refused` for both `ref` and `href`, and for a target that cannot be written.
    """
    if "ref" in operation and "href" in operation:
        raise invalid("An operation has either ref or href.", base)
    if "ref" in operation:
        return _read_ref(operation["ref"], f"{base}/ref", local_ids)
    if "href" in operation:
        return _read_href(operation["href"], f"{base}/href", request_url)
    return None


def invalid(detail: str, pointer: str) -> Refused:
    """Return the refusal of an invalid member."""
    return refuse(422, errors.Invalid.code, detail, pointer=pointer)


def required(name: str, pointer: str) -> Refused:
    """Return the refusal of the object at `pointer`, which lacks the member `name`."""
    return refuse(422, errors.Required.code, f"The member {name} is missing.", pointer=pointer)


def find_endpoint(identified: Mapping[str, Any], base: str) -> Endpoint:
    """Return the endpoint for the type of a resource object or ref. Raises `Refused`."""
    if "type" not in identified:
        raise required("type", base)
    name = identified["type"]
    if not isinstance(name, str):
        raise invalid("A type is a string.", f"{base}/type")
    if name not in ENDPOINTS:
        detail = f"No type {name[:64]!r}: choose {', '.join(ENDPOINTS)}."
        raise refuse(409, "type_conflict", detail, pointer=f"{base}/type")
    return ENDPOINTS[name]


def read_identity(
    identified: Mapping[str, Any], type_name: str, base: str, local_ids: LocalIds
) -> tuple[str | LocalId, str | None]:
    """Return the resource that `id` or `lid` refers to, and the lid if one was given. Raises `Refused`."""
    if "id" in identified and "lid" in identified:
        raise invalid("A resource is identified by its id or by its local id, not both.", base)
    if "id" in identified:
        if not isinstance(identified["id"], str):
            raise invalid("An id is a string.", f"{base}/id")
        return identified["id"], None
    if "lid" not in identified:
        raise required("id", base)
    lid = identified["lid"]
    problems = list(local_ids.check(type_name, lid, f"{base}/lid"))
    if problems:
        raise Refused(*problems)
    return local_ids.find(type_name, lid), lid


def _read_ref(ref: object, pointer: str, local_ids: LocalIds) -> Target:
    if not isinstance(ref, dict):
        raise invalid("A ref is an object.", pointer)
    endpoint = find_endpoint(ref, pointer)
    identifier, lid = read_identity(ref, endpoint.name, pointer, local_ids)
    if "relationship" not in ref:
        return Target(endpoint, pointer, identifier, lid)
    relationship = ref["relationship"]
    if not isinstance(relationship, str):
        raise invalid("A relationship is given by its name.", f"{pointer}/relationship")
    action = endpoint.actions.get(relationship)
    if action is None:
        _check_relationship(endpoint, relationship, f"{pointer}/relationship")
    return Target(endpoint, pointer, identifier, lid, relationship, action)


def _check_relationship(endpoint: Endpoint, name: str, pointer: str) -> None:
    if name not in endpoint.resource.to_one and name not in endpoint.resource.to_many:
        detail = f"{endpoint.name} has no relationship {name[:64]!r}."
        raise Refused(Problem(404, errors.NotFound.code, detail, pointer=pointer))


def _read_href(href: object, pointer: str, request_url: RequestUrl) -> Target:
    if not isinstance(href, str):
        raise invalid("An href is a string.", pointer)
    if len(href) > MAX_HREF_LENGTH:
        detail = f"An href has at most {MAX_HREF_LENGTH} characters."
        raise Refused(Problem(422, errors.TooLong.code, detail, pointer=pointer, meta={"limit": MAX_HREF_LENGTH}))
    path = unquote(_path_below(href, request_url, pointer))
    if path.startswith(BASE):
        names = path.removeprefix(BASE).removesuffix("/").split("/")
        endpoint = _BY_PATH.get(names[0])
        match names[1:]:
            case [] if endpoint:
                return Target(endpoint, pointer)
            case [identifier] if endpoint:
                return Target(endpoint, pointer, identifier)
            case [identifier, name] if endpoint and name in endpoint.actions:
                return Target(endpoint, pointer, identifier, action=endpoint.actions[name])
            case [identifier, "relationships", name] if endpoint:
                _check_relationship(endpoint, name, pointer)
                return Target(endpoint, pointer, identifier, relationship=name)
    raise refuse(404, errors.NotFound.code, f"There is nothing to write at {path[:256]}.", pointer=pointer)


def _path_below(href: str, request_url: RequestUrl, pointer: str) -> str:
    """Return the path of a URL below the base URL of the server that it belongs to.

    A relative reference is resolved against the request's URL (RFC 3986, section 5). Raises `Refused`.
    """
    for server in request_url.servers:
        try:
            own, there = urlsplit(server), urlsplit(urljoin(server + request_url.path, href))
            is_ours = _origin(there) == _origin(own) and there.path.startswith(f"{own.path}/")
        except ValueError as error:
            raise invalid("This is not a URL.", pointer) from error
        if is_ours:
            if there.query or there.fragment:
                detail = "The URL of a target has no query and no fragment."
                raise invalid(detail, pointer)
            return there.path.removeprefix(own.path)
    raise invalid("The target must be a URL of this server.", pointer)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Return what all URLs of one server share; the port may be omitted, and host names ignore case."""
    if url.username is not None or url.password is not None:
        raise ValueError("credentials")
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


_BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS.values()}
