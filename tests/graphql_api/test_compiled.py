"""Compiled queries return the same bytes as graphql-core for every query."""

import itertools

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphql_api import documents
from graphql_api.answers import encode
from graphql_api.compiled import compile_query
from graphql_api.context import Context
from graphql_api.requests import GraphQLRequest
from graphql_api.schema import schema
from tests.writes import create_hold, reverse_transaction
from walletsvc.principals import ANYONE
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.django_db

PERIOD = 'from: "2020-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z"'
ROOT_CONNECTIONS = {
    "wallets": "Wallet",
    "transactions": "Transaction",
    "entries": "Entry",
    "transfers": "Transfer",
    "holds": "Hold",
}
ARGUMENTS = {
    "Wallet": ["", "(first: 2)", "(last: 2)", "(ordering: [{balance: DESC}])", '(filters: {search: "wallet"})'],
    "Transaction": [
        "",
        "(first: $n)",
        "(ordering: [{amount: ASC}, {txid: DESC}])",
        '(filters: {amount: {gte: "2"}})',
    ],
    "Transfer": ["", "(first: $n)", "(ordering: [{createdAt: DESC}])"],
    "Hold": ["", "(first: $n)", "(ordering: [{createdAt: DESC}])"],
    "Entry": ["", "(first: 3)", "(filters: {kind: post})", "(ordering: [{sequence: DESC}], last: 4)"],
}


PAGE = (
    "lines(first: 2) { totalCount pageInfo { hasNextPage endCursor }"
    " edges { cursor node { kind wallet { label } transaction { txid } } } }"
)


def of_wallets(selection):
    """Return a query of all wallets."""
    return f"{{ wallets {{ edges {{ node {{ {selection} }} }} }} }}"


@pytest.fixture
def ledger(make_wallet, post):
    """Fill three wallets, one of them empty."""
    wallets = [make_wallet("100.00"), make_wallet("5.00", metadata={"a": [1, None]}), make_wallet()]
    for number in range(6):
        posted = post(wallets[number % 2], f"{number + 1}.00", txid=f"T{number}")
        reverse_transaction(principal=ANYONE, transaction_id=posted.id, txid=f"R{number}", amount="0.50")
    for number, wallet in enumerate(wallets[:2]):
        create_hold(principal=ANYONE, txid=f"H{number}", wallet_id=wallet.id, amount="1.00")
    return wallets


@st.composite
def selections(draw, resource, depth):
    """Generate a selection of a record's fields: plain, aliased, in fragments, repeated."""
    declared = RESOURCES[resource]
    leaves = st.sampled_from(["__typename", "id", "databaseId", *(field.name for field in declared.fields)])
    parts = [draw(leaves) for _ in range(draw(st.integers(1, 3)))]
    parts += [f"{name.strip('_')}Again: {name}" for name in parts if draw(st.booleans())]
    if depth:
        for name, relation in declared.to_one.items():
            if draw(st.booleans()):
                parts.append(f"{name} {{ {draw(selections(relation.target, depth - 1))} }}")
        for name, relation in declared.to_many.items():
            if draw(st.booleans()):
                parts.append(draw(pages(name, relation.target, depth - 1, alias=f"{name}{draw(st.integers(0, 99))}")))
    if draw(st.booleans()):
        parts.append(f"... on {resource} {{ {draw(leaves)} }}")
    if draw(st.booleans()):
        parts.append("... on Node { id }")
    return " ".join(parts)


@st.composite
def pages(draw, name, resource, depth, *, alias):
    """Generate a connection with its arguments and selection."""
    arguments = draw(st.sampled_from(ARGUMENTS[resource]))
    beside = draw(st.sampled_from(["cursor", "__typename", ""]))
    edge = f"edges {{ {beside} node {{ {draw(selections(resource, depth))} }} }}"
    extra = draw(
        st.sampled_from(
            ["", "totalCount", "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }", "__typename"]
        )
    )
    return f"{alias}: {name}{arguments} {{ {edge} {extra} }}"


@st.composite
def queries(draw):
    """Generate a query of one to three root fields."""
    roots = []
    for number in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([*ROOT_CONNECTIONS, "wallet", "walletByLabel", "transactionByTxid"]))
        if name in ROOT_CONNECTIONS:
            roots.append(draw(pages(name, ROOT_CONNECTIONS[name], 2, alias=f"r{number}")))
        elif name == "wallet":
            roots.append(f"r{number}: wallet(id: $wallet) {{ {draw(selections('Wallet', 2))} }}")
        elif name == "walletByLabel":
            roots.append(f"r{number}: walletByLabel(label: $label) {{ {draw(selections('Wallet', 1))} }}")
        else:
            roots.append(f'r{number}: transactionByTxid(txid: "T1") {{ {draw(selections("Transaction", 2))} }}')
    return "query ($n: Int = 3, $wallet: ID!, $label: String!) { " + " ".join(roots) + " }"


def both_ways(query, variables):
    """Return what graphql-core and the compiled query say; the latter is None where it leaves it to the former."""
    request = GraphQLRequest(query, variables, None, {})
    document = documents.load(schema._schema, query)
    assert [error.message for error in document.errors if "never used" not in error.message] == []
    operation = document.ast.definitions[0]
    compiled = compile_query(schema._schema, document.ast, operation)
    data = compiled.run(variables, ANYONE, refused={}) if compiled else None
    stock = schema.execute_sync(
        query,
        variable_values=variables,
        context_value=Context(ANYONE),
        operation_name=request.operation_name,
    )
    return stock, data


def test_says_what_graphql_core_says(ledger, settings):
    settings.GRAPHQL_MAX_COST = 10**9
    asked = itertools.count()

    # How long one takes is the machine's affair.
    @hypothesis.settings(deadline=None)
    @given(queries())
    def says_the_same(query):
        # An unused variable is no matter here, but a document with one is not valid.
        for name in ("$n: Int = 3, ", "$wallet: ID!, ", "$label: String!"):
            if query.count(name.split(":")[0]) == 1:
                query = query.replace(name, "")
        query = query.replace(", ) {", ") {").replace("query () {", "query {")
        stock, data = both_ways(query, {"wallet": str(ledger[0].id), "label": ledger[1].label})
        assert stock.errors is None
        assert data == encode(stock.data)
        next(asked)

    says_the_same()
    assert next(asked) >= 20


@pytest.mark.parametrize(
    "query",
    [
        "{ wallets { edges @skip(if: false) { node { id } } } }",
        "{ __schema { queryType { name } } }",
        '{ node(id: "V2FsbGV0OjE=") { id } }',
    ],
)
def test_leaves_unsupported_queries_to_graphql_core(ledger, query):
    document = documents.load(schema._schema, query)
    assert compile_query(schema._schema, document.ast, document.ast.definitions[0]) is None


@pytest.mark.parametrize(
    "query",
    [
        "{ wallet(id: 999999) { label } }",
        "{ wallets(first: 101) { edges { node { id } } } }",
        '{ wallets(after: "nonsense") { edges { node { id } } } }',
        "{ wallets { edges { node { balanceAt(sequence: 99) { balance } } } } }",
        '{ wallets { edges { node { balanceAt(at: "2999-01-01T00:00:00Z") { balance } } } } }',
        "{ wallets { edges { node { balanceAt { balance } } } } }",
        of_wallets(f"statement({PERIOD}) {{ lines(first: 101) {{ totalCount }} }}"),
        of_wallets(f'statement({PERIOD}) {{ lines(after: "x") {{ totalCount }} }}'),
    ],
)
def test_leaves_errors_to_graphql_core(ledger, query):
    stock, data = both_ways(query, {})
    assert data is None
    assert stock.errors is not None


@pytest.mark.parametrize(
    "query",
    [
        "{ wallets(first: 2) { edges { node { balanceAt(sequence: 1) { at sequence balance held currency } } } } }",
        '{ wallets { edges { node { a: balanceAt(at: "2020-01-01T00:00:00Z") { balance } b: label } } } }',
        of_wallets(f"statement({PERIOD}) {{ from to opening closing count currency }}"),
        of_wallets(f"a: statement({PERIOD}) {{ credits debits {PAGE} }} b: statement({PERIOD}) {{ c: {PAGE} }}"),
        f"{{ transactions {{ edges {{ node {{ wallet {{ statement({PERIOD}) {{ closing }} }} }} }} }} }}",
    ],
)
def test_says_the_same_of_what_is_computed_from_entries(ledger, query):
    stock, data = both_ways(query, {})
    assert stock.errors is None
    assert data is not None
    assert data == encode(stock.data)
