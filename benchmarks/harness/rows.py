"""The rows of the measurement: each request, and the contenders that get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.harness.contenders import (
    BARE,
    BOUND,
    BOUND_UNCACHED,
    CEILING,
    FASTAPI,
    FASTAPI_CACHED,
    FLOOR,
    KEYED,
    KEYED_UNCACHED,
    NODE,
    NODE_UNCACHED,
    OURS,
    STOCK,
    UNCACHED,
    WATCHED,
)
from benchmarks.harness.ledger_rows import make_ledger_rows
from benchmarks.harness.questions import (
    BATCH,
    CONNECTION_OF_20,
    CONNECTION_OF_100,
    CREATE_BY_GRAPHQL,
    GET_WALLET,
    KNOWN_DOCUMENT,
    NEW_DOCUMENT,
    POST_TRANSACTION,
    TREE,
    get_list,
)
from benchmarks.harness.row import Row

BATCH_SIZE = 100


def make_rows(wallets: int) -> list[Row]:
    """Return all rows; reads first, because the others make the lists longer. The ids of wallets start at 1."""
    spread = replace(POST_TRANSACTION, wallets=(1, wallets))
    return [
        Row(
            "get-wallet",
            "GET a wallet, not cached",
            replace(GET_WALLET, wallets=(1, wallets)),
            (UNCACHED, FASTAPI, NODE_UNCACHED, STOCK),
        ),
        Row(
            "list-20",
            "GET a list of 20, not cached",
            get_list(20),
            (UNCACHED, FASTAPI, NODE_UNCACHED, STOCK),
            expects=20,
            family="list-20",
        ),
        Row(
            "graphql-20",
            "GraphQL connection of 20, not cached",
            CONNECTION_OF_20,
            (UNCACHED,),
            expects=20,
            family="list-20",
        ),
        Row(
            "list-20-include",
            "GET a list of 20 with wallets and entries, not cached",
            get_list(20, "include=wallet,entries"),
            (UNCACHED, FASTAPI),
            expects=20,
        ),
        Row(
            "graphql-tree",
            "GraphQL, 20 wallets, 10 transactions of each, their entries, not cached",
            TREE,
            (UNCACHED, FASTAPI),
            expects=20,
        ),
        Row(
            "list-100",
            "GET a list of 100, not cached",
            get_list(100),
            (UNCACHED, FASTAPI, NODE_UNCACHED, STOCK),
            expects=100,
            family="list-100",
        ),
        Row(
            "graphql-100",
            "GraphQL connection of 100, not cached",
            CONNECTION_OF_100,
            (UNCACHED, NODE_UNCACHED, STOCK),
            expects=100,
            family="list-100",
        ),
        Row(
            "list-100-cached",
            "GET a list of 100, cached",
            get_list(100),
            (OURS, FASTAPI_CACHED, NODE, CEILING, BARE),
            expects=100,
            is_cached=True,
        ),
        Row(
            "list-100-304",
            "GET a list of 100, 304 Not Modified",
            get_list(100),
            (OURS, CEILING, BARE),
            expects=100,
            is_cached=True,
            is_conditional=True,
        ),
        Row(
            "graphql-known",
            "GraphQL connection of 100 with a filter, not cached",
            KNOWN_DOCUMENT,
            (UNCACHED,),
            expects=100,
            family="graphql-new",
        ),
        Row(
            "graphql-new",
            "GraphQL connection of 100 with a filter, a new document each time",
            NEW_DOCUMENT,
            (UNCACHED,),
            expects=100,
            family="graphql-new",
        ),
        Row(
            "graphql-100-cached",
            "GraphQL connection of 100, cached",
            CONNECTION_OF_100,
            (OURS, CEILING, BARE),
            expects=100,
            is_cached=True,
        ),
        Row(
            "get-wallet-owner",
            "GET a wallet of one owner, not cached",
            replace(GET_WALLET, wallets=(7, 7)),
            (BOUND_UNCACHED, KEYED_UNCACHED),
        ),
        Row(
            "list-100-owner",
            "GET a list of 100 of one owner, not cached",
            get_list(100),
            (BOUND_UNCACHED, KEYED_UNCACHED),
            expects=100,
        ),
        Row(
            "get-wallet-key",
            "GET a wallet, not cached, with a key",
            replace(GET_WALLET, wallets=(1, wallets)),
            (KEYED_UNCACHED, UNCACHED),
        ),
        Row(
            "list-100-key",
            "GET a list of 100, cached, with a key",
            get_list(100),
            (KEYED, BOUND, OURS),
            expects=100,
            is_cached=True,
        ),
        Row(
            "list-100-watched",
            "GET a list of 100, cached, with log and metrics",
            get_list(100),
            (WATCHED, OURS),
            expects=100,
            is_cached=True,
            is_new=True,
        ),
        Row(
            "post-spread",
            "POST a transaction, spread wallets",
            spread,
            (OURS, FASTAPI, NODE, STOCK, FLOOR),
            per_request=1,
            family="post",
        ),
        Row(
            "post-one",
            "POST a transaction, one wallet",
            replace(POST_TRANSACTION, wallets=(wallets // 2, wallets // 2)),
            (OURS, FASTAPI, NODE),
            per_request=1,
            family="post",
        ),
        Row(
            "graphql-post",
            "GraphQL createTransaction, spread wallets",
            replace(CREATE_BY_GRAPHQL, wallets=(1, wallets)),
            (OURS,),
            per_request=1,
            family="post",
        ),
        Row(
            "post-key",
            "POST a transaction, spread wallets, with a key",
            spread,
            (KEYED, OURS),
            per_request=1,
            family="post",
        ),
        Row(
            "post-watched",
            "POST a transaction, spread wallets, with log and metrics",
            spread,
            (WATCHED, OURS),
            per_request=1,
            family="post",
            is_new=True,
        ),
        Row(
            "batch-100",
            "POST an atomic batch of 100, spread wallets",
            replace(BATCH, wallets=(1, wallets), repeats=BATCH_SIZE),
            (OURS,),
            per_request=BATCH_SIZE,
            family="post",
        ),
        *make_ledger_rows(wallets),
    ]


def group_rows(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows by family, in order; a row without a family forms its own group."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.family or row.key, []).append(row)
    return list(groups.values())
