"""What is counted and measured. Its names are a contract with operators (docs/operations.md).

To count costs a request a fraction of a microsecond: it is only noted here, and added up from time to time
(`telemetry/exposition.py`). As long as nothing collects, nothing is noted.

No label has a value that a client makes up, nor an id, an owner or a principal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MAX_NOTED = 200_000
"""How much is noted at most: more than a process does between two collections. The oldest would be forgotten."""


@dataclass(slots=True)
class Notes:
    """What has happened since the last collection, or None as long as nothing collects."""

    counts: deque[tuple[Counter, tuple[str, ...]]] | None = None
    observations: deque[tuple[Histogram, tuple[str, ...], float]] | None = None

    def start(self) -> None:
        """Note from now on."""
        self.counts, self.observations = deque(maxlen=MAX_NOTED), deque(maxlen=MAX_NOTED)

    def stop(self) -> None:
        """Note nothing any more."""
        self.counts = self.observations = None


notes = Notes()


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """Counts events. `labels` are the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def add(self, *values: str) -> None:
        """Count one event with these values of the labels."""
        counts = notes.counts
        if counts is not None:
            counts.append((self, values))


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Measures values and counts how many are within each of its `bounds`."""

    name: str
    help: str
    bounds: Sequence[float]
    labels: tuple[str, ...] = ()

    def observe(self, value: float, *values: str) -> None:
        """Note one value, with these values of the labels."""
        observations = notes.observations
        if observations is not None:
            observations.append((self, values, value))


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
COMPILED = Counter("walletsvc_compiled_total", "GraphQL queries that were not cached.", ("result",))
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
