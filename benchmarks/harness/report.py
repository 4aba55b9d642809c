"""Write the results of a run: as JSON for programs, as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from benchmarks.harness.contenders import TITLES
from benchmarks.harness.goals import Goal
from benchmarks.harness.measurement import Cell
from benchmarks.harness.memory import Sample
from benchmarks.harness.profiling import Profile
from benchmarks.harness.row import Row
from benchmarks.harness.scaling import Scaled

_TOP_IN_PAGE = 12

_HOW = """
All servers and databases run on this one machine, and so does wrk: 16 keep-alive connections, one thread. Each
figure is the median of its repetitions; the contenders of a row are measured in turns, repetition by repetition,
and so are rows that are compared with each other, such as those of POST.
Each contender has 2 processes (8 threads each if it uses threads) and its own database with the same rows. It is
checked before: its reads are compared, and it must refuse an overdraft without changing anything; and after: each
answer to a POST must have left its rows, and all balances are recomputed, walletsvc's by `manage.py reconcile`. A row
with any refusal, lost answer or answer of another size has no figure.

- **walletsvc** is `manage.py serve --workers 2` with Redis, reached by its Unix socket; "not cached" means
  `CACHE_SECONDS=0`. As always with as many processes as cores, each keeps the threads that run Python on one core
  (`WEB_AFFINITY`); the system places the threads of all others.
- **stock Django** is Django REST framework with djangorestframework-jsonapi's viewsets and `select_for_update`,
  without a ledger, and strawberry-django's connection with the optimizer and the caches of parsed and of validated
  documents; under granian as walletsvc is.
- **FastAPI** has the same documents, guard, transaction and ledger entry, with SQLAlchemy's asynchronous ORM; under
  granian with uvloop, where a request costs it less than under uvicorn. What is shown with a page is read by
  `selectinload`; with Redis, it keeps whole documents, each with the number of writes before it.
- **Fastify** is version 5 on two Node processes, with the same documents, guard, transaction and ledger entry: mysql2
  without an ORM (prepared statements of a pool), responses serialized by schemas, mercurius with its JIT and a
  loader, and ioredis, which reads a kept document and the number of writes in one round trip.
- **the floor** is a loop of mysqlclient that locks, updates, inserts transaction and entry, and commits: five round
  trips, on walletsvc's own tables.
- **the ceiling** is a Django view that returns as many constant bytes as walletsvc's answer has (100 where it is a
  304), in the settings that `django-admin startproject` writes, under granian as walletsvc is. Without any middleware
  it is shown for comparison.
"""


@dataclass(slots=True)
class Results:
    """The results of a run."""

    mode: str
    started: str
    commit: str
    machine: dict[str, str]
    software: dict[str, str]
    setting: dict[str, str]
    rows: Sequence[Row] = ()
    cells: list[Cell] = field(default_factory=list)
    scaled: list[Scaled] = field(default_factory=list)
    memory: list[Sample] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    profiles: dict[str, Profile] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def write(results: Results, folder: Path) -> None:
    """Write RESULTS.md, results.json and the profiles into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_bytes(orjson.dumps(_as_json(results), option=orjson.OPT_INDENT_2) + b"\n")
    (folder / "RESULTS.md").write_text("\n".join(_page(results)))
    for earlier in (folder / "profiles").glob("*.txt"):
        earlier.unlink()
    for row, found in results.profiles.items():
        (folder / "profiles").mkdir(exist_ok=True)
        (folder / "profiles" / f"{row}.txt").write_text(found.as_text())


def format_goals(goals: Sequence[Goal]) -> Iterator[str]:
    """Yield the lines of a table of goals."""
    yield "| goal | target | measured | holds |"
    yield "|---|---|---|---|"
    for goal in goals:
        name = f"{goal.name} (stretch)" if goal.is_stretch else goal.name
        yield f"| {name} | {goal.target} | {_format_measured(goal)} | {'yes' if goal.holds else '**no**'} |"


def _format_measured(goal: Goal) -> str:
    if goal.measured is None:
        return "missing" if "missing" in goal.note else f"failed: {goal.note}"
    return f"{goal.measured:.2f}" if goal.measured < 100 else f"{goal.measured:.0f}"


def _as_json(results: Results) -> dict[str, Any]:
    def as_object(goal: Goal) -> dict[str, Any]:
        described = {"name": goal.name, "target": goal.target, "measured": goal.measured, "holds": goal.holds}
        return described | ({"note": goal.note} if goal.note else {})

    return {
        "mode": results.mode,
        "started": results.started,
        "commit": results.commit,
        "machine": results.machine,
        "software": results.software,
        "setting": results.setting,
        "goals": [as_object(goal) for goal in results.goals if not goal.is_stretch],
        "stretch_goals": [as_object(goal) for goal in results.goals if goal.is_stretch],
        "measurements": [asdict(cell) | {"median_rate": cell.rate} for cell in results.cells],
        "scaling": [asdict(scaled) for scaled in results.scaled],
        "memory": [asdict(sample) for sample in results.memory],
        "problems": results.problems,
    }


def _page(results: Results) -> Iterator[str]:
    yield "# What walletsvc does in a second, beside its peers\n"
    yield f"Written by `make {results.mode}`, started {results.started}, of commit {results.commit}.\n"
    yield from _list(results.machine | results.setting)
    yield "\n" + ", ".join(f"{name} {value}" for name, value in results.software.items()) + ".\n"
    yield _HOW
    yield "## Goals\n"
    yield from format_goals(results.goals)
    yield from (f"\n- {problem}" for problem in results.problems)
    yield "\n## Measurements\n"
    yield from _format_cells(results)
    if results.scaled:
        yield "\n## Small and large\n"
        yield from _format_scaled(results)
    if results.memory:
        yield "\n## Memory\n"
        yield from _format_memory(results.memory)
    if results.profiles:
        yield "\n## Where the time goes\n"
        yield "Of rows whose goal was missed, and where asked for: shares of py-spy's samples in both workers.\n"
        for row, found in results.profiles.items():
            yield f"### {row}\n"
            yield from _format_profile(found)
    yield ""


def _list(values: Mapping[str, str]) -> Iterator[str]:
    yield from (f"- {name}: {value}" for name, value in values.items())


def _format_cells(results: Results) -> Iterator[str]:
    yield "| row | contender | requests/s | repetitions | p50 ms | p99 ms | server's CPU ms a request |"
    yield "|---|---|---:|---|---:|---:|---:|"
    titles = {row.key: row.title for row in results.rows}
    for cell in results.cells:
        head = f"| {titles[cell.row]} | {TITLES[cell.contender]} |"
        if cell.rate is None:
            yield f"{head} {cell.problem} | | | | |"
            continue
        repetitions = " ".join(f"{rate:.0f}" for rate in cell.rates)
        details = [f"{sorted(each)[len(each) // 2]:.2f}" for each in (cell.p50_ms, cell.p99_ms, cell.cpu_ms) if each]
        yield f"{head} {cell.rate:,.0f} | {repetitions} | {' | '.join(details or ['', '', ''])} |"


def _format_scaled(results: Results) -> Iterator[str]:
    yield f"One thread, CACHE_SECONDS=0, one request after the other; {results.setting['scaling']}.\n"
    yield "| question | ms, small | large | in the database, small | large | slowest, large | its slowest statement |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for scaled in results.scaled:
        if scaled.problem is not None or len(scaled.database_ms) < 2:
            yield f"| {scaled.name} | {scaled.problem} | | | | | |"
            continue
        figures = [*scaled.wall_ms, *scaled.database_ms, scaled.slowest_database_ms[1]]
        statement = scaled.slowest_statement[1].replace("|", "\\|")[:120]
        yield f"| {scaled.name} | {' | '.join(f'{figure:.2f}' for figure in figures)} | `{statement}` |"


def _format_memory(samples: Sequence[Sample]) -> Iterator[str]:
    yield "| requests | resident memory of each worker, MiB |"
    yield "|---:|---|"
    step = max(1, len(samples) // 10)
    for sample in [*samples[:-1:step], samples[-1]]:
        yield f"| {sample.requests:,} | {', '.join(f'{mib:.1f}' for mib in sample.worker_mib)} |"


def _format_profile(found: Profile) -> Iterator[str]:
    yield "| itself | function | with what it calls | function |"
    yield "|---:|---|---:|---|"
    for (own, own_name), (total, total_name) in zip(
        found.own[:_TOP_IN_PAGE], found.total[:_TOP_IN_PAGE], strict=False
    ):
        yield f"| {own:.1%} | `{own_name}` | {total:.1%} | `{total_name}` |"
    yield ""
