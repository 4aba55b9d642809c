"""The server agrees with the oracle: uncached, cached, with other variables, and after a write by either face.

FUZZ_DOCUMENTS is the number of documents, FUZZ_SEED selects them; a failure prints the seed that repeats it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from graphql_api import documents
from graphql_api.shapes import NONE
from tests.oracle.answers import Cursor, Oracle
from tests.oracle.arguments import ORDERINGS
from tests.oracle.documents import Document, Draw
from tests.oracle.ledger import Row, draw_ledger, store
from tests.oracle.server import Server
from tests.oracle.sisters import Sisters
from walletsvc.models import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fuzz]

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "300"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
DOCUMENTS_A_LEDGER = 50
LISTS = {"Wallet": "wallets", "Transaction": "transactions", "Entry": "entries"}


class Session:
    """One ledger, the server that has it, and the oracle that knows it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.ledger = draw_ledger(self.rng)
        store(self.ledger)
        self.oracle = Oracle(self.ledger)
        self.server = Server()
        self.sisters = Sisters(self.rng)
        self.writes = 0
        self.from_cache = 0
        self._learn_cursors()

    def _learn_cursors(self) -> None:
        """Get the cursors of all records from the server, in each order, for documents to begin at."""
        for type_name, orderings in ORDERINGS.items():
            for ordering in orderings:
                page = f"{LISTS[type_name]}(ordering: $o, first: 100) {{ edges {{ cursor }} }}"
                query = f"query ($o: [{type_name}Order!]) {{ {page} }}"
                self.check(query, {"o": ordering})
        for ordering in ORDERINGS["Entry"]:
            page = "entries(ordering: $o, first: 100) { edges { cursor } }"
            self.check(
                f"query ($o: [EntryOrder!]) {{ wallets {{ edges {{ node {{ {page} }} }} }} }}", {"o": ordering}
            )

    def check(self, query: str, variables: Mapping[str, Any], *, method: str = "POST", times: int = 1) -> None:
        """Query both, the server several times, and compare their answers."""
        expected, paths = self.oracle.answer(query, variables)
        for _ in range(times):
            before = self.server.reached
            answer = self.server.ask(query, variables, method=method)
            self.from_cache += before == self.server.reached
            self.compare(query, variables, answer, expected, paths)

    def compare(
        self, query: str, variables: Mapping[str, Any], answer: Any, expected: Any, paths: list[list[Any]]
    ) -> None:
        found = [*differences(expected, answer.get("data"), self.oracle), *self._other_errors(answer, paths)]
        assert not found, "\n".join([*found[:5], query, repr(dict(variables)), repr(answer.get("errors"))])

    def _other_errors(self, answer: Any, paths: list[list[Any]]) -> Iterator[str]:
        got = [error.get("path") for error in answer.get("errors", ())]
        if got != paths:
            yield f"errors at {got} and not at {paths}"

    def draw(self) -> Draw:
        return Draw(self.rng, self.ledger, self.oracle.places)

    # -- writes ----------------------------------------------------------------------------------------

    def write(self) -> None:
        """Make a change by one face or the other, and apply it to the rows."""
        rows = [row for row in self.ledger.transactions.values() if row["wallet"] in self.ledger.wallets]
        by_rest = self.rng.random() < 0.5
        removable = [row for row in rows if self._balance(row) >= row["amount"]]
        what = self.rng.choice(["post", "amend", "delete"] if len(rows) < 30 else ["amend", "delete", "delete"])
        self.writes += 1
        if what == "post":
            (self._post_by_rest if by_rest else self._post_by_graphql)()
        elif what == "amend":
            row = self.rng.choice(rows)
            amount = row["amount"] + 3 if row["amount"] != -3 else Decimal(3)
            self._amend(row, amount, by_rest=by_rest)
        elif removable:
            self._delete(self.rng.choice(removable), by_rest=by_rest)

    def _balance(self, row: Row) -> Decimal:
        balance: Decimal = self.ledger.wallets[row["wallet"]]["balance"]
        return balance

    def _draw_fields(self) -> Row:
        wallet = self.rng.choice(sorted(self.ledger.wallets))
        return {"txid": f"New{self.writes}", "wallet": wallet, "amount": Decimal(self.rng.choice([1, 2, 4]))}

    def _post_by_rest(self) -> None:
        fields = self._draw_fields()
        attributes = {"txid": fields["txid"], "amount": str(fields["amount"]), "wallet": str(fields["wallet"])}
        document = {"data": {"type": "Transaction", "attributes": attributes}}
        created = self.server.write("POST", "/api/transactions/", document)
        entry = newest_entry()
        self.ledger.post(int(created["data"]["id"]), fields, entry.created_at, entry.id)

    def _post_by_graphql(self) -> None:
        """Post by a mutation whose payload is compared as well."""
        fields, document = self._draw_fields(), self.draw().mutation()
        sent = {"txid": fields["txid"], "amount": fields["amount"], "walletId": str(fields["wallet"])}
        variables = {**document.variables[0], "input": sent}
        answer = self.server.ask(document.text, variables)
        assert answer.get("data", {}).get("createTransaction"), (answer, document.text, variables)
        entry = newest_entry()
        assert entry.transaction_id is not None
        self.oracle.written = self.ledger.post(entry.transaction_id, fields, entry.created_at, entry.id)
        expected, paths = self.oracle.answer(document.text, {**variables, "input": {**sent, "amount": "1"}})
        self.compare(document.text, variables, answer, expected, paths)

    def _amend(self, row: Row, amount: Decimal, *, by_rest: bool) -> None:
        if self._balance(row) + amount - row["amount"] < 0:
            return
        identifier = str(row["databaseId"])
        if by_rest:
            data = {"type": "Transaction", "id": identifier, "attributes": {"amount": str(amount)}}
            self.server.write("PATCH", f"/api/transactions/{identifier}/", {"data": data})
        else:
            query = "mutation ($input: UpdateTransactionInput!) { updateTransaction(input: $input) { __typename } }"
            self.server.ask(query, {"input": {"id": identifier, "amount": amount}})
        entry = newest_entry()
        self.ledger.amend(row, amount, entry.created_at, entry.id)

    def _delete(self, row: Row, *, by_rest: bool) -> None:
        identifier = str(row["databaseId"])
        if by_rest:
            self.server.send("DELETE", f"/api/transactions/{identifier}/")
        else:
            query = "mutation ($id: ID!) { deleteTransaction(input: {id: $id}) { __typename } }"
            self.server.ask(query, {"id": identifier})
        entry = newest_entry()
        self.ledger.delete(row, entry.created_at, entry.id)


def newest_entry() -> Entry:
    """Return the entry of the latest write, whose id and moment only the server knows."""
    return Entry.objects.order_by("-id")[0]


def differences(expected: Any, got: Any, oracle: Oracle, path: str = "data") -> Iterator[str]:
    """Iterate over the differences of two answers; members must have the same order (section 7.2.2)."""
    if isinstance(expected, Cursor):
        if not isinstance(got, str) or not oracle.places.is_same(expected, got):
            yield f"{path}: {got} and not the cursor of {expected}"
    elif isinstance(expected, dict) and isinstance(got, dict) and list(expected) == list(got):
        for name, value in expected.items():
            yield from differences(value, got[name], oracle, f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, (value, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(value, other, oracle, f"{path}.{number}")
    elif expected != got or type(expected) is not type(got):
        yield f"{path}: {got!r} and not {expected!r}"


def check_document(session: Session, document: Document, *, method: str) -> None:
    one, other = document.variables
    session.check(document.text, one, method=method, times=2)
    session.check(document.text, other, method=method)
    session.write()
    session.check(document.text, one, method=method)
    for _ in range(3):
        session.check(session.sisters.of(document.text), other)


@pytest.mark.parametrize("seed", range(SEED, SEED + max(DOCUMENTS // DOCUMENTS_A_LEDGER, 1)))
def test_the_server_says_what_the_oracle_says(seed: int, settings: Any) -> None:
    settings.GRAPHQL_MAX_COST = 10**9
    settings.GRAPHQL_MAX_DEPTH = 40
    settings.GRAPHQL_MAX_FIELDS = settings.GRAPHQL_MAX_TOKENS = 10**5
    documents.forget()
    session = Session(seed)
    for number in range(DOCUMENTS_A_LEDGER):
        check_document(session, session.draw().query(), method="GET" if number % 5 == 4 else "POST")
    # Each is asked for a second time; those with an error in them are not kept.
    assert session.from_cache >= DOCUMENTS_A_LEDGER // 2
    assert session.writes == DOCUMENTS_A_LEDGER
    by_shape = [each for each, _ in documents._kept._entries.values() if each.literals is not NONE]
    assert len(by_shape) >= DOCUMENTS_A_LEDGER // 5
