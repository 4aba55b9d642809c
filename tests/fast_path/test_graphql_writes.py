"""Known mutations of GraphQL are answered in front of Django as Django would, and run once whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from graphql_api import mutations
from graphql_api.mutating import CompiledMutation
from graphql_api.requests import RESPONSE_TYPE
from tests.access.owners import Caller
from tests.concurrency.faults import COMMIT, Wire, tapped
from tests.fast_path.front import Front
from walletsvc.commands import retry
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db(transaction=True)

CREATE = (
    "mutation Create($input: CreateTransactionInput!) { createTransaction(input: $input)"
    " { transaction { txid amount wallet { balance } } userErrors { code field message } isReplay } }"
)


def posting(wallet: Any, txid: str, amount: object = "1.00", query: str = CREATE, **members: Any) -> dict[str, Any]:
    given = {"walletId": str(wallet.id), "txid": txid, "amount": amount, **members.pop("more", {})}
    body = {"query": query, "variables": {"input": given}, **members.pop("body", {})}
    asked = {"path": "/graphql/", "method": "POST", "body": json.dumps(body).encode()}
    return asked | {"CONTENT_TYPE": "application/json"} | members


@pytest.fixture
def ready(front: Front, wallet: Any) -> Front:
    """Return the layer after a mutation, which Django has answered."""
    front.ask(**posting(wallet, "first"))
    assert front.reached == 1
    return front


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the commands that run from now on."""
    commands: list[Any] = []
    execute_once = mutations.execute_once

    def note(command: Any, **options: Any) -> Any:
        commands.append(command)
        return execute_once(command, **options)

    monkeypatch.setattr(mutations, "execute_once", note)
    return commands


def data_of(answer: tuple[str, dict[str, str], bytes]) -> Any:
    assert answer[0] == "200 OK"
    return json.loads(answer[2])["data"]


def test_a_mutation_is_answered_alike_without_django(ready: Front, wallet: Any) -> None:
    in_front = ready.ask(**posting(wallet, "A", 2.5))
    by_django = Front().ask(**posting(wallet, "B", 2.5))
    assert ready.reached == 1
    assert in_front[0] == by_django[0] == "200 OK"
    assert in_front[2] == by_django[2].replace(b'"B"', b'"A"').replace(b"106.00", b"103.50")
    assert in_front[1] == by_django[1]
    assert Wallet.objects.get().balance == 106


def test_other_documents_are_answered_once_they_are_known(ready: Front, wallet: Any) -> None:
    rename = f'mutation {{ updateWallet(input: {{id: "{wallet.id}", label: "%s"}}) {{ wallet {{ label }} }} }}'
    for number, label in enumerate("ABCD"):
        answer = ready.ask(**posting(wallet, "", query=rename % label, body={"variables": {}}))
        assert data_of(answer) == {"updateWallet": {"wallet": {"label": label}}}
        # The third has a known shape.
        assert ready.reached == 1 + min(number + 1, 2)


@pytest.mark.parametrize(
    "members",
    [
        {"path": "/graphql/?x=1"},
        {"HTTP_ACCEPT": RESPONSE_TYPE},
        {"HTTP_IF_MATCH": '"x"'},
        {"HTTP_IF_NONE_MATCH": '"x"'},
        {"HTTP_IDEMPOTENCY_KEY": "k"},
        {"CONTENT_TYPE": "application/json; charset=utf-16"},
        {"HTTP_ORIGIN": "https://other.example"},
        {"body": {"operationName": "None"}},
        {"body": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}},
        {"body": {"documentId": "x"}},
        {"body": {"variables": []}},
        {"body": {"variables": {"input": None}}},
        {"query": CREATE.replace("createT", "createNoT")},
        {"query": "mutation {"},
        {"query": CREATE.replace("isReplay", "isReplay @include(if: true)")},
        {"query": CREATE.replace("{ balance }", "{ balance transactions { totalCount } }")},
        {"query": "subscription { mutation: entries { id } }"},
    ],
    ids=str,
)
def test_what_is_not_known_in_full_is_left_to_django(ready: Front, wallet: Any, members: dict[str, Any]) -> None:
    asked = posting(wallet, "A", **members)
    by_django = Front().ask(**asked)
    Transaction.objects.filter(txid="A").update(txid="gone")
    in_front = ready.ask(**asked)
    assert ready.reached == 2
    before, after = (json.loads(each[2]) for each in (by_django, in_front))
    for each in (before, after):
        # The balance after one posting, and after two.
        if each.get("data"):
            each["data"]["createTransaction"]["transaction"]["wallet"].pop("balance", None)
            each["data"]["createTransaction"]["transaction"]["wallet"].pop("transactions", None)
    assert (in_front[0], in_front[1].keys(), after) == (by_django[0], by_django[1].keys(), before)


def test_a_query_with_the_word_in_it_is_kept(ready: Front) -> None:
    query = {"query": '{ wallets(filters: {search: "mutation"}) { totalCount } }'}
    asked = {"method": "POST", "body": json.dumps(query).encode(), "CONTENT_TYPE": "application/json"}
    assert ready.ask("/graphql/", **asked) == ready.ask("/graphql/", **asked)
    assert ready.reached == 2


def test_a_replay_is_the_first_answer_with_its_mark(ready: Front, wallet: Any, ran: list[Any]) -> None:
    keyed = posting(wallet, "A", more={"idempotencyKey": "k"})
    first, again, by_django = ready.ask(**keyed), ready.ask(**keyed), Front().ask(**keyed)
    assert ready.reached == 1
    assert again[2] == by_django[2] == first[2].replace(b'"isReplay":false', b'"isReplay":true')
    conflict = ready.ask(**posting(wallet, "B", more={"idempotencyKey": "k"}))
    assert data_of(conflict)["createTransaction"]["userErrors"][0]["code"] == "idempotency_conflict"
    assert (ready.reached, Transaction.objects.count()) == (1, 2)


@pytest.mark.parametrize("fault", [RuntimeError("?"), KeyError("x"), OperationalError("?")], ids=repr)
def test_a_payload_that_cannot_be_encoded_is_completed_and_nothing_runs_again(
    ready: Front, wallet: Any, ran: list[Any], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*_: object) -> bytes:
        raise fault

    monkeypatch.setattr(CompiledMutation, "_encode", fail)
    answer = ready.ask(**posting(wallet, "A"))
    shown = {"txid": "A", "amount": "1.00", "wallet": {"balance": "102.00"}}
    assert data_of(answer) == {"createTransaction": {"transaction": shown, "userErrors": [], "isReplay": False}}
    assert (len(ran), ready.reached, Transaction.objects.count()) == (1, 1, 2)


def test_a_text_that_utf8_cannot_encode_is_refused_alike(ready: Front, wallet: Any, ran: list[Any]) -> None:
    asked = posting(wallet, "\ud800", "\ud800")
    assert ready.ask(**asked) == Front().ask(**asked)
    assert (ran, ready.reached) == ([], 1)


def test_a_relation_that_cannot_be_read_is_missed_as_by_django(
    ready: Front, wallet: Any, ran: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("?")

    monkeypatch.setattr("walletsvc.queries.engine.read_by_ids", fail)
    in_front, by_django = ready.ask(**posting(wallet, "A")), Front().ask(**posting(wallet, "B"))
    first, second = Transaction.objects.filter(txid__in="AB").order_by("id").values_list("id", flat=True)
    assert in_front[2] == by_django[2].replace(f'"{second}"'.encode(), f'"{first}"'.encode())
    [error] = json.loads(in_front[2])["errors"]
    assert error["extensions"]["written"] == {"type": "Transaction", "databaseId": str(first)}
    assert (len(ran), ready.reached) == (2, 1)


@pytest.mark.parametrize("place", ["SELECT", COMMIT])
def test_a_failing_database_is_reported_as_by_django(
    ready: Front, wallet: Any, ran: list[Any], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(retry, "MAX_BACKOFF_SECONDS", 0)

    def strike() -> None:
        raise OperationalError("unable to open database file" if connection.vendor == "sqlite" else 2006, "?")

    with tapped(Wire(strike, lambda _, sent: sent.startswith(place))):
        in_front, by_django = ready.ask(**posting(wallet, "A")), Front().ask(**posting(wallet, "A"))
    assert in_front == by_django
    assert json.loads(in_front[2])["data"] == {"createTransaction": None}
    assert (len(ran), ready.reached) == (2, 1)


def test_a_fault_after_the_command_is_masked_and_nothing_runs_again(
    ready: Front, wallet: Any, ran: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("?")

    monkeypatch.setattr(CompiledMutation, "_encode", fail)
    monkeypatch.setattr("graphql_api.writing.execute", fail)
    status, headers, body = ready.ask(**posting(wallet, "A"))
    assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (
        "500 Internal Server Error",
        "internal_error",
    )
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert (len(ran), ready.reached, Transaction.objects.count()) == (1, 1, 2)


def test_all_mutations_of_a_document_run_once_in_their_order(ready: Front, wallet: Any, ran: list[Any]) -> None:
    fields = " ".join(
        f'{name}: createTransaction(input: {{walletId: "{wallet.id}", txid: "{txid}", amount: {amount}}})'
        " { transaction { txid } userErrors { code } }"
        for name, txid, amount in (("z", "A", "1"), ("a", "A", "2"), ("m", "B", "-1000"), ("b", "C", "1"))
    )
    asked = posting(wallet, "", query=f"mutation {{ {fields} }}", body={"variables": {}})
    ready.ask(**asked)
    Wallet.objects.update(label="Other")
    answer = ready.ask(**asked)
    assert ready.reached == 2
    outcomes = {
        name: (each["transaction"], [error["code"] for error in each["userErrors"]])
        for name, each in data_of(answer).items()
    }
    assert [*outcomes] == ["z", "a", "m", "b"]
    assert outcomes["m"] == (None, ["insufficient_funds"])
    assert [command.txid for command in ran] == ["A", "A", "B", "C"] * 2


Make = Callable[[Front], Caller]


@pytest.mark.parametrize(
    "make",
    [
        lambda front: Caller(front, "wallets:read", "transactions:read"),
        lambda front: Caller(front, "transactions:write"),
        lambda front: Caller(front, owner="somebody else"),
        lambda front: Caller(front, narrowed_to="somebody else"),
    ],
    ids=["reads only", "writes only", "another owner", "narrowed"],
)
def test_access_is_what_it_is_behind_django(wallet: Any, settings: Any, make: Make) -> None:
    settings.AUTH_REQUIRED = True
    front = Front()
    everybody, somebody = Caller(front), make(front)

    def ask(caller: Caller, txid: str) -> Any:
        return caller.graphql(CREATE, input={"walletId": str(wallet.id), "txid": txid, "amount": "1"})

    for txid in "AB":
        assert ask(everybody, txid)["data"]["createTransaction"]["userErrors"] == []
    answers = [ask(somebody, "C") for _ in range(3)]
    # If the first was allowed, the name is taken since.
    assert answers[1] == answers[2]
    somebody.front = Front()
    assert ask(somebody, "C") == answers[2]


@pytest.mark.parametrize("spelling", [b"mutation", b"mut\\u0061tion"])
def test_a_write_is_answered_for_its_own_caller(wallet: Any, settings: Any, spelling: bytes) -> None:
    settings.AUTH_REQUIRED = True
    front = Front()
    # They may read the same, and so share the answers of queries.
    writer, reader = Caller(front), Caller(front, "wallets:read", "transactions:read")
    asked = posting(wallet, "A")
    asked["body"] = asked["body"].replace(b"mutation", spelling)
    codes = []
    for caller in (writer, writer, reader, reader, writer):
        payload = data_of(front.ask(**asked, **caller._headers))["createTransaction"]
        codes += [each["code"] for each in payload["userErrors"]]
    assert codes == ["duplicate_txid", "forbidden", "forbidden", "duplicate_txid"]


def test_a_revoked_caller_is_refused(wallet: Any, settings: Any) -> None:
    settings.AUTH_REQUIRED = True
    front = Front()
    caller = Caller(front)
    for txid in "AB":
        caller.graphql(CREATE, input={"walletId": str(wallet.id), "txid": txid, "amount": "1"})
    reached = front.reached
    caller._headers = {"HTTP_AUTHORIZATION": "Bearer wsk_nobody"}
    assert caller.ask("POST", "/graphql/", {"query": CREATE}, "application/json")[0] == "401 Unauthorized"
    assert front.reached == reached + 1
