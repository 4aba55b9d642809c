"""A plug-in for pytest: run the tests once, and then, for each mutant, those that reach the changed line.

A session of pytest takes seconds to begin: the imports, the database. So this one begins once, and each mutant lives
in a fork of it, on a copy of SQLite's file: a function gets the code of its mutant, the tests run until one fails,
and the process ends. mutmut's own runner begins a session for each mutant, which takes several times as long here.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NoReturn

import pytest
from coverage import Coverage
from django.db import connections

from tests.leases import SharedRow
from tests.mutants.mutants import Mutant, make_mutants
from walletsvc.cache import responses
from walletsvc.cache.lease import Keeper

MIN_SECONDS = 2.0
PATIENCE = 5
"""A test may take MIN_SECONDS and PATIENCE times as long as without a mutant: else that has got it stuck."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutate", help="the source file to mutate")
    parser.addoption("--mutants-into", help="the file for the outcomes")
    parser.addoption("--mutants-of", default="", help="mutate functions that have this in their names")


class Session:
    """The tests, how long each took, and which lines it reached."""

    def __init__(self, session: pytest.Session, path: Path, module: str) -> None:
        self.session = session
        self.path = path.resolve()
        self.module = module
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.lines: dict[int, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            print(report.longrepr)
            self.failed.append(report.nodeid)

    def run(self, items: Sequence[pytest.Item], before_each: Callable[[str], object] = str) -> None:
        """Run tests. Session fixtures stay."""
        # After the last one comes the session again, and not its end.
        for item, following in zip(items, [*items[1:], self.session], strict=True):
            before_each(item.nodeid)
            # Without a thread, and without a wait for other processes: there are none.
            responses._keeper = Keeper(row=SharedRow(), instances=responses.store, sleep=_sleep_not)
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return

    def measure(self) -> None:
        """Run all tests and note which lines each reaches. Fails if one fails."""
        coverage = Coverage(data_file=None, include=[str(self.path)], config_file=False)
        coverage.start()
        caches = list(_caches_of(self.module))

        def begin(item: str) -> None:
            # Otherwise only the first test that asks for a result would reach the lines that find it.
            for each in caches:
                each.cache_clear()
            coverage.switch_context(item)

        self.run(self.session.items, begin)
        coverage.stop()
        if self.failed:
            raise pytest.UsageError(f"This fails without any mutant: {self.failed[0]}")
        contexts = coverage.get_data().contexts_by_lineno(str(self.path))
        self.lines = {line: {name for name in names if name} for line, names in contexts.items()}

    def tests_of(self, mutant: Mutant, first_line: int) -> list[pytest.Item]:
        """Return the tests that reach what the mutant changes, the quickest first."""
        # A line in the middle of a statement is not noted by itself.
        line = mutant.line
        while line > first_line and line not in self.lines:
            line -= 1
        reached = self.lines.get(line, set())
        items = [item for item in self.session.items if item.nodeid in reached]
        return sorted(items, key=self._seconds_of)

    def _seconds_of(self, item: pytest.Item) -> float:
        return self.seconds[item.nodeid]

    def _limit_of(self, item: pytest.Item) -> float:
        return MIN_SECONDS + PATIENCE * self._seconds_of(item)

    def try_mutant(self, function: FunctionType | None, code: CodeType | None, items: Sequence[pytest.Item]) -> str:
        """Return what becomes of a mutant: `killed`, `survived`, `timeout` or `unreached`."""
        if not items:
            return "unreached"
        limit = sum(map(self._limit_of, items))
        connections.close_all()
        process = os.fork()
        if not process:
            self._live_and_die(function, code, items)
        began = time.monotonic()
        outcome = "timeout"
        while outcome == "timeout" and time.monotonic() - began - _seconds_not_run(process) < limit:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                outcome = "killed" if os.waitstatus_to_exitcode(status) else "survived"
            time.sleep(0.002)
        if outcome == "timeout":
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        for copy in Path(_database_of(process)).parent.glob(f"*.{process}*"):
            copy.unlink()
        return outcome

    def _live_and_die(
        self, function: FunctionType | None, code: CodeType | None, items: Sequence[pytest.Item]
    ) -> NoReturn:
        outcome = 1
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (1, 2):
                os.dup2(null, stream)
            _copy_database()
            if function is not None and code is not None:
                function.__code__ = code
                # No result is remembered that was found without the mutant.
                for each in _caches_of(function.__module__):
                    each.cache_clear()
            for item in items:
                # Ends the process: a thread that is stuck cannot be ended.
                item.add_marker(pytest.mark.timeout(self._limit_of(item), method="thread"), append=False)
            self.run(items)
            outcome = 1 if self.failed else 0
        finally:
            # Whatever a test has raised, threads and `atexit` are the parent's affair.
            os._exit(outcome)


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Measure, then try each mutant."""
    path = Path(session.config.getoption("--mutate"))
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    mutants = [
        each for each in make_mutants(path, module) if session.config.getoption("--mutants-of") in each.function
    ]
    run = Session(session, path, module)
    session.config.pluginmanager.register(run)
    run.measure()
    if run.try_mutant(None, None, session.items) != "survived":
        raise pytest.UsageError("The tests fail in a fork without any mutant.")
    functions = dict(_functions(module, run.path))
    outcomes = {}
    for mutant in mutants:
        function, outcome = functions.get(mutant.function), "unreached"
        if function is not None:
            code = _find(compile(mutant.code, str(run.path), "exec"), mutant.function)
            outcome = run.try_mutant(function, code, run.tests_of(mutant, function.__code__.co_firstlineno))
        outcomes[mutant.name] = outcome
    Path(session.config.getoption("--mutants-into")).write_text(json.dumps(outcomes), "utf-8")
    return True


def _functions(module: str, path: Path) -> Iterator[tuple[str, FunctionType]]:
    """Yield all functions of a module by their names, decorated ones, too, which have no other name."""
    for each in gc.get_objects():
        # `type`: to look at some objects of Django brings libraries in.
        if type(each) is FunctionType and each.__module__ == module and each.__code__.co_filename == str(path):
            yield each.__code__.co_qualname, each


def _caches_of(module: str) -> Iterator[Any]:
    """Yield the functions of a module that remember their results."""
    for each in gc.get_objects():
        if type(each) is type(_probe) and each.__module__ == module:
            yield each


@cache
def _probe() -> None:
    """Have the type that `functools` gives no name in public."""


def _find(code: CodeType, function: str) -> CodeType:
    """Return the code of a function in that of its module."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == function:
                return each
            if function.startswith(f"{each.co_qualname}."):
                return _find(each, function)
    raise LookupError(function)


def _seconds_not_run(process: int) -> float:
    """Return how long a process could have run and was not let to, where the system tells (proc(5))."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def _sleep_not(_seconds: float) -> None:
    """Do not sleep."""


def _database_of(process: int) -> str:
    return f"{connections['default'].settings_dict['NAME']}.{process}"


def _copy_database() -> None:
    """Give this process a database of its own."""
    settings: Any = connections["default"].settings_dict
    name, copy = str(settings["NAME"]), _database_of(os.getpid())
    if Path(name).is_file():
        with sqlite3.connect(name) as old, sqlite3.connect(copy) as new:
            old.backup(new)
        settings["NAME"] = copy
