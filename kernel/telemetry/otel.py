"""Spans by OpenTelemetry's SDK, sent over gRPC by its exporter. Imported only where a collector is configured."""

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
# Also how long the end of a process may wait for a collector to take what is left.
_EXPORT_SECONDS = 3.0


class OtelSpan:
    """Span over one of the SDK's."""

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
    """Tracer that goes on with traces others began, and begins none."""

    def __init__(self, tracer: SdkTracer) -> None:
        self._tracer = tracer

    def begin(
        self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Attribute], started: int | None
    ) -> Span | None:
        found = _TRACEPARENT.fullmatch(parent)
        if found is None or not int(found[3], 16) & TraceFlags.SAMPLED:
            return None
        above = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=_SAMPLED)
        span = self._tracer.start_span(
            name,
            context=set_span_in_context(NonRecordingSpan(above)),
            kind=_KINDS[kind],
            attributes=attributes,
            start_time=started,
        )
        return OtelSpan(span, found[1])


class _Told(SpanExporter):
    """Says once that the collector takes nothing, and once that it does again."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._failing = False
        self._hurried = False

    def hurry(self) -> None:
        """The process ends: a collector that is away holds nobody up."""
        self._hurried = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._hurried and self._failing:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            logger("tracing").warning("the collector takes no spans: they are dropped", endpoint=self._endpoint)
        elif self._failing and not failing:
            logger("tracing").info("the collector takes spans again", endpoint=self._endpoint)
        self._failing = failing
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


@asynccontextmanager
async def open_otel(settings: TraceSettings, *, service: str) -> AsyncIterator[None]:
    """Trace until the block ends. A queue of bounded length and a thread of its own hand spans to the collector."""
    # Every failed attempt, with a trace; what matters is said above.
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
    told = _Told(exporter, settings.endpoint)
    provider.add_span_processor(BatchSpanProcessor(told))
    try:
        with tracing_by(OtelTracer(provider.get_tracer("chatly"))):
            yield
    finally:
        told.hurry()
        await asyncio.to_thread(provider.shutdown)
