"""Meshes without sampled requests, or without a collector."""

from pathlib import Path

import pytest

from tests.collector import collecting
from tests.e2e.mesh import HOST, running_mesh
from tests.e2e.people import people
from tests.e2e.traced import send
from tests.ports import free_ports
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(90)

FORGED = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


async def test_a_call_that_is_not_sampled_sends_nothing(tmp_path: Path) -> None:
    async with collecting() as collector:
        async with running_mesh(
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="100",
            CHATLY_EDGE_TRACE_RATIO="0",
        ) as mesh:
            ann, bob = await people(mesh, "ann", "bob")
            await send(mesh, ann, bob, FORGED)
            # Pending spans are exported at the end.
            assert await mesh.stop() == 0

        assert collector.spans == []


async def test_an_unreachable_collector_does_no_harm_and_is_reported_once(tmp_path: Path) -> None:
    async with running_mesh(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{HOST}:{next(free_ports())}",
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_BSP_MAX_QUEUE_SIZE="8",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4",
        CHATLY_EDGE_TRACE_RATIO="1",
    ) as mesh:
        ann, bob = await people(mesh, "ann", "bob")

        async def is_reported() -> bool:
            await send(mesh, ann, bob)
            return "the collector does not accept spans" in mesh.output()

        await eventually(is_reported, seconds=20)
        for _ in range(50):
            await send(mesh, ann, bob)
        assert await mesh.stop() == 0

    assert mesh.output().count("the collector does not accept spans") == 1
    assert "opentelemetry" not in mesh.output()
    assert "Traceback" not in mesh.output()
