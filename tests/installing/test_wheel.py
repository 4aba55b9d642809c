"""`pip install walletsvc` is enough: the wheel has all that a server needs, and keeps its data elsewhere."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import walletsvc
from tests.installing.conftest import Installed
from tests.live import ROOT

pytestmark = pytest.mark.without_engine

JSON_API = {"Content-Type": "application/vnd.api+json"}
SCOPES = "wallets:read,wallets:write,transactions:read,transactions:write"


@pytest.fixture(scope="module")
def server(environment: Path) -> Iterator[Installed]:
    """Return a server that was installed, set up, and started as the README says."""
    server = Installed(environment)
    try:
        server.run("setup")
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def client(server: Installed) -> Iterator[httpx.Client]:
    """Return a client with a key."""
    made = server.run("apikey", "create", "--name", "shop", "--scopes", SCOPES)
    (key,) = (word for word in made.split() if word.startswith("walk_"))
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        yield client


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_it_posts_and_the_ledger_cannot_be_altered(server: Installed, client: httpx.Client) -> None:
    wallet = {"data": {"type": "Wallet", "attributes": {"label": "My Wallet", "balance": "100.00"}}}
    opened = client.post("/api/wallets/", json=wallet, headers=JSON_API)
    assert opened.status_code == 201, opened.text
    posting = 'createTransaction(input: {txid: "TX1", amount: "-0.01", walletId: "1"})'
    query = f"mutation {{ {posting} {{ transaction {{ wallet {{ balance }} }} }} }}"
    posted = client.post("/graphql/", json={"query": query})
    assert posted.json()["data"]["createTransaction"]["transaction"]["wallet"]["balance"] == "99.99", posted.text

    with sqlite3.connect(server.folder / "walletsvc.sqlite3") as database:
        for statement in ("UPDATE walletsvc_entry SET amount = 0", "DELETE FROM walletsvc_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="append"):
                database.execute(statement)
    database.close()
    assert server.run("reconcile")


def test_its_pages_come_from_the_wheel(client: httpx.Client) -> None:
    assert client.get("/api/schema/").json()["info"]["version"] == walletsvc.__version__
    docs = client.get("/api/docs/")
    assert docs.status_code == 200
    assert client.get("/static/rest_api/docs.js").status_code == 200
    playground = client.get("/graphql/", headers={"Accept": "text/html"})
    assert playground.status_code == 200
    if (ROOT / "graphql_api" / "static" / "graphql_api" / "playground.js").is_file():
        assert "/static/graphql_api/playground.js" in playground.text
        assert len(client.get("/static/graphql_api/playground.js").content) > 1_000_000


def test_its_data_are_in_the_folder_and_nothing_is_among_the_packages(environment: Path, server: Installed) -> None:
    secret = server.folder / ".env"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text().partition("SECRET_KEY=")[2].strip()) >= 50
    assert {"walletsvc.sqlite3", ".env"} <= files(server.folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    (record,) = packages.glob("walletsvc-*.dist-info/RECORD")
    recorded = {line.rpartition(",")[0].rpartition(",")[0] for line in record.read_text().splitlines()}
    assert {name for name in files(packages) if (packages / name).is_file()} - recorded == {"dependencies.pth"}


def test_it_can_be_set_up_again(server: Installed) -> None:
    secret = (server.folder / ".env").read_text()
    assert "The database is up to date." in server.run("setup")
    assert (server.folder / ".env").read_text() == secret


def test_the_command_says_its_version(server: Installed) -> None:
    assert server.run("version") == f"{walletsvc.__version__}\n"
