"""A complete run, from starting its servers to judging its goals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import dataset, node_peer
from benchmarks.harness.checks import IncorrectError, MissingError
from benchmarks.harness.contenders import (
    CONSTANT,
    FLOOR,
    OURS,
    TITLES,
    UNCACHED,
    WITH_KEYS,
    Contender,
    prepare_contenders,
    prepare_keyed,
    reconcile,
    with_everything,
)
from benchmarks.harness.earlier import checked_out, compared, prepare_earlier
from benchmarks.harness.expiry import measure_expiry
from benchmarks.harness.goals import judge_against_earlier, judge_rows
from benchmarks.harness.history import measure_history
from benchmarks.harness.live import measure_live
from benchmarks.harness.machine import describe_commit, describe_machine, describe_software
from benchmarks.harness.measurement import Meter
from benchmarks.harness.memory import judge_memory, measure_memory
from benchmarks.harness.modes import Mode
from benchmarks.harness.profiling import profile
from benchmarks.harness.report import Results
from benchmarks.harness.row import Row
from benchmarks.harness.rows import group_rows, make_rows
from benchmarks.harness.scaling import judge_scaling, measure_scaling
from benchmarks.harness.servers import BenchmarkMariaDB, HarnessError, HttpServer, running
from tests.servers import RedisServer

SCALING = "scaling"
MEMORY = "memory"
HISTORY = "history"
LIVE = "live"
_PROFILE_SECONDS = 10

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The work to do: parts by key (rows, "scaling", "memory", "history", "live"), and the rows to profile.

    With `against`, a commit, that commit of walletsvc is measured instead of the peers; if it is `with_everything`,
    today's has a key, limits, log and metrics.
    """

    mode: Mode
    parts: Collection[str]
    profiled: Collection[str]
    in_memory: bool
    against: str | None = None
    with_everything: bool = False


def carry_out(plan: Plan, say: Say) -> Results:
    """Execute the plan and return the results. Raises HarnessError or ServerError if it cannot continue."""
    mode = plan.mode
    rows = [row for row in make_rows(mode.size.wallets) if row.key in plan.parts]
    if node_peer.is_possible():
        node_peer.prepare()
    else:
        say(f"Fastify is left out: it needs Node {node_peer.OLDEST} or newer, and npm")
        rows = node_peer.left_out(rows)
    earlier = {} if plan.against is None else {"the earlier commit": plan.against}
    if earlier:
        rows = compared(rows)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="walletsvc-benchmark-")))
        database = stack.enter_context(BenchmarkMariaDB(in_memory=plan.in_memory))
        redis = stack.enter_context(RedisServer())
        with dataset.connect(database.url) as connection:
            software = describe_software(connection)
        results = Results(
            mode=mode.target,
            started=datetime.now(UTC).isoformat(" ", "seconds"),
            commit=describe_commit(),
            machine=describe_machine(),
            software=software,
            setting=_describe(mode, database, in_memory=plan.in_memory) | earlier,
            rows=rows,
        )
        if rows or MEMORY in plan.parts:
            _measure_rows(plan, rows, database, redis, folder, results, say)
        if SCALING in plan.parts:
            _measure_scaling(mode, database, redis, folder, results, say)
        if HISTORY in plan.parts:
            _measure_history(mode, database, redis, folder, results, say)
        if LIVE in plan.parts:
            _measure_live(mode, database, redis, folder, results, say)
    results.problems += [
        f"{TITLES[cell.contender]}, {cell.row}: {cell.problem}"
        for cell in results.cells
        if cell.problem and not cell.is_missing
    ]
    results.problems += [f"{scaled.name}: {scaled.problem}" for scaled in results.scaled if scaled.problem]
    return results


def _measure_rows(
    plan: Plan,
    rows: list[Row],
    database: BenchmarkMariaDB,
    redis: RedisServer,
    folder: Path,
    results: Results,
    say: Say,
) -> None:
    mode = plan.mode
    say("Making everybody's data")
    contenders = prepare_contenders(database, redis.socket_url, mode.size)
    needed = {OURS, *(name for row in rows for name in row.contenders if name != FLOOR)}
    with ExitStack() as stack:
        if needed.intersection(WITH_KEYS):
            contenders |= prepare_keyed(database, redis.socket_url, mode.size)
        if plan.against is not None:
            say(f"Checking out {plan.against}")
            root = stack.enter_context(checked_out(plan.against, folder))
            redis_before = stack.enter_context(RedisServer())
            contenders |= prepare_earlier(root, database, redis_before.socket_url, mode.size)
        if plan.with_everything:
            contenders |= {name: with_everything(contenders[name]) for name in (OURS, UNCACHED)}
        servers = {name: each.server(folder) for name, each in contenders.items() if name in needed}
        say(f"Starting {', '.join(TITLES[name] for name in servers)}")
        stack.enter_context(running(servers.values()))
        meter = Meter(
            database=database,
            contenders=contenders,
            servers=servers,
            wallets=mode.size.wallets,
            repetitions=mode.repetitions,
            seconds=mode.seconds,
            warms_up=mode.warms_up,
            say=say,
        )
        for compared in group_rows(rows):
            results.cells += meter.measure(compared)
        results.goals += judge_rows(results.cells)
        results.goals += judge_against_earlier(rows if plan.against else [], results.cells)
        missed = {goal.row for goal in results.goals if not goal.holds and not goal.is_stretch}
        for row in rows:
            if row.key in plan.profiled or (mode.profiles_what_is_missed and row.key in missed):
                _profile(meter, row, servers[row.contenders[0]], results, say)
        if MEMORY in plan.parts:
            _measure_memory(mode, servers[OURS], results, say)
    for name in sorted(needed.difference(CONSTANT)):
        problem = _audit(database, contenders[name])
        if problem:
            results.problems.append(problem)


def _measure_scaling(
    mode: Mode, database: BenchmarkMariaDB, redis: RedisServer, folder: Path, results: Results, say: Say
) -> None:
    try:
        results.scaled = measure_scaling(
            database,
            redis.socket_url,
            sizes=mode.scaling_sizes,
            requests=mode.scaling_requests,
            folder=folder,
            say=say,
        )
    except HarnessError as error:
        results.problems.append(f"Scaling: {error}")
    results.goals += judge_scaling(results.scaled, mode.scaling_sizes)


def _measure_history(
    mode: Mode, database: BenchmarkMariaDB, redis: RedisServer, folder: Path, results: Results, say: Say
) -> None:
    try:
        results.goals += measure_history(database, redis.socket_url, sizes=mode.history, folder=folder, say=say)
        results.goals += measure_expiry(database, redis.socket_url, holds=mode.holds, folder=folder, say=say)
    except HarnessError as error:
        results.problems.append(f"History: {error}")


def _measure_live(
    mode: Mode, database: BenchmarkMariaDB, redis: RedisServer, folder: Path, results: Results, say: Say
) -> None:
    try:
        results.goals += measure_live(
            database, redis.socket_url, subscribers=mode.subscribers, folder=folder, say=say
        )
    except HarnessError as error:
        results.problems.append(f"Live: {error}")


def _measure_memory(mode: Mode, server: HttpServer, results: Results, say: Say) -> None:
    try:
        results.memory = measure_memory(
            server,
            wallets=mode.size.wallets,
            requests=mode.memory_requests,
            seconds_factor=mode.memory_seconds_factor,
            say=say,
        )
    except HarnessError as error:
        results.problems.append(f"Memory: {error}")
    else:
        results.goals.append(judge_memory(results.memory, requests=mode.memory_requests))


def _profile(meter: Meter, row: Row, server: HttpServer, results: Results, say: Say) -> None:
    say(f"Profile of {row.title}")
    try:
        template = meter.template_of(row, row.contenders[0])
    except (IncorrectError, MissingError):
        return
    found = profile(server, template, seconds=_PROFILE_SECONDS)
    if found is None:
        say("  py-spy is missing, or not permitted to read other processes")
    else:
        results.profiles[row.key] = found


def _audit(database: BenchmarkMariaDB, contender: Contender) -> str | None:
    """Return the problem with the contender's balances after all posts."""
    if contender.tables is None:
        return None
    tables = contender.tables
    with dataset.connect(database.url_of(tables.database)) as connection:
        wrong = dataset.count_wrong_balances(connection, wallet=tables.wallet, transaction=tables.transaction)
    if wrong:
        return f"{TITLES[contender.name]}: {wrong} wallets differ from the sum of their transactions"
    if contender.name == OURS:
        try:
            reconcile(contender)
        except HarnessError as error:
            return str(error)
    return None


def _describe(mode: Mode, database: BenchmarkMariaDB, *, in_memory: bool) -> dict[str, str]:
    small, large = (f"{size.transactions:,} in {size.wallets:,} wallets" for size in mode.scaling_sizes)
    place = "memory (/dev/shm)" if in_memory and database.folder.is_relative_to("/dev/shm") else "disk"  # noqa: S108
    return {
        "data": f"{mode.size.transactions:,} transactions in {mode.size.wallets:,} wallets when a run begins",
        "database": f"its data is on {place}; {' '.join(each.removeprefix('--') for each in database.settings)}",
        "measured": f"{mode.repetitions} repetitions of {mode.seconds} s, longer where an answer takes long",
        "scaling": f"small is {small}, large is {large}",
        "memory of a worker": f"looked at for {mode.memory_requests:,} requests",
    }
