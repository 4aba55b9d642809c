"""The diffs in docs/map.md are complete: applied to a copy of the project, they work in both faces."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from tests.commands import run_to_end
from tests.documents.blocks import Block, blocks
from tests.live import ROOT

pytestmark = pytest.mark.without_engine

PARTS = (
    "walletsvc",
    "rest_api",
    "graphql_api",
    "alembic",
    "alembic.ini",
    "manage.py",
    "pyproject.toml",
    "docs/map.md",
)

# Runs in the copy, in a separate process: declarations are read when a module is imported.
PRELUDE = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "walletsvc.settings"
django.setup()
from django.test import Client
from graphql import print_schema
from graphql_api.schema import schema

client, kind = Client(), "application/vnd.api+json"

def rest(method, url, data=None):
    answer = getattr(client, method)(url, *([json.dumps({"data": data}), kind] if data else []))
    return answer.status_code, answer.json()

def graphql(query, **variables):
    answer = client.post("/graphql/", json.dumps({"query": query, "variables": variables}), "application/json")
    return answer.json()["data"]

def transaction(**attributes):
    return {"type": "Transaction", "attributes": attributes}

"""
FIELD_IN_USE = (
    PRELUDE
    + """
rest("post", "/api/wallets/", {"type": "Wallet", "attributes": {"label": "W", "balance": "10.00"}})
posted = rest("post", "/api/transactions/", transaction(txid="A", amount="1", wallet="1", reference="R-1"))
silent = rest("post", "/api/transactions/", transaction(txid="B", amount="1", wallet="1"))
too_long = rest("post", "/api/transactions/", transaction(txid="C", amount="1", wallet="1", reference="x" * 141))
changed = rest("patch", "/api/transactions/2/", {**transaction(reference="R-2"), "id": "2"})
created = graphql('''mutation ($input: CreateTransactionInput!) {
  createTransaction(input: $input) { transaction { reference } userErrors { code field } } }''',
  input={"txid": "D", "amount": "1", "walletId": "1", "reference": "R-3"})
refused = graphql('''mutation ($input: UpdateTransactionInput!) {
  updateTransaction(input: $input) { userErrors { code field } } }''', input={"id": "1", "reference": "x" * 141})
found = graphql('{ transactions(filters: {reference: "R-2"}) { edges { node { txid reference } } } }')
listed = rest("get", "/api/transactions/?filter[reference]=R-3&fields[Transaction]=reference")
described = client.get("/api/schema/").json()["components"]["schemas"]
print("FOUND" + json.dumps({
  "posted": [posted[0], posted[1]["data"]["attributes"]["reference"]],
  "silent": silent[1]["data"]["attributes"]["reference"],
  "too long": [too_long[0], too_long[1]["errors"][0]["code"], too_long[1]["errors"][0]["source"]["pointer"]],
  "changed": changed[1]["data"]["attributes"]["reference"],
  "created": created["createTransaction"],
  "refused": refused["updateTransaction"]["userErrors"],
  "found": [edge["node"] for edge in found["transactions"]["edges"]],
  "listed": [each["attributes"] for each in listed[1]["data"]],
  "described": [described[name]["properties"]["attributes"]["properties"]["reference"]
                for name in ("Transaction", "NewTransaction", "ChangedTransaction")],
  "printed": [line.strip() for line in print_schema(schema._schema).splitlines() if "reference:" in line],
}))
"""
)

COMMAND_IN_USE = (
    PRELUDE
    + """
rest("post", "/api/wallets/", {"type": "Wallet", "attributes": {"label": "W", "balance": "10.00"}})
paid = rest("post", "/api/wallets/1/payouts/", transaction(txid="A", description="All"))
nothing = rest("post", "/api/wallets/1/payouts", transaction(txid="B"))
meddled = rest("post", "/api/wallets/1/payouts/", transaction(txid="B", amount="1"))
rest("post", "/api/transactions/", transaction(txid="C", amount="5", wallet="1"))
mutation = '''mutation ($input: PayOutWalletInput!) {
  payOutWallet(input: $input) { transaction { txid amount } isReplay userErrors { code field } } }'''
mutated = graphql(mutation, input={"id": "1", "txid": "D", "idempotencyKey": "k"})
again = graphql(mutation, input={"id": "1", "txid": "D", "idempotencyKey": "k"})
rest("post", "/api/transactions/", transaction(txid="E", amount="5", wallet="1"))
refused = graphql(mutation, input={"id": "1", "txid": "D"})
described = client.get("/api/schema/").json()["paths"]["/api/wallets/{id}/payouts/"]
print("FOUND" + json.dumps({
  "paid": [paid[0], paid[1]["data"]["attributes"]["amount"]],
  "nothing": [nothing[0], nothing[1]["errors"][0]["code"]],
  "meddled": [meddled[0], meddled[1]["errors"][0]["code"]],
  "mutated": mutated["payOutWallet"],
  "again": again["payOutWallet"]["isReplay"],
  "refused": refused["payOutWallet"],
  "left": rest("get", "/api/wallets/1/")[1]["data"]["attributes"]["balance"],
  "described": {method: operation["operationId"] for method, operation in described.items()},
}))
"""
)


def diffs(heading: str) -> list[Block]:
    """Return the diffs below a heading of the map, in their order."""
    text = (ROOT / "docs/map.md").read_text("utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section is not None, heading
    return [block for block in blocks("docs/map.md", language="diff") if block.text in section[1]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return the folder of a copy of the project."""
    listed = subprocess.run(["git", "ls-files", "-z", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "copy" / name)
    return tmp_path / "copy"


def apply(heading: str, folder: Path) -> None:
    """Apply the diffs below a heading to a copy."""
    shown = diffs(heading)
    assert shown, heading
    for number, block in enumerate(shown):
        patch = folder / f"{number}.diff"
        patch.write_text(block.text, "utf-8")
        run_to_end("git", "apply", patch.name, folder=folder)


def run_in(folder: Path, *command: str) -> str:
    environment = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": "", "PYTHONPATH": str(folder)}
    return run_to_end(sys.executable, *command, folder=folder, environment=os.environ | environment)


def use(folder: Path, script: str) -> object:
    """Return the result of a script in a copy with a new database."""
    run_in(folder, "manage.py", "setup_database")
    said = run_in(folder, "-c", script).partition("FOUND")[2].lstrip()
    # Behind it, even on the same line, a thread of the cache may still say something.
    found, _ = json.JSONDecoder().raw_decode(said)
    return cast(object, found)


def test_a_field_is_a_column_and_a_line(copy: Path) -> None:
    apply("Add a field", copy)
    made = run_in(copy, "manage.py", "makemigrations", "--name", "reference")
    assert "Add field reference to transaction" in made
    text = {"description": "An invoice's. At most 140 characters.", "type": "string", "maxLength": 140}
    assert use(copy, FIELD_IN_USE) == {
        "posted": [201, "R-1"],
        "silent": "",
        "too long": [422, "too_long", "/data/attributes/reference"],
        "changed": "R-2",
        "created": {"transaction": {"reference": "R-3"}, "userErrors": []},
        "refused": [{"code": "too_long", "field": "reference"}],
        "found": [{"txid": "B", "reference": "R-2"}],
        "listed": [{"reference": "R-3"}],
        "described": [{"description": "An invoice's.", "type": "string"}, text, text],
        "printed": ["reference: String!", *["reference: String"] * 4],
    }


def test_a_command_is_what_the_map_shows(copy: Path) -> None:
    apply("Add a command", copy)
    assert use(copy, COMMAND_IN_USE) == {
        "paid": [201, "-10.00"],
        "nothing": [422, "invalid_amount"],
        "meddled": [422, "immutable"],
        "mutated": {"transaction": {"txid": "D", "amount": "-5.00"}, "isReplay": False, "userErrors": []},
        "again": True,
        "refused": {
            "transaction": None,
            "isReplay": False,
            "userErrors": [{"code": "duplicate_txid", "field": "txid"}],
        },
        "left": "5.00",
        "described": {"post": "createWalletPayout"},
    }
