"""Add up what has been noted, and pass it on to prometheus-client, whose files in a folder all processes share.

Its values in such files cost ten times as much as the rest of a count, so each is changed once in a while rather than
once a request.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, TypeVar

import prometheus_client

from walletsvc.telemetry import metrics
from walletsvc.telemetry.requests import OTHER

MAX_SERIES = 1_000
"""How many combinations of its labels a metric has at most; whatever comes after them is counted as `OTHER`."""

T = TypeVar("T")
Labels = tuple[str, ...]


class _Histogram(prometheus_client.Histogram):
    """One that takes many observations at once."""

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add so many observations to each bucket, which together are `total`."""
        self._sum.inc(total)
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)


class Exposition:
    """The metrics of this process, in prometheus-client's form."""

    def __init__(self, *, version: str, registry: prometheus_client.CollectorRegistry) -> None:
        """Make all metrics, so that those that nothing has happened to are 0 rather than missing."""
        self._counters = {
            each: prometheus_client.Counter(each.name, each.help, each.labels, registry=registry)
            for each in metrics.COUNTERS
        }
        self._histograms = {
            each: _Histogram(each.name, each.help, each.labels, buckets=tuple(each.bounds), registry=registry)
            for each in metrics.HISTOGRAMS
        }
        self._gauges = {
            each: prometheus_client.Gauge(
                each.name,
                each.help,
                each.labels,
                registry=registry,
                multiprocess_mode="livemostrecent" if each.is_shared else "livesum",
            )
            for each in metrics.GAUGES
        }
        self._seen: dict[object, set[Labels]] = defaultdict(set)
        self._gauges[metrics.BUILD_INFO].labels(version).set(1)

    def collect(self) -> None:
        """Add what has been noted since the last time, and look at the states of this process."""
        counts, observations = metrics.notes.counts, metrics.notes.observations
        if counts:
            for (counter, labels), count in Tally(_take(counts)).items():
                _child(self._counters[counter], self._bounded(counter, labels)).inc(count)
        if observations:
            self._observe(_take(observations))
        for gauge, shown in self._gauges.items():
            value = None if gauge.read is None else gauge.read()
            if value is not None:
                shown.set(value)

    def _observe(self, observations: Sequence[tuple[metrics.Histogram, Labels, float]]) -> None:
        sums: dict[tuple[metrics.Histogram, Labels], tuple[list[int], list[float]]] = {}
        for histogram, labels, value in observations:
            found = sums.get((histogram, labels))
            if found is None:
                found = sums[histogram, labels] = [0] * (len(histogram.bounds) + 1), []
            # A bound counts to its own bucket: `le` is "less than or equal".
            found[0][bisect_left(histogram.bounds, value)] += 1
            found[1].append(value)
        for (histogram, labels), (counts, values) in sums.items():
            _child(self._histograms[histogram], self._bounded(histogram, labels)).add(counts, sum(values))

    def _bounded(self, metric: object, labels: Labels) -> Labels:
        seen = self._seen[metric]
        if labels not in seen:
            if len(seen) >= MAX_SERIES:
                return (OTHER,) * len(labels)
            seen.add(labels)
        return labels


def _take(noted: deque[T]) -> list[T]:
    """Return what is noted now; others go on noting."""
    return [noted.popleft() for _ in range(len(noted))]


def _child(metric: Any, labels: Labels) -> Any:
    return metric.labels(*labels) if labels else metric
