"""An error is reported at the field that raised it."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_api.ids import global_id

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("directive", ["", " @include(if: true)"])
@pytest.mark.parametrize("arguments", ['after: "no"', 'filters: {wallet: "x"}', "ordering: [{id: ASC}, {id: ASC}]"])
def test_an_argument_is_refused_at_its_own_field(
    arguments: str, directive: str, ask: Any, make_wallet: Any, post: Any
) -> None:
    """GraphQL specification, section 7.1.2: the path of an error is that of the field that it was raised in."""
    post(make_wallet("1.00", label="W"), "1.00", txid="T")
    query = f"""{{ good: walletByLabel(label: "W") {{ balance }}
      bad: transactionByTxid(txid: "T"){directive} {{ txid wallet {{ all: transactions {{ edges {{ node {{
        txid one: wallet {{ lines: entries({arguments}) {{ totalCount }} }} }} }} }} }} }} }}"""
    reply = ask(query)
    assert reply.data == {"good": {"balance": "2.00"}, "bad": None}
    assert reply.codes == ["invalid_parameter"]
    assert reply.errors[0]["path"] == ["bad", "wallet", "all", "edges", 0, "node", "one", "lines"]
    assert reply.errors[0]["locations"] == [{"line": 3, "column": query.splitlines()[2].index("lines") + 1}]


def test_one_of_several_nodes_reports_its_own_error(ask: Any, make_wallet: Any) -> None:
    ids = [global_id("Wallet", make_wallet("1.00", label=label).id) for label in "AB"]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Wallet { label entries(first: 101) { totalCount } } } }"
    reply = ask(query, ids=[ids[0], ids[1], global_id("Wallet", 999999)])
    assert reply.data == {"nodes": [None, None, None]}
    assert [error["path"] for error in reply.errors] == [["nodes", number, "entries"] for number in (0, 1)]
