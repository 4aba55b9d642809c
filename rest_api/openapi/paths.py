"""The operations of each URL, with every possible answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_api.books import BOOK, PATH
from rest_api.endpoints import BASE, ENDPOINTS, Action, Endpoint
from rest_api.exports import FORMS
from rest_api.negotiation import MEDIA_TYPE
from rest_api.openapi.answers import (
    DONE,
    READING,
    REPLAYED_HEADER,
    WRITING,
    created_answer,
    document_answer,
    operation,
    read_answers,
    refusals,
)
from rest_api.openapi.books import CURRENCY, book_parameters
from rest_api.openapi.history import balance_parameters, statement_parameters
from rest_api.openapi.parameters import (
    CONDITIONS,
    IDENTIFIER,
    KEY,
    document_parameters,
    list_parameters,
    page_parameters,
)
from rest_api.openapi.requests import new_name, new_names, request_document, singular
from rest_api.openapi.schemas import STRING, Schema, any_of, given_identifier, ref
from rest_api.views.operations import ATOMIC
from walletsvc.schema.resources import WALLET

Item = dict[str, Any]
"""A path item: operations by method."""


def paths() -> Iterator[tuple[str, Item]]:
    """Yield the path items by their paths."""
    yield BASE, {"get": operation("readRoot", "List the collections", "Root", answers=read_answers("Root"))}
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
        "get": operation(
            f"list{name}",
            f"List {endpoint.path}",
            name,
            parameters=[*list_parameters(endpoint.resource), *CONDITIONS],
            answers=read_answers(f"{name}List"),
        )
    }
    if endpoint.create is not None:
        item["post"] = operation(
            f"create{name}",
            f"Create a {name}",
            name,
            parameters=[*document_parameters(endpoint.resource), KEY, *CONDITIONS],
            body=request_document(any_of(new_names(endpoint))),
            answers=created_answer(endpoint) | refusals(*WRITING, 412),
        )
    return item


def _action(endpoint: Endpoint, action: Action) -> Item:
    written = ENDPOINTS[action.takes.name]
    changed = {"200": document_answer(f"{written.name}Document", "Changed.") | {"headers": REPLAYED_HEADER}}
    return {
        "post": operation(
            f"create{endpoint.name}{singular(action)}",
            action.summary,
            endpoint.name,
            parameters=[IDENTIFIER, *document_parameters(written.resource), KEY, *CONDITIONS],
            body=request_document(ref(new_name(endpoint, action))),
            answers=(created_answer(written) if action.creates else changed) | refusals(*WRITING, 412),
        )
    }


def _item(endpoint: Endpoint) -> Item:
    name = endpoint.name
    parameters = document_parameters(endpoint.resource)
    item = {
        "get": operation(
            f"read{name}",
            f"Read one {name}",
            name,
            parameters=[IDENTIFIER, *parameters, *CONDITIONS],
            answers=read_answers(f"{name}Document", 404),
        )
    }
    if endpoint.update is not None:
        item["patch"] = operation(
            f"update{name}",
            f"Change one {name}",
            name,
            parameters=[IDENTIFIER, *parameters, *CONDITIONS],
            body=request_document(ref(f"Changed{name}")),
            answers={"200": document_answer(f"{name}Document", "Changed.")} | refusals(*WRITING, 412),
        )
    if endpoint.delete is not None:
        item["delete"] = operation(
            f"delete{name}",
            f"Delete one {name}",
            name,
            parameters=[IDENTIFIER, *CONDITIONS],
            answers=DONE | refusals(*READING, 404, 409, 412, 422),
        )
    return item


# -- history ---------------------------------------------------------------------------------------------


def _balance() -> Item:
    return {
        "get": operation(
            "readWalletBalance",
            "Read what one Wallet held at a moment, or after one of its entries",
            WALLET.name,
            parameters=[IDENTIFIER, *balance_parameters(), *CONDITIONS],
            answers=read_answers("BalanceDocument", 404),
        )
    }


def _statement() -> Item:
    answers = read_answers("StatementDocument", 404)
    answers["200"]["content"] |= {name: {"schema": STRING} for name in FORMS}
    # A file is made anew each time, and has no tag.
    answers["200"]["headers"]["ETag"]["required"] = False
    return {
        "get": operation(
            "readWalletStatement",
            "Read the entries of one Wallet in a period, as a document in pages or as a file",
            WALLET.name,
            parameters=[IDENTIFIER, *statement_parameters(), *CONDITIONS],
            answers=answers,
        )
    }


# -- books -----------------------------------------------------------------------------------------------


def _books() -> Item:
    return {
        "get": operation(
            f"list{BOOK}",
            f"List the {PATH}, one for each currency; not for callers that are bound to an owner",
            BOOK,
            parameters=[*book_parameters(), *CONDITIONS],
            answers=read_answers(f"{BOOK}List", 404),
        )
    }


def _book() -> Item:
    return {
        "get": operation(
            f"read{BOOK}",
            f"Read the {BOOK} of one currency; not for callers that are bound to an owner",
            BOOK,
            parameters=[CURRENCY, *book_parameters(), *CONDITIONS],
            answers=read_answers(f"{BOOK}Document", 404),
        )
    }


# -- related resources -----------------------------------------------------------------------------------


def _related_list(endpoint: Endpoint, name: str) -> Item:
    relation = endpoint.resource.to_many[name]
    target = ENDPOINTS[relation.target]
    parameters = list_parameters(target.resource, parent=relation.filter)
    return {
        "get": operation(
            f"list{endpoint.name}{name.capitalize()}",
            f"List the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[IDENTIFIER, *parameters, *CONDITIONS],
            answers=read_answers(f"{target.name}List", 404),
        )
    }


def _related_item(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_one[name].target]
    return {
        "get": operation(
            f"read{endpoint.name}{name.capitalize()}",
            f"Read the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[IDENTIFIER, *document_parameters(target.resource), *CONDITIONS],
            # An opening entry has no transaction.
            answers=read_answers(f"Related{target.name}", 404),
        )
    }


def _many_relationship(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_many[name].target]
    what = f"{endpoint.name}{name.capitalize()}Relationship"
    item = {
        "get": operation(
            f"list{what}",
            f"List the identifiers of the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[IDENTIFIER, *page_parameters(), *CONDITIONS],
            answers=read_answers(f"{target.name}LinkageList", 404),
        )
    }
    for method, verb in (("post", "addTo"), ("patch", "replace"), ("delete", "removeFrom")):
        item[method] = operation(
            f"{verb}{what}",
            f"Always refused: {name} are written at their own URLs",
            endpoint.name,
            parameters=[IDENTIFIER],
            body=request_document({"type": "array", "items": given_identifier(target.name)}),
            answers=refusals(*WRITING),
        )
    return item


def _one_relationship(endpoint: Endpoint, name: str) -> Item:
    target = ENDPOINTS[endpoint.resource.to_one[name].target]
    what = f"{endpoint.name}{name.capitalize()}Relationship"
    is_writable = name in endpoint.changeable_relations
    return {
        "get": operation(
            f"read{what}",
            f"Read the identifier of the {name} of one {endpoint.name}",
            endpoint.name,
            parameters=[IDENTIFIER, *CONDITIONS],
            answers=read_answers(f"{target.name}Linkage", 404),
        ),
        "patch": operation(
            f"update{what}",
            f"Move one {endpoint.name} to another {name}" if is_writable else f"Always refused: the {name} is fixed",
            endpoint.name,
            parameters=[IDENTIFIER, *(CONDITIONS if is_writable else [])],
            body=request_document(given_identifier(target.name)),
            answers=DONE | refusals(*WRITING, 412) if is_writable else refusals(*WRITING),
        ),
    }


# -- operations ------------------------------------------------------------------------------------------


def _operations() -> Schema:
    media_type = f'{MEDIA_TYPE}; ext="{ATOMIC}"'
    answers = {
        "200": document_answer("Results", "All operations are done, with one result each.", media_type=media_type)
    }
    answers["200"]["headers"] = REPLAYED_HEADER
    done = {"204": DONE["204"] | {"headers": REPLAYED_HEADER}}
    return operation(
        "performOperations",
        "Run up to 1,000 operations, all or nothing",
        "Operations",
        body=ref("Operations"),
        media_type=media_type,
        parameters=[KEY],
        answers=answers | done | refusals(*WRITING, 412, media_type=(media_type, MEDIA_TYPE)),
    )
