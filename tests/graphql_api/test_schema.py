"""The schema conforms to the declarations of the domain."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, get_named_type
from strawberry.printer import print_schema

import graphql_api
from graphql_api.schema import schema
from walletsvc.models.entry import Kind
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.without_engine

COMPUTED = {"Wallet": {"balanceAt", "statement"}}
"""Fields that are computed from the entries of a wallet."""
TYPES = schema._schema.type_map


def test_the_printed_schema_is_up_to_date() -> None:
    printed = Path(graphql_api.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert printed == print_schema(schema)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())
def test_an_object_has_the_fields_and_relations_of_its_resource(resource) -> None:
    object_type = TYPES[resource.name]
    assert isinstance(object_type, GraphQLObjectType)
    declared = {"id", "databaseId", *(field.name for field in resource.fields), *resource.to_one, *resource.to_many}
    declared |= COMPUTED.get(resource.name, set())
    assert set(object_type.fields) == declared
    for name, relation in resource.to_one.items():
        assert get_named_type(object_type.fields[name].type).name == relation.target
    for name, relation in resource.to_many.items():
        assert get_named_type(object_type.fields[name].type).name == f"{relation.target}Connection"


@pytest.mark.parametrize("resource", RESOURCES)
def test_filters_are_those_of_the_filter_set(resource: str) -> None:
    filters = TYPES[f"{resource}Filters"]
    assert isinstance(filters, GraphQLInputObjectType)
    names = set()
    for name, field in filters.fields.items():
        kind = get_named_type(field.type)
        if isinstance(kind, GraphQLInputObjectType):
            names |= {name if lookup == "exact" else f"{name}.{lookup}" for lookup in kind.fields}
        else:
            names.add(name)
    assert names == set(FILTER_SETS[resource].base_filters)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())
def test_orders_are_those_of_the_resource(resource) -> None:
    order = TYPES[f"{resource.name}Order"]
    assert isinstance(order, GraphQLInputObjectType)
    assert list(order.fields) == list(resource.orders)


def test_kinds_of_entries_have_their_stored_names() -> None:
    kinds = TYPES["EntryKind"]
    assert isinstance(kinds, GraphQLEnumType)
    assert list(kinds.values) == Kind.values


def test_every_list_takes_the_same_arguments() -> None:
    lists = [
        field
        for name in ("Query", *RESOURCES)
        for field in TYPES[name].fields.values()  # type: ignore[attr-defined]
        if get_named_type(field.type).name.endswith("Connection")
    ]
    assert len(lists) == 13
    for field in lists:
        assert list(field.args) == ["filters", "ordering", "first", "after", "last", "before"]
