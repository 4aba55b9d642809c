"""Mutations: their changes, and the selections of their payloads."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_api.ids import global_id
from walletsvc import errors
from walletsvc.models import Entry, Transaction, Wallet

pytestmark = pytest.mark.django_db


def test_a_wallet_is_opened(ask: Any) -> None:
    reply = ask(
        """mutation {
          createWallet(input: {label: "My Wallet", balance: "100.00", metadata: {rate: 1.25, list: [null, 1]}}) {
          wallet { databaseId label balance currency sequence metadata transactions { totalCount }
            entries { totalCount edges { node { kind amount balanceAfter } } } }
          userErrors { code } } }"""
    )
    wallet = Wallet.objects.get()
    assert reply.errors == []
    assert reply.data["createWallet"] == {
        "wallet": {
            "databaseId": str(wallet.id),
            "label": "My Wallet",
            "balance": "100.00",
            "currency": "USD",
            "sequence": 1,
            "metadata": {"rate": 1.25, "list": [None, 1]},
            "transactions": {"totalCount": 0},
            "entries": {
                "totalCount": 1,
                "edges": [{"node": {"kind": "opening", "amount": "100.00", "balanceAfter": "100.00"}}],
            },
        },
        "userErrors": [],
    }


@pytest.mark.parametrize(
    ("literal", "balance"),
    [
        ('"0.10"', "0.10"),
        ("0.10", "0.10"),
        ("7", "7.00"),
        # Binary fractions have neither of these.
        ("4503599627370.55", "4503599627370.55"),
        ("1.10000000000000000000", "1.10"),
    ],
)
def test_an_amount_keeps_its_digits_as_a_string_or_number_in_document_or_variable(
    literal: str, balance: str, ask: Any, ask_raw: Any
) -> None:
    expected = {"createWallet": {"wallet": {"balance": balance}}}
    reply = ask(f'mutation {{ createWallet(input: {{label: "A", balance: {literal}}}) {{ wallet {{ balance }} }} }}')
    assert reply.data == expected
    query = (
        'mutation ($balance: Amount) { createWallet(input: {label: "B", balance: $balance}) { wallet { balance } } }'
    )
    assert ask_raw(query, f'{{"balance": {literal}}}').data == expected


def test_a_transaction_is_posted_and_its_wallet_shows_the_new_balance(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("100.00")
    query = """mutation ($id: ID!) {
      createTransaction(input: {txid: "TX123", amount: "50.00", walletId: $id, description: "Pay"}) {
        transaction { txid amount description metadata wallet { balance sequence entries(last: 1) {
          edges { node { kind amount transaction { txid } } } } } }
        userErrors { code } } }"""
    reply = ask(query, id=global_id("Wallet", wallet.id))
    assert reply.errors == []
    assert reply.data["createTransaction"] == {
        "transaction": {
            "txid": "TX123",
            "amount": "50.00",
            "description": "Pay",
            "metadata": {},
            "wallet": {
                "balance": "150.00",
                "sequence": 2,
                "entries": {
                    "edges": [{"node": {"kind": "post", "amount": "50.00", "transaction": {"txid": "TX123"}}}]
                },
            },
        },
        "userErrors": [],
    }
    assert Transaction.objects.get().wallet_id == wallet.id


def test_a_wallet_is_renamed_and_omitted_fields_stay(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("1.00", label="Old", metadata={"a": 1})
    query = """mutation ($input: UpdateWalletInput!) { updateWallet(input: $input) {
      wallet { label metadata balance } userErrors { code field } } }"""
    reply = ask(query, input={"id": wallet.id, "label": "New"})
    expected = {"wallet": {"label": "New", "metadata": {"a": 1}, "balance": "1.00"}, "userErrors": []}
    assert reply.data["updateWallet"] == expected
    reply = ask(query, input={"id": global_id("Wallet", wallet.id), "metadata": {"b": 2}})
    assert reply.data["updateWallet"] == {**expected, "wallet": {**expected["wallet"], "metadata": {"b": 2}}}
    reply = ask(query, input={"id": wallet.id, "label": None})
    assert reply.data["updateWallet"] == {"wallet": None, "userErrors": [{"code": "required", "field": "label"}]}
    assert Wallet.objects.get().label == "New"


def test_a_transaction_is_amended_and_moved(ask: Any, make_wallet: Any, post: Any) -> None:
    source, target = make_wallet("100.00"), make_wallet("0.00")
    transaction = post(source, "10.00", txid="T")
    query = """mutation ($input: UpdateTransactionInput!) { updateTransaction(input: $input) {
      transaction { amount txid description wallet { databaseId balance } entries { edges { node { kind } } } }
      userErrors { code field } } }"""
    reply = ask(query, input={"id": transaction.id, "amount": "15.00", "description": "more"})
    assert reply.data["updateTransaction"] == {
        "transaction": {
            "amount": "15.00",
            "txid": "T",
            "description": "more",
            "wallet": {"databaseId": str(source.id), "balance": "115.00"},
            "entries": {"edges": [{"node": {"kind": "post"}}, {"node": {"kind": "amend"}}]},
        },
        "userErrors": [],
    }
    reply = ask(
        query, input={"id": global_id("Transaction", transaction.id), "walletId": global_id("Wallet", target.id)}
    )
    assert reply.data["updateTransaction"]["transaction"]["wallet"] == {
        "databaseId": str(target.id),
        "balance": "15.00",
    }
    euros = make_wallet("0", currency="EUR")
    reply = ask(query, input={"id": transaction.id, "walletId": euros.id})
    assert reply.data["updateTransaction"] == {
        "transaction": None,
        "userErrors": [{"code": "currency_mismatch", "field": "walletId"}],
    }
    reply = ask(query, input={"id": transaction.id, "amount": None})
    assert reply.data["updateTransaction"]["userErrors"] == [{"code": "required", "field": "amount"}]
    source.refresh_from_db()
    assert source.balance == 100


def test_a_deleted_transaction_is_shown_with_the_current_state_of_its_wallet(
    ask: Any, make_wallet: Any, post: Any
) -> None:
    wallet = make_wallet("100.00")
    transaction = post(wallet, "-40.00", txid="T")
    reply = ask(
        """mutation ($id: ID!) { deleteTransaction(input: {id: $id}) {
          transaction { id txid amount wallet { balance transactions { totalCount } }
            entries { edges { node { kind amount } } } }
          userErrors { code } } }""",
        id=transaction.id,
    )
    assert reply.errors == []
    assert reply.data["deleteTransaction"] == {
        "transaction": {
            "id": global_id("Transaction", transaction.id),
            "txid": "T",
            "amount": "-40.00",
            "wallet": {"balance": "100.00", "transactions": {"totalCount": 0}},
            "entries": {
                "edges": [
                    {"node": {"kind": "post", "amount": "-40.00"}},
                    {"node": {"kind": "delete", "amount": "40.00"}},
                ]
            },
        },
        "userErrors": [],
    }
    assert not Transaction.objects.exists()


def test_a_spent_credit_is_not_deleted(ask: Any, make_wallet: Any, post: Any, everything: Any) -> None:
    wallet = make_wallet("0.00")
    credit = post(wallet, "10.00")
    post(wallet, "-5.00")
    before = everything()
    reply = ask(
        "mutation ($id: ID!) { deleteTransaction(input: {id: $id}) { transaction { id } userErrors { code } } }",
        id=credit.id,
    )
    assert reply.data["deleteTransaction"] == {"transaction": None, "userErrors": [{"code": "insufficient_funds"}]}
    assert everything() == before


def test_an_empty_wallet_is_deleted_and_its_entries_stay(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("0.00", label="Gone")
    post(wallet, "1.00")
    post(wallet, "-1.00")
    query = """mutation ($id: ID!) { deleteWallet(input: {id: $id}) {
      wallet { id label transactions { totalCount } entries { totalCount } } userErrors { code field } } }"""
    reply = ask(query, id=wallet.id)
    assert reply.errors == []
    assert reply.data["deleteWallet"] == {
        "wallet": {
            "id": global_id("Wallet", wallet.id),
            "label": "Gone",
            "transactions": {"totalCount": 0},
            "entries": {"totalCount": 2},
        },
        "userErrors": [],
    }
    assert not Wallet.objects.exists()
    assert Entry.objects.count() == 2
    reply = ask(query, id=wallet.id)
    assert reply.data["deleteWallet"] == {"wallet": None, "userErrors": [{"code": "not_found", "field": "id"}]}
    reply = ask("{ entries { edges { node { wallet { id } transaction { id } } } } }")
    assert reply.data == {"entries": {"edges": [{"node": {"wallet": None, "transaction": None}}] * 2}}


def test_a_wallet_that_holds_money_is_not_deleted(ask: Any, make_wallet: Any, everything: Any) -> None:
    wallet = make_wallet("0.01")
    before = everything()
    reply = ask(
        "mutation ($id: ID!) { deleteWallet(input: {id: $id}) { wallet { id } userErrors { code } } }", id=wallet.id
    )
    assert reply.data["deleteWallet"] == {"wallet": None, "userErrors": [{"code": "wallet_not_empty"}]}
    assert everything() == before


@pytest.mark.parametrize("identifier", ["987654321", "abc", "9" * 30, global_id("Entry", 1)])
@pytest.mark.parametrize("name", ["updateWallet", "deleteWallet", "updateTransaction", "deleteTransaction"])
def test_a_missing_object_cannot_be_changed(name: str, identifier: str, ask: Any) -> None:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    reply = ask(
        f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ userErrors {{ code field }} }} }}",
        input={"id": identifier},
    )
    assert reply.data == {name: {"userErrors": [{"code": "not_found", "field": "id"}]}}


def test_mutations_of_one_document_run_in_order_and_each_sees_the_last(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("10.00")
    reply = ask(
        """mutation ($id: ID!) {
          a: createTransaction(input: {txid: "A", amount: "-6", walletId: $id}) { ...Result }
          b: createTransaction(input: {txid: "B", amount: "-6", walletId: $id}) { ...Result }
          c: createTransaction(input: {txid: "C", amount: "-4", walletId: $id}) { ...Result }
        }
        fragment Result on CreateTransactionPayload {
          transaction { wallet { balance transactions(last: 1) { edges { node { txid } } } } }
          userErrors { code } }""",
        id=wallet.id,
    )

    def accepted(balance: str, txid: str) -> Any:
        transactions = {"edges": [{"node": {"txid": txid}}]}
        return {"transaction": {"wallet": {"balance": balance, "transactions": transactions}}, "userErrors": []}

    assert reply.errors == []
    assert reply.data == {
        "a": accepted("4.00", "A"),
        "b": {"transaction": None, "userErrors": [{"code": "insufficient_funds"}]},
        "c": accepted("0.00", "C"),
    }


@pytest.mark.parametrize(
    "refusal", [errors.Conflict("Busy.", retry_after_seconds=3), errors.Unavailable("Away.", retry_after_seconds=3)]
)
def test_errors_of_circumstances_are_reported_beside_the_data(
    refusal: errors.WalletError, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_command: object, *, by: object, key: object) -> None:
        raise refusal

    monkeypatch.setattr("graphql_api.mutations.execute_once", refuse)
    reply = ask('mutation { createWallet(input: {label: "A"}) { wallet { id } userErrors { code } } }')
    assert reply.data == {"createWallet": None}
    assert reply.codes == [refusal.code]
    assert reply.errors[0]["extensions"]["retryAfterSeconds"] == 3
