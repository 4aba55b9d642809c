"""Relay's compiler accepts the schema and an app written against it, and its output runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import graphql_api
from graphql_api import documents
from graphql_api.ids import global_id
from graphql_api.schema import schema
from tests.commands import run_to_end

pytestmark = pytest.mark.django_db

GENERATED = {
    "AppQuery",
    "AppWalletCardRefetchQuery",
    "AppWalletsListPaginationQuery",
    "AppTransactionsListPaginationQuery",
    "AppPostMutation",
    "AppDeleteMutation",
}


@pytest.fixture
def compiled(npm: Path, tmp_path: Path) -> Path:
    """Compile the app and return the file of its operations."""
    shutil.copytree(npm / "relay", tmp_path, dirs_exist_ok=True)
    shutil.copy(Path(graphql_api.__file__).with_name("schema.graphql"), tmp_path)
    (tmp_path / "__generated__").mkdir()
    (tmp_path / "operations.json").write_text("{}")
    command = ["node", str(npm / "node_modules" / "relay-compiler" / "cli.js"), "relay.config.json"]
    run_to_end(*command, folder=tmp_path)
    assert {path.name.partition(".")[0] for path in (tmp_path / "__generated__").iterdir()} >= GENERATED
    return tmp_path / "operations.json"


def test_an_app_compiles_and_its_operations_run_by_id(
    compiled: Path, client: Any, settings: Any, make_wallet: Any, post: Any
) -> None:
    operations = json.loads(compiled.read_text())
    named = {}
    for identifier, text in operations.items():
        document = documents.load(schema._schema, text)
        assert document.errors == ()
        named[document.ast.definitions[0].name.value] = identifier  # type: ignore[attr-defined, union-attr]
    assert set(named) == GENERATED
    settings.GRAPHQL_ALLOWLIST = str(compiled)
    wallet = make_wallet("5.00", label="Savings")
    post(wallet, "1.00", txid="T1")

    def run(name: str, **variables: object) -> Any:
        body = json.dumps({"documentId": named[name], "variables": variables})
        answer = client.post("/graphql/", body, content_type="application/json").json()
        assert "errors" not in answer
        return answer["data"]

    identifier = global_id("Wallet", wallet.id)
    data = run("AppQuery", walletId=identifier)
    assert data["node"]["label"] == "Savings"
    assert [edge["node"]["balance"] for edge in data["wallets"]["edges"]] == ["6.00"]
    data = run("AppPostMutation", input={"txid": "T2", "amount": "2", "walletId": identifier}, connections=[])
    assert data["createTransaction"]["transaction"]["wallet"] == {"id": identifier, "balance": "8.00"}
    data = run("AppTransactionsListPaginationQuery", id=identifier, count=1)
    [edge] = data["node"]["transactions"]["edges"]
    assert edge["node"]["txid"] == "T2"
    data = run("AppTransactionsListPaginationQuery", id=identifier, count=1, cursor=edge["cursor"])
    assert [edge["node"]["txid"] for edge in data["node"]["transactions"]["edges"]] == ["T1"]
    assert run("AppWalletsListPaginationQuery")["wallets"]["totalCount"] == 1
    assert run("AppWalletCardRefetchQuery", id=identifier)["node"]["balance"] == "8.00"
    data = run("AppDeleteMutation", input={"id": identifier})
    assert data["deleteWallet"] == {"wallet": None, "userErrors": [{"code": "wallet_not_empty"}]}
