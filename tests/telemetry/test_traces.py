"""Traces reach a collector: a span for each step, in the trace that the caller began."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.fast_path.front import graphql, transaction
from tests.live import ROOT
from tests.telemetry.servers import Server
from walletsvc.models import Wallet
from walletsvc.telemetry.traces import ENDPOINT, traces

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector(HTTPServer):
    """Takes traces as OTLP over HTTP in protobuf (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Any] = []

    def take(self) -> list[Any]:
        """Return the spans sent so far, in the order of their beginning."""
        assert traces._provider is not None
        traces._provider.force_flush()
        spans, self.spans = self.spans, []
        return sorted(spans, key=lambda span: span.start_time_unix_nano)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
        sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.spans += [
            span for each in sent.resource_spans for scope in each.scope_spans for span in scope.spans
        ]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{made.server_port}")
        traces.start(version="1.2.3")
        yield made
        traces.stop()
        made.shutdown()
        thread.join()


def attributes_of(span: Any) -> dict[str, object]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def names_below(spans: list[Any], parent: Any) -> list[str]:
    return [span.name for span in spans if span.parent_span_id == parent.span_id]


def test_each_step_of_a_write_is_a_span(server: Server, wallet: Wallet, collector: Collector) -> None:
    for txid in ("A", "B"):
        server.ask(
            **transaction(wallet.id, txid), HTTP_TRACEPARENT=f"00-{TRACE}-{PARENT}-01", HTTP_X_REQUEST_ID="mine"
        )
        request, *steps = collector.take()
        assert request.name == "POST /api/transactions"
        assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
        assert attributes_of(request) == {
            "walletsvc.face": "rest",
            "walletsvc.request_id": "mine",
            "http.response.status_code": 201,
        }
        assert names_below(steps, request) == [span.name for span in steps]
        # A request like one before is planned already.
        assert {span.name for span in steps} - {"plan"} == {"lock", "post", "commit"}
        assert {span.trace_id for span in steps} == {request.trace_id}


def test_each_level_of_a_read_is_a_span(server: Server, wallet: Wallet, collector: Collector) -> None:
    query = "{ wallets { edges { node { label transactions(first: 1) { edges { node { txid } } } } } } }"
    for cached in (False, True):
        server.ask(**graphql(query))
        request, *steps = collector.take()
        assert request.name == "query wallets"
        expected = ["cache"] if cached else ["plan", "cache", "read level", "read level"]
        assert [span.name for span in steps] == expected
    server.ask("/api/wallets/")
    _, *steps = collector.take()
    assert [span.name for span in steps] == ["plan", "cache", "read level"]


def test_nothing_of_the_request_is_sent(server: Server, wallet: Wallet, collector: Collector) -> None:
    server.ask(**transaction(wallet.id, "private-txid", "-500.00"))
    server.ask("/api/wallets/?filter[label]=private-label", HTTP_AUTHORIZATION="Bearer private-key")
    spans = collector.take()
    assert len(spans) >= 4
    assert "private" not in str(spans)
    assert "insufficient_funds" in str(spans)


@pytest.mark.parametrize("flags", ["00", "01"])
def test_the_caller_decides_whether_it_is_traced(
    server: Server, wallet: Wallet, collector: Collector, flags: str
) -> None:
    server.ask(f"/api/wallets/{wallet.id}", HTTP_TRACEPARENT=f"00-{TRACE}-{PARENT}-{flags}")
    assert bool(collector.take()) == (flags == "01")


def test_without_a_collector_nothing_is_loaded() -> None:
    # redis-py loads the SDK itself, wherever it is installed.
    code = "import sys, walletsvc.server.wsgi; sys.exit('opentelemetry.exporter' in sys.modules)"
    environment = {**os.environ, "DEBUG": "true", ENDPOINT: ""}
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=60, check=False)
    assert finished.returncode == 0
