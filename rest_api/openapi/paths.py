"""The operations of each URL, with every possible answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rest_api.books import BOOK, PATH
from rest_api.endpoints import BASE, ENDPOINTS, Action, Endpoint
from rest_api.exports import FORMS
from rest_api.negotiation import MEDIA_TYPE
from rest_api.openapi.books import CURRENCY, book_parameters
from rest_api.openapi.history import balance_parameters, statement_parameters
from rest_api.openapi.parameters import Parameter, document_parameters, header, list_parameters, page_parameters
from rest_api.openapi.refusals import MEANINGS
from rest_api.openapi.requests import new_name, new_names, request_document, singular
from rest_api.openapi.schemas import STRING, Schema, any_of, given_identifier, ref
from rest_api.views.operations import ATOMIC
from walletsvc.schema.resources import WALLET
from walletsvc.web.idempotency import IDEMPOTENCY_KEY, REPLAYED

Item = dict[str, Any]
"""A path item: operations by method."""

_IDENTIFIER: Parameter = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
}
_CONDITIONS = [
    header("If-Match", "The ETag that the client has seen: 412 if it has changed."),
    header("If-None-Match", "The ETag that the client has: if unchanged, 304 for a read, 412 for a write."),
]
_KEY = header(
    IDEMPOTENCY_KEY,
    "Names this request, bare or as a quoted string (RFC 8941). Sent again with the same key, the same request gets"
    " the same answer; another one gets 422.",
    pattern=r"""^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$""",
)
# Any request may have a body, and be refused for the body's codings.
_READING = (400, 401, 403, 406, 411, 415, 429, 500, 501, 503)
_WRITING = (400, 401, 403, 404, 406, 409, 411, 413, 415, 422, 429, 500, 501, 503)


def paths() -> Iterator[tuple[str, Item]]:
    """Yield the path items by their paths."""
    yield BASE, {"get": _operation("readRoot", "List the collections", "Root", answers=_read("Root"))}
    for endpoint in ENDPOINTS.values():
        yield endpoint.url, _collection(endpoint)
        yield endpoint.item_url("{id}"), _item(endpoint)
        if endpoint.resource is WALLET:
            yield endpoint.related_url("{id}", "balance"), _balance()
            yield endpoint.related_url("{id}", "statement"), _statement()
        for name, action in endpoint.actions.items():
            if name not in endpoint.resource.to_many:
                yield endpoint.related_url("{id}", name), _action(endpoint, action)
        for name in endpoint.resource.to_many:
            acts = _action(endpoint, endpoint.actions[name]) if name in endpoint.actions else {}
            yield endpoint.related_url("{id}", name), _related_list(endpoint, name) | acts
            yield endpoint.relationship_url("{id}", name), _many_relationship(endpoint, name)
        for name in endpoint.resource.to_one:
            yield endpoint.related_url("{id}", name), _related_item(endpoint, name)
            yield endpoint.relationship_url("{id}", name), _one_relationship(endpoint, name)
    yield f"{BASE}{PATH}/", _books()
    yield f"{BASE}{PATH}/{{currency}}/", _book()
    yield f"{BASE}operations/", {"post": _operations()}


# -- collections and resources ---------------------------------------------------------------------------


def _collection(endpoint: Endpoint) -> Item:
    name = endpoint.name
    item = {
        "get": _operation(
            f"list{name}",
            f"List {endpoint.path}",
            name,
            parameters=[*list_parameters(endpoint.resource), *_CONDITIONS],
            answers=_read(f"{name}List"),
        )
    }
    if endpoint.create is not None:
        item["post"] = _operation(
            f"create{name}",
            f"Create a {name}",
            name,
            parameters=[*document_parameters(endpoint.resource), _KEY, *_CONDITIONS],
            body=request_document(any_of(new_names(endpoint))),
            answers=_created(endpoint) | refusals(*_WRITING, 412),
        )
    return item


def _created(endpoint: Endpoint) -> Schema:
    created = _document(f"{endpoint.name}Document", "Created.", "Location")
    created["headers"] |= _REPLAYED
    return {"201": created | {"links": _links(endpoint)}}


def _action(endpoint: Endpoint, action: Action) -> Item:
    written = ENDPOINTS[action.takes.name]
    changed = {"200": _document(f"{written.name}Document", "Changed.") | {"headers": _REPLAYED}}
    return {
        "post": _operation(
            f"create{endpoint.name}{singular(action)}",
            action.summary,
            endpoint.name,
            parameters=[_IDENTIFIER, *document_parameters(written.resource), _KEY, *_CONDITIONS],
            body=request_document(ref(new_name(endpoint, action))),
            answers=(_created(written) if action.creates else changed) | refusals(*_WRITING, 412),
        )
    }


def _item(endpoint: Endpoint) -> Item:
    name = endpoint.name
    parameters = document_parameters(endpoint.resource)
    item = {
        "get": _operation(
            f"read{name}",
            f"Read one {name}",
            name,
            parameters=[_IDENTIFIER, *parameters, *_CONDITIONS],
            answers=_read(f"{name}Document", 404),
        )
    }
    if endpoint.update is not None:
        item["patch"] = _operation(
            f"update{name}",
            f"Change one {name}",
            name,
            parameters=[_IDENTIFIER, *parameters, *_CONDITIONS],
            body=request_document(ref(f"Changed{name}")),
            answers={"200": _document(f"{name}Document", "Changed.")} | refusals(*_WRITING, 412),
        )
    if endpoint.delete is not None:
        item["delete"] = _operation(
            f"delete{name}",
            f"Delete one {name}",
            name,
            parameters=[_IDENTIFIER, *_CONDITIONS],
            answers=_DONE | refusals(*_READING, 404, 409, 412, 422),
        )
    return item


# -- history ---------------------------------------------------------------------------------------------


def _balance() -> Item:
    return {
        "get": _operation(
            "readWalletBalance",
            "Read what one Wallet held at a moment, or after one of its entries",
            WALLET.name,
            parameters=[_IDENTIFIER, *balance_parameters(), *_CONDITIONS],
            answers=_read("BalanceDocument", 404),
        )
    }


def _statement() -> Item:
    answers = _read("StatementDocument", 404)
    answers["200"]["content"] |= {name: {"schema": STRING} for name in FORMS}
    # A file is made anew each time, and has no tag.
    answers["200"]["headers"]["ETag"]["required"] = False
    return {
        "get": _operation(
            "readWalletStatement",
            "Read the entries of one Wallet in a period, as a document in pages or as a file",
            WALLET.name,
            parameters=[_IDENTIFIER, *statement_parameters(), *_CONDITIONS],
            answers=answers,
        )
    }


# -- books -----------------------------------------------------------------------------------------------


def _books() -> Item:
    return {
        "get": _operation(
            f"list{BOOK}",
            f"List the {PATH}, one for each currency; not for callers that are bound to an owner",
            BOOK,
            parameters=[*book_parameters(), *_CONDITIONS],
            answers=_read(f"{BOOK}List", 404),
        )
    }


def _book() -> Item:
    return {
        "get": _operation(
            f"read{BOOK}",
            f"Read the {BOOK} of one currency; not for callers that are bound to an owner",
            BOOK,
            parameters=[CURRENCY, *book_parameters(), *_CONDITIONS],
            answers=_read(f"{BOOK}Document", 404),
        )
    }


# -- related resources -----------------------------------------------------------------------------------


def _related_list(endpoint: Endpoint, name: str) -> Item:
    relation = endpoint.resource.to_many[name]
    target = ENDPOINTS[relation.target]
    parameters = list_parameters(target.resource, parent=relation.filter)
    return {
        "get": _operation(
            f"list{endpoint.name}{name.capitalize()}",
            f"List the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[_IDENTIFIER, *parameters, *_CONDITIONS],
            answers=_read(f"{target.name}List", 404),
        )
    }


def _related_item(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_one[name].target]
    return {
        "get": _operation(
            f"read{endpoint.name}{name.capitalize()}",
            f"Read the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[_IDENTIFIER, *document_parameters(target.resource), *_CONDITIONS],
            # An opening entry has no transaction.
            answers=_read(f"Related{target.name}", 404),
        )
    }


def _many_relationship(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_many[name].target]
    what = f"{endpoint.name}{name.capitalize()}Relationship"
    item = {
        "get": _operation(
            f"list{what}",
            f"List the identifiers of the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[_IDENTIFIER, *page_parameters(), *_CONDITIONS],
            answers=_read(f"{target.name}LinkageList", 404),
        )
    }
    for method, verb in (("post", "addTo"), ("patch", "replace"), ("delete", "removeFrom")):
        item[method] = _operation(
            f"{verb}{what}",
            f"Always refused: {name} are written at their own URLs",
            endpoint.name,
            parameters=[_IDENTIFIER],
            body=request_document({"type": "array", "items": given_identifier(target.name)}),
            answers=refusals(*_WRITING),
        )
    return item


def _one_relationship(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_one[name].target]
    what = f"{endpoint.name}{name.capitalize()}Relationship"
    is_writable = name in endpoint.changeable_relations
    return {
        "get": _operation(
            f"read{what}",
            f"Read the identifier of the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[_IDENTIFIER, *_CONDITIONS],
            answers=_read(f"{target.name}Linkage", 404),
        ),
        "patch": _operation(
            f"update{what}",
            f"Move one {endpoint.name} to another {name}" if is_writable else f"Always refused: the {name} is fixed",
            endpoint.name,
            parameters=[_IDENTIFIER, *(_CONDITIONS if is_writable else [])],
            body=request_document(given_identifier(target.name)),
            answers=_DONE | refusals(*_WRITING, 412) if is_writable else refusals(*_WRITING),
        ),
    }


# -- operations ------------------------------------------------------------------------------------------


def _operations() -> Schema:
    media_type = f'{MEDIA_TYPE}; ext="{ATOMIC}"'
    answers = {"200": _document("Results", "All operations are done, with one result each.", media_type=media_type)}
    answers["200"]["headers"] = _REPLAYED
    done = {"204": _DONE["204"] | {"headers": _REPLAYED}}
    return _operation(
        "performOperations",
        "Run up to 1,000 operations, all or nothing",
        "Operations",
        body=ref("Operations"),
        media_type=media_type,
        parameters=[_KEY],
        answers=answers | done | refusals(*_WRITING, 412, media_type=(media_type, MEDIA_TYPE)),
    )


# -- parts -----------------------------------------------------------------------------------------------


def _operation(
    operation_id: str,
    summary: str,
    tag: str,
    *,
    answers: Schema,
    parameters: Sequence[Parameter] = (),
    body: Schema | None = None,
    media_type: str = MEDIA_TYPE,
) -> Schema:
    described: Schema = {"operationId": operation_id, "summary": summary, "tags": [tag], "responses": answers}
    if parameters:
        described["parameters"] = list(parameters)
    if body is not None:
        described["requestBody"] = {"required": True, "content": {media_type: {"schema": body}}}
    return described


_HEADERS = {
    "ETag": "Changes with every change of the document.",
    "Location": "The URL of the new resource.",
    "Retry-After": "When to try again, in seconds.",
    "RateLimit": 'What is left of the limit, and when it is restored, such as `"principal";r=0;t=41`.',
    "RateLimit-Policy": 'The limit that applies, such as `"principal";q=6000;w=60`.',
}
_OF_REFUSALS = {429: ("Retry-After", "RateLimit", "RateLimit-Policy"), 503: ("Retry-After",)}
_REPLAYED: Schema = {
    REPLAYED: {
        "required": False,
        "schema": {"const": "true"},
        "description": "The request was answered with this before, and nothing has changed.",
    }
}
_DONE: Schema = {"204": {"description": "Done."}}


def _document(name: str, description: str, *headers: str, media_type: str = MEDIA_TYPE) -> Schema:
    answer: Schema = {"description": description, "content": {media_type: {"schema": ref(name)}}}
    if headers:
        answer["headers"] = {
            name: {"required": True, "schema": {"type": "string"}, "description": _HEADERS[name]} for name in headers
        }
    return answer


def _read(name: str, *statuses: int) -> Schema:
    found = _document(name, "The document.", "ETag")
    unchanged = {"description": "The client has the current document.", "headers": found["headers"]}
    return {"200": found, "304": unchanged} | refusals(*_READING, 412, *statuses)


def refusals(*statuses: int, media_type: Sequence[str] = (MEDIA_TYPE,)) -> Schema:
    """Return the responses for refusals."""
    answers: Schema = {}
    for status in sorted(statuses):
        answers[str(status)] = _document(f"Errors{status}", MEANINGS[status], *_OF_REFUSALS.get(status, ()))
        answers[str(status)]["content"] = {each: {"schema": ref(f"Errors{status}")} for each in media_type}
    return answers


def _links(endpoint: Endpoint) -> Schema:
    """Return the links from a new resource's id to further operations."""
    verbs = ["read", "update", *(["delete"] if endpoint.delete else [])]
    parameters = {"id": "$response.body#/data/id"}
    return {f"{verb}It": {"operationId": f"{verb}{endpoint.name}", "parameters": parameters} for verb in verbs}
