"""Show how far an import is: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from walletsvc.management.imports import Tally

SECONDS_A_LINE = 10


class Progress:
    """Shows how many of a number of `rows` are done. As a context, it ends the bar."""

    def __init__(self, rows: int, stream: OutputWrapper) -> None:
        self._rows = rows
        self._stream = stream
        self._told = time.monotonic()
        # Django's wrapper would end each of the bar's texts with a line break.
        self._bar = tqdm(total=rows, unit=" rows", file=sys.stderr, dynamic_ncols=True) if stream.isatty() else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, tally: Tally) -> None:
        """Show that these rows are done."""
        if self._bar is not None:
            self._bar.set_postfix(refused=tally.refused, refresh=False)
            self._bar.update(tally.rows - self._bar.n)
        elif time.monotonic() - self._told >= SECONDS_A_LINE:
            self._told = time.monotonic()
            self._stream.write(f"{tally.rows:,} of {self._rows:,} rows, {tally.refused:,} refused")

    def write(self, text: str) -> None:
        """Write lines, above the bar if there is one."""
        if self._bar is not None:
            tqdm.write(text, file=sys.stderr)
        else:
            self._stream.write(text)
