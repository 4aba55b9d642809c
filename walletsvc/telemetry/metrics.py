"""What is counted and measured. Its names are a contract with operators (docs/operations.md).

To count costs a request a fraction of a microsecond: values are only kept here, and passed on from time to time
(`telemetry/exposition.py`). As long as nothing collects, nothing is kept.

No label has a value that a client makes up, nor an id, an owner or a principal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

MAX_SERIES = 1_000
"""How many combinations of its labels a metric has at most; whatever comes after them is counted as "other"."""
MAX_OBSERVED = 200_000
"""How many values wait at most: more than a process has between two collections. The oldest would be forgotten."""

_OTHER = "other"

Labels = tuple[str, ...]


@dataclass(slots=True)
class Collecting:
    """Whether something takes what is counted."""

    is_on: bool = False

    def start(self) -> None:
        """Count from now on, from 0."""
        for metric in (*COUNTERS, *HISTOGRAMS):
            metric.clear()
        self.is_on = True

    def stop(self) -> None:
        """Count nothing any more."""
        self.is_on = False


collecting = Collecting()


@dataclass(slots=True, eq=False)
class Counter:
    """Counts events, in any number of threads. `labels` are the names of its labels."""

    name: str
    help: str
    labels: Labels = ()
    _counts: dict[Labels, count[int]] = field(default_factory=dict)
    """For each combination of labels the events so far, and the collections: `next` is one step, and loses none."""
    _taken: dict[Labels, int] = field(default_factory=dict)

    def add(self, *values: str) -> None:
        """Count one event with these values of the labels."""
        if collecting.is_on:
            try:
                next(self._counts[values])
            except KeyError:
                next(self._counts.setdefault(_bounded(self._counts, values), count()))

    def take(self) -> Iterator[tuple[Labels, int]]:
        """Return how many events there were with each combination since the last time. For one thread."""
        for values, counted in list(self._counts.items()):
            so_far = next(counted)
            yield values, so_far - self._taken.get(values, 0)
            self._taken[values] = so_far + 1

    def clear(self) -> None:
        """Begin at 0."""
        self._counts.clear()
        self._taken.clear()


@dataclass(slots=True, eq=False)
class Histogram:
    """Measures values and counts how many are within each of its `bounds`, in any number of threads."""

    name: str
    help: str
    bounds: Sequence[float]
    labels: Labels = ()
    _observed: dict[Labels, deque[float]] = field(default_factory=dict)

    def observe(self, value: float, *values: str) -> None:
        """Take one value, with these values of the labels."""
        if collecting.is_on:
            try:
                self._observed[values].append(value)
            except KeyError:
                self._observed.setdefault(_bounded(self._observed, values), deque(maxlen=MAX_OBSERVED)).append(value)

    def take(self) -> Iterator[tuple[Labels, list[float]]]:
        """Return the values with each combination of labels since the last time. For one thread."""
        for values, observed in list(self._observed.items()):
            # As many as there are now: others are added meanwhile.
            yield values, [observed.popleft() for _ in range(len(observed))]

    def clear(self) -> None:
        """Forget all values."""
        self._observed.clear()


def _bounded(known: Mapping[Labels, object], values: Labels) -> Labels:
    return values if len(known) < MAX_SERIES else (_OTHER,) * len(values)


@dataclass(slots=True, eq=False)
class Gauge:
    """Shows a state as it is when it is collected: what `read` returns, or nothing if that is None.

    The states of all processes are added up, or with `is_shared`, the latest one counts: it is the same for all.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    is_shared: bool = False
    read: Callable[[], float | None] | None = field(default=None)


_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SHORT_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

REQUESTS = Counter("walletsvc_requests_total", "Answers.", ("face", "operation", "status"))
REQUEST_SECONDS = Histogram(
    "walletsvc_request_seconds",
    "From the request to its answer, except for connections that stay open.",
    _SECONDS,
    ("face", "operation"),
)
IN_FLIGHT = Gauge("walletsvc_requests_in_flight", "Requests that are being answered, and open connections.")
REFUSALS = Counter("walletsvc_refusals_total", "Refusals of requests and of their parts.", ("code",))
POSTINGS = Counter("walletsvc_postings_total", "Lines written to the ledger.", ("kind",))
RETRIES = Counter("walletsvc_retries_total", "Transactions that are tried again.", ("reason",))
LOCK_WAIT_SECONDS = Histogram(
    "walletsvc_lock_wait_seconds", "From the statement that locks wallets to their locks.", _SHORT_SECONDS
)
COMMIT_SECONDS = Histogram("walletsvc_commit_seconds", "All writes and COMMIT.", _SHORT_SECONDS)
GROUPS = Histogram(
    "walletsvc_group_size", "Requests that share a transaction.", (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
)
CACHE = Counter("walletsvc_cache_total", "Look-ups in the stamped cache.", ("face", "result"))
READER = Counter("walletsvc_reader_total", "Uncached reads, by what the server for reads could do.", ("result",))
FRONT = Counter("walletsvc_front_total", "Requests at the layer in front of Django.", ("result",))
COMPILED = Counter("walletsvc_compiled_total", "GraphQL queries that were not cached, and mutations.", ("result",))
AUTH = Counter("walletsvc_auth_total", "Callers identified, unless they were verified lately.", ("kind", "result"))
RATE_LIMITED = Counter("walletsvc_rate_limited_total", "Requests over a limit.", ("policy",))
SUBSCRIPTIONS = Gauge("walletsvc_subscriptions", "Subscriptions that are served.")
HOLDS_DUE = Gauge("walletsvc_holds_due", "Holds past their end that are shown as open.", is_shared=True)
DISCREPANCIES = Gauge(
    "walletsvc_reconcile_discrepancies", "Discrepancies that the last reconciliation found.", is_shared=True
)
RECONCILE_AGE = Gauge(
    "walletsvc_reconcile_age_seconds", "Since the last reconciliation of everything.", is_shared=True
)
BUILD_INFO = Gauge("walletsvc_build_info", "Always 1; the version is a label.", ("version",), is_shared=True)

COUNTERS = (REQUESTS, REFUSALS, POSTINGS, RETRIES, CACHE, READER, FRONT, COMPILED, AUTH, RATE_LIMITED)
HISTOGRAMS = (REQUEST_SECONDS, LOCK_WAIT_SECONDS, COMMIT_SECONDS, GROUPS)
GAUGES = (IN_FLIGHT, SUBSCRIPTIONS, HOLDS_DUE, DISCREPANCIES, RECONCILE_AGE, BUILD_INFO)
