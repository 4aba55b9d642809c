"""What an operation costs: about as many records as it reads, page sizes multiplied down the tree.

A page costs 1, and as much again for each record that it may hold as is selected of that record; a single record
costs 1, and what is selected of it; a mutation costs 10. Directives are taken to include everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from graphql import GraphQLList, GraphQLObjectType, GraphQLOutputType, GraphQLSchema, get_named_type, get_nullable_type
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

from graphql_api.limits import LimitExceeded
from graphql_api.scalars import read_literal
from walletsvc.reading.questions import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from walletsvc.reading.resources import RESOURCES

MUTATION_COST = 10
