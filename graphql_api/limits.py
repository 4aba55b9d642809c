"""Limits that a document has to meet before it is validated: validation itself is a target of attacks.

The rule that fields which share a name can be merged compares them in pairs, so its time grows with the square of
the length (for graphql-js that was CVE-2023-26144), and nested fragments multiply the fields that they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from django.conf import settings
from graphql import GraphQLError, GraphQLSyntaxError, parse
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode

from graphql_api.fragments import Fields, Parent, fragments_of

MAX_PAIRS = 5_000
"""How many pairs of fields of one name validation may have to compare: some 20 ms."""


class LimitExceeded(GraphQLError):
    """A document asks for more than a limit allows."""

    def __init__(self, code: str, message: str, *, limit: int, **context: object) -> None:
        super().__init__(message, extensions={"code": code, "limit": limit, **context})


def parse_within_limits(text: str) -> DocumentNode:
    """Parse a document within the limits of its length, depth, tokens, aliases and fields.

    Raises `LimitExceeded`, or `GraphQLSyntaxError`.
    """
    if len(text) > settings.GRAPHQL_MAX_CHARACTERS:
        limit = settings.GRAPHQL_MAX_CHARACTERS
        raise LimitExceeded("graphql_too_long", f"A document has at most {limit} characters.", limit=limit)
    try:
        document = parse(text, max_lexical_tokens=settings.GRAPHQL_MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if "tokens. Parsing aborted" not in error.message:
            raise
        limit = settings.GRAPHQL_MAX_TOKENS
        message = f"A document has at most {limit} tokens."
        raise LimitExceeded("graphql_too_many_tokens", message, limit=limit) from error
    _Walk(document).check()
    return document


class _Walk:
    """Walks the fields of a document as execution would: with fragments expanded and fields of one name merged.

    However often fragments multiply the fields, it stops at the first limit.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = fragments_of(document)
        self._selected = Fields(self._fragments)
        self._walked: set[str] = set()
        self._fields = 0
        self._aliases = 0
        self._pairs = 0

    def check(self) -> None:
        """Raise `LimitExceeded` at the first limit."""
        for definition in self._document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self._visit([definition], depth=1)
        for name, fragment in self._fragments.items():
            # Validation reads fragments that no operation uses, too.
            if name not in self._walked:
                self._visit([fragment], depth=1)

    def _visit(self, parents: Sequence[Parent], *, depth: int) -> None:
        visited: set[str] = set()
        same = self._selected.merged(parents, None, visited)
        self._walked |= visited
        for field in chain(*same.values()):
            self._count(field)
        if same and depth > settings.GRAPHQL_MAX_DEPTH:
            limit = settings.GRAPHQL_MAX_DEPTH
            raise LimitExceeded("graphql_too_deep", f"Fields are at most {limit} levels deep.", limit=limit)
        for fields in same.values():
            self._pairs += len(fields) * (len(fields) - 1) // 2
            if self._pairs > MAX_PAIRS:
                message = "Too many fields of one name are selected several times."
                raise LimitExceeded("graphql_too_complex", message, limit=MAX_PAIRS)
            below = [field for field in fields if field.selection_set is not None]
            if below:
                self._visit(below, depth=depth + 1)

    def _count(self, field: FieldNode) -> None:
        self._fields += 1
        if self._fields > settings.GRAPHQL_MAX_FIELDS:
            limit = settings.GRAPHQL_MAX_FIELDS
            message = f"A document selects at most {limit} fields, those in fragments counted where they are spread."
            raise LimitExceeded("graphql_too_many_fields", message, limit=limit)
        if field.alias is not None:
            self._aliases += 1
            if self._aliases > settings.GRAPHQL_MAX_ALIASES:
                limit = settings.GRAPHQL_MAX_ALIASES
                raise LimitExceeded(
                    "graphql_too_many_aliases", f"A document has at most {limit} aliases.", limit=limit
                )
