"""Documents that differ only in their literals are answered alike, known or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graphql_api import documents
from graphql_api.schema import schema
from graphql_api.shapes import NONE, Literals, lift, outline
from tests.graphql_api.conftest import Ask

pytestmark = pytest.mark.django_db

EDGES = "edges { node { txid } }"
FILTERS = '{{balance: {{gte: {}}}, label: {{icontains: "{}"}}}}'
WALLETS = (
    f"{{{{ wallets(first: {{}}, filters: {FILTERS}) {{{{ totalCount edges {{{{ node {{{{ label }}}} }}}} }}}} }}}}"
)
LISTS = "label a: transactions(first: {}) {{ totalCount }} a: transactions(first: {}) {{ {} }}"
ONE = f'{{{{ wallet(id: "{{}}") {{{{ {LISTS} }}}} }}}}'
ROW = '{{ createTransaction(input: {{txid: "{}", walletId: "{}", amount: {}}}) {{ transaction {{ txid amount }} }} }}'


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    documents.forget()
    yield
    documents.forget()


@pytest.fixture
def wallet(make_wallet: Callable[..., Any], post: Callable[..., Any]) -> Any:
    wallet = make_wallet("5.00", label="Savings")
    make_wallet("7.50", label="Spending")
    for number in range(3):
        post(wallet, "1.00", txid=f"T{number}")
    return wallet


def literals_of(text: str) -> Literals:
    return documents.load(schema._schema, text).literals


@pytest.mark.parametrize(
    ("known", "later"),
    [
        ([WALLETS.format(1, "2.50", "s"), WALLETS.format(2, "5.00", "S")], WALLETS.format(9, "0.01", "pend")),
        ([WALLETS.format(1, '"2.5"', "s"), WALLETS.format(2, '"5"', "S")], WALLETS.format(0, '"-7"', "")),
        ([ONE.format(1, 1, 1, EDGES), ONE.format(2, 3, 3, EDGES)], ONE.format(1, 2, 2, EDGES)),
        (
            [f"query ($n: Int = 2) {{ wallets(first: $n) {{ edges {{ node {{ {EDGES} }} }} }} }}"] * 2,
            f"query ($n: Int = 1) {{ wallets(first: $n) {{ edges {{ node {{ {EDGES} }} }} }} }}",
        ),
    ],
    ids=["numbers", "amounts", "merged", "default"],
)
def test_an_answer_does_not_depend_on_what_was_known(wallet: Any, ask: Ask, known: list[str], later: str) -> None:
    alone = ask(later).text
    documents.forget()
    for text in known:
        ask(text)
    assert ask(later).text == alone


def test_the_third_document_of_a_shape_needs_no_parser(
    wallet: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        assert literals_of(WALLETS.format(number, "1.5", "s")) is NONE

    def fail(*_: object) -> None:
        raise AssertionError

    for name in ("parse_within_limits", "_validate", "find_dependencies"):
        monkeypatch.setattr(documents, name, fail)
    replies = [ask(WALLETS.format(number, "7.1", "s")) for number in (3, 4)]
    assert [reply.data["wallets"]["totalCount"] for reply in replies] == [2, 2]
    assert [reply.extensions["cost"]["requested"] for reply in replies] == [4, 5]
    assert literals_of(WALLETS.format(4, "7.1", "s")).written["0"] == 4


@pytest.mark.parametrize(
    "later",
    [
        WALLETS.format(99999999999, "1.0", "s"),
        WALLETS.format(101, "1.0", "s"),
        WALLETS.format(-1, "1.0", "s"),
        WALLETS.format(5, "1.0000001", "s"),
        WALLETS.format(5, "1.0", ""),
        WALLETS.format(5, "1.0", 'x"}}) { totalCount } } # '),
        WALLETS.format(5, "1.0", '""'),
        WALLETS.format(5, "1.0", "\\u0000"),
        WALLETS.format(5, "1.0", "\\ud800"),
        WALLETS.format(5, "1.0", "\u00e4\u4e2d"),
        WALLETS.format("01", "1.0", "s"),
        WALLETS.format("1.0", "1", "s"),
        WALLETS.format('"1"', "1.0", "s"),
    ],
    ids=ascii,
)
def test_a_document_that_is_refused_is_refused_alike(wallet: Any, ask: Ask, later: str) -> None:
    alone = ask(later).text
    documents.forget()
    for number in (1, 2, 3):
        assert not ask(WALLETS.format(number, f"{number}.5", "s")).errors
    assert ask(later).text == alone


def test_fields_of_one_name_must_be_equal_in_each_document(wallet: Any, ask: Ask) -> None:
    for number in (1, 2, 3):
        assert not ask(ONE.format(wallet.id, number, number, EDGES)).errors
    assert ask(ONE.format(wallet.id, 1, 2, EDGES)).codes == ["graphql_validation_failed"]
    # Those that may differ may be equal, too.
    apart = ONE.replace("a: transactions(first: {}) {{ {}", "b: transactions(first: {}) {{ {}")
    for first, second in ((1, 2), (2, 3), (3, 1), (1, 1), (2, 2), (3, 3)):
        assert not ask(apart.format(wallet.id, first, second, EDGES)).errors


def test_a_mutation_with_literals_runs_with_its_own(wallet: Any, ask: Ask) -> None:
    for number in range(1, 5):
        reply = ask(f"mutation {ROW.format(f'N{number}', wallet.id, f'{number}.25')}")
        assert reply.data["createTransaction"]["transaction"] == {"txid": f"N{number}", "amount": f"{number}.25"}
    assert literals_of(f"mutation {ROW.format('N4', wallet.id, '4.25')}").arguments["0"] == "N4"


def test_the_literals_of_subscriptions_stay_in_them() -> None:
    for number in (1, 2, 3):
        text = f'subscription {{ walletBalance(walletId: "{number}") {{ balance }} }}'
        assert documents.load(schema._schema, text).literals is NONE


@pytest.mark.parametrize(
    "text",
    [
        "{ wallets { totalCount } }",
        "{ wallets(first: 1) { totalCount } } # 2",
        '{ wallet(id: """1""") { label } }',
        "{ " + " ".join(f"a{place}: wallets(first: {place}) {{ totalCount }}" for place in range(51)) + " }",
    ],
    ids=["no literals", "comment", "block", "many"],
)
def test_a_document_without_literals_or_whose_literals_are_uncertain_has_no_shape(text: str) -> None:
    assert outline(text) is None


def test_a_shape_is_all_but_the_literals() -> None:
    def key(text: str) -> object:
        found = outline(text)
        return found and found[0]

    assert key("{a(b:1,c:2)}") == key("{a(b:-3,c:0)}")
    assert key('{a(b:"",c:"x")}') == key('{a(b:"1",c:" }")}')
    others = ["{a(b:1,c:1)}", "{a(b:1,c:2.0)}", '{a(b:1,c:"2")}', "{a(b:1, c:2)}", "{a(c:1,b:2)}", "{a1(b:1,c:2)}"]
    assert len({key(text) for text in ["{a(b:1,c:2)}", *others]}) == 7
    # What is part of a name is no number.
    assert outline("{a1:b2(c3:$d4)}") is None


def test_what_is_not_what_the_parser_found_is_not_lifted() -> None:
    ast = documents.load(schema._schema, "{ wallets(first: 1) { totalCount } }").ast
    for literals in ([], ["2"], ["1", "1"], ['"1"'], ["1.0"]):
        assert lift(schema._schema, ast, literals) is None
    assert lift(schema._schema, ast, ["1"]) is not None
