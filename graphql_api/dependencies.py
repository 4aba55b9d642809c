"""What an answer depends on: everything, or the wallets that it names by their ids and nothing beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, TypeInfo, TypeInfoVisitor
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode, ValueNode, Visitor, visit

from graphql_api.ids import database_id
from graphql_api.scalars import read_literal
from walletsvc.errors import WalletError
from walletsvc.queries.dependencies import stamps_of, stays_within_wallet
from walletsvc.schema.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The ids of the wallets that a document shows, as it has them; None if it shows more than those wallets."""

    wallet_ids: tuple[ValueNode, ...] | None
    defaults: Mapping[str, Any]

    def stamps(self, variables: Mapping[str, Any], *, owner: str | None) -> Sequence[str]:
        """Return the names of the stamps that an answer is kept under."""
        if self.wallet_ids is None:
            return stamps_of(None, owner=owner)
        known = {**self.defaults, **variables}
        try:
            ids = [database_id(read_literal(node, known), "Wallet") for node in self.wallet_ids]
        except WalletError:
            # There is no such wallet, so there will be no answer to keep.
            return stamps_of(None, owner=owner)
        return stamps_of(ids, owner=owner)


def find_dependencies(schema: GraphQLSchema, document: DocumentNode) -> Dependencies:
    """Return what the answers to a valid document depend on, whichever of its operations runs."""
    type_info = TypeInfo(schema)
    found = _Fields(type_info)
    visit(document, TypeInfoVisitor(type_info, found))
    return Dependencies(tuple(found.wallet_ids) if found.is_closed and found.wallet_ids else None, found.defaults)


# graphql-core's visitor follows the types of the whole document, fragments once: here it only matters that a field is
# in it.
class _Fields(Visitor):
    def __init__(self, type_info: TypeInfo) -> None:
        super().__init__()
        self._type_info = type_info
        self.wallet_ids: list[ValueNode] = []
        self.defaults: dict[str, Any] = {}
        self.is_closed = True

    def enter_operation_definition(self, node: OperationDefinitionNode, *_arguments: Any) -> None:
        for definition in node.variable_definitions or ():
            if definition.default_value is not None:
                name = definition.variable.name.value
                # Two operations may give one variable two values.
                self.is_closed = self.is_closed and name not in self.defaults
                self.defaults[name] = read_literal(definition.default_value)

    def enter_field(self, node: FieldNode, *_arguments: Any) -> None:
        parent, name = self._type_info.get_parent_type(), node.name.value
        if parent is None:
            self.is_closed = False
        elif parent.name in RESOURCES:
            self.is_closed = self.is_closed and stays_within_wallet(parent.name, name)
        elif parent.name == "Query" and name != "__typename":
            self.is_closed = self.is_closed and name == "wallet"
            self.wallet_ids += [argument.value for argument in node.arguments or () if argument.name.value == "id"]
