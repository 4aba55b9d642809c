"""The verdict on a module's mutants, compared with the list of equivalent ones."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LISTED = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Verdict:
    counts: Counter[str]
    survivors: list[str]
    """Those that are not listed, each with what became of it."""
    stale: list[str]
    """Those that are listed, and do not exist or were killed."""

    @property
    def is_good(self) -> bool:
        return not self.survivors and not self.stale


def read_listed(path: Path = LISTED) -> dict[str, str]:
    """Return the reason of each mutant that is listed as equivalent."""
    groups = tomllib.loads(path.read_text("utf-8"))["equivalent"]
    return {name: group["reason"] for group in groups for name in group["mutants"]}


def read_kinds(path: Path = LISTED) -> list[str]:
    """Return the patterns of the changes that may live wherever they are made."""
    return [pattern for group in tomllib.loads(path.read_text("utf-8"))["kind"] for pattern in group["changes"]]


def judge(
    outcomes: Mapping[str, str], listed: Mapping[str, str], *, kinds: Sequence[str] = (), is_whole: bool = True
) -> Verdict:
    """Hold the outcomes of a module's mutants against the list; of all of them, unless not `is_whole`.

    Those of the `kinds` may live or be killed.
    """

    def is_excused(name: str) -> bool:
        change = name.partition(": ")[2]
        return name in listed or any(re.fullmatch(kind, change) for kind in kinds)

    counts = Counter("equivalent" if _lives(each) and is_excused(name) else each for name, each in outcomes.items())
    survivors = [f"{each}  {name}" for name, each in outcomes.items() if _lives(each) and not is_excused(name)]
    killed = [f"{each}  {name}" for name, each in outcomes.items() if not _lives(each) and name in listed]
    missing = [f"there is none  {name}" for name in listed if name not in outcomes] if is_whole else []
    return Verdict(counts, survivors, killed + missing)


def _lives(outcome: str) -> bool:
    return outcome in ("survived", "unreached")
