"""Spans of OpenTelemetry's SDK, sent over gRPC by its exporter. Imported only if a collector is configured."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace import Tracer as SdkTracer

from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import Attribute, Kind, Span, TraceSettings, tracing_by

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS: Final = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.PRODUCER: SpanKind.PRODUCER,
    Kind.CONSUMER: SpanKind.CONSUMER,
}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
# The end of a process also waits this long for the collector to accept the remaining spans.
_EXPORT_SECONDS = 3.0


class OtelSpan:
    """Span that wraps a span of the SDK."""

    __slots__ = ("_span", "trace_id", "traceparent")

    def __init__(self, span: SdkSpan, trace_id: str) -> None:
        self._span = span
        self.trace_id = trace_id
        self.traceparent = f"00-{trace_id}-{span.get_span_context().span_id:016x}-01"

    def note(self, **attributes: Attribute) -> None:
        self._span.set_attributes(attributes)

    def end(self, outcome: str = "OK", *, failed: bool = False) -> None:
        if outcome != "OK":
            self._span.set_attribute("chatly.outcome", outcome)
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OtelTracer:
    """Tracer that continues the traces of callers and starts none."""

    def __init__(self, tracer: SdkTracer) -> None:
        self._tracer = tracer

    def begin(
        self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Attribute], started: int | None
    ) -> Span | None:
        found = _TRACEPARENT.fullmatch(parent)
        if found is None or not int(found[3], 16) & TraceFlags.SAMPLED:
            return None
        parent_context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=_SAMPLED)
        span = self._tracer.start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(parent_context)),
            kind=_KINDS[kind],
            attributes=attributes,
            start_time=started,
        )
        return OtelSpan(span, found[1])


class _ReportingExporter(SpanExporter):
    """Logs once when the collector stops accepting spans, and once when it accepts them again."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._failing = False
        self._stopping = False

    def stop_waiting(self) -> None:
        """Stop waiting for an unreachable collector, because the process ends."""
        self._stopping = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._stopping and self._failing:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            logger("tracing").warning("the collector does not accept spans, they are dropped", endpoint=self._endpoint)
        elif self._failing and not failing:
            logger("tracing").info("the collector accepts spans again", endpoint=self._endpoint)
        self._failing = failing
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


@asynccontextmanager
async def open_otel(settings: TraceSettings, *, service: str) -> AsyncIterator[None]:
    """Trace during the block. A bounded queue and a thread send the spans to the collector."""
    # The library logs every failed attempt with a traceback; the exporter above logs each outage once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(
        endpoint=settings.endpoint, insecure=settings.endpoint.startswith("http:"), timeout=_EXPORT_SECONDS
    )
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create(
            {"service.name": service, "service.namespace": "chatly", "service.instance.id": str(uuid4())}
        ),
        shutdown_on_exit=False,
    )
    reporting = _ReportingExporter(exporter, settings.endpoint)
    provider.add_span_processor(BatchSpanProcessor(reporting))
    try:
        with tracing_by(OtelTracer(provider.get_tracer("chatly"))):
            yield
    finally:
        reporting.stop_waiting()
        await asyncio.to_thread(provider.shutdown)
