"""How the benchmark harness evaluates its measurements."""

import pytest

pytest.importorskip("MySQLdb", reason="the harness measures on MariaDB")

from benchmarks.harness import node_peer
from benchmarks.harness.contenders import (
    BEFORE,
    BEFORE_UNCACHED,
    FASTAPI,
    FLOOR,
    NODE,
    NODE_UNCACHED,
    OURS,
    STOCK,
    UNCACHED,
)
from benchmarks.harness.dataset import Size
from benchmarks.harness.earlier import compared
from benchmarks.harness.goals import Goal, judge_against_earlier, judge_rows
from benchmarks.harness.ledger_rows import make_ledger_rows
from benchmarks.harness.measurement import Cell, _find_loss, _find_odd_size
from benchmarks.harness.memory import Sample, judge_memory
from benchmarks.harness.profiling import _summarize
from benchmarks.harness.report import format_goals
from benchmarks.harness.rows import group_rows, make_rows
from benchmarks.harness.scaling import Scaled, judge_scaling, read_log
from benchmarks.harness.wrk import Load

pytestmark = pytest.mark.without_engine

ROWS = {row.key: row for row in make_rows(wallets=100)}


def load(requests, *, bytes_read=0, refused=0):
    return Load(requests, 1.0, bytes_read, {"refused": refused, "timeouts": 0}, 1.0, 2.0, 3.0)


def post_cells(ours=600.0, **changes):
    rates = {OURS: [ours], FASTAPI: [200.0], STOCK: [50.0], FLOOR: [1000.0]}
    return [Cell("post-spread", name, rates=each, **changes.get(name, {})) for name, each in rates.items()]


def goals_of(cells):
    return {(goal.name, goal.is_stretch): goal for goal in judge_rows(cells)}


def test_a_goal_is_the_ratio_of_two_medians_of_one_row():
    goals = goals_of(post_cells())

    to_fastapi = goals["POST, spread wallets: to FastAPI", False]
    assert (to_fastapi.target, to_fastapi.measured, to_fastapi.holds) == ("≥ 3 x", 3.0, True)
    to_floor = goals["POST, spread wallets: to the floor", False]
    assert (to_floor.target, to_floor.measured, to_floor.holds) == ("≥ 0.9 x", 0.6, False)
    stretch = goals["POST, spread wallets: to the floor", True]
    assert (stretch.target, stretch.measured, stretch.holds) == ("≥ 1 x", 0.6, False)


def test_without_node_its_peer_is_left_out_and_nothing_else():
    left = node_peer.left_out(ROWS.values())
    assert [row.key for row in left] == list(ROWS)
    assert not any({NODE, NODE_UNCACHED} & set(row.contenders) for row in left)
    assert list(left[0].contenders) == [each for each in ROWS["get-wallet"].contenders if each != NODE_UNCACHED]
    assert len(left[0].contenders) == 3


def test_a_batch_counts_its_transactions():
    goals = goals_of([*post_cells(), Cell("batch-100", OURS, rates=[30.0, 45.0, 60.0])])

    assert goals["Atomic batch of 100, per transaction: to one by one", False].measured == 7.5


@pytest.mark.parametrize("who", [OURS, FASTAPI])
def test_a_goal_with_a_void_measurement_does_not_hold(who):
    goal = goals_of(post_cells(**{who: {"problem": "3 refused"}}))["POST, spread wallets: to FastAPI", False]

    assert (goal.measured, goal.holds, goal.note) == (None, False, f"{who}: 3 refused")


@pytest.mark.parametrize(("before", "holds"), [(600.0, True), (612.0, True), (613.0, False)])
def test_an_earlier_commit_takes_the_place_of_the_peers(before, holds):
    rows = compared([ROWS["post-spread"], ROWS["list-20"]])
    assert [row.contenders for row in rows] == [[OURS, BEFORE], [UNCACHED, BEFORE_UNCACHED]]

    cells = [*post_cells(), Cell("post-spread", BEFORE, rates=[before])]
    [goal] = judge_against_earlier(rows, cells)
    assert (goal.row, goal.measured, goal.holds) == ("post-spread", 600.0 / before, holds)


@pytest.mark.parametrize(("slowest", "holds"), [([8.0, 9.0, 90.0], True), ([8.0, 9.1, 9.2], False)])
def test_a_read_is_steady_by_its_medians(slowest, holds):
    cell = Cell("list-20", UNCACHED, rates=[1.0], p50_ms=[2.0, 2.25, 3.0], p99_ms=slowest)
    [goal] = judge_rows([cell])
    assert (goal.row, goal.measured, goal.holds) == ("list-20", slowest[1] / 2.25, holds)
    [void] = judge_rows([Cell("list-20", UNCACHED, problem="3 refused")])
    assert (void.measured, void.holds, void.note) == (None, False, "3 refused")


def test_rows_that_were_not_measured_have_no_goals():
    assert list(judge_rows([])) == []


def test_a_refusal_makes_a_load_void():
    assert load(100).problem is None
    assert load(100, refused=2).problem == "2 refused"
    assert load(0).problem == "no answer"


@pytest.mark.parametrize(
    ("added", "problem"),
    [(100, None), (116, None), (99, "100 answers, but 99 transactions"), (117, "100 answers, but 117 transactions")],
)
def test_each_answer_to_a_post_has_left_its_row(added, problem):
    assert _find_loss(ROWS["post-spread"], load(100), added) == problem


def test_an_error_among_the_answers_to_a_read_is_seen_by_its_size():
    cell = Cell("list-100", OURS, answer_bytes=50_000)

    assert _find_odd_size(ROWS["list-100"], load(10, bytes_read=502_000), cell) is None
    assert (
        _find_odd_size(ROWS["list-100"], load(10, bytes_read=402_000), cell)
        == "answers of 40200 bytes instead of 50000"
    )


def test_scaling_is_judged_by_time_and_by_the_slowest_first_page():
    first = Scaled("REST, first page", is_first_page=True, wall_ms=[2.0, 3.2], slowest_database_ms=[1.0, 9.5])
    post = Scaled("REST, POST", is_first_page=False, wall_ms=[2.0, 2.5])
    sizes = (Size(10, 10_000), Size(10, 1_000_000))

    assert [(goal.name, goal.measured, goal.holds) for goal in judge_scaling([first, post], sizes)] == [
        ("REST, first page: time at 1,000,000 to 10,000 transactions", 1.6, False),
        ("REST, first page: slowest request in the database, ms", 9.5, True),
        ("REST, POST: time at 1,000,000 to 10,000 transactions", 1.25, True),
    ]


def test_memory_is_judged_from_a_tenth_of_the_requests_by_the_worst_worker():
    samples = [Sample(50, (50.0, 50.0)), Sample(120, (100.0, 100.0)), Sample(1_050, (101.0, 110.0))]

    goal = judge_memory(samples, requests=1_000)

    assert (goal.measured, goal.holds) == (1.1, False)
    assert goal.name == "Memory of a worker after 1,050 requests, to that after 120"


def test_the_slow_query_log_is_read_statement_by_statement():
    log = """# Time: 261123  8:52:10
# User@Host: walletsvc[walletsvc] @  [127.0.0.1]
# Thread_id: 8  Schema: scaling  QC_hit: No
# Query_time: 0.001500  Lock_time: 0.000010  Rows_sent: 1  Rows_examined: 1
# Rows_affected: 0  Bytes_sent: 76
use scaling;
SET timestamp=1795423930;
SELECT COUNT(*)
FROM walletsvc_transaction;
# User@Host: walletsvc[walletsvc] @  [127.0.0.1]
# Thread_id: 8  Schema: scaling  QC_hit: No
# Query_time: 0.000250  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0
# Rows_affected: 0  Bytes_sent: 11
SET timestamp=1795423930;
COMMIT;
"""
    assert list(read_log(log)) == [(1.5, "SELECT COUNT(*) FROM walletsvc_transaction;"), (0.25, "COMMIT;")]


def test_a_profile_counts_functions_not_lines_and_leaves_the_servers_loop_out():
    stacks = [
        "serve (loop.py:1);view (views.py:10);dumps (json.py:3) 6",
        "serve (loop.py:1);view (views.py:12);dumps (json.py:5) 2",
        "serve (loop.py:1);view (views.py:12) 1",
        "serve (loop.py:2) 1",
    ]

    found = _summarize(stacks, 2)

    assert found.samples == 10
    assert found.own == ((0.8, "dumps (json.py)"), (0.1, "view (views.py)"))
    assert found.total == ((0.9, "view (views.py)"), (0.8, "dumps (json.py)"))


def test_a_missed_goal_stays_in_the_table():
    goals = [
        Goal("A", "≥ 2 x", 2.345, holds=True),
        Goal("B", "≥ 1 x", 0.5, holds=False, is_stretch=True),
        Goal("C", "≥ 5 x", None, holds=False, note="walletsvc: missing: there is no such endpoint"),
        Goal("D", "≥ 5 x", None, holds=False, note="fastapi: 3 refused"),
    ]

    assert list(format_goals(goals))[2:] == [
        "| A | ≥ 2 x | 2.35 | yes |",
        "| B (stretch) | ≥ 1 x | 0.50 | **no** |",
        "| C | ≥ 5 x | missing | **no** |",
        "| D | ≥ 5 x | failed: fastapi: 3 refused | **no** |",
    ]


def test_rows_that_are_compared_with_each_other_are_measured_in_turns() -> None:
    groups = [[row.key for row in group] for group in group_rows(list(ROWS.values()))]
    assert [key for group in groups for key in group] == list(ROWS)
    *of_reads, of_posts = [group for group in groups if len(group) > 1]
    assert of_reads == [["list-20", "graphql-20"], ["list-100", "graphql-100"], ["graphql-known", "graphql-new"]]
    assert of_posts[:6] == ["post-spread", "post-one", "graphql-post", "post-key", "post-watched", "batch-100"]
    # Whatever a plain post is compared with.
    assert {row.key for row in make_ledger_rows(100)} <= set(of_posts)


def test_what_an_earlier_commit_may_not_know_is_measured_without_it() -> None:
    rows = make_ledger_rows(100)
    assert compared(rows) == rows


def test_of_requests_that_are_sent_twice_each_second_one_leaves_a_row() -> None:
    assert [_find_loss(ROWS["post-replayed"], load(331), added) is None for added in (164, 165, 174, 175)] == [
        False,
        True,
        True,
        False,
    ]
