"""Requests of all kinds, about few names and ids, so that those of two owners meet."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.access.world import ATOMIC, JSON_API

STEP = 100
"""The ids that a request makes begin at a multiple of this, the next for each request."""
STEPS = 14
NAMES = ("Rent", "rent", "Savings", "T1", "T2", "a_b%c")
"""Names that both owners give."""
PATHS = {"wallets": "Wallet", "transactions": "Transaction", "entries": "Entry"}

Asked = dict[str, Any]

ids = st.builds(lambda step, place: str(STEP * step + place), st.integers(1, STEPS), st.integers(0, 6))
names = st.sampled_from(NAMES)
amounts = st.sampled_from(["10.00", "-3.00", "0.01", "-999.00", "0.001"])


def rest(method: str, path: str, document: Any = None, content_type: str = JSON_API) -> Asked:
    """Return a request of the REST API."""
    asked: Asked = {"path": f"/api/{path}", "method": method}
    if document is not None:
        asked |= {"body": json.dumps(document).encode(), "CONTENT_TYPE": content_type}
    return asked | ({"HTTP_ACCEPT": ATOMIC} if content_type == ATOMIC else {})


def graphql(query: str, **variables: Any) -> Asked:
    """Return a request of GraphQL."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    return {"path": "/graphql/", "method": "POST", "body": body, "CONTENT_TYPE": "application/json"}


def resource(name: str, identifier: str | None = None, **attributes: Any) -> dict[str, Any]:
    """Return a document of one resource."""
    data = {"type": name, "attributes": attributes} | ({} if identifier is None else {"id": identifier})
    return {"data": data}


@st.composite
def lists(draw: st.DrawFn) -> Asked:
    """Draw a list with filters, an order, a page, includes."""
    path = draw(st.sampled_from([*PATHS]))
    if draw(st.booleans()):
        parent = draw(st.sampled_from(["wallets", "transactions"]))
        path = (
            f"{parent}/{draw(ids)}/{'transactions' if parent == 'wallets' and path == 'transactions' else 'entries'}"
        )
    kind = path.rpartition("/")[2]
    filters = {
        "wallets": {"label": names, "label.icontains": names, "balance.gte": amounts, "search": names},
        "transactions": {"txid": names, "wallet": ids, "amount.lt": amounts, "search": names},
        "entries": {"wallet": ids, "transaction": ids, "txid": names, "kind": st.sampled_from(["opening", "post"])},
    }[kind]
    sorts = {
        "wallets": ["label", "-balance", "createdAt"],
        "transactions": ["txid", "-amount"],
        "entries": ["sequence"],
    }
    includes = {"wallets": ["transactions", "entries"], "transactions": ["wallet", "entries"], "entries": ["wallet"]}
    given: dict[str, str] = {}
    for name in draw(st.lists(st.sampled_from([*filters]), max_size=2, unique=True)):
        given[f"filter[{name}]"] = draw(filters[name])
    if draw(st.booleans()):
        given["sort"] = draw(st.sampled_from([*sorts[kind], "-id"]))
    if draw(st.booleans()):
        given["include"] = draw(st.sampled_from(includes[kind]))
    if draw(st.booleans()):
        given["page[size]"] = draw(st.sampled_from(["1", "2", "3"]))
        name = draw(st.sampled_from(["page[number]", "page[after]", "page[before]"]))
        given[name] = draw(st.sampled_from(["1", "2", "9"])) if name == "page[number]" else "{cursor}"
    query = "&".join(f"{quote(name)}={quote(value, '{}')}" for name, value in given.items())
    return rest("GET", f"{path}/?{query}")


items = st.builds(
    lambda path, identifier, rest_of: rest("GET", f"{path}/{identifier}/{rest_of}"),
    st.sampled_from([*PATHS]),
    ids,
    st.sampled_from(
        ["", "?include=wallet", "?include=entries", "wallet/", "relationships/entries/", "relationships/wallet/"]
    ),
)
_SHOWN = "totalCount pageInfo { hasNextPage endCursor } edges { cursor node"
queries = st.one_of(
    st.builds(
        lambda name, first: graphql(
            "query($n: String, $f: Int) { wallets(filters: {search: $n}, first: $f, ordering: [{label: DESC}]) "
            f"{{ {_SHOWN} {{ id label balance sequence transactions {{ totalCount }} }} }} }} }}",
            n=name,
            f=first,
        ),
        st.none() | names,
        st.integers(1, 3),
    ),
    st.builds(
        lambda wallet: graphql(
            f"query($w: ID) {{ entries(filters: {{wallet: $w}}, last: 3) {{ {_SHOWN} {{ kind principal txid "
            "balanceAfter wallet { label } transaction { txid } } } } }",
            w=wallet,
        ),
        st.none() | ids,
    ),
    st.builds(lambda each: graphql(f'{{ wallet(id: "{each}") {{ label entries {{ totalCount }} }} }}'), ids),
    st.builds(lambda name: graphql("query($n: String!) { walletByLabel(label: $n) { id balance } }", n=name), names),
    st.builds(
        lambda name: graphql("query($n: String!) { transactionByTxid(txid: $n) { id amount } }", n=name), names
    ),
    st.builds(
        lambda name: graphql('query($n: String!) { walletByLabel(label: $n, owner: "bob") { id } }', n=name), names
    ),
)
writes = st.one_of(
    st.builds(
        lambda name, money: rest("POST", "wallets/", resource("Wallet", label=name, balance=money)), names, amounts
    ),
    st.builds(
        lambda name, money, wallet: rest(
            "POST", "transactions/", resource("Transaction", txid=name, amount=money, wallet=wallet)
        ),
        names,
        amounts,
        ids,
    ),
    st.builds(lambda i, name: rest("PATCH", f"wallets/{i}/", resource("Wallet", i, label=name)), ids, names),
    st.builds(lambda i, to: rest("PATCH", f"transactions/{i}/", resource("Transaction", i, wallet=to)), ids, ids),
    st.builds(lambda path, i: rest("DELETE", f"{path}/{i}/"), st.sampled_from(["wallets", "transactions"]), ids),
    st.builds(
        lambda name, wallet: rest(
            "POST",
            "operations/",
            {
                "atomic:operations": [
                    {"op": "add"} | resource("Wallet", label=name),
                    {"op": "add"} | resource("Transaction", txid=name, amount="1", wallet=wallet),
                ]
            },
            ATOMIC,
        ),
        names,
        ids,
    ),
    st.builds(
        lambda name, wallet: graphql(
            "mutation($i: CreateTransactionInput!) { createTransaction(input: $i) "
            "{ transaction { id txid wallet { balance } } userErrors { code message field } } }",
            i={"txid": name, "amount": "2.00", "walletId": wallet},
        ),
        names,
        ids,
    ),
)
reads = st.one_of(lists(), items, queries)
histories = st.tuples(st.lists(st.one_of(writes, reads), min_size=4, max_size=STEPS - 3), st.integers(0, 2**32))
FIRST = [
    rest("POST", "wallets/", resource("Wallet", label="Rent", balance="50.00")),
    rest("POST", "wallets/", resource("Wallet", label="Empty")),
    rest("POST", "transactions/", resource("Transaction", txid="T1", amount="5.00", wallet=str(STEP))),
]
"""Each history begins with these, so that there is something to ask about."""
