"""Both faces read the same bytes alike: bodies that no JSON encoder writes get one answer, and change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.parity.test_writes import ledger
from walletsvc.models import Transaction, Wallet

pytestmark = pytest.mark.django_db

MUTATION = (
    b"mutation ($input: CreateTransactionInput!) { done: createTransaction(input: $input) { userErrors { code } } }"
)
WALLET_MUTATION = (
    b"mutation ($input: CreateWalletInput!) { done: createWallet(input: $input) { userErrors { code } } }"
)

BEYOND_DECIMAL = b"1e99999999999999999999"
MANY_DIGITS = b"9" * 5_000

# The amount sent, and the codes of the answer. `None`: it is posted.
AMOUNTS = {
    "an exponent that no Decimal holds": (BEYOND_DECIMAL, "invalid_amount"),
    "a negative one": (b"-1E-99999999999999999999", "invalid_amount"),
    "zero with such an exponent": (b"0e99999999999999999999", "invalid_amount"),
    "a large exponent": (b"1e999999", "invalid_amount"),
    "a small exponent": (b"1e0", "invalid_amount"),
    "more digits than an int reads": (MANY_DIGITS, "out_of_range"),
    "as many behind the point": (b"0." + MANY_DIGITS, "scale_exceeded"),
    "as many before the point": (MANY_DIGITS + b".5", "out_of_range"),
    "a number within a list": (b"[" + BEYOND_DECIMAL + b"]", "invalid_amount"),
    "a number within an object": (b'{"a":' + BEYOND_DECIMAL + b"}", "invalid_amount"),
    "a lone surrogate": (rb'"\ud800"', "invalid_amount"),
    "nested": (b"[" * 80 + b"]" * 80, "invalid_amount"),
    "an exact number": (b"1.10", None),
    "an integer": (b"7", None),
    "NaN": (b"NaN", "malformed"),
    "Infinity": (b"-Infinity", "malformed"),
    "a number that begins with 0": (b"01", "malformed"),
    "a number that ends with its point": (b"1.", "malformed"),
    "digits that are not ASCII": ("\u0661".encode(), "malformed"),
    "nested too deeply": (b"[" * 120 + b"]" * 120, "malformed"),
    "nested beyond the parser": (b"[" * 100_000 + b"]" * 100_000, "malformed"),
    "a doubled member": (b'"1.00","amount":"99.00"', "malformed"),
    "a doubled member, escaped": (rb'"1.00","\u0061mount":"1.00"', "malformed"),
    "bytes that are not UTF-8": (b'"\xff"', "malformed"),
    "a surrogate in three bytes": (b'"\xed\xa0\x80"', "malformed"),
    "a control character": (b'"\x01"', "malformed"),
}
TEXTS = {
    "a lone surrogate": (rb'"a\ud800"', "invalid"),
    "the second half alone": (rb'"\udc00"', "invalid"),
    "halves in the wrong order": (rb'"\udc00\ud800"', "invalid"),
    "both halves": (rb'"\ud83e\ude99"', None),
    "NUL": (rb'"a\u0000"', "invalid"),
    "bytes that are not UTF-8": (b'"a\xc3"', "malformed"),
    "a surrogate in three bytes": (b'"\xed\xb0\x80"', "malformed"),
}
METADATA = {
    "a number that no Decimal holds": (b'{"a":' + BEYOND_DECIMAL + b"}", "invalid"),
    "a number beyond a float": (b'{"a":1e400}', "invalid"),
    "a number that a float would bend": (b'{"a":0.1000000000000000055511151231257827}', "invalid"),
    "more digits than an int reads": (b'{"a":' + MANY_DIGITS + b"}", "invalid"),
    "nested too deeply for a column": (b'{"a":' + b"[" * 50 + b"]" * 50 + b"}", "invalid"),
    "a name that is half a character": (rb'{"\ud800":1}', "invalid"),
    "a doubled member": (b'{"a":1,"a":1}', "malformed"),
    "a doubled member far down": (b'{"a":[{"b":{"c":1,"c":2}}]}', "malformed"),
    "a number": (b'{"a":1.5e1}', None),
}
# Before and after a valid document.
AROUND = {
    "a byte order mark": (b"\xef\xbb\xbf", b""),
    "something behind": (b"", b" {}"),
    "a NUL behind": (b"", b"\x00"),
    "UTF-8 broken off behind": (b"", b"\xe2\x82"),
    "a comment": (b"/* */", b""),
}


def send(face: str, values: bytes, wallet: Wallet | None, *, around: tuple[bytes, bytes] = (b"", b"")) -> list[str]:
    """Create a transaction in `wallet`, or else a wallet, from members in JSON. Return the codes of the answer."""
    before, after = around
    if face == "REST":
        path, name = ("/api/wallets/", b"Wallet") if wallet is None else ("/api/transactions/", b"Transaction")
        related = b"" if wallet is None else b',"wallet":"%d"' % wallet.pk
        body = b'{"data":{"type":"%b","attributes":{%b%b}}}' % (name, values, related)
        media_type = "application/vnd.api+json"
    else:
        path, query = "/graphql/", WALLET_MUTATION if wallet is None else MUTATION
        related = b"" if wallet is None else b',"walletId":"%d"' % wallet.pk
        body = b'{"query":"%b","variables":{"input":{%b%b}}}' % (query, values, related)
        media_type = "application/json"
    answer = Client().generic("POST", path, before + body + after, content_type=media_type)
    assert answer.status_code < 500
    content: dict[str, Any] = json.loads(answer.content)
    codes = [error.get("code") or error["extensions"]["code"] for error in content.get("errors", ())]
    assert (answer.status_code == 400) == (codes == ["malformed"])
    done = (content.get("data") or {}).get("done") or {}
    return codes + [error["code"] for error in done.get("userErrors", ())]


@pytest.fixture
def wallet(make_wallet: Any) -> Wallet:
    wallet: Wallet = make_wallet("100.00")
    return wallet


faces = pytest.mark.parametrize("face", ["REST", "GraphQL"])


@faces
@pytest.mark.parametrize(("amount", "code"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_amounts(face: str, amount: bytes, code: str | None, wallet: Wallet) -> None:
    before = ledger()
    assert send(face, b'"txid":"T","amount":' + amount, wallet) == ([] if code is None else [code])
    if code is None:
        assert str(Transaction.objects.get().amount).rstrip("0") == amount.decode().rstrip("0") + "." * (
            b"." not in amount
        )
    else:
        assert ledger() == before


@faces
@pytest.mark.parametrize(("amount", "code"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_opening_balances(face: str, amount: bytes, code: str | None) -> None:
    # What doubles an amount doubles a balance here.
    amount = amount.replace(b"amount", b"balance").replace(rb"\u0061mount", rb"\u0062alance")
    assert send(face, b'"label":"A","balance":' + amount, None) == ([] if code is None else [code])
    assert Wallet.objects.exists() == (code is None)


@faces
@pytest.mark.parametrize(("text", "code"), TEXTS.values(), ids=TEXTS.keys())
def test_names(face: str, text: bytes, code: str | None, wallet: Wallet) -> None:
    before = ledger()
    expected = [] if code is None else [code]
    assert send(face, b'"amount":"1.00","txid":' + text, wallet) == expected
    assert (ledger() == before) == (code is not None)
    before = ledger()
    assert send(face, b'"label":' + text, None) == expected
    assert (ledger() == before) == (code is not None)


@faces
@pytest.mark.parametrize(("metadata", "code"), METADATA.values(), ids=METADATA.keys())
def test_metadata(face: str, metadata: bytes, code: str | None, wallet: Wallet) -> None:
    before = ledger()
    assert send(face, b'"txid":"T","amount":"1.00","metadata":' + metadata, wallet) == (
        [] if code is None else [code]
    )
    assert (ledger() == before) == (code is not None)


@faces
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND.keys())
def test_bytes_around_a_document(face: str, around: tuple[bytes, bytes], wallet: Wallet) -> None:
    before = ledger()
    assert send(face, b'"txid":"T","amount":"1.00"', wallet, around=around) == ["malformed"]
    assert ledger() == before


def test_both_report_errors_in_the_same_words() -> None:
    for body in (b"\xef\xbb\xbf{}", b"{", b"", b'{"a":1,"a":1}', b'"\xff"', b"[" * 200 + b"]" * 200, b"[NaN]"):
        rest = Client().generic("POST", "/api/wallets/", body, CONTENT_TYPE="application/vnd.api+json")
        graphql = Client().generic("POST", "/graphql/", body, CONTENT_TYPE="application/json")
        [problem], [error] = json.loads(rest.content)["errors"], json.loads(graphql.content)["errors"]
        assert (problem["detail"], problem["code"]) == (error["message"], error["extensions"]["code"])


@pytest.mark.parametrize("literal", [BEYOND_DECIMAL.decode(), "-1E-99999999999999999999", "1e400"])
def test_a_literal_or_a_default_is_read_as_a_variable_is(literal: str, wallet: Wallet) -> None:
    before = ledger()
    fields = f'{{txid: "T", walletId: {wallet.pk}, amount: %s}}'
    done = "done: createTransaction(input: %s) { userErrors { code } }"
    for query in (
        f"mutation {{ {done % (fields % literal)} }}",
        f"mutation ($a: Amount! = {literal}) {{ {done % (fields % '$a')} }}",
        f"mutation ($input: CreateTransactionInput! = {fields % literal}) {{ {done % '$input'} }}",
    ):
        answer = Client().post("/graphql/", json.dumps({"query": query}), content_type="application/json")
        assert answer.json()["data"] == {"done": {"userErrors": [{"code": "invalid_amount"}]}}
        assert ledger() == before


@pytest.mark.parametrize(
    "condition", ["amount: {exact: %s}", "amount: {gte: %s}", "amount: {lt: %s}"], ids=["exact", "gte", "lt"]
)
def test_a_filter_refuses_an_invalid_amount(condition: str, wallet: Wallet) -> None:
    digits = MANY_DIGITS.decode()
    for number in (BEYOND_DECIMAL.decode(), "1e5"):
        literal = f"{{ transactions(filters: {{{condition % number}}}) {{ totalCount }} }}"
        variable = f"query ($a: Amount) {{ transactions(filters: {{{condition % '$a'}}}) {{ totalCount }} }}"
        for body in (
            json.dumps({"query": literal}),
            f'{{"query": {json.dumps(variable)}, "variables": {{"a": {number}}}}}',
            f'{{"query": {json.dumps(variable)}, "variables": {{"a": "{digits}"}}}}',
            f'{{"query": {json.dumps(variable)}, "variables": {{"a": {digits}}}}}',
        ):
            answer = Client().generic("POST", "/graphql/", body, content_type="application/json").json()
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["invalid_parameter"]
