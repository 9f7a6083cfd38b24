"""Spans by OpenTelemetry's SDK, sent with OTLP over HTTP in the background; imported only when tracing is on."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.runtime.tracing import Attributes, OpenSpan, Role, Span

EXPORT_S = 5
KINDS: dict[Role, SpanKind] = {
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "client": SpanKind.CLIENT,
}
TRACEPARENT = "traceparent"
#: `traceparent` alone: a stranger's `tracestate` and baggage go no further.
_W3C = TraceContextTextMapPropagator()
_WANTED: ContextVar[int] = ContextVar("tocsin_trace", default=0)


def trace_of(correlation: str) -> int:
    """The trace of a correlation id: its digest, so that whoever has one finds the other, in every room."""
    return int.from_bytes(hashlib.sha256(correlation.encode()).digest()[:16], "big")


class _Ids(RandomIdGenerator):
    def generate_trace_id(self) -> int:
        return _WANTED.get() or super().generate_trace_id()


class _Live:
    """A span that is going on."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: int) -> None:
        self._span.set_attribute(name, value)

    def failed(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


class Otlp:
    """Makes spans and sends them."""

    def __init__(self, url: str, *, room: str, realm: str, replica: str) -> None:
        """`url` is a collector's, with its path: `http://127.0.0.1:4318/v1/traces`."""
        resource = Resource.create(
            {"service.namespace": "tocsin", "service.name": room, "service.instance.id": replica, "tocsin.realm": realm}
        )
        self._provider = TracerProvider(
            resource=resource, id_generator=_Ids(), span_limits=SpanLimits(max_events=0), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url, timeout=EXPORT_S)))
        self._tracer = self._provider.get_tracer("tocsin")

    def span(
        self, name: str, role: Role, correlation: str, headers: Mapping[str, str], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """See `tracing.Backend`. A `traceparent` of another trace, an agency's own, becomes a link."""
        return self._current(self._start(name, role, correlation, headers, attributes))

    def begin(self, name: str, role: Role, correlation: str, attributes: Attributes) -> OpenSpan:
        """See `tracing.Backend`."""
        return _Live(self._start(name, role, correlation, {}, attributes))

    @contextmanager
    def _current(self, span: trace.Span) -> Iterator[Span]:
        live = _Live(span)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield live
            except BaseException as error:
                live.failed(type(error).__name__)
                raise

    def _start(
        self, name: str, role: Role, correlation: str, headers: Mapping[str, str], attributes: Attributes
    ) -> trace.Span:
        mine = trace_of(correlation) if correlation else 0
        said = _said(headers) or trace.get_current_span().get_span_context()
        below = said.is_valid and mine in {0, said.trace_id}
        parent = trace.set_span_in_context(trace.NonRecordingSpan(said), Context()) if below else Context()
        links = [Link(said)] if said.is_valid and not below else []
        token = _WANTED.set(mine)
        try:
            return self._tracer.start_span(
                name, parent, KINDS[role], {**attributes, "tocsin.correlation": correlation}, links
            )  # fmt: skip
        finally:
            _WANTED.reset(token)

    def carried(self) -> dict[str, str]:
        """`traceparent` of the current span."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return {TRACEPARENT: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}

    def close(self) -> None:
        """Send what is left."""
        self._provider.force_flush(EXPORT_S * 1000)
        self._provider.shutdown()


def _said(headers: Mapping[str, str]) -> SpanContext | None:
    """The span that a record's headers name, if they name one rightly."""
    if TRACEPARENT not in headers:
        return None
    found = trace.get_current_span(_W3C.extract({TRACEPARENT: headers[TRACEPARENT]}, Context()))
    said = found.get_span_context()
    return said if said.is_valid else None
