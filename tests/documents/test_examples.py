"""The README's examples, run unchanged, from top to bottom, on a server started by its own commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, OperationType, parse

from tests.databases import new_database
from tests.documents.blocks import blocks, commands
from tests.live import ROOT, LiveServer
from tests.live_updates.clients import open_events
from tests.pairs import serve_with_updates
from tests.servers import ServerError

# curl is a published client, too.
pytestmark = pytest.mark.clients

README = "README.md"
SETUP, SERVE = "python manage.py setup_database", "python manage.py serve"


def shown(start: str) -> list[str]:
    """Return the commands of the README that begin like this, as they stand."""
    return [command.text for command in commands(README) if command.text.startswith(start)]


class DeployedServer(LiveServer):
    """A server that is started as the README says."""

    binaries = ("bash",)

    serve = SERVE

    def _initialize(self) -> None:
        (command,) = shown(SETUP)
        self.run(command)

    def run(self, command: str) -> str:
        """Run a command of the README beside the server, and return its output."""
        finished = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if finished.returncode:
            raise ServerError(finished.stderr)
        return finished.stdout

    def _arguments(self) -> list[str]:
        (command,) = shown(self.serve)
        return ["-c", f"cd '{ROOT}'\n{command}"]

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


class GuardedServer(DeployedServer):
    """A server with keys, as the README says."""

    serve = f"AUTH_REQUIRED=true {SERVE}"


@pytest.fixture
def server(memory_folder: Path, redis_urls: tuple[str, str]) -> Iterator[LiveServer]:
    with serve_with_updates(partial(new_database, memory_folder), redis_urls[1], kind=DeployedServer) as server:
        yield server


def test_the_examples_work_one_after_the_other(server: LiveServer, tmp_path: Path) -> None:
    # These options of curl are not in the document: readers paste the command as printed.
    connect_to = f"localhost:8000:{server.host}:{server.port}"
    settings = ["silent", "show-error", "fail-with-body", "max-time = 60", f'connect-to = "{connect_to}"']
    (tmp_path / ".curlrc").write_text("\n".join(settings), "utf-8")

    wallet, posted, listed = [run_curl(command, tmp_path) for command in shown("curl")]
    assert (wallet["data"]["id"], wallet["data"]["attributes"]["balance"]) == ("1", "100.00")
    assert (posted["data"]["id"], posted["data"]["attributes"]["amount"]) == ("1", "50.00")
    assert [each["attributes"]["txid"] for each in listed["data"]] == ["TX123"]
    assert [each["attributes"]["balance"] for each in listed["included"]] == ["150.00"]

    check_error(server)
    answers = [answer for block in blocks(README, language="graphql") for answer in run_graphql(server, block.text)]
    posted, latest, balance, ledger = answers
    assert posted == {
        "transaction": {"amount": "-20.00", "wallet": {"label": "My Wallet", "balance": "130.00"}},
        "userErrors": [],
    }
    assert [edge["node"]["txid"] for edge in latest["edges"]] == ["TX123"]
    assert balance == {"sequence": 3, "balance": "130.00"}
    entry = {"sequence": 3, "kind": "post", "amount": "-20.00", "balanceAfter": "130.00"}
    assert ledger == {**entry, "transaction": {"txid": "TX124"}}


def test_a_server_with_keys_takes_two_commands(memory_folder: Path, redis_urls: tuple[str, str]) -> None:
    (command,) = shown("python manage.py apikey create")
    with serve_with_updates(partial(new_database, memory_folder), redis_urls[1], kind=GuardedServer) as server:
        url, key = f"{server.url}/api/wallets/", server.run(command).strip()
        assert httpx.get(url, timeout=30).status_code == 401
        assert httpx.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=30).status_code == 200


def run_curl(command: str, home: Path) -> Any:
    finished = subprocess.run(
        ["bash", "-c", command],
        cwd=home,
        env={**os.environ, "CURL_HOME": str(home), "no_proxy": "*"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def check_error(server: LiveServer) -> None:
    """The error that is shown is the one that comes."""
    (block,) = blocks(README, language="json")
    described = json.loads(block.text)
    attributes = {"txid": "TX125", "amount": described["errors"][0]["meta"]["amount"], "wallet": "1"}
    document = {"data": {"type": "Transaction", "attributes": attributes}}
    headers = {"Content-Type": "application/vnd.api+json"}
    answer = httpx.post(f"{server.url}/api/transactions/", json=document, headers=headers, timeout=60)
    assert answer.json() == described


def run_graphql(server: LiveServer, document: str) -> Iterator[Any]:
    """Run each operation of a document, and yield the one root field that it has: of a subscription, its first."""
    for definition in parse(document).definitions:
        assert isinstance(definition, OperationDefinitionNode)
        assert definition.name is not None
        payload = {"query": document, "operationName": definition.name.value}
        if definition.operation == OperationType.SUBSCRIPTION:
            with open_events(server.live_url.removesuffix("/graphql/"), payload) as events:
                kind, answer = events.next()
                assert kind == "next"
        else:
            answer = httpx.post(f"{server.url}/graphql/", json=payload, timeout=60).json()
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        yield value
