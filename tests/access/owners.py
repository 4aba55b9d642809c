"""Callers with keys of their own, through the layer in front of Django."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from tests.fast_path.front import Front
from walletsvc.access import keys
from walletsvc.principals import SYSTEM

ALL = ("wallets:read", "wallets:write", "transactions:read", "transactions:write")
JSON_API = "application/vnd.api+json"
ATOMIC = f'{JSON_API};ext="https://jsonapi.org/ext/atomic"'


class Writer:
    """Somebody who writes over REST. `rest` asks, and returns the status and the document."""

    def rest(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        raise NotImplementedError

    def open(self, label: str, **attributes: object) -> str:
        """Open a wallet, and return its id."""
        status, document = self.rest("POST", "wallets/", new("Wallet", label=label, **attributes))
        assert status == 201, document
        return str(document["data"]["id"])

    def post(self, wallet: str, txid: str, amount: str = "1") -> tuple[int, Any]:
        return self.rest("POST", "transactions/", new("Transaction", txid=txid, amount=amount, wallet=wallet))


class Caller(Writer):
    """A caller with a key, of an owner or of an operator, who may narrow itself."""

    def __init__(self, front: Front, *scopes: str, owner: str | None = None, narrowed_to: str | None = None) -> None:
        granted = frozenset(scopes or ALL)
        made = keys.create_key(by=SYSTEM, name="k", scopes=granted, owner=owner, expires_at=None, at=timezone.now())
        self.front, self.id = front, made.key.id
        self._headers = {"HTTP_AUTHORIZATION": f"Bearer {made.text}"}
        if narrowed_to is not None:
            self._headers["HTTP_WALLETSVC_OWNER"] = narrowed_to

    def ask(self, method: str, path: str, document: object = None, content_type: str = JSON_API) -> tuple[str, bytes]:
        """Return the status and the body of an answer."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = self._headers | ({} if document is None else {"CONTENT_TYPE": content_type})
        if content_type == ATOMIC:
            headers["HTTP_ACCEPT"] = ATOMIC
        status, _, content = self.front.ask(path, method=method, body=body, **headers)
        return status, content

    def rest(self, method: str, path: str, document: object = None, content_type: str = JSON_API) -> tuple[int, Any]:
        status, content = self.ask(method, f"/api/{path}", document, content_type)
        return int(status[:3]), json.loads(content) if content else None

    def read(self, path: str) -> Any:
        """Return the data of a document."""
        status, document = self.rest("GET", path)
        assert status == 200, document
        return document["data"]

    def graphql(self, query: str, **variables: object) -> Any:
        """Return the whole answer."""
        asked = {"query": query, "variables": variables}
        return json.loads(self.ask("POST", "/graphql/", asked, "application/json")[1])

    def operations(self, *operations: object) -> tuple[int, Any]:
        return self.rest("POST", "operations", {"atomic:operations": operations}, ATOMIC)


def new(type_name: str, **attributes: object) -> dict[str, object]:
    return {"data": {"type": type_name, "attributes": attributes}}


def change(type_name: str, identifier: str, **attributes: object) -> dict[str, object]:
    return {"data": {"type": type_name, "id": identifier, "attributes": attributes}}


def nodes(answer: Any) -> list[Any]:
    """Return the objects on the page of the only root field."""
    assert "errors" not in answer, answer
    (page,) = answer["data"].values()
    return [edge["node"] for edge in page["edges"]]
