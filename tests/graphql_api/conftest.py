"""A client of the GraphQL API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.test import Client

from tests.npm import install
from walletsvc.models import Entry, Transaction, Wallet


@dataclass(frozen=True)
class Reply:
    """A response: its status and its parts."""

    status: int
    data: Any
    errors: list[dict[str, Any]]
    extensions: dict[str, Any]
    text: str

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        return [error["extensions"]["code"] for error in self.errors]


class Ask(Protocol):
    def __call__(self, query: str, **variables: object) -> Reply: ...


def read(response: Any) -> Reply:
    """Read a response of Django's test client."""
    text = response.content.decode()
    content = json.loads(text)
    return Reply(
        response.status_code,
        content.get("data"),
        content.get("errors", []),
        content.get("extensions", {}),
        text,
    )


@pytest.fixture
def ask(client: Client) -> Ask:
    """Return a function that sends a document with its variables: `ask("{ wallets { totalCount } }")`."""

    def ask(query: str, **variables: object) -> Reply:
        body = json.dumps({"query": query, "variables": variables})
        return read(client.post("/graphql/", body, content_type="application/json"))

    return ask


@pytest.fixture
def ask_raw(client: Client) -> Any:
    """Return a function that sends a document with variables in raw JSON, digit by digit."""

    def ask(query: str, variables: str) -> Reply:
        body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
        return read(client.post("/graphql/", body, content_type="application/json"))

    return ask


@pytest.fixture
def everything() -> Any:
    """Return a function that reads all data, to prove that nothing has changed."""

    def everything() -> list[Any]:
        return [list(model.objects.order_by("id").values()) for model in (Wallet, Transaction, Entry)]

    return everything


@pytest.fixture(scope="session")
def npm() -> Path:
    """Return the folder of the checks that run on node, with its packages installed."""
    return install(Path(__file__).parent / "npm")
