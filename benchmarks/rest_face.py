"""The JSON:API face, as a client."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import httpx

from benchmarks.faces import (
    PAGE_SIZE,
    BadAnswerError,
    Face,
    NewTransaction,
    Reply,
    StoredTransaction,
    StoredWallet,
)

T = TypeVar("T")


class RestFace(Face):
    """Speak JSON:API to /api/."""

    name = "rest"
    content_type = "application/vnd.api+json"

    # Parsed once: parsing a URL costs a tenth of a post.
    @cached_property
    def _wallets_url(self) -> httpx.URL:
        return httpx.URL(f"{self.url}/api/wallets/")

    @cached_property
    def _transactions_url(self) -> httpx.URL:
        return httpx.URL(f"{self.url}/api/transactions/")

    def list_wallets(self) -> Iterator[StoredWallet]:
        return self._pages(self._wallets_url, _wallet, {"page[size]": str(PAGE_SIZE), "sort": "id"})

    def list_transactions(self) -> Iterator[StoredTransaction]:
        return self._pages(self._transactions_url, _transaction, {"page[size]": str(PAGE_SIZE), "sort": "id"})

    def _create_wallet(self, label: str, currency: str) -> Reply[str]:
        attributes = {"label": label, "balance": "0", "currency": currency}
        body = {"data": {"type": "Wallet", "attributes": attributes}}
        return self._send("POST", self._wallets_url, body, _created_id)

    def _create_transaction(self, wallet_id: str, new: NewTransaction) -> Reply[str]:
        body = {
            "data": {
                "type": "Transaction",
                "attributes": {
                    "txid": new.txid,
                    "amount": new.amount,
                    "description": new.description,
                    "metadata": new.metadata,
                },
                "relationships": {"wallet": {"data": {"type": "Wallet", "id": wallet_id}}},
            }
        }
        return self._send("POST", self._transactions_url, body, _created_id)

    def _find_wallet(self, label: str) -> StoredWallet | None:
        return next(self._pages(self._wallets_url, _wallet, {"filter[label]": label}), None)

    def _find_transaction(self, txid: str) -> StoredTransaction | None:
        return next(self._pages(self._transactions_url, _transaction, {"filter[txid]": txid}), None)

    def _read(self, document: Any) -> tuple[Any, str | None]:
        if errors := document.get("errors"):
            return None, str(errors[0]["code"])
        return document, None

    def _pages(self, url: httpx.URL, read_row: Callable[[Any], T], parameters: dict[str, str]) -> Iterator[T]:
        """Yield each row of a list, following links.next, absolute or relative, to the end."""

        def read_page(document: Any) -> tuple[list[T], str | None]:
            return [read_row(row) for row in document["data"]], document["links"]["next"]

        url = url.copy_merge_params(parameters)
        while True:
            rows, following = self._fetch("GET", url, None, read_page)
            yield from rows
            if following is None:
                return
            if url.join(following) == url:
                raise BadAnswerError(f"GET {url}: links.next leads to the same page")
            url = url.join(following)


def _created_id(document: Any) -> str:
    return str(document["data"]["id"])


def _wallet(row: Any) -> StoredWallet:
    attributes = row["attributes"]
    return StoredWallet(str(row["id"]), attributes["label"], Decimal(attributes["balance"]))


def _transaction(row: Any) -> StoredTransaction:
    attributes = row["attributes"]
    wallet_id = str(row["relationships"]["wallet"]["data"]["id"])
    return StoredTransaction(attributes["txid"], Decimal(attributes["amount"]), wallet_id)
