"""Find each field in the records and pages of the read engine.

graphql-core calls these resolvers directly: a page of 100 records calls hundreds of them, and strawberry's wrapper
around each would cost more than the query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from graphql_api.arguments import alias_of, parse_list
from graphql_api.books import BOOK
from graphql_api.context import Outcome
from graphql_api.history import BALANCE, BALANCE_AT, resolve_balance
from graphql_api.ids import global_id
from graphql_api.statements import STATEMENT, STATEMENT_RESOLVERS, resolve_statement
from graphql_api.written import check_read, missing
from walletsvc.errors import NotFound
from walletsvc.queries.records import Page, Record, cursor_of
from walletsvc.queries.selectors import check_question
from walletsvc.schema.declarations import Field, ToMany, ToOne
from walletsvc.schema.resources import RESOURCES, WALLET

Resolve = Callable[..., Any]


def bind(schema: GraphQLSchema) -> None:
    """Give the types of records and pages their resolvers, and have each mutation run once."""
    node = schema.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)  # noqa: S101 - for the type checker
    node.resolve_type = lambda record, _info, _type: record.resource.name
    for name, resource in RESOURCES.items():
        resolvers: dict[str, Resolve] = {"id": _global_id, "databaseId": _database_id}
        resolvers |= {field.name: _attribute(field) for field in resource.fields}
        resolvers |= {relation.name: _to_one(relation) for relation in resource.to_one.values()}
        resolvers |= {relation.name: _to_many(relation) for relation in resource.to_many.values()}
        if resource is WALLET:
            resolvers |= {BALANCE_AT: resolve_balance, STATEMENT: resolve_statement}
        _bind_type(schema, name, resolvers)
        _bind_type(schema, f"{name}Connection", _CONNECTION)
        _bind_type(schema, f"{name}Edge", _EDGE)
    _bind_type(schema, "PageInfo", _PAGE_INFO)
    _bind_type(schema, "Balance", BALANCE)
    _bind_type(schema, "Book", BOOK)
    _bind_type(schema, "Statement", STATEMENT_RESOLVERS)
    mutations = schema.mutation_type
    assert mutations is not None  # noqa: S101 - for the type checker
    for field in mutations.fields.values():
        assert field.resolve is not None  # noqa: S101 - for the type checker
        field.resolve = _once(field.resolve)


def _bind_type(schema: GraphQLSchema, name: str, resolvers: dict[str, Resolve]) -> None:
    object_type = schema.type_map[name]
    assert isinstance(object_type, GraphQLObjectType)  # noqa: S101 - for the type checker
    # Each field has one type of object, so objects need no check.
    object_type.is_type_of = None
    for field_name, field in object_type.fields.items():
        field.resolve = resolvers[field_name]


def _once(resolve: Resolve) -> Resolve:
    """Return the resolver of a mutation that runs `resolve` once in a context, and repeats its outcome."""

    def resolve_once(source: Any, info: GraphQLResolveInfo[Any], **arguments: object) -> Any:
        outcomes, key = info.context.outcomes, info.path.key
        if key not in outcomes:
            try:
                outcomes[key] = Outcome(resolve(source, info, **arguments))
            except Exception as error:
                outcomes[key] = Outcome(error=error)
        return outcomes[key].get()

    return resolve_once


def _attribute(field: Field) -> Resolve:
    name = field.name

    def resolve(record: Record, _info: GraphQLResolveInfo[Any]) -> object:
        return record.attributes[name]

    def resolve_unbound(record: Record, _info: GraphQLResolveInfo[Any]) -> object:
        return record.attributes.get(name)

    return resolve_unbound if field.unbound else resolve


def _global_id(record: Record, _info: GraphQLResolveInfo[Any]) -> str:
    return global_id(record.resource.name, record.id)


def _database_id(record: Record, _info: GraphQLResolveInfo[Any]) -> str:
    return str(record.id)


def _to_one(relation: ToOne) -> Resolve:
    name = relation.name

    def resolve(record: Record, info: GraphQLResolveInfo[Any]) -> Record | None:
        check_read(record, name)
        related = record.one[name]
        if related is None and not relation.optional:
            # Deleted between the query for the transaction and the one for its wallet.
            raise missing(record, NotFound("The wallet has been deleted since."))
        return related

    return resolve


def _to_many(relation: ToMany) -> Resolve:
    def resolve(record: Record, info: GraphQLResolveInfo[Any], **arguments: object) -> Page:
        question = parse_list(relation.target, arguments)
        alias = alias_of(question)
        page = record.many.get((relation.name, alias))
        if page is None:
            check_read(record, (relation.name, alias))
            # A refused list was not read.
            check_question(question, principal=info.context.principal, parent=relation.column)
            raise LookupError(f"{relation.name} {alias} of {record.resource.name} was not read.")
        return page

    return resolve


def _itself(value: Any, _info: object) -> Any:
    return value


def _member(name: str) -> Resolve:
    def resolve(value: Any, _info: object) -> Any:
        return getattr(value, name)

    return resolve


def _first_cursor(page: Any, _info: object) -> Any:
    return cursor_of(page.plan, page.order, page.rows[0]) if page.rows else None


def _last_cursor(page: Any, _info: object) -> Any:
    return cursor_of(page.plan, page.order, page.rows[-1]) if page.rows else None


_CONNECTION: dict[str, Resolve] = {
    "edges": _member("records"),
    "pageInfo": _itself,
    "totalCount": _member("count"),
    "countIsMinimum": _member("count_is_minimum"),
}
_EDGE: dict[str, Resolve] = {"node": _itself, "cursor": _member("cursor")}
_PAGE_INFO: dict[str, Resolve] = {
    "hasNextPage": _member("has_next"),
    "hasPreviousPage": _member("has_previous"),
    "startCursor": _first_cursor,
    "endCursor": _last_cursor,
}
