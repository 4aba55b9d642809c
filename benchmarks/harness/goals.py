"""The goals, each a ratio of two measurements of one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.harness.contenders import (
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
from benchmarks.harness.earlier import EARLIER
from benchmarks.harness.measurement import Cell, find
from benchmarks.harness.row import Row
from benchmarks.harness.rows import BATCH_SIZE


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and its result. `measured` is None if a figure is missing or wrong; `note` says why."""

    name: str
    target: str
    measured: float | None
    holds: bool
    row: str = ""
    is_stretch: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Ratio:
    name: str
    at_least: float
    row: str
    contender: str
    other_row: str
    other: str
    times: float = 1.0
    is_stretch: bool = False


def _against(name: str, at_least: float, row: str, contender: str, other: str) -> _Ratio:
    return _Ratio(name, at_least, row, contender, row, other)


def _to_plain(name: str, at_least: float, row: str) -> _Ratio:
    return _Ratio(f"{name}: to a plain POST", at_least, row, OURS, "post-spread", OURS)


_RATIOS = (
    _against("POST, spread wallets: to FastAPI", 3, "post-spread", OURS, FASTAPI),
    _against("POST, spread wallets: to stock DJA", 6.5, "post-spread", OURS, STOCK),
    _against("POST, spread wallets: to the floor", 0.9, "post-spread", OURS, FLOOR),
    _Ratio("POST, spread wallets: to the floor", 1, "post-spread", OURS, "post-spread", FLOOR, is_stretch=True),
    _Ratio("POST, one wallet: to spread wallets", 0.8, "post-one", OURS, "post-spread", OURS),
    _Ratio(
        "Atomic batch of 100, per transaction: to one by one", 5, "batch-100", OURS, "post-spread", OURS, BATCH_SIZE
    ),
    _against("GET wallet, not cached: to FastAPI", 3, "get-wallet", UNCACHED, FASTAPI),
    _against("GET list of 20, not cached: to FastAPI", 4, "list-20", UNCACHED, FASTAPI),
    _against("GET list of 20, not cached: to stock DJA", 40, "list-20", UNCACHED, STOCK),
    _against("GET list of 100, not cached: to FastAPI", 4, "list-100", UNCACHED, FASTAPI),
    _against("GET list of 100, not cached: to stock DJA", 40, "list-100", UNCACHED, STOCK),
    _against("GET list of 20 with wallets and entries: to FastAPI", 5, "list-20-include", UNCACHED, FASTAPI),
    _against("GraphQL, three levels: to FastAPI", 5, "graphql-tree", UNCACHED, FASTAPI),
    _against("GET list of 100, cached: to FastAPI with Redis", 2.3, "list-100-cached", OURS, FASTAPI_CACHED),
    _against("GET list of 100, cached: to the ceiling", 2, "list-100-cached", OURS, CEILING),
    _against("GET list of 100, 304: to the ceiling", 2, "list-100-304", OURS, CEILING),
    _against(
        "GET a wallet of one owner: to a key that reaches all",
        0.9,
        "get-wallet-owner",
        BOUND_UNCACHED,
        KEYED_UNCACHED,
    ),
    _against(
        "GET a list of one owner: to a key that reaches all", 0.9, "list-100-owner", BOUND_UNCACHED, KEYED_UNCACHED
    ),
    _against("GET a list of 100, cached, with a key: to no key", 0.85, "list-100-key", KEYED, OURS),
    _against("GET a wallet, not cached, with a key: to no key", 0.95, "get-wallet-key", KEYED_UNCACHED, UNCACHED),
    _against("POST, spread wallets, with a key: to no key", 0.95, "post-key", KEYED, OURS),
    _against("GET a list of 100, cached, with log and metrics: to without", 0.9, "list-100-watched", WATCHED, OURS),
    _against("POST, spread wallets, with log and metrics: to without", 0.97, "post-watched", WATCHED, OURS),
    _to_plain("POST with an Idempotency-Key", 0.9, "post-keyed"),
    _to_plain("POST with an Idempotency-Key, each twice", 0.5, "post-replayed"),
    _to_plain("POST with conditions", 0.95, "post-conditions"),
    _to_plain("POST to wallets with a floor", 0.95, "post-floor"),
    _to_plain("Transfer, spread wallets", 0.7, "transfer-spread"),
    _to_plain("Transfer, between two wallets", 0.6, "transfer-pair"),
    _to_plain("Transfer, all into one wallet", 0.6, "transfer-one"),
    _to_plain("Hold, spread wallets", 0.6, "hold"),
    _to_plain("Capture, spread holds", 0.6, "capture"),
    _Ratio("GraphQL connection of 20, not cached: to REST's list", 0.8, "graphql-20", UNCACHED, "list-20", UNCACHED),
    _Ratio(
        "GraphQL connection of 100, not cached: to REST's list", 0.8, "graphql-100", UNCACHED, "list-100", UNCACHED
    ),
    _Ratio(
        "GraphQL, a new document of a known shape: to a known one",
        0.5,
        "graphql-new",
        UNCACHED,
        "graphql-known",
        UNCACHED,
    ),
    _Ratio("GraphQL createTransaction: to a POST", 0.85, "graphql-post", OURS, "post-spread", OURS),
    _against("POST, spread wallets: to Fastify", 1.3, "post-spread", OURS, NODE),
    _against("POST, one wallet: to Fastify", 2, "post-one", OURS, NODE),
    _against("GET wallet, not cached: to Fastify", 0.95, "get-wallet", UNCACHED, NODE_UNCACHED),
    _against("GET list of 20, not cached: to Fastify", 2.5, "list-20", UNCACHED, NODE_UNCACHED),
    _against("GET list of 100, not cached: to Fastify", 2.5, "list-100", UNCACHED, NODE_UNCACHED),
    _against("GET list of 100, cached: to Fastify", 2.3, "list-100-cached", OURS, NODE),
    _against("GraphQL connection of 100, not cached: to mercurius", 1.5, "graphql-100", UNCACHED, NODE_UNCACHED),
    _against("GraphQL connection of 100, not cached: to stock strawberry-django", 10, "graphql-100", UNCACHED, STOCK),
    _against("GraphQL, cached: to the ceiling", 0.5, "graphql-100-cached", OURS, CEILING),
    _against("GraphQL, cached, in front of Django: to the ceiling", 1.5, "graphql-100-cached", OURS, CEILING),
)


_STEADY = ("get-wallet", "list-20", "list-100", "graphql-20", "graphql-100")
AT_MOST_LONGER = 4
"""How many times the median one in a hundred of the answers to these reads may take."""
AT_LEAST_AS_BEFORE = 0.98
"""The loss of speed that a change may cause in a row."""


def judge_rows(cells: Sequence[Cell]) -> Iterator[Goal]:
    """Yield the goals of the measured rows."""
    yield from _judge(_RATIOS, cells)
    yield from map(_judge_delays, filter(None, (find(cells, row, UNCACHED) for row in _STEADY)))


def _judge_delays(cell: Cell) -> Goal:
    measured = None if cell.problem or not cell.p50_ms else median(cell.p99_ms) / median(cell.p50_ms)
    return Goal(
        name=f"{cell.row}, not cached: 99th percentile to the median",
        target=f"≤ {AT_MOST_LONGER} x",
        measured=measured,
        holds=measured is not None and measured <= AT_MOST_LONGER,
        row=cell.row,
        note=cell.problem or "",
    )


def judge_against_earlier(rows: Sequence[Row], cells: Sequence[Cell]) -> Iterator[Goal]:
    """Yield for each row whether walletsvc is as fast as its earlier commit."""
    ratios = [
        _against(f"{row.title}: to the earlier commit", AT_LEAST_AS_BEFORE, row.key, name, EARLIER[name])
        for row in rows
        for name in row.contenders
        if name in EARLIER
    ]
    return _judge(ratios, cells)


def _judge(ratios: Sequence[_Ratio], cells: Sequence[Cell]) -> Iterator[Goal]:
    for ratio in ratios:
        ours = find(cells, ratio.row, ratio.contender)
        other = find(cells, ratio.other_row, ratio.other)
        if ours is None or other is None:
            continue
        notes = [f"{cell.contender}: {cell.problem}" for cell in (ours, other) if cell.problem]
        measured = ours.rate * ratio.times / other.rate if ours.rate is not None and other.rate else None
        yield Goal(
            name=ratio.name,
            target=f"≥ {ratio.at_least:g} x",
            measured=measured,
            holds=measured is not None and measured >= ratio.at_least,
            row=ratio.row,
            is_stretch=ratio.is_stretch,
            note="; ".join(notes),
        )
