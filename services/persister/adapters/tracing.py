"""Trace spans for stored events."""

import time
from collections.abc import Sequence

from history.model import LogEvent
from history.ports import Applied, RecordWriter
from kernel.log.ports import LogRecord
from kernel.telemetry import tracing
from kernel.telemetry.tracing import Kind


class TracedRecordWriter:
    """A RecordWriter that writes a trace span for each stored event with a trace context.

    The span covers the event's batch.
    """

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        started = time.time_ns()
        applied = await self._writer.apply(records)
        for stored in applied.events:
            if stored.event.traceparent:
                _write_span(stored, started, len(records))
        return applied


def _write_span(stored: LogEvent, started: int, batch: int) -> None:
    event = stored.event
    span = tracing.begin(
        "store",
        Kind.CONSUMER,
        event.traceparent,
        request_id=event.request_id,
        started=started,
        attributes={"partition": stored.position.partition, "offset": stored.position.offset, "batch": batch},
    )
    if span is not None:
        span.end()
