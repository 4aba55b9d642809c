"""A row of the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness.contenders import EVERYTHING
from benchmarks.harness.wrk import Template


@dataclass(frozen=True, slots=True)
class Row:
    """A request, and its contenders in the order of measurement. walletsvc comes first.

    `per_request` is the number of rows that a request leaves, mostly of transactions; 0 for reads. `expects` is the
    number of records read. With `conditional`, the request carries the ETag of the previous answer. Rows of one
    `family` are compared with each other, and so measured in turns. One that `is_new` is not compared with earlier
    commits.
    """

    key: str
    title: str
    template: Template
    contenders: Sequence[str]
    per_request: float = 0
    expects: int = 0
    is_cached: bool = False
    is_conditional: bool = False
    family: str = ""
    is_new: bool = False
    table: str | None = None
    """The table in which each request leaves `per_request` rows, if that is not the contender's transactions."""
    numbers: range = EVERYTHING
    """The transactions that the caller can see."""
