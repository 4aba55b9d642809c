"""Add up what has been counted, and pass it on to prometheus-client, whose files in a folder all processes share.

Its values in such files cost ten times as much as the rest of a count, so each is changed once in a while rather than
once a request.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import prometheus_client

from walletsvc.telemetry import metrics


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
        self._gauges[metrics.BUILD_INFO].labels(version).set(1)

    def collect(self) -> None:
        """Add what has been counted since the last time, and look at the states of this process."""
        for counter, total in self._counters.items():
            for labels, events in counter.take():
                if events:
                    _child(total, labels).inc(events)
        for histogram, buckets in self._histograms.items():
            for labels, values in histogram.take():
                if values:
                    _child(buckets, labels).add(_count_in_buckets(histogram.bounds, values), sum(values))
        for gauge, shown in self._gauges.items():
            value = None if gauge.read is None else gauge.read()
            if value is not None:
                shown.set(value)


def _count_in_buckets(bounds: Sequence[float], values: list[float]) -> list[int]:
    """Return how many values are in each bucket; a bound counts to its own: `le` is "less than or equal"."""
    values.sort()
    ends = [0, *(bisect_right(values, bound) for bound in bounds), len(values)]
    return [after - before for before, after in pairwise(ends)]


def _child(metric: Any, labels: metrics.Labels) -> Any:
    return metric.labels(*labels) if labels else metric
