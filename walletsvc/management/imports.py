"""Import transactions from a file, in its order, so that a repeat changes nothing and continues what was broken off.

The file is read twice. The first time finds the last row that is there already. Rows are posted in order, so every
row before that one has been judged by an earlier run, and was refused if it is not there. It is not posted now, when
later rows have changed its wallet, unless that is asked for. Behind the last row nothing in the ledger has followed
from the file yet, so its rows are judged as they would have been then. So an import that was killed and is repeated
ends like one that was not, and keeps no state but the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from walletsvc import errors
from walletsvc.management.import_batches import Batch, Outcome, Terms, find_wallets
from walletsvc.management.import_rows import Row, Titles, read_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """A file, the titles of its columns that are not the names of what they contain, and on which terms it is posted.

    `batch_size` rows share a commit. `retries_refused` judges the rows again that an earlier run has refused.
    """

    path: Path
    terms: Terms
    titles: Titles = field(default_factory=dict)
    batch_size: int = 500
    retries_refused: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What is in a file: how many rows, and the line of the last one that is there already, or 0."""

    rows: int
    last_there: int


@dataclass(slots=True)
class Tally:
    """What has become of the rows so far."""

    posted: int = 0
    there: int = 0
    opened: int = 0
    refused: int = 0

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return self.posted + self.there + self.opened + self.refused


Refuse = Callable[[Row, errors.WalletError], None]
"""Takes each refused row, in the order of the file, with its refusal."""


def survey(wanted: Import) -> Survey:
    """Read a file to its end without changing anything. Raises `CsvError`."""
    rows = last_there = 0
    for some in _batches(wanted):
        rows += len(some)
        batch = Batch(some, wanted.terms, find_wallets(some, wanted.terms))
        last_there = max([last_there, *batch.find_posted()])
    return Survey(rows, last_there)


def run(wanted: Import, surveyed: Survey, refuse: Refuse, *, is_rehearsal: bool = False) -> Iterator[Tally]:
    """Post the rows of a surveyed file, and yield after each commit what has become of them so far.

    A rehearsal changes nothing, and so cannot tell whether the money suffices. Raises `CsvError`, and what `execute`
    raises.
    """
    settled = 0 if wanted.retries_refused else surveyed.last_there
    tally = Tally()
    for some in _batches(wanted, limit=surveyed.rows):
        batch = Batch(some, wanted.terms, find_wallets(some, wanted.terms), settled=settled)
        batch.judge(is_rehearsal=is_rehearsal)
        for row in some:
            match batch.verdicts[row.line]:
                case Outcome.POSTED:
                    tally.posted += 1
                case Outcome.OPENED:
                    tally.opened += 1
                case Outcome.THERE:
                    tally.there += 1
                case errors.WalletError() as refusal:
                    tally.refused += 1
                    refuse(row, refusal)
        yield tally


def _batches(wanted: Import, *, limit: int | None = None) -> Iterator[Sequence[Row]]:
    """Yield the rows of the file, up to the `limit`: it may have grown since it was surveyed."""
    rows = islice(read_rows(wanted.path, wanted.titles), limit)
    while some := list(islice(rows, wanted.batch_size)):
        yield some
