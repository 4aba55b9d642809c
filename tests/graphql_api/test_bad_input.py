"""Invalid input is refused with its code, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db

CREATE_WALLET = """
mutation ($input: CreateWalletInput!) {
  createWallet(input: $input) { wallet { label balance } userErrors { code message field } }
}"""
CREATE_TRANSACTION = """
mutation ($input: CreateTransactionInput!) {
  createTransaction(input: $input) { transaction { txid amount } userErrors { code message field } }
}"""

# JSON texts of an amount for a wallet that holds 100.00 USD.
BAD_AMOUNTS = {
    "an overdraft by one unit of the last digit": ('"-100.01"', "insufficient_funds"),
    "zero": ('"0"', "invalid_amount"),
    "zero with decimals": ('"0.00"', "invalid_amount"),
    "minus zero": ('"-0"', "invalid_amount"),
    "the number zero": ("0", "invalid_amount"),
    "NaN": ('"NaN"', "invalid_amount"),
    "Infinity": ('"Infinity"', "invalid_amount"),
    "an exponent": ('"1e5"', "invalid_amount"),
    "a number with an exponent": ("1e5", "invalid_amount"),
    "separators": ('"1,000.00"', "invalid_amount"),
    "a space": ('" 1.00"', "invalid_amount"),
    "no text": ('""', "invalid_amount"),
    "Arabic digits": ('"١٢"', "invalid_amount"),
    "19 decimals": ('"1.0000000000000000001"', "scale_exceeded"),
    "19 decimals as a number": ("1.0000000000000000001", "scale_exceeded"),
    "one decimal more than the currency has": ('"1.001"', "scale_exceeded"),
    "40 digits": ('"' + "9" * 40 + '"', "out_of_range"),
    "40 digits as a number": ("9" * 40, "out_of_range"),
    "5,000 digits as a number": ("9" * 5000, "out_of_range"),
    "true": ("true", "invalid_amount"),
    "false": ("false", "invalid_amount"),
    "a list": ('["1.00"]', "invalid_amount"),
    "an object": ('{"value": "1.00"}', "invalid_amount"),
    "a string of almost 1 MB": ('"' + "1" * 999_000 + '"', "out_of_range"),
    "a word of almost 1 MB": ('"' + "x" * 999_000 + '"', "invalid_amount"),
}


@pytest.mark.parametrize(("amount", "code"), BAD_AMOUNTS.values(), ids=BAD_AMOUNTS.keys())
def test_a_bad_amount_of_a_transaction_is_refused(
    amount: str, code: str, ask_raw: Any, make_wallet: Any, everything: Any
) -> None:
    wallet = make_wallet("100.00")
    before = everything()
    reply = ask_raw(
        CREATE_TRANSACTION, f'{{"input": {{"txid": "T", "walletId": "{wallet.id}", "amount": {amount}}}}}'
    )
    assert reply.status == 200
    assert reply.errors == []
    [error] = reply.data["createTransaction"]["userErrors"]
    assert (error["code"], error["field"]) == (code, "amount")
    assert reply.data["createTransaction"]["transaction"] is None
    assert everything() == before


@pytest.mark.parametrize(
    ("literal", "code"),
    [
        ("NaN", "invalid_amount"),
        ("Infinity", "invalid_amount"),
        ("1e5", "invalid_amount"),
        ("1.0000000000000000001", "scale_exceeded"),
        ("true", "invalid_amount"),
        ('["1.00"]', "invalid_amount"),
        ('{value: "1.00"}', "invalid_amount"),
        ("-100.01", "insufficient_funds"),
        ("0", "invalid_amount"),
    ],
)
def test_a_bad_amount_in_the_document_is_refused_as_one_in_a_variable(
    literal: str, code: str, ask: Any, make_wallet: Any, everything: Any
) -> None:
    wallet = make_wallet("100.00")
    before = everything()
    reply = ask(
        f'mutation {{ createTransaction(input: {{txid: "T", walletId: {wallet.id}, amount: {literal}}})'
        " { transaction { id } userErrors { code field } } }"
    )
    assert reply.data == {
        "createTransaction": {"transaction": None, "userErrors": [{"code": code, "field": "amount"}]}
    }
    assert everything() == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ('"amount": null', "required"),
        ('"amount": "1", "txid": null', "required"),
        ('"amount": "1", "walletId": null', "required"),
        ('"amount": "1", "txid": 5', "invalid"),
        ('"amount": "1", "txid": true', "invalid"),
        ('"amount": "1", "txid": ["T"]', "invalid"),
        ('"amount": "1", "txid": {"a": 1}', "invalid"),
        ('"amount": "1", "walletId": true', "invalid"),
        ('"amount": "1", "walletId": 1.5', "invalid"),
        ('"amount": "1", "walletId": ["1"]', "invalid"),
        ('"amount": "1", "walletId": {"id": "1"}', "invalid"),
        ('"amount": "1", "description": 5', "invalid"),
        ('"amount": "1", "unknown": 5', "invalid"),
    ],
)
def test_input_that_the_schema_forbids_is_refused_before_anything_runs(
    given: str, code: str, ask_raw: Any, make_wallet: Any, everything: Any
) -> None:
    wallet = make_wallet("100.00")
    before = everything()
    members = {"txid": '"T"', "walletId": f'"{wallet.id}"'}
    missing = ", ".join(f'"{name}": {value}' for name, value in members.items() if f'"{name}"' not in given)
    reply = ask_raw(CREATE_TRANSACTION, f'{{"input": {{{", ".join(filter(None, [missing, given]))}}}}}')
    assert reply.data is None
    assert reply.codes == [code]
    assert everything() == before


@pytest.mark.parametrize(
    ("literal", "code"),
    [
        ('txid: "T", walletId: 1, amount: null', "required"),
        ('txid: "T", walletId: 1', "required"),
        ('walletId: 1, amount: "1"', "required"),
        ('txid: 5, walletId: 1, amount: "1"', "invalid"),
        ('txid: true, walletId: 1, amount: "1"', "invalid"),
        ('txid: "T", walletId: true, amount: "1"', "invalid"),
        ('txid: "T", walletId: 1.5, amount: "1"', "invalid"),
        ('txid: ["T"], walletId: 1, amount: "1"', "invalid"),
    ],
)
def test_a_document_with_such_a_value_is_refused_with_the_same_code(literal: str, code: str, ask: Any) -> None:
    reply = ask(f"mutation {{ createTransaction(input: {{{literal}}}) {{ userErrors {{ code }} }} }}")
    assert reply.data is None
    assert reply.codes == [code]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("txid", "", "blank"),
        ("txid", "x" * 256, "too_long"),
        ("txid", "x" * 990_000, "too_long"),
        ("txid", "T ", "invalid"),
        ("txid", " T", "invalid"),
        ("txid", "T\u0000", "invalid"),
        ("txid", "T\u0007", "invalid"),
        ("txid", "T\ud800", "invalid"),
        ("walletId", "no-id", "not_found"),
        ("walletId", "987654321", "not_found"),
        ("walletId", 987654321, "not_found"),
        ("walletId", "9" * 30, "not_found"),
        ("walletId", 2**63, "not_found"),
        ("walletId", "VHJhbnNhY3Rpb246MQ==", "not_found"),
        ("walletId", "V2FsbGV0Ojk4NzY1NDMyMQ==", "not_found"),
        ("description", "x" * 1001, "too_long"),
        ("description", "\u0000", "invalid"),
        ("description", None, "invalid"),
        ("metadata", 5, "invalid"),
        ("metadata", [1], "invalid"),
        ("metadata", "text", "invalid"),
        ("metadata", None, "invalid"),
        ("metadata", {"key": "x" * 20_000}, "too_long"),
    ],
)
def test_a_bad_field_is_refused_by_the_domain(
    field: str, value: object, code: str, ask: Any, make_wallet: Any, everything: Any
) -> None:
    wallet = make_wallet("100.00")
    before = everything()
    reply = ask(CREATE_TRANSACTION, input={"txid": "T", "amount": "1", "walletId": str(wallet.id)} | {field: value})
    [error] = reply.data["createTransaction"]["userErrors"]
    assert (error["code"], error["field"]) == (code, field)
    assert everything() == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("label", "Trailing ", "invalid"),
        ("label", "NUL\u0000", "invalid"),
        ("label", "", "blank"),
        ("label", "x" * 990_000, "too_long"),
        ("balance", "-0.01", "insufficient_funds"),
        ("balance", None, "required"),
        ("balance", True, "invalid_amount"),
        ("balance", "1e5", "invalid_amount"),
        ("balance", "0.001", "scale_exceeded"),
        ("currency", "XXXX", "unknown_currency"),
        ("currency", "usd", "unknown_currency"),
        ("currency", None, "invalid"),
    ],
)
def test_a_bad_field_of_a_wallet_is_refused(field: str, value: object, code: str, ask: Any) -> None:
    reply = ask(CREATE_WALLET, input={"label": "Savings"} | {field: value})
    [error] = reply.data["createWallet"]["userErrors"]
    assert (error["code"], error["field"]) == (code, field)
    assert not Wallet.objects.exists()


def test_all_problems_are_reported_at_once(ask: Any) -> None:
    reply = ask(CREATE_TRANSACTION, input={"txid": "", "amount": "x", "walletId": "abc"})
    found = [(error["code"], error["field"]) for error in reply.data["createTransaction"]["userErrors"]]
    assert found == [("blank", "txid"), ("invalid_amount", "amount"), ("not_found", "walletId")]


def test_a_duplicate_is_refused(ask: Any, make_wallet: Any, post: Any, everything: Any) -> None:
    wallet = make_wallet("100.00", label="Savings")
    post(wallet, "1.00", txid="T")
    before = everything()
    reply = ask(CREATE_TRANSACTION, input={"txid": "T", "amount": "1", "walletId": wallet.id})
    [error] = reply.data["createTransaction"]["userErrors"]
    assert (error["code"], error["field"]) == ("duplicate_txid", "txid")
    reply = ask(CREATE_WALLET, input={"label": "Savings"})
    [error] = reply.data["createWallet"]["userErrors"]
    assert (error["code"], error["field"]) == ("duplicate_label", "label")
    assert everything() == before


def test_names_that_differ_in_case_accent_or_emoji_are_all_different(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("100.00")
    names = ["cafe", "Cafe", "café", "cafe\u0301", "cafe😀", "cafe😁", "ß", "ss"]
    for name in names:
        reply = ask(CREATE_TRANSACTION, input={"txid": name, "amount": "1", "walletId": wallet.id})
        assert reply.data["createTransaction"] == {"transaction": {"txid": name, "amount": "1.00"}, "userErrors": []}
    assert sorted(Transaction.objects.values_list("txid", flat=True)) == sorted(names)
