"""Run calls at the same time, each on its own connection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from walletsvc import errors


def at_once(calls: Iterable[Callable[[], object]]) -> list[object]:
    """Start all calls together, each in a thread, and return what each returned, or its refusal.

    Any other exception comes out: no deadlock or lock error may reach a caller.
    """
    calls = list(calls)
    barrier = threading.Barrier(len(calls), timeout=60)

    def run(call: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait()
            return call()
        except errors.WalletError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def elsewhere(call: Callable[[], object]) -> object:
    """Return the result of a call on another connection, which sees only committed data."""
    return at_once([call])[0]


def tally(results: Iterable[object]) -> Counter[str]:
    """Count the results by the code of their refusal; "done" for those that were none."""
    return Counter(result.code if isinstance(result, errors.WalletError) else "done" for result in results)
