"""The promise to clients: the changelog names every breaking change.

`released.graphql` is the schema of the last release. A release copies `graphql_api/schema.graphql` there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema
from graphql.utilities.find_schema_changes import BreakingChange, find_schema_changes

import graphql_api

pytestmark = pytest.mark.without_engine

ROOT = Path(__file__).parent.parent.parent
RELEASED = Path(__file__).with_name("released.graphql").read_text(encoding="utf-8")
CURRENT = Path(graphql_api.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
UNRELEASED = (
    (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").partition("## [Unreleased]")[2].partition("\n## [")[0]
)


def breaking_changes(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """Return what breaks clients of the old schema, each in a sentence."""
    changes = find_schema_changes(old, new)
    return [change.description for change in changes if isinstance(change, BreakingChange)]


def unnamed(changes: list[str], changelog: str) -> list[str]:
    """Return the changes whose sentence is not in the changelog, regardless of line breaks."""
    words = " ".join(changelog.split())
    return [change for change in changes if change not in words]


def test_the_changelog_names_every_breaking_change() -> None:
    changes = breaking_changes(build_schema(RELEASED), build_schema(CURRENT))
    assert unnamed(changes, UNRELEASED) == [], "Name these under [Unreleased] in CHANGELOG.md, word for word."


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("  hasNextPage: Boolean!\n", "", "Field PageInfo.hasNextPage was removed."),
        ("  sequence: Long!", "  sequence: String!", "Field Wallet.sequence changed type from Long! to String!."),
        ("  description: String\n", "  description: String!\n", "description"),
        ("  move_in\n", "", "Enum value EntryKind.move_in was removed."),
        ("  walletByLabel(label: String!, ", "  walletByLabel(label: String!, currency: String!, ", "currency"),
    ],
)
def test_a_change_that_breaks_clients_is_found_until_it_is_named(old: str, new: str, change: str) -> None:
    assert old in CURRENT
    changes = breaking_changes(build_schema(CURRENT), build_schema(CURRENT.replace(old, new)))
    assert any(change in each for each in changes), changes
    assert unnamed(changes, "") == changes
    assert unnamed(changes, "\n  ".join(" ".join(changes).split())) == []


def test_an_addition_breaks_no_client() -> None:
    added = CURRENT.replace("type Query {", "type Query {\n  version: String", 1)
    assert breaking_changes(build_schema(CURRENT), build_schema(added)) == []
