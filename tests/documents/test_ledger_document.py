"""The requests of docs/ledger.md, sent unchanged and in order to a server with the wallets that it speaks of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import new_database
from tests.documents.blocks import blocks
from tests.documents.test_examples import DeployedServer, run_graphql
from tests.live import LiveServer
from tests.pairs import serve_with_updates

pytestmark = pytest.mark.clients

DOCUMENT = "docs/ledger.md"
MEDIA_TYPE = "application/vnd.api+json"
CREATED = {"GET": 200, "PATCH": 200, "POST": 201}


@pytest.fixture
def server(memory_folder: Path, redis_urls: tuple[str, str]) -> Iterator[LiveServer]:
    with serve_with_updates(partial(new_database, memory_folder), redis_urls[1], kind=DeployedServer) as server:
        yield server


def ask(server: LiveServer, method: str, path: str, body: str = "") -> Any:
    """Return the data of an answer."""
    headers = {"Content-Type": MEDIA_TYPE} if body else {}
    answer = httpx.request(method, f"{server.url}{path}", content=body, headers=headers, timeout=60)
    assert answer.status_code == CREATED[method], f"{method} {path}: {answer.text}"
    return answer.json()["data"]


def make(server: LiveServer, kind: str, path: str, **attributes: str) -> None:
    ask(server, "POST", path, json.dumps({"data": {"type": kind, "attributes": attributes}}))


def test_all_requests_work_one_after_the_other(server: DeployedServer) -> None:
    for label, balance in (("one", "100.00"), ("two", "0.00"), ("three", "0.00")):
        make(server, "Wallet", "/api/wallets/", label=label, currency="USD", balance=balance)
    make(server, "Transaction", "/api/transactions/", txid="TX123", wallet="1", amount="50.00")
    answers: list[Any] = []
    for block in blocks(DOCUMENT):
        if block.language == "graphql":
            answers += run_graphql(server, block.text)
        else:
            request, _, body = block.text.partition("\n\n")
            method, path = request.split()
            answers.append(ask(server, method, path, body))
    assert [each["userErrors"] for each in answers if "userErrors" in each] == [[]] * 8
    balances = [each["attributes"]["balance"] for each in ask(server, "GET", "/api/wallets/")]
    # 150 - 5 + 97 - 10 - 10 - 15 - 17.50 - 2.50 - 97, 5 - 5, 5 + 3 - 3
    assert balances == ["90.00", "0.00", "5.00"]
    assert "discrep" not in server.run("python manage.py reconcile")
