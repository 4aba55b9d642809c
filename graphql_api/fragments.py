"""The one walk over a selection: it expands fragments, merges fields, and leaves out what a directive excludes.

It is not for `dependencies.py`, which asks what a whole document has, with graphql-core's visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graphql_api.scalars import read_literal

Fragments = Mapping[str, FragmentDefinitionNode]
Parent = FieldNode | OperationDefinitionNode | FragmentDefinitionNode
"""What has a selection."""


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments that a document defines, by their names."""
    return {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}


def response_key(node: FieldNode) -> str:
    """Return the name that a field has in the answer."""
    return (node.alias or node.name).value


def is_included(node: SelectionNode, variables: Mapping[str, Any]) -> bool:
    """Tell whether `@skip` and `@include` leave a selection in (GraphQL specification, section 3.13)."""
    for directive in node.directives or ():
        skips = directive.name.value == "skip"
        if skips or directive.name.value == "include":
            [condition] = directive.arguments or ()
            if bool(read_literal(condition.value, variables)) == skips:
                return False
    return True


class Fields:
    """Collects the fields that a selection has of a type (GraphQL specification, section 6.3.2)."""

    def __init__(self, fragments: Fragments, includes: Callable[[SelectionNode], bool] | None = None) -> None:
        """`includes` decides about a selection with directives; without it, all are included."""
        self._fragments = fragments
        self._includes = includes

    def of(
        self, selection_set: SelectionSetNode | None, type_name: str | None, visited: set[str] | None = None
    ) -> Iterator[FieldNode]:
        """Iterate over the fields selected from an object of `type_name`, each fragment in place of its first spread.

        For None, whatever type a fragment is on. Leaves out the fragments in `visited`, and adds to them.
        """
        visited = set() if visited is None else visited
        # A chain of fragments can be longer than Python's stack is deep.
        pending = [*reversed(selection_set.selections)] if selection_set is not None else []
        while pending:
            node: Any = pending.pop()
            if node.directives and self._includes is not None and not self._includes(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                # A document that is not validated yet may spread what there is not.
                if name in visited or name not in self._fragments:
                    continue
                visited.add(name)
                node = self._fragments[name]
            condition = node.type_condition
            if condition is None or type_name is None or condition.name.value in (type_name, "Node"):
                pending.extend(reversed(node.selection_set.selections))

    def merged(
        self, parents: Iterable[Parent], type_name: str | None, visited: set[str] | None = None
    ) -> dict[str, list[FieldNode]]:
        """Return what `parents` select together, by the names in the answer: fields of one name are merged."""
        visited = set() if visited is None else visited
        merged: dict[str, list[FieldNode]] = {}
        for parent in parents:
            for node in self.of(parent.selection_set, type_name, visited):
                merged.setdefault(response_key(node), []).append(node)
        return merged

    def below(self, nodes: Iterable[FieldNode], type_name: str, name: str) -> list[FieldNode]:
        """Return the fields called `name` in the selections of `nodes`, which give a `type_name`."""
        found = (each for node in nodes for each in self.of(node.selection_set, type_name))
        return [each for each in found if each.name.value == name]
