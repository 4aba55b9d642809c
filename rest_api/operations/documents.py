"""The document of a batch: parse its operations, as far as possible without running any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_api.documents import ResourceInput, check_identity, check_linkage, check_type, identify, read_fields
from rest_api.empty_relations import EmptyRelations
from rest_api.endpoints import Action, Endpoint
from rest_api.errors import Locate, Problem, Refused, refuse
from rest_api.local_ids import LocalIds
from rest_api.operations.targets import (
    RequestUrl,
    Target,
    find_endpoint,
    invalid,
    read_identity,
    read_target,
    required,
)
from walletsvc import errors
from walletsvc.commands.command import Command, Conditional
from walletsvc.commands.inputs import LocalId, parse_reference
from walletsvc.principals import Principal

MAX_OPERATIONS = 1000
OPERATIONS = "atomic:operations"
RESULTS = "atomic:results"


@dataclass(frozen=True, slots=True)
class Operation:
    """One parsed operation.

    `parse` returns its command, or raises the refusal of its input. `target` is the pointer to its target; `shows`
    tells whether its result has a resource.
    """

    endpoint: Endpoint
    parse: Callable[[Principal], Command[Any]]
    base: str
    target: str
    locate: Locate
    shows: bool = False


def read_operations(document: object, *, principal: Principal, request_url: RequestUrl) -> list[Operation]:
    """Return the operations of a document that the caller sent to `request_url`.

    Raises `Refused`: 413 for too many operations, otherwise the problems of the first that cannot be parsed.
    """
    if not isinstance(document, dict):
        raise invalid("An object is expected.", "")
    for name in ("data", "included", "errors", RESULTS):
        if name in document:
            raise invalid(f"A document with operations cannot have the member {name}.", f"/{name}")
    if OPERATIONS not in document:
        raise required(OPERATIONS, "")
    operations = document[OPERATIONS]
    if not isinstance(operations, list) or not operations:
        raise invalid("An array of one or more operations is expected.", f"/{OPERATIONS}")
    if len(operations) > MAX_OPERATIONS:
        detail = f"A request has at most {MAX_OPERATIONS:,} operations."
        pointer = f"/{OPERATIONS}"
        raise Refused(Problem(413, errors.TooLong.code, detail, pointer=pointer, meta={"limit": MAX_OPERATIONS}))
    reader = _Reader(principal, request_url)
    return [reader.read(operation, f"/{OPERATIONS}/{place}") for place, operation in enumerate(operations)]


class _Reader:
    """Parses the operations of one document, in order."""

    def __init__(self, principal: Principal, request_url: RequestUrl) -> None:
        self._principal = principal
        self._request_url = request_url
        self._local_ids = LocalIds()

    def read(self, operation: object, base: str) -> Operation:
        """Return the operation at `base`. Raises `Refused`."""
        if not isinstance(operation, dict):
            raise invalid("An operation is an object.", base)
        if "op" not in operation:
            raise required("op", base)
        code = operation["op"]
        target = read_target(operation, base, local_ids=self._local_ids, request_url=self._request_url)
        if target is not None and target.action is not None and _is_action(code, operation, target):
            return self._act(operation, target, target.action, base)
        if target is not None and target.relationship is not None:
            return self._relate(code, operation, target, target.relationship, base)
        match code:
            case "add":
                return self._add(operation, target, base)
            case "update":
                return self._update(operation, target, base)
            case "remove":
                return self._remove(target, base)
        raise _unknown_code(base)

    # -- resources -------------------------------------------------------------------------------------

    def _add(self, operation: Mapping[str, Any], target: Target | None, base: str) -> Operation:
        if target is not None and target.identifier is not None:
            raise invalid("An operation add targets a collection or a relationship.", target.pointer)
        data, at = _resource(operation, base), f"{base}/data"
        endpoint = find_endpoint(data, at) if target is None else target.endpoint
        _check_writable(endpoint, target.pointer if target else f"{at}/type")
        written, needed_id = self._read_new(data, endpoint, at)
        return Operation(
            endpoint,
            lambda _principal: endpoint.parse_create(written.values, local_id=needed_id()),
            base,
            base,
            written.locate,
            shows=True,
        )

    def _act(self, operation: Mapping[str, Any], target: Target, action: Action, base: str) -> Operation:
        identifier = _identifier(target)
        written, needed_id = self._read_new(_resource(operation, base), action.endpoint, f"{base}/data")
        return Operation(
            action.endpoint,
            lambda _principal: action.command.parse(identifier, written.values, local_id=needed_id()),
            base,
            target.pointer,
            written.locate,
            shows=True,
        )

    def _read_new(
        self, data: Mapping[str, Any], endpoint: Endpoint, at: str
    ) -> tuple[ResourceInput, Callable[[], LocalId | None]]:
        """Return what a new resource is to have, and a function that returns its local id if that is needed.

        A transaction that nothing refers to needs no id until the end, so it can be written with others. Whether
        anything does is known once all operations have been read.
        """
        problems = check_identity(data, endpoint.name, None, at)
        if not problems and "lid" in data:
            problems = list(self._local_ids.check_new(endpoint.name, data["lid"], f"{at}/lid"))
        if problems:
            raise Refused(*problems)
        written = self._read_fields(data, endpoint, at)
        # Added after its fields are read: a resource cannot refer to itself before it exists.
        local_id = self._local_ids.add(endpoint.name, data["lid"]) if "lid" in data else None

        def needed_id() -> LocalId | None:
            return local_id if local_id is not None and self._local_ids.is_referred_to(local_id) else None

        return written, needed_id

    def _update(self, operation: Mapping[str, Any], target: Target | None, base: str) -> Operation:
        data, at = _resource(operation, base), f"{base}/data"
        if target is None:
            # The resource object identifies itself.
            endpoint = find_endpoint(data, at)
            target = Target(endpoint, at, *read_identity(data, endpoint.name, at, self._local_ids))
        endpoint, identifier = target.endpoint, _identifier(target)
        _check_writable(endpoint, target.pointer)
        _check_same(data, target, at)
        written = self._read_fields(data, endpoint, at)

        def parse(principal: Principal) -> Command[Any]:
            command = endpoint.parse_update(identifier, written.values)
            if not written.without:
                return command
            reference = parse_reference(identifier, what=endpoint.name)
            return Conditional(command, EmptyRelations(endpoint, reference, written.without, principal))

        return Operation(
            endpoint,
            parse,
            base,
            target.pointer,
            written.locate,
            shows=True,
        )

    def _remove(self, target: Target | None, base: str) -> Operation:
        if target is None:
            raise required("ref", base)
        endpoint, identifier = target.endpoint, _identifier(target)
        _check_writable(endpoint, target.pointer)
        return Operation(
            endpoint,
            lambda _principal: endpoint.parse_delete(identifier),
            base,
            target.pointer,
            lambda _field: base,
        )

    def _read_fields(self, data: Mapping[str, Any], endpoint: Endpoint, at: str) -> ResourceInput:
        return read_fields(data, endpoint.known_to(self._principal), base=at, local_ids=self._local_ids)

    # -- relationships ---------------------------------------------------------------------------------

    def _relate(self, code: object, operation: Mapping[str, Any], target: Target, name: str, base: str) -> Operation:
        if code not in ("add", "update", "remove"):
            raise _unknown_code(base)
        endpoint, at = target.endpoint, f"{base}/data"
        if name not in endpoint.changeable_relations:
            detail = f"{name} cannot be written through {endpoint.name}."
            raise refuse(403, errors.Forbidden.code, detail, pointer=target.pointer)
        if code != "update":
            raise invalid("A to-one relationship can only be updated.", f"{base}/op")
        if "data" not in operation:
            raise required("data", base)
        linkage = operation["data"]
        problems = check_linkage(linkage, endpoint.resource.to_one[name].target, at, self._local_ids)
        if problems:
            raise Refused(*problems)
        written = ResourceInput(base, values={name: identify(linkage, self._local_ids)}, pointers={name: "/data"})
        identifier = _identifier(target)
        return Operation(
            endpoint,
            lambda _principal: endpoint.parse_update(identifier, written.values),
            base,
            target.pointer,
            written.locate,
        )


def _is_action(code: object, operation: Mapping[str, Any], target: Target) -> bool:
    """Tell whether an operation adds the result of an action. A relationship is given linkage, which is no object."""
    if code == "add":
        return target.relationship is None or isinstance(operation.get("data"), dict)
    if target.relationship is None:
        raise invalid("Operations update and remove target one resource or a relationship.", target.pointer)
    return False


def _unknown_code(base: str) -> Refused:
    return invalid('An operation is "add", "update" or "remove".', f"{base}/op")


def _resource(operation: Mapping[str, Any], base: str) -> Mapping[str, Any]:
    if "data" not in operation:
        raise required("data", base)
    data = operation["data"]
    if not isinstance(data, dict):
        raise invalid("One resource object is expected.", f"{base}/data")
    return data


def _check_writable(endpoint: Endpoint, pointer: str) -> None:
    # A resource that can be written at all can be created, changed and deleted.
    if endpoint.create is None:
        detail = f"Requests cannot write a resource of the type {endpoint.name}."
        raise refuse(403, errors.Forbidden.code, detail, pointer=pointer)


def _identifier(target: Target) -> str | LocalId:
    if target.identifier is None:
        raise invalid("Operations update and remove target one resource, not a collection.", target.pointer)
    return target.identifier


def _check_same(data: Mapping[str, Any], target: Target, at: str) -> None:
    """Raise `Refused` unless a resource object identifies the same resource as the target."""
    name = target.endpoint.name
    if target.lid is None:
        problems = check_identity(data, name, str(target.identifier), at)
    else:
        problems = check_type(data, name, at)
        if data.get("lid") != target.lid or "id" in data:
            detail = f"The target of the operation has the local id {target.lid[:64]!r}."
            problems.append(Problem(409, "id_conflict", detail, pointer=f"{at}/lid" if "lid" in data else at))
    if problems:
        raise Refused(*problems)
