"""A payload's view of a write: refusals come before the write, and later events do not revoke it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from graphql_api import mutations
from tests.writes import amend_transaction, close_wallet, delete_transaction, rename_wallet
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute_once
from walletsvc.commands.outcomes import Done
from walletsvc.errors import Unavailable
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import Selection

pytestmark = pytest.mark.django_db

MUTATIONS = {
    "createWallet": ("wallet", '{label: "New"}'),
    "updateWallet": ("wallet", '{id: $empty, label: "New"}'),
    "deleteWallet": ("wallet", "{id: $empty}"),
    "createTransaction": ("transaction", '{txid: "New", amount: 5, walletId: $empty}'),
    "updateTransaction": ("transaction", "{id: $transaction, amount: 5}"),
    "deleteTransaction": ("transaction", "{id: $transaction}"),
}
REFUSED = {
    "too many": "(first: 101)",
    "both ends": "(first: 1, last: 1)",
    "no cursor": '(after: "nonsense")',
    "a cursor of another order": '(before: "WyItaWQiLDFd", ordering: [{id: ASC}])',
    "no moment": '(filters: {createdAt: {gte: "yesterday"}})',
    "no id": '(filters: {wallet: "x"})',
    "null": "(filters: {txid: null})",
    "two names in one order": "(ordering: [{}])",
    "the same order twice": "(ordering: [{id: ASC}, {id: DESC}])",
    "a variable": "(first: $many)",
    "a default": "(first: $default)",
}


@pytest.fixture
def ids(make_wallet: Any, post: Any) -> dict[str, int]:
    """Return the ids of an empty wallet, of one that holds money, and of a transaction of the latter."""
    empty, full = make_wallet("0.00"), make_wallet("10.00")
    return {"empty": empty.id, "full": full.id, "transaction": post(full, "7.00", txid="T").id}


def document(*fields: str) -> str:
    """Return a document of mutations, with the variables that it uses."""
    text = " ".join(fields)
    types = {"empty": "ID!", "transaction": "ID!", "many": "Int", "default": "Int = 101"}
    used = ", ".join(f"${name}: {kind}" for name, kind in types.items() if f"${name}" in text)
    return f"mutation ({used}) {{ {text} }}" if used else f"mutation {{ {text} }}"


def mutation(name: str, shown: str, *, alias: str = "m") -> str:
    member, data = MUTATIONS[name]
    return f"{alias}: {name}(input: {data}) {{ {member} {{ {shown} }} userErrors {{ code }} }}"


def variables_of(query: str, ids: dict[str, int]) -> dict[str, Any]:
    return {name: value for name, value in {**ids, "many": 101}.items() if f"${name}:" in query}


def ask_about(ask: Any, ids: dict[str, int], *fields: str) -> Any:
    query = document(*fields)
    return ask(query, **variables_of(query, ids))


# -- before the write ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_selection_that_is_refused_changes_nothing(
    name: str, ask: Any, ids: dict[str, int], everything: Any
) -> None:
    before = everything()
    for what, arguments in REFUSED.items():
        reply = ask_about(ask, ids, mutation(name, f"id some: entries{arguments} {{ totalCount }}"))
        assert (what, reply.data, reply.codes) == (what, {"m": None}, ["invalid_parameter"])
        assert reply.errors[0]["path"] == ["m", MUTATIONS[name][0], "some"]
        assert everything() == before


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_selection_is_checked_however_deep_it_goes(
    name: str, ask: Any, ids: dict[str, int], everything: Any
) -> None:
    before = everything()
    deep = "... on Wallet { transactions(first: 101) { __typename } }"
    reply = ask_about(
        ask, ids, mutation(name, f"lines: entries {{ all: edges {{ node {{ wallet {{ {deep} }} }} }} }}")
    )
    assert (reply.data, reply.codes) == ({"m": None}, ["invalid_parameter"])
    path = ["lines", "all", 0, "node", "wallet", "transactions"]
    assert reply.errors[0]["path"] == ["m", MUTATIONS[name][0], *path]
    assert everything() == before


def test_a_skipped_field_is_not_checked(ask: Any, ids: dict[str, int]) -> None:
    reply = ask_about(ask, ids, mutation("createWallet", "label entries(first: 101) @skip(if: true) { totalCount }"))
    assert reply.data == {"m": {"wallet": {"label": "New"}, "userErrors": []}}


@pytest.mark.parametrize("refused", ["first", "last"])
def test_all_selections_of_a_document_are_checked_before_its_first_write(
    refused: str, ask: Any, ids: dict[str, int], everything: Any
) -> None:
    before = everything()
    shown = {"first": "id", "last": "id"} | {refused: "entries(first: 101) { totalCount }"}
    fields = [mutation("createTransaction", shown["first"], alias="first")]
    fields += [mutation("updateTransaction", shown["last"], alias="last")]
    reply = ask_about(ask, ids, *fields)
    assert reply.data == {"first": None, "last": None}
    assert reply.codes == ["invalid_parameter"] * 2
    errors = {error["path"][0]: error for error in reply.errors}
    assert errors[refused]["path"] == [refused, "transaction", "entries"]
    (other,) = {"first", "last"} - {refused}
    assert errors[other]["path"] == [other]
    assert errors[other]["message"] == "Nothing has changed: another mutation of the document is refused."
    assert everything() == before


def test_arguments_that_cannot_be_coerced_are_found_before_the_first_write(ask: Any, everything: Any) -> None:
    before = everything()
    query = """mutation ($id: ID = "1") { a: createWallet(input: {label: "A"}) { wallet { id } }
      b: updateWallet(input: {id: $id, label: "B"}) { wallet { id } } }"""
    reply = ask(query, id=None)
    assert reply.data == {"a": None, "b": None}
    assert sorted(error["path"][0] for error in reply.errors) == ["a", "b"]
    assert everything() == before


# -- after the write -------------------------------------------------------------------------------------


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Any], object]], None]:
    """Return a function that runs another action between a command's COMMIT and the rest of its request."""

    def after(name: str, happen: Callable[[Any], object]) -> None:
        run = mutations.execute_once

        def run_and_more(command: Command[Any], *, by: Principal, key: str | None) -> Done:
            done = run(command, by=by, key=key)
            if command.name == name:
                happen(done.results[0])
            return done

        monkeypatch.setattr(mutations, "execute_once", run_and_more)

    return after


def delete_the_transaction(transaction: Any) -> None:
    delete_transaction(principal=ANYONE, transaction_id=transaction.id)


def delete_the_wallet(wallet: Any) -> None:
    close_wallet(principal=ANYONE, wallet_id=wallet.id)


def delete_both(transaction: Any) -> None:
    delete_transaction(principal=ANYONE, transaction_id=transaction.id)
    close_wallet(principal=ANYONE, wallet_id=transaction.wallet_id)


def test_a_transaction_deleted_at_once_by_others_is_shown_as_written(
    ask: Any, ids: dict[str, int], after: Any
) -> None:
    after("transaction.post", delete_the_transaction)
    after("transaction.amend", delete_the_transaction)
    shown = "txid amount currency description metadata wallet { balance } entries { edges { node { kind } } }"
    fields = [mutation(name, shown, alias=name) for name in ("createTransaction", "updateTransaction")]
    reply = ask_about(ask, ids, *fields)
    assert reply.errors == []

    def written(txid: str, balance: str, *kinds: str) -> Any:
        entries = {"edges": [{"node": {"kind": kind}} for kind in kinds]}
        own = {"txid": txid, "amount": "5.00", "currency": "USD", "description": "", "metadata": {}}
        return {"transaction": {**own, "wallet": {"balance": balance}, "entries": entries}, "userErrors": []}

    assert reply.data == {
        "createTransaction": written("New", "0.00", "post", "delete"),
        "updateTransaction": written("T", "10.00", "post", "amend", "delete"),
    }


def test_a_wallet_deleted_at_once_by_others_is_shown_as_written(ask: Any, ids: dict[str, int], after: Any) -> None:
    after("wallet.open", delete_the_wallet)
    after("wallet.change", delete_the_wallet)
    shown = "label balance currency sequence metadata transactions { totalCount } entries { totalCount }"
    for name in ("createWallet", "updateWallet"):
        reply = ask_about(ask, ids, mutation(name, shown))
        assert reply.errors == []
        own = {"label": "New", "balance": "0.00", "currency": "USD", "sequence": 0, "metadata": {}}
        related = {"transactions": {"totalCount": 0}, "entries": {"totalCount": 0}}
        assert reply.data == {"m": {"wallet": {**own, **related}, "userErrors": []}}


def test_a_transaction_deleted_with_its_wallet_is_shown_as_written(ask: Any, ids: dict[str, int], after: Any) -> None:
    after("transaction.post", delete_both)
    transaction = {"txid": "New", "amount": "5.00"}
    reply = ask_about(ask, ids, mutation("createTransaction", "txid amount databaseId"))
    assert reply.errors == []
    identifier = reply.data["m"]["transaction"].pop("databaseId")
    assert reply.data == {"m": {"transaction": transaction, "userErrors": []}}
    assert identifier.isdigit()


def test_a_missing_relation_that_cannot_be_null_is_an_error_that_names_the_written_object(
    ask: Any, ids: dict[str, int], after: Any
) -> None:
    seen: list[Any] = []
    after("transaction.post", seen.append)
    after("transaction.post", delete_both)
    reply = ask_about(ask, ids, mutation("createTransaction", "txid wallet { label }"))
    # `Transaction.wallet` is not null, so the object cannot be shown without it (section 6.4.4).
    assert reply.data == {"m": {"transaction": None, "userErrors": []}}
    [error] = reply.errors
    assert error["path"] == ["m", "transaction", "wallet"]
    assert error["message"] == "This was written and cannot be shown in full. The wallet has been deleted since."
    assert error["extensions"] == {
        "code": "not_found",
        "written": {"type": "Transaction", "databaseId": str(seen[0].id)},
    }


@pytest.mark.parametrize(
    ("cause", "code"),
    [(Unavailable("Away."), "unavailable"), (ValueError("?"), "internal_error"), (OperationalError("?"), None)],
    ids=["refused", "unforeseen", "database"],
)
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_failure_after_the_write_is_reported_at_its_field(
    name: str, cause: Exception, code: str | None, ask: Any, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_records: object, selection: Selection, *, principal: object) -> None:
        raise cause

    monkeypatch.setattr("walletsvc.queries.written.add_related", fail)
    member = MUTATIONS[name][0]
    own = {"wallet": "label", "transaction": "txid"}[member]
    reply = ask_about(
        ask, ids, mutation(name, f"{own} some: entries {{ totalCount }} more: entries(first: 1) {{ totalCount }}")
    )
    assert reply.data == {"m": {member: None, "userErrors": []}}
    [error] = reply.errors
    assert error["path"] == ["m", member, "some"]
    assert error["message"].startswith("This was written and cannot be shown in full. ")
    assert error["extensions"]["code"] == (code or "internal_error")
    assert error["extensions"]["written"]["type"] == member.capitalize()


def test_a_deleted_object_is_shown_as_it_was_at_deletion(
    ask: Any, ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_and_execute(command: Command[Any], *, by: Principal, key: str | None) -> Done:
        amend_transaction(principal=ANYONE, transaction_id=ids["transaction"], amount="9.00", txid="Late")
        return execute_once(command, by=by, key=key)

    monkeypatch.setattr(mutations, "execute_once", change_and_execute)
    reply = ask_about(ask, ids, mutation("deleteTransaction", "txid amount wallet { balance }"))
    late = {"txid": "Late", "amount": "9.00", "wallet": {"balance": "10.00"}}
    assert reply.data == {"m": {"transaction": late, "userErrors": []}}

    def rename_and_execute(command: Command[Any], *, by: Principal, key: str | None) -> Done:
        rename_wallet(principal=ANYONE, wallet_id=ids["empty"], label="Late")
        return execute_once(command, by=by, key=key)

    monkeypatch.setattr(mutations, "execute_once", rename_and_execute)
    reply = ask_about(ask, ids, mutation("deleteWallet", "label"))
    assert reply.data == {"m": {"wallet": {"label": "Late"}, "userErrors": []}}


def test_a_payload_shows_what_its_wallet_held(ask: Any, ids: dict[str, int]) -> None:
    period = 'from: "2020-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z"'
    shown = f"wallet {{ balanceAt(sequence: 1) {{ balance }} statement({period}) {{ closing count }} }}"
    reply = ask(
        f'mutation {{ createTransaction(input: {{txid: "N", amount: 5, walletId: {ids["full"]}}})'
        f" {{ transaction {{ {shown} }} userErrors {{ code }} }} }}"
    )
    assert reply.data["createTransaction"]["transaction"]["wallet"] == {
        "balanceAt": {"balance": "10.00"},
        "statement": {"closing": "22.00", "count": 3},
    }


@pytest.mark.parametrize(
    "shown",
    [
        'balanceAt(at: "2999-01-01T00:00:00Z") { balance }',
        "balanceAt { balance }",
        'statement(from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z") { closing }',
        'statement(from: "2026-01-02T00:00:00Z", to: "2026-01-03T00:00:00Z") { lines(after: "x") { totalCount } }',
    ],
)
def test_what_cannot_be_computed_is_refused_before_the_write(ask: Any, everything: Any, shown: str) -> None:
    before = everything()
    reply = ask(
        f'mutation {{ createWallet(input: {{label: "New"}}) {{ wallet {{ {shown} }} userErrors {{ code }} }} }}'
    )
    assert reply.codes == ["invalid_parameter"]
    assert reply.data == {"createWallet": None}
    assert everything() == before
