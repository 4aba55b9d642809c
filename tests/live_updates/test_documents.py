"""Documents sent by hash or id, and refused documents: the same as over HTTP."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.operations import Rejected, subscribe
from graphql_api.requests import GraphQLRequest
from tests.conftest import MakeWallet
from tests.live_updates.clients import BALANCE, Socket, open_events, open_socket
from tests.live_updates.conftest import LiveUpdates
from tests.live_updates.hubs import run
from walletsvc.principals import ANYONE

_numbers = count(1)


def new_document() -> tuple[str, dict[str, Any]]:
    """Return a new document, and the extensions that refer to it."""
    text = f"{BALANCE} # {next(_numbers)}"
    return text, {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}


def answer(socket: Socket, payload: dict[str, Any]) -> Any:
    """Return the sequence in the first result, or the codes of the error."""
    socket.send(id="1", type="subscribe", payload=payload)
    message = socket.receive()
    if message["type"] == "error":
        return [error["extensions"]["code"] for error in message["payload"]]
    socket.send(id="1", type="complete")
    return message["payload"]["data"]["walletBalance"]["sequence"]


def test_a_hash_stands_for_a_document_once_its_text_has_come_with_it(live_updates: LiveUpdates) -> None:
    variables = {"wallet": live_updates.open_wallet()}
    text, extensions = new_document()
    other, _ = new_document()
    named: dict[str, Any] = {"extensions": extensions, "variables": variables}
    with open_socket(live_updates.url) as socket:
        assert answer(socket, named) == ["PERSISTED_QUERY_NOT_FOUND"]
        assert answer(socket, named | {"query": other}) == ["persisted_query_mismatch"]
        assert answer(socket, named) == ["PERSISTED_QUERY_NOT_FOUND"]
        assert answer(socket, named | {"query": text}) == 1
        assert answer(socket, named) == 1
    with open_socket(live_updates.url) as socket:
        assert answer(socket, named) == 1
        assert answer(socket, {"documentId": extensions["persistedQuery"]["sha256Hash"], "variables": variables}) == 1
    path = "/graphql/?" + urlencode({name: json.dumps(value) for name, value in named.items()})
    for method, sent, where in (("POST", named, "/graphql/"), ("GET", None, path)):
        with open_events(live_updates.url, sent, method=method, path=where) as events:
            assert events.next()[1]["data"]["walletBalance"]["sequence"] == 1


def test_a_document_sent_over_http_is_known_through_a_shared_cache(
    live_updates: LiveUpdates, redis_urls: tuple[str, str]
) -> None:
    wallet = live_updates.open_wallet()
    text, extensions = new_document()
    # HTTP refuses to run it, and knows it from then on.
    sent = {"query": text, "extensions": extensions, "variables": {"wallet": wallet}}
    assert httpx.post(f"{live_updates.server.url}/graphql/", json=sent).status_code == 200
    with open_socket(live_updates.url) as socket:
        found = answer(socket, {"extensions": extensions, "variables": {"wallet": wallet}})
    assert found == (1 if redis_urls[1] else ["PERSISTED_QUERY_NOT_FOUND"])


@pytest.mark.django_db(transaction=True)
def test_with_an_allowlist_nothing_but_its_documents_runs(
    make_wallet: MakeWallet, settings: Any, tmp_path: Path
) -> None:
    wallet = make_wallet("5.00")
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({"balance": BALANCE}))
    settings.GRAPHQL_ALLOWLIST = str(path)

    async def ask(hub: Hub, **members: Any) -> Any:
        request = GraphQLRequest(
            query=members.get("query"),
            variables={"wallet": str(wallet.id)},
            operation_name=None,
            extensions=members.get("extensions", {}),
            document_id=members.get("document_id"),
        )
        stream = subscribe(request, principal=ANYONE, hub=hub, budget=Budget())
        try:
            return json.loads(await anext(stream))["data"]["walletBalance"]["sequence"]
        except Rejected as rejected:
            return [error["extensions"]["code"] for error in rejected.errors]
        finally:
            await stream.aclose()

    async def work(hub: Hub) -> None:
        text, extensions = new_document()
        assert await ask(hub, document_id="balance") == 1
        assert await ask(hub, query=BALANCE) == 1
        for members in (
            {"query": text},
            {"query": text, "extensions": extensions},
            {"extensions": extensions},
            {"document_id": "another"},
            {"document_id": "another", "query": text},
        ):
            assert await ask(hub, **members) == ["graphql_not_registered"], members

    run(work)


COSTLY = """subscription { walletBalance(id: 1) { transactions(first: 100) { edges { node {
  entries(first: 100) { edges { node { id } } }
  wallet { entries(first: 100) { edges { node { id } } } }
} } } } }"""
TWO_ROOTS = "subscription { a: walletBalance(id: 1) { id } b: walletBalance(id: 1) { id } }"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { walletBalance(id: 1) { " + "a: id " * 101 + "} }", "graphql_too_many_aliases"),
        ("subscription { walletBalance(id: 1) { " + "id " * 2_001 + "} }", "graphql_too_many_tokens"),
        (COSTLY, "graphql_too_costly"),
        (TWO_ROOTS, "graphql_validation_failed"),
    ],
)
def test_documents_have_the_limits_that_they_have_over_http(live_updates: LiveUpdates, query: str, code: str) -> None:
    with open_socket(live_updates.url) as socket:
        assert answer(socket, {"query": query}) == [code]
    with open_events(live_updates.url, {"query": query}) as events:
        assert [error["extensions"]["code"] for error in events.next()[1]["errors"]] == [code]


@pytest.mark.parametrize("size", ["-1", "-2147483648", "$size"])
def test_sizes_below_0_make_nothing_cheaper(live_updates: LiveUpdates, size: str) -> None:
    wallet = live_updates.open_wallet()
    sizes = "$size: Int = -2147483648, " if size == "$size" else ""
    query = f"""subscription ({sizes}$wallet: ID!) {{ walletBalance(id: $wallet) {{
      n: transactions(first: {size}) {{ edges {{ node {{ id }} }} }}
      b: transactions(first: 100) {{ edges {{ node {{ entries(first: 100) {{ edges {{ node {{ id }} }} }} }} }} }}
      c: entries(first: 100) {{ edges {{ node {{ id }} }} }}
    }} }}"""
    with open_socket(live_updates.url) as socket:
        for variables in ({}, {"size": -2147483648}):
            found = answer(socket, {"query": query, "variables": variables | {"wallet": wallet}})
            assert found in (["graphql_too_costly"], ["invalid_parameter"])
