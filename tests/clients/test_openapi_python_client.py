"""The Python client that `openapi-python-client` generates from the description, unedited."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.commands import run_to_end
from tests.live import LiveServer

pytestmark = pytest.mark.clients

PACKAGE = "walletsvc_client"
MEDIA_TYPE = "application/vnd.api+json"
CURSOR_PROFILE = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination"
GENERATE = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]


class GeneratedClient:
    """The package that was made: `call` makes the request of an operation, `models` has the types."""

    def __init__(self, server: LiveServer, **headers: str) -> None:
        self._client = import_module(PACKAGE).Client(base_url=server.url, headers=headers)
        self.models: ModuleType = import_module(f"{PACKAGE}.models")

    def call(self, operation: str, *arguments: object, **parameters: object) -> Any:
        """Return the answer to an operation such as `wallet.list_wallet`: its `status_code`, `headers`, `parsed`."""
        module = import_module(f"{PACKAGE}.api.{operation}")
        return module.sync_detailed(*arguments, client=self._client, **parameters)


@pytest.fixture(scope="module")
def generated(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client from the server's description, without a warning; return the folder to import it from."""
    folder = tmp_path_factory.mktemp("openapi-python-client")
    # It formats its result with ruff, which it looks up as a shell does.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [*GENERATE, f"--url={server.url}/api/schema/", f"--output-path={folder / PACKAGE}"]
    said = run_to_end(*command, folder=folder, environment={**os.environ, "PATH": path})
    # It omits anything that it cannot read, with a warning: then the client is incomplete.
    assert said == f"Generating {folder / PACKAGE}\n"
    return folder


@pytest.fixture
def client(server: LiveServer, generated: Path, monkeypatch: pytest.MonkeyPatch) -> GeneratedClient:
    monkeypatch.syspath_prepend(generated)
    return GeneratedClient(server)


def test_wallets_and_transactions(client: GeneratedClient, server: LiveServer) -> None:
    call, models = client.call, client.models

    # Create. A value with a default may be omitted.
    wallet = open_wallet(client, "opc", balance="100.00")
    assert (wallet.attributes.balance, wallet.attributes.currency) == ("100.00", "USD")
    metadata = models.NewWalletAttributesMetadata.from_dict({"color": "red"})
    currency = models.NewWalletAttributesCurrency.JPY
    other = open_wallet(client, "opc, in yen", currency=currency, metadata=metadata)
    assert (other.attributes.balance, other.attributes.metadata["color"]) == ("0", "red")
    posted = [post(client, wallet, f"opc-{number}", "10.00").parsed.data for number in range(7)]
    assert [each.attributes.amount for each in posted] == ["10.00"] * 7

    # List, with filters, an order, included resources and pages.
    query = {
        "filterwallet": wallet.id,
        "filteramount_gte": "5.00",
        "sort": "-createdAt,txid",
        "include": "wallet,entries",
        "fields_transaction": "txid,amount,wallet,entries",
        "pagesize": 4,
    }
    page = call("transaction.list_transaction", **query)
    found = page.parsed.data
    while page.parsed.links["next"]:
        page = call("transaction.list_transaction", **query, pagenumber=page.parsed.meta.pagination.page + 1)
        found = [*found, *page.parsed.data]
    assert [each.attributes.txid for each in found] == [f"opc-{number}" for number in reversed(range(7))]
    (included,) = [each for each in page.parsed.included if isinstance(each, models.Wallet)]
    assert included.attributes.balance == "170.00"
    entries = [each for each in page.parsed.included if isinstance(each, models.Entry)]
    assert {each.attributes.kind for each in entries} == {models.EntryAttributesKind.POST}
    # By cursor, the client sends no page number unasked.
    query = {"filterwallet": wallet.id, "sort": "-id", "pagesize": 2}
    profiled = GeneratedClient(server, Accept=f'{MEDIA_TYPE}; profile="{CURSOR_PROFILE}"')
    cursor = profiled.call("transaction.list_transaction", **query).parsed.data[-1].meta["page"]["cursor"]
    after = call("transaction.list_transaction", **query, pageafter=cursor).parsed
    assert [each.id for each in after.data] == [each.id for each in posted[4:2:-1]]

    # Move, by the relationship.
    kind = models.ListWalletEntriesFilterkind.OPENING
    (opening,) = call("wallet.list_wallet_entries", wallet.id, filterkind=kind).parsed.data
    assert opening.relationships.transaction.data is None
    assert call("entry.read_entry_transaction", opening.id).parsed.data is None
    target = open_wallet(client, "opc, another")
    data = models.UpdateTransactionWalletRelationshipBodyData(type_="Wallet", id=target.id)
    body = models.UpdateTransactionWalletRelationshipBody(data=data)
    assert call("transaction.update_transaction_wallet_relationship", posted[0].id, body=body).status_code == 204
    assert call("transaction.read_transaction_wallet", posted[0].id).parsed.data.id == target.id

    # Delete.
    assert call("transaction.delete_transaction", posted[0].id).status_code == 204
    missing = call("transaction.read_transaction", posted[0].id).parsed
    assert isinstance(missing, models.Errors404)
    assert missing.errors[0].code is models.Error404Code.NOT_FOUND


def test_errors(client: GeneratedClient) -> None:
    call, models = client.call, client.models
    wallet = open_wallet(client, "opc, errors", balance="1.00")

    refused = post(client, wallet, "opc-overdraft", "-1.01")
    assert (refused.status_code, type(refused.parsed)) == (422, models.Errors422)
    (error,) = refused.parsed.errors
    assert (error.status, error.code) == ("422", models.Error422Code.INSUFFICIENT_FUNDS)
    assert error.source.pointer == "/data/attributes/amount"
    assert error.meta["balance"] == "1.00"

    post(client, wallet, "opc-twice", "1.00")
    refused = post(client, wallet, "opc-twice", "1.00").parsed
    assert isinstance(refused, models.Errors409)
    assert refused.errors[0].code is models.Error409Code.DUPLICATE_TXID

    attributes = models.ChangedWalletAttributes(label="opc, too late")
    data = models.ChangedWallet(type_="Wallet", id=wallet.id, attributes=attributes)
    body = models.UpdateWalletBody(data=data)
    refused = call("wallet.update_wallet", wallet.id, body=body, if_match='"nope"').parsed
    assert isinstance(refused, models.Errors412)
    assert refused.errors[0].code is models.Error412Code.PRECONDITION_FAILED

    refused = call("wallet.list_wallet", sort="iban").parsed
    assert isinstance(refused, models.Errors400)
    assert (refused.errors[0].status, refused.errors[0].source.parameter) == ("400", "sort")

    refused = call("wallet.delete_wallet", wallet.id).parsed
    assert isinstance(refused, models.Errors409)
    assert refused.errors[0].code is models.Error409Code.WALLET_NOT_EMPTY


def test_operations(client: GeneratedClient) -> None:
    models = client.models
    data = models.OperationDataType0.from_dict({"type": "Wallet", "attributes": {"label": "opc, atomic"}})
    operations = [models.Operation(op=models.OperationOp.ADD, data=data)]
    done = client.call("operations.perform_operations", body=models.Operations(atomicoperations=operations)).parsed
    (result,) = done.atomicresults
    assert isinstance(result.data, models.Wallet)
    assert result.data.attributes.label == "opc, atomic"

    refused = client.call("operations.perform_operations", body=models.Operations(atomicoperations=operations)).parsed
    assert isinstance(refused, models.Errors409)
    assert refused.errors[0].source.pointer == "/atomic:operations/0/data/attributes/label"


def open_wallet(client: GeneratedClient, label: str, **attributes: object) -> Any:
    models = client.models
    given = models.NewWalletAttributes(label=label, **attributes)
    data = models.NewWallet(type_="Wallet", attributes=given)
    answer = client.call("wallet.create_wallet", body=models.CreateWalletBody(data=data))
    assert isinstance(answer.parsed, models.WalletDocument), answer.content
    return answer.parsed.data


def post(client: GeneratedClient, wallet: Any, txid: str, amount: str) -> Any:
    models = client.models
    linkage = models.NewTransactionRelationshipsWalletData(type_="Wallet", id=wallet.id)
    relationships = models.NewTransactionRelationships(wallet=models.NewTransactionRelationshipsWallet(data=linkage))
    attributes = models.NewTransactionAttributes(txid=txid, amount=amount)
    data = models.NewTransaction(type_="Transaction", attributes=attributes, relationships=relationships)
    return client.call("transaction.create_transaction", body=models.CreateTransactionBody(data=data))
