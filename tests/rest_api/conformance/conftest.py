"""The data for conformance tests: two wallets, one with a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.rest_api.conftest import Api, resource


@dataclass(frozen=True)
class World:
    """The resource objects as created."""

    api: Api
    wallet: Any
    other: Any
    transaction: Any

    @property
    def wallet_url(self) -> str:
        return str(self.wallet["links"]["self"])

    @property
    def transaction_url(self) -> str:
        return str(self.transaction["links"]["self"])

    def document(self, url: str, **headers: str) -> Any:
        """Return the document at `url`, which must exist."""
        response = self.api.get(url, **headers)
        assert response.status_code == 200
        return response.json()

    def unchanged(self) -> bool:
        """Tell whether all wallets and transactions are unchanged."""
        wallets = self.api.data("/api/wallets/?sort=id")
        labels = [(each["attributes"]["label"], each["attributes"]["balance"]) for each in wallets]
        return labels == [("One", "15.00"), ("Other", "0.00")] and self.api.data("/api/transactions/") == [
            self.transaction
        ]


def update(world: World, **fields: Any) -> Any:
    """Ask for a change of the transaction, and return the response."""
    return world.api.patch(world.transaction_url, resource("Transaction", world.transaction["id"], **fields))


@pytest.fixture
def world(api: Api) -> World:
    wallet, other = api.create_wallet(label="One", balance="10.00"), api.create_wallet(label="Other")
    transaction = api.create_transaction(wallet["id"], txid="TX1", amount="5.00", metadata={"a": [{"b": 1}]})
    return World(api, wallet, other, transaction)
