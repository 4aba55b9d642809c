"""Alert rules and the Grafana board ask for metrics and labels that exist, and the runbook has each alert."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml

from tests.live import ROOT
from walletsvc.telemetry import metrics

pytestmark = pytest.mark.without_engine

RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
BOARD = json.loads((ROOT / "deploy/grafana/walletsvc.json").read_text())
RUNBOOK = (ROOT / "docs/operations.md").read_text()
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = {f"{panel['title']} {target['refId']}": target for panel in BOARD["panels"] for target in panel["targets"]}

OF_EACH_TARGET = {"job", "instance"}
SAMPLES: dict[str, set[str]] = {
    "up": set(),
    # tests/telemetry/test_metrics_server.py sees it.
    "granian_workers_respawns_for_err_total": {"server"},
    **{each.name: {*each.labels} for each in (*metrics.COUNTERS, *metrics.GAUGES)},
}
for each in metrics.HISTOGRAMS:
    SAMPLES |= {f"{each.name}_{part}": {*each.labels} for part in ("sum", "count")}
    SAMPLES[f"{each.name}_bucket"] = {*each.labels, "le"}


def parts_of(expression: Any) -> Iterator[Any]:
    """Return the expression, and all expressions within it."""
    yield expression
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        inner = getattr(expression, name, None)
        if inner is not None:
            yield from parts_of(inner)
    for argument in getattr(expression, "args", None) or ():
        yield from parts_of(argument)


def unknown_in(text: str) -> set[str]:
    """Return the metrics and labels in a query that do not exist."""
    unknown: set[str] = set()
    parsed = promql.parse(text.replace("$__rate_interval", "5m"))
    selectors = [each for each in parts_of(parsed) if isinstance(each, promql.VectorSelector)]
    assert selectors
    known = {label for each in selectors for label in SAMPLES.get(each.name, ())} | OF_EACH_TARGET
    for each in selectors:
        if each.name not in SAMPLES:
            unknown.add(each.name)
        else:
            unknown |= {match.name for match in each.matchers.matchers} - SAMPLES[each.name] - OF_EACH_TARGET
    for each in parts_of(parsed):
        if isinstance(each, promql.AggregateExpr) and each.modifier is not None:
            unknown |= {*each.modifier.labels} - known
    return unknown


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_an_alert_is_about_what_there_is_and_has_its_section(rule: dict[str, Any]) -> None:
    assert unknown_in(rule["expr"]) == set()
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
        assert re.search(rf"by \([^)]*{label}|{label}", rule["expr"]) or "granian" in rule["expr"]
    section = RUNBOOK.partition(f"### {rule['alert']}\n")[2].partition("\n### ")[0]
    assert len(section.split()) > 20


def test_the_runbook_has_no_other_alert() -> None:
    names = re.findall(r"^### (Walletsvc\w+)$", RUNBOOK, re.MULTILINE)
    assert sorted(names) == sorted(rule["alert"] for rule in ALERTS)


@pytest.mark.parametrize("target", PANELS.values(), ids=PANELS)
def test_a_panel_is_about_what_there_is(target: dict[str, Any]) -> None:
    assert unknown_in(target["expr"]) == set()
    labels = {label for labels in SAMPLES.values() for label in labels}
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels


def test_the_runbook_has_each_metric() -> None:
    for each in (*metrics.COUNTERS, *metrics.HISTOGRAMS, *metrics.GAUGES):
        labels = f"{{{','.join(each.labels)}}}" if each.labels else ""
        assert f"`{each.name}{labels}`" in RUNBOOK, each.name


def test_what_does_not_exist_is_found() -> None:
    assert unknown_in("rate(walletsvc_request_total[5m])") == {"walletsvc_request_total"}
    assert unknown_in('sum by (owner) (walletsvc_requests_total{stat="1"})') == {"owner", "stat"}
