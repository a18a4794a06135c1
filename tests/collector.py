"""A small OpenTelemetry collector: receives spans over gRPC for tests to check."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb
from opentelemetry.proto.trace.v1.trace_pb2 import Status

_PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One received span. IDs are hexadecimal; a root has no parent."""

    service: str
    instance: str
    """Distinguishes processes of one service."""
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str | int]
    seconds: float
    failed: bool

    @property
    def request_id(self) -> str:
        """Our request ID, or Envoy's attribute for it."""
        return str(self.attributes.get("chatly.request_id") or self.attributes.get("guid:x-request-id") or "")


class Collector(TraceServiceServicer):
    """Every exported span, in the order of arrival."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.endpoint = ""
        self._more = asyncio.Event()

    async def Export(self, request: pb.ExportTraceServiceRequest, _: object) -> pb.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            process = _plain(resource.resource.attributes)
            self.spans += [_seen(process, span) for scope in resource.scope_spans for span in scope.spans]
        self._more.set()
        return pb.ExportTraceServiceResponse()

    def of(self, request_id: str) -> list[Seen]:
        """Return the spans of one request."""
        return [span for span in self.spans if span.request_id == request_id]

    def one(self, name: str, *, kind: str = "", request_id: str = "", below: Seen | None = None) -> Seen:
        """Return the one span of that name that has the given properties."""
        found = [
            span
            for span in self.spans
            if span.name == name
            and kind in {"", span.kind}
            and request_id in {"", span.request_id}
            and (below is None or (span.trace_id, span.parent_id) == (below.trace_id, below.span_id))
        ]
        assert len(found) == 1, f"{len(found)} spans {name!r} among {[(s.service, s.name) for s in self.spans]}"
        return found[0]

    async def until(self, *names: str, request_id: str, logs: Callable[[], str] = str) -> None:
        """Wait for spans of one request with all these names. Envoy exports its own every 5 s.

        `logs`: printed as well if the spans do not arrive.
        """

        def missing() -> set[str]:
            return set(names) - {span.name for span in self.of(request_id)}

        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while missing():
                    await self._more.wait()
                    self._more.clear()
        except TimeoutError:
            came = [(span.service, span.name, span.kind) for span in self.of(request_id)]
            pytest.fail(f"of {request_id} there is no {missing()}, only {came}\n{logs()}")


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Yield a collector at `endpoint`, a free port of this machine."""
    collector, server = Collector(), grpc.aio.server()
    add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(0)


def _seen(process: dict[str, str | int], span: SpanPb) -> Seen:
    return Seen(
        service=str(process.get("service.name")),
        instance=str(process.get("service.instance.id")),
        name=span.name,
        kind=SpanPb.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        attributes=_plain(span.attributes),
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
    )


def _plain(attributes: Sequence[KeyValue]) -> dict[str, str | int]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in attributes}
