"""Lists of many parents with their to-many pages, and what is compared between sizes."""

from __future__ import annotations

from benchmarks.harness.questions import CURSOR_PROFILE, MEDIA_TYPE, ask_graphql
from benchmarks.harness.wrk import Template


def _get(path: str, accept: str = MEDIA_TYPE) -> Template:
    return Template(path.replace("[", "%5B").replace("]", "%5D"), headers={"Accept": accept})


_THREE_OF_EACH = "transactions(last: 3) { edges { node { amount } } }"
_POSITIVE = 'transactions(first: 3, filters: {amount: {gt: "0"}}) { totalCount edges { node { amount } } }'
_ENTRIES = "entries(first: 2) { edges { node { sequence amount } } }"
_TEN_WITH_ENTRIES = f"transactions(first: 10) {{ totalCount edges {{ node {{ txid {_ENTRIES} }} }} }}"
NESTED: dict[str, Template] = {
    "/api/wallets/?include=transactions,entries": _get("/api/wallets/?include=transactions,entries"),
    "100 wallets, the last 3 transactions of each": ask_graphql(
        f"{{ wallets(first: 100) {{ edges {{ node {{ label {_THREE_OF_EACH} }} }} }} }}"
    ),
    "100 wallets, 3 positive transactions of each, and their number": ask_graphql(
        f"{{ wallets(first: 100) {{ edges {{ node {{ label {_POSITIVE} }} }} }} }}"
    ),
    "20 wallets, 10 transactions of each with their number, 2 entries of each": ask_graphql(
        f"{{ wallets(first: 20) {{ edges {{ node {{ label {_TEN_WITH_ENTRIES} }} }} }} }}"
    ),
}
"""Asked of ten wallets and of a thousand. Ten wallets are all that is shown, so both are shown as many."""
ENTRIES: dict[str, Template] = {
    "/api/entries/": _get("/api/entries/"),
    "a wallet's newest 20 entries": _get("/api/entries/?filter[wallet]=1&sort=-sequence"),
    "a wallet's newest 20 entries, by cursor": _get("/api/entries/?filter[wallet]=1&sort=-sequence", CURSOR_PROFILE),
}
ALL, OF_OWNER = "a list of 100, of all", "a list of 100, of one owner among 1,000"
OWNED: dict[str, Template] = {
    ALL: _get("/api/transactions/?page[size]=100"),
    OF_OWNER: _get("/api/transactions/?page[size]=100&filter[owner]=owner-7"),
}
