"""Traces: what a request does, step by step, for a collector of OpenTelemetry (OTEL_EXPORTER_OTLP_ENDPOINT).

Off unless `start` is called: a span then costs a comparison, and we load nothing of opentelemetry. Whether a request
is traced is decided before its first span, by its parent or OTEL_TRACES_SAMPLER, so the others cost as little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from walletsvc.telemetry.requests import RequestRecord, current_request

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

PLAN, READ, LOCK, POST, COMMIT, CACHE = "plan", "read level", "lock", "post", "commit", "cache"
"""The steps of a request."""

_NOTHING: AbstractContextManager[None] = nullcontext()


class Traces:
    """The tracer of this process, if there is a collector."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether there is a collector."""
        return self._tracer is not None

    def start(self, *, version: str) -> None:
        """Send traces from now on, as the variables OTEL_* say. Needs the extra `otel`."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": "walletsvc", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("walletsvc", version)

    def stop(self) -> None:
        """Send what waits, and trace nothing any more."""
        provider, self._provider, self._tracer = self._provider, None, None
        if provider is not None:
            provider.shutdown()

    def begin_request(self, record: RequestRecord) -> None:
        """Begin the span of a request, in the trace of its `traceparent`, if it is to be traced."""
        if self._tracer is None:
            return
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = {"traceparent": record.traceparent} if record.traceparent else {}
        context = TraceContextTextMapPropagator().extract(parent)
        span = self._tracer.start_span("request", context)
        # Whoever is not sampled has no further spans.
        record.span = span if span.is_recording() else None

    def end_request(self, record: RequestRecord, *, status: int) -> None:
        """End the span of a request."""
        span = record.span
        if span is None:
            return
        from opentelemetry.trace import StatusCode

        span.update_name(record.operation)
        span.set_attribute("walletsvc.face", record.face)
        span.set_attribute("walletsvc.request_id", record.request_id)
        span.set_attribute("http.response.status_code", status)
        if record.code is not None:
            span.set_attribute("walletsvc.code", record.code)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()
        record.span = None

    @contextmanager
    def child(self, parent: Span, name: str, attributes: Mapping[str, str | int]) -> Iterator[None]:
        """Let what is done meanwhile be a step of the request, or of the step around it."""
        tracer, record = self._tracer, current_request.get()
        if tracer is None or record is None:
            yield
            return
        from opentelemetry.trace import set_span_in_context

        with_parent = set_span_in_context(parent)
        span = tracer.start_span(name, with_parent, attributes=dict(attributes))
        record.span = span
        try:
            yield
        except BaseException as error:
            # Its text may quote what a client has sent.
            span.set_attribute("error.type", type(error).__name__)
            raise
        finally:
            span.end()
            record.span = parent


traces = Traces()


def span(name: str, **attributes: str | int) -> AbstractContextManager[None]:
    """Return a step of the request that is being answered, if it is traced.

    `attributes` must not tell anything that a client has sent.
    """
    if not traces.is_on:
        return _NOTHING
    record = current_request.get()
    if record is None or record.span is None:
        return _NOTHING
    return traces.child(record.span, name, attributes)
