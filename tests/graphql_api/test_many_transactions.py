"""createTransactions: what it costs, what it shows, and how much may be sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from graphql_api.variables import MAX_OBJECTS, MAX_ROWS
from tests.conftest import MakeWallet
from tests.graphql_api.conftest import Ask
from walletsvc.models import Transaction, Wallet
from walletsvc.queries import written

pytestmark = pytest.mark.django_db

CREATE = """mutation ($rows: [TransactionRowInput!]!) { createTransactions(input: $rows) {
  transactions { ...T } userErrors { code field } } }
fragment T on Transaction { txid amount wallet { label balance transactions(first: 2) { totalCount } } }"""
PLAIN = "mutation ($rows: [TransactionRowInput!]!) { createTransactions(input: $rows) { userErrors { code } } }"


@pytest.fixture
def wallet(make_wallet: MakeWallet) -> Wallet:
    return make_wallet("10.00", label="A")


def rows(wallet: Wallet, count: int, prefix: str = "") -> list[dict[str, Any]]:
    return [{"txid": f"{prefix}{number}", "amount": "0.01", "walletId": str(wallet.id)} for number in range(count)]


def test_related_objects_are_shown_through_fragments(ask: Ask, wallet: Wallet) -> None:
    reply = ask(CREATE, rows=rows(wallet, 3))
    assert reply.errors == []
    shown = {"label": "A", "balance": "10.03", "transactions": {"totalCount": 3}}
    assert reply.data["createTransactions"] == {
        "transactions": [{"txid": str(number), "amount": "0.01", "wallet": shown} for number in range(3)],
        "userErrors": [],
    }


def test_as_many_queries_for_many_as_for_few(ask: Ask, wallet: Wallet) -> None:
    counts = []
    for number, count in enumerate((2, 40)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert ask(CREATE, rows=rows(wallet, count, f"{number}-")).errors == []
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("document", "each"), [(PLAIN, 5), (CREATE, 5 + 1 + 1 + 1)])
def test_each_row_costs_and_what_is_shown_of_it(ask: Ask, wallet: Wallet, document: str, each: int) -> None:
    for count in (1, 7):
        reply = ask(document, rows=rows(wallet, count, f"{count}-"))
        assert reply.extensions["cost"]["requested"] == 10 + count * each
    # A literal, and an only one that GraphQL takes for a list.
    literal = f'{{txid: "x", amount: "1", walletId: "{wallet.id}"}}'
    for number, text in enumerate((literal, f"[{literal}]", f"[{literal} {literal}]")):
        reply = ask(f"mutation {{ createTransactions(input: {text}) {{ userErrors {{ code }} }} }}")
        assert reply.extensions["cost"]["requested"] == 10 + 5 * max(number, 1)


def test_too_costly_is_refused_before_anything_is_posted(ask: Ask, wallet: Wallet, settings: Any) -> None:
    settings.GRAPHQL_MAX_COST = 10 + 5 * 3
    assert ask(PLAIN, rows=rows(wallet, 3)).errors == []
    assert ask(PLAIN, rows=rows(wallet, 4, "x")).codes == ["graphql_too_costly"]
    assert Transaction.objects.count() == 3


def test_rows_count_apart_from_other_objects(ask: Ask, wallet: Wallet) -> None:
    many = rows(wallet, MAX_ROWS + MAX_OBJECTS + 1)
    assert ask(PLAIN, rows=many).codes == ["graphql_too_many_objects"]
    twice = """mutation ($a: [TransactionRowInput!]!, $b: [TransactionRowInput!]!) {
      a: createTransactions(input: $a) { userErrors { code } }
      b: createTransactions(input: $b) { userErrors { code } } }"""
    assert ask(twice, a=many[:626], b=many[:626]).codes == ["graphql_too_many_objects"]
    assert ask(PLAIN, rows=[{}] * 5000).codes == ["graphql_too_many_objects"]
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize("value", [None, [None], [{}], [{"txid": 1}], "x", [[]], {}])
def test_rows_that_are_none(ask: Ask, value: Any) -> None:
    reply = ask(PLAIN, rows=value)
    assert reply.data is None
    assert set(reply.codes) <= {"required", "invalid"}


def test_a_refused_list_below_stops_the_document(ask: Ask, wallet: Wallet) -> None:
    document = CREATE.replace("first: 2", "first: 101")
    reply = ask(document, rows=rows(wallet, 1))
    assert reply.codes == ["invalid_parameter"]
    assert Transaction.objects.count() == 0


def test_what_cannot_be_shown_is_still_written(ask: Ask, wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(written, "add_related", fail)
    reply = ask(CREATE, rows=rows(wallet, 2))
    assert Transaction.objects.count() == 2
    assert [error["extensions"]["written"]["type"] for error in reply.errors] == ["Transaction"] * len(reply.errors)
