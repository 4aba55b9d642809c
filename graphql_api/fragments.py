"""Collect the fields of a selection: expand fragments, and leave out the fields that a directive excludes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)

from graphql_api.scalars import read_literal


def response_key(node: FieldNode) -> str:
    """Return the name that a field has in the answer."""
    return (node.alias or node.name).value


class Fields:
    """Collects the fields that a selection has of a type (GraphQL specification, section 6.3.2)."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables

    def of(
        self, selection_set: SelectionSetNode | None, type_name: str, visited: set[str] | None = None
    ) -> Iterator[FieldNode]:
        """Iterate over the fields selected from an object of `type_name`, including those in fragments."""
        visited = set() if visited is None else visited
        for node in selection_set.selections if selection_set is not None else ():
            if node.directives and not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in visited:
                    continue
                visited.add(node.name.value)
                fragment = self._fragments[node.name.value]
            elif isinstance(node, InlineFragmentNode):
                fragment = node
            condition = fragment.type_condition
            if condition is None or condition.name.value in (type_name, "Node"):
                yield from self.of(fragment.selection_set, type_name, visited)

    def below(self, nodes: Iterable[FieldNode], type_name: str, name: str) -> list[FieldNode]:
        """Return the fields called `name` in the selections of `nodes`, which give a `type_name`."""
        found = (each for node in nodes for each in self.of(node.selection_set, type_name))
        return [each for each in found if each.name.value == name]

    def _is_included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            skips = directive.name.value == "skip"
            if skips or directive.name.value == "include":
                [condition] = directive.arguments or ()
                if bool(read_literal(condition.value, self._variables)) == skips:
                    return False
        return True
