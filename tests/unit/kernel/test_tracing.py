"""Spans: only in sampled traces, below their cause, and none while tracing is off."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest

from history.codec import decode, encode
from history.model import LogEvent
from history.ports import Applied
from kernel.log.ports import LogPosition
from kernel.settings import SettingsError, load
from kernel.telemetry import tracing
from kernel.telemetry.otel import open_otel
from kernel.telemetry.tracing import Kind, TraceSettings
from mesh.serve import tracing as mesh_tracing
from services.persister.adapters.tracing import TracedRecordWriter
from tests.collector import Collector, collecting
from tests.unit.history.builders import ChatBuilder

TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{ABOVE}-01"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


def settings(collector: Collector) -> TraceSettings:
    return TraceSettings(endpoint=collector.endpoint)


async def test_a_span_is_below_its_parent_and_above_the_calls_it_makes(collector: Collector) -> None:
    async with open_otel(settings(collector), service="tester"):
        span = tracing.begin("work", Kind.SERVER, SAMPLED, request_id="r1", attributes={"size": 3})
        assert span is not None
        tracing.enter(span)
        with tracing.covering("part", Kind.PRODUCER, request_id="r1") as part:
            assert part is not None
            assert part is tracing.current()
            assert part.traceparent.startswith(f"00-{TRACE}-")
        assert tracing.current() is span
        span.end("NOT_FOUND")

    await collector.until("work", "part", request_id="r1")
    work = collector.one("work", kind="SERVER")
    assert (work.service, work.trace_id, work.parent_id, work.failed) == ("tester", TRACE, ABOVE, False)
    assert work.attributes == {"chatly.request_id": "r1", "size": 3, "chatly.outcome": "NOT_FOUND"}
    collector.one("part", kind="PRODUCER", below=work)


async def test_a_block_that_raises_ends_its_span_as_failed(collector: Collector) -> None:
    async with open_otel(settings(collector), service="tester"):
        with pytest.raises(KeyError), tracing.covering("work", Kind.CONSUMER, request_id="r1", parent=SAMPLED):
            raise KeyError

    await collector.until("work", request_id="r1")
    assert collector.one("work").failed
    assert collector.one("work").attributes["chatly.outcome"] == "KeyError"


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        f"00-{TRACE}-{ABOVE}-00",
        f"00-{TRACE}-{ABOVE}-02",
        f"00-{TRACE}-{ABOVE}",
        f"ff-{TRACE}-{ABOVE}-01",
        f"00-{'0' * 32}-{ABOVE}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{ABOVE}-01",
        f"00-{TRACE}-{ABOVE}-01\n",
    ],
)
async def test_there_is_no_span_without_a_sampled_parent(parent: str | None, collector: Collector) -> None:
    async with open_otel(settings(collector), service="tester"):
        assert tracing.begin("work", Kind.SERVER, parent, request_id="r1") is None
        with tracing.covering("work", Kind.SERVER, request_id="r1", parent=parent) as span:
            assert span is None


async def test_there_is_no_span_while_tracing_is_off() -> None:
    assert tracing.begin("work", Kind.SERVER, SAMPLED, request_id="r1") is None


def test_without_a_collector_opentelemetry_is_not_imported() -> None:
    program = """
import asyncio, importlib, sys
from mesh.serve import tracing
async def main():
    async with tracing({}, service="auth"):
        for name in ("mesh.serve", "mesh.embedded", "kernel.redis.bus", "kernel.kafka.log", "kernel.s3.blob_store"):
            importlib.import_module(name)
    sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
asyncio.run(main())
"""

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("endpoint", ["collector:4317", "http://collector", "ftp://a:1", "http://a:port"])
def test_an_invalid_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT must be http://host:port"):
        load(TraceSettings, {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})


def test_a_collector_without_the_extra_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kernel.telemetry.otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)

    with pytest.raises(SettingsError, match="install the extra `otel`"):
        mesh_tracing({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}, service="auth")


class FixedWriter:
    """RecordWriter with the same result for every batch."""

    def __init__(self, applied: Applied) -> None:
        self._applied = applied

    async def apply(self, records: object) -> Applied:
        return self._applied


async def test_only_traced_events_get_spans_in_the_store(collector: Collector) -> None:
    chat = ChatBuilder()
    events = [chat.sent(), chat.sent()]
    traced = decode(encode(replace(events[1], traceparent=SAMPLED, request_id="r1")))
    stored = [LogEvent(LogPosition(2, 7 + number), event) for number, event in enumerate([events[0], traced])]
    offsets: Mapping[int, int] = {2: 8}
    async with open_otel(settings(collector), service="tester"):
        await TracedRecordWriter(FixedWriter(Applied(offsets, stored, [], 0))).apply([])

    await collector.until("store", request_id="r1")
    (span,) = collector.spans
    assert (span.parent_id, span.attributes["partition"], span.attributes["offset"]) == (ABOVE, 2, 8)
