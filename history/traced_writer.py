"""Traces the events that the persister stores."""

import time
from collections.abc import Sequence

from history.model import StoredEvent
from history.ports import Applied, RecordWriter
from kernel.log.ports import LogRecord
from kernel.telemetry import tracing
from kernel.telemetry.tracing import Kind


class TracedRecordWriter:
    """RecordWriter that ends a span for each stored traced event. A span covers the whole batch of its event."""

    def __init__(self, writer: RecordWriter) -> None:
        self._writer = writer

    async def apply(self, records: Sequence[LogRecord]) -> Applied:
        started = time.time_ns()
        applied = await self._writer.apply(records)
        for stored in applied.events:
            if stored.event.traceparent:
                _tell(stored, started, len(records))
        return applied


def _tell(stored: StoredEvent, started: int, batch: int) -> None:
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
