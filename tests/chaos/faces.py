"""A client's view of one wallet, through every representation that a server caches."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count

import httpx

from tests.chaos.clients import MEDIA_TYPE

Seen = tuple[Decimal, int]
"""The balance, and how many transactions there are; -1 where a view does not show one."""

_numbers = count(1)


def _balance(node: dict[str, str]) -> Decimal:
    return Decimal(node["balance"])


@dataclass
class Client:
    """A client of one server, which remembers the tags of its answers."""

    url: str
    wallet: str
    etags: dict[str, str] = field(default_factory=dict)
    _http: httpx.Client = field(default_factory=partial(httpx.Client, timeout=30))

    def see(self) -> set[Seen]:
        """Return what the views show of the wallet, together; a single pair if they agree."""
        rest, graphql = self._rest, self._graphql
        wallet = rest(f"/api/wallets/{self.wallet}/")["data"]["attributes"]
        listed = [each for each in rest("/api/wallets/?sort=id")["data"] if each["id"] == self.wallet]
        pages = rest(f"/api/transactions/?filter[wallet]={self.wallet}&page[size]=1")["meta"]["pagination"]
        one = graphql("query ($id: ID!) { wallet(id: $id) { balance transactions { totalCount } } }")["wallet"]
        many = graphql("{ wallets { edges { node { databaseId balance } } } }")["wallets"]["edges"]
        balances = {
            _balance(wallet),
            _balance(listed[0]["attributes"]),
            _balance(one),
            *(_balance(each["node"]) for each in many if each["node"]["databaseId"] == self.wallet),
        }
        counts = {pages["count"], one["transactions"]["totalCount"]}
        return {(balance, number) for balance in balances for number in counts}

    def label(self) -> str:
        label: str = self._rest(f"/api/wallets/{self.wallet}/")["data"]["attributes"]["label"]
        return label

    def post(self, amount: str = "1.00") -> None:
        attributes = {"txid": f"FACE-{next(_numbers)}", "amount": amount, "wallet": self.wallet}
        content = json.dumps({"data": {"type": "Transaction", "attributes": attributes}})
        headers = {"Content-Type": MEDIA_TYPE}
        answer = self._http.post(f"{self.url}/api/transactions/", content=content, headers=headers)
        assert answer.status_code == 201, answer.text

    def _rest(self, path: str) -> dict[str, dict[str, dict[str, str]]]:
        # The tag of the previous answer: only an unchanged representation may be confirmed.
        before = self.etags.get(path, "")
        answer = self._http.get(self.url + path, headers={"If-None-Match": before} if before else {})
        if answer.status_code == 304:
            answer = httpx.Response(200, content=self.etags[f"{path} {before}"])
        else:
            self.etags[path] = answer.headers["ETag"]
            self.etags[f"{path} {self.etags[path]}"] = answer.text
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _graphql(self, query: str) -> dict[str, dict[str, dict[str, str]]]:
        content = {"query": query, "variables": {"id": self.wallet} if "$id" in query else {}}
        answer = self._http.post(f"{self.url}/graphql/", json=content)
        return answer.json()["data"]
