"""The balance at a moment, found by bisection, is that of a walk through all entries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from walletsvc.errors import InvalidParameter
from walletsvc.models import Entry
from walletsvc.moments import Moment
from walletsvc.queries import history
from walletsvc.queries.history import Balance, Edge, Search, compute_balances, find_places
from walletsvc.queries.questions import BalanceQuestion

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def insert_entries(wallet_id: int, moments: Sequence[datetime]) -> list[Entry]:
    """Insert entries of 0.10 each, one for each moment, and return them."""
    return Entry.objects.bulk_create(
        Entry(
            wallet_id=wallet_id,
            sequence=place + 1,
            amount="0.10",
            balance_after=Decimal(place + 1) / 10,
            held_after=Decimal(place % 3),
            held=0,
            currency="USD",
            kind="post",
            transaction_id=1,
            txid="T",
            principal="anonymous",
            created_at=at,
        )
        for place, at in enumerate(moments)
    )


def rising(count: int, seed: int) -> list[datetime]:
    """Return moments in order, of which some are equal."""
    draw = random.Random(seed)
    steps = [draw.choice((0, 0, 1, 2, 1_000_000)) for _ in range(count)]
    return [NOON + sum(steps[: place + 1]) * MICROSECOND for place in range(count)]


def at(moment: datetime) -> BalanceQuestion:
    return BalanceQuestion(at=Moment(moment, whole=True))


def walk(entries: Sequence[Entry], edge: Edge) -> int:
    """Return the number of entries within the edge, by looking at each."""
    return sum(each.created_at < edge.at or (edge.included and each.created_at == edge.at) for each in entries)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few hundred entries need as many steps as a hundred million do."""
    monkeypatch.setattr(history, "_STRIDES", tuple(4 * 4**power for power in range(9, -1, -1)))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 15, 16, 17, 64, 255, 300])
def test_the_last_entry_within_an_edge_is_found(count: int) -> None:
    entries = insert_entries(1, rising(count, count))
    moments = {NOON - MICROSECOND, NOON} | {each.created_at + d * MICROSECOND for each in entries for d in (-1, 0, 1)}
    edges = [Edge(moment, included) for moment in sorted(moments) for included in (True, False)]
    found = find_places([Search(1, 0, count + 1, edge) for edge in edges])
    assert [each.sequence for each in found] == [walk(entries, edge) for edge in edges]
    for place in found:
        entry = entries[place.sequence - 1] if place.sequence else None
        assert (place.balance, place.held, place.at) == (
            (entry.balance_after, entry.held_after, entry.created_at) if entry else (0, 0, None)
        )


@pytest.mark.usefixtures("small_steps")
def test_entries_out_of_order_change_no_answer_later_and_keep_periods_apart() -> None:
    """Entries of older servers can be out of order."""
    draw = random.Random(7)
    older = [NOON + draw.randrange(-60, 60) * timedelta(seconds=1) for _ in range(100)]
    newer = [NOON + timedelta(minutes=2 + place) for place in range(200)]
    insert_entries(1, older + newer)
    edges = [Edge(NOON + second * timedelta(seconds=1), included=False) for second in range(-61, 61)]
    last = [0] * len(edges)
    for count in range(100, 300, 13):
        found = find_places([Search(1, 0, count + 1, edge) for edge in edges])
        sequences = [each.sequence for each in found]
        assert sequences == sorted(sequences)
        assert (sequences[0], sequences[-1]) == (0, 100)
        assert all(each.at is None or each.at < edge.at for each, edge in zip(found, edges, strict=True))
        assert count == 100 or sequences == last
        last = sequences


def test_many_wallets_are_asked_together_and_answered_apart() -> None:
    sizes = [0, 1, 300, 20_000, 2, 700]
    entries = {
        wallet_id: insert_entries(wallet_id, rising(min(size, 2000), wallet_id))
        for wallet_id, size in enumerate(sizes, 1)
        if size < 20_000
    }
    long = [NOON + place * timedelta(milliseconds=1) for place in range(20_000)]
    entries[4] = insert_entries(4, long)
    wallets = [(wallet_id, len(entries[wallet_id]), "USD") for wallet_id in range(1, 7)]
    for moment in (NOON - MICROSECOND, NOON, NOON + timedelta(seconds=17.0005), NOON + timedelta(days=1)):
        with CaptureQueriesContext(connection) as queries:
            found = compute_balances(wallets, at(moment))
        # Two steps for the longest, with two strides, and one for the last entries of all.
        assert len(queries) == 3
        walked = [walk(entries[wallet_id], Edge(moment, included=True)) for wallet_id, _, _ in wallets]
        assert [each.sequence for each in found if each] == walked


def test_a_million_entries_take_three_statements_of_few_probes_and_one_for_the_wallet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ledger is imagined: each SELECT of probes is answered from a list."""
    asked: list[int] = []
    wanted: list[int] = []
    count, edge = 1_000_000, Edge(NOON, included=True)

    def answer(searches: Sequence[Search], stride: int) -> None:
        (search,) = searches
        probes = search.probes(stride)
        asked.append(len(probes))
        first = next((each for each in probes if each > wanted[0]), None)
        search.low = probes[-1] if first is None else first - stride
        search.high = search.high if first is None else first

    monkeypatch.setattr(history, "_narrow", answer)
    monkeypatch.setattr(
        history, "_read_places", lambda parts, _places: asked.append(parts[0][1].high - parts[0][1].low)
    )
    for place in (0, 1, 255, 256, 499_999, 999_999, 1_000_000):
        asked.clear()
        wanted[:] = [place]
        find_places([Search(1, 0, count + 1, edge)])
        assert len(asked) == 3
        assert max(asked[:2]) < 64
        assert asked[2] <= 256


def test_an_entry_is_found_by_its_sequence() -> None:
    entries = insert_entries(1, rising(5, 1))
    wallets = [(1, 5, "USD"), (2, 0, "EUR")]
    for entry in entries:
        found = compute_balances(wallets, BalanceQuestion(sequence=entry.sequence))
        assert found == [
            Balance(entry.created_at, entry.sequence, entry.balance_after, entry.held_after, "USD"),
            None,
        ]
    assert compute_balances(wallets, BalanceQuestion(sequence=6)) == [None, None]


def test_the_future_has_no_balance() -> None:
    insert_entries(1, [NOON])
    with pytest.raises(InvalidParameter) as refused:
        compute_balances([(1, 1, "USD")], at(datetime.now(UTC) + timedelta(hours=1)))
    assert refused.value.parameter == "at"


@pytest.mark.parametrize(
    ("values", "parameter"),
    [({}, "at"), ({"at": Moment(NOON, whole=True), "sequence": 1}, "at"), ({"sequence": 0}, "sequence")],
)
def test_a_balance_is_of_one_moment_or_one_entry(values: dict[str, object], parameter: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        BalanceQuestion(**values)  # type: ignore[arg-type]
    assert refused.value.parameter == parameter
