"""Every command in a document works: a test runs it, or everything that it names exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from benchmarks.bank_file import CURRENCY, Account, Expectation, expect, read_accounts
from benchmarks.harness.__main__ import _parse as parse_bench
from benchmarks.replay import _parse_arguments as parse_replay
from tests.documents.blocks import Block, Command, blocks, commands
from tests.hostile_hour.__main__ import parse as parse_hour
from tests.intrusion.__main__ import parse as parse_intrusion
from tests.live import ROOT
from tests.mutants.__main__ import parse as parse_mutants

pytestmark = pytest.mark.without_engine

LANGUAGES = {"console", "diff", "graphql", "http", "json", "text"}


def words_of(command: Command) -> list[str]:
    return shlex.split(command.text, comments=True)


def check_make(command: Command) -> None:
    """The target is listed, and its variables are understood."""
    _, target, *settings = words_of(command)
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert target in [line.split()[0] for line in listed.stdout.splitlines()]
    for setting in settings:
        name, _, value = setting.partition("=")
        if target == "fuzz":
            assert f"{name}=${{{name}:-" in (ROOT / "scripts/fuzz.sh").read_text("utf-8")
            assert value.isdigit()
        elif target == "mutants":
            assert f"$({name})" in (ROOT / "Makefile").read_text("utf-8")
            assert all((ROOT / file).exists() for file in parse_mutants(shlex.split(value)).files)
        elif name in {"PYTHON", "VENV"}:
            assert re.search(rf"^(export )?{name} \?= ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        else:
            assert name == "BENCH_ARGS"
            parse_bench(shlex.split(value))


def check_script(command: Command) -> None:
    """The script exists, and is executable."""
    (script,) = words_of(command)
    assert (ROOT / script).stat().st_mode & 0o111


@cache
def read_bank_file(path: Path) -> tuple[list[Account], Expectation]:
    accounts = read_accounts(path)
    return accounts, expect(accounts)


def check_replay(command: Command) -> None:
    """The script accepts the arguments, and its documented output is that of the file."""
    script, *arguments = words_of(command)
    assert (ROOT / script).stat().st_mode & 0o111
    options = parse_replay(arguments)
    accounts, expected = read_bank_file(ROOT / options.file)
    posted = sum(len(account.rows) for account in accounts)
    refused = sum(len(rows) for rows in expected.refused.values())
    assert command.output.splitlines()[:4] == [
        f"replay of {options.file.name} through {options.face}, {options.workers} worker(s)",
        f"  {len(accounts):,} accounts, {posted:,} transactions",
        f"  {posted - refused:,} accepted, {refused:,} refused",
        f"  sum of all balances {sum(expected.balances.values()):,} {CURRENCY}",
    ]
    assert command.output.splitlines()[-1] == "all checks hold"


def check_pip(command: Command) -> None:
    """Each requirement has a version and hashes."""
    *install, requirements = words_of(command)
    assert install == ["pip", "install", "--require-hashes", "-r"]
    entries = re.sub(r"(#.*|\\)\n", "", (ROOT / requirements).read_text("utf-8")).strip().splitlines()
    assert entries
    assert [entry for entry in entries if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)] == []


def check_python(command: Command) -> None:
    """The modules and folders exist."""
    for word in words_of(command):
        if "/" in word:
            assert (ROOT / word).exists() or word.startswith(".venv/bin/"), word
        elif word.startswith("tests."):
            assert (ROOT / word.replace(".", "/") / "__main__.py").exists()


def check_intrusion(command: Command) -> None:
    """The module takes the arguments."""
    parse_intrusion(words_of(command)[3:])


def check_hour(command: Command) -> None:
    """The module takes the arguments."""
    parse_hour(words_of(command)[3:])


def is_run(command: Command) -> None:
    """Do nothing: the tests of the examples run it as it stands."""
    assert command.document == "README.md"


CHECKS: dict[str, Callable[[Command], None]] = {
    r"make [a-z]": check_make,
    r"\.ci/run": check_script,
    r"benchmarks/replay\.py ": check_replay,
    r"pip install ": check_pip,
    r"\.venv/bin/python -m (pytest|tests\.servers) ": check_python,
    r"\.venv/bin/python -m tests\.hostile_hour ": check_hour,
    r"\.venv/bin/python -m tests\.intrusion ": check_intrusion,
    r"(curl|(AUTH_REQUIRED=true )?python manage\.py) ": is_run,
}


@pytest.mark.parametrize("command", commands(), ids=str)
def test_each_command_works(command: Command) -> None:
    (check,) = (check for pattern, check in CHECKS.items() if re.match(pattern, command.text))
    check(command)


@pytest.mark.parametrize("block", blocks(), ids=lambda block: f"{block.document}: {block.text.splitlines()[0]}")
def test_each_block_names_its_language(block: Block) -> None:
    assert block.language in LANGUAGES
    if block.language == "console":
        assert block.text.startswith("$ ")


def test_all_commands_are_found() -> None:
    shown = sum(line.startswith("$ ") for block in blocks(language="console") for line in block.text.splitlines())
    assert len(commands()) == shown > 10
