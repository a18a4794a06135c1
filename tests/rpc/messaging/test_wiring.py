"""Health and metrics of the running service."""

from typing import Any

import httpx
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from kernel.errors import KernelReason, unavailable
from tests.rpc.messaging.harness import ANN, BOB, Harness


async def health(harness: Harness) -> int:
    stub: Any = HealthStub(harness.served.channel)
    status: int = (await stub.Check(HealthCheckRequest())).status
    return status


async def test_the_service_is_healthy_while_the_log_accepts_no_records(harness: Harness) -> None:
    harness.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "unreachable")

    assert await health(harness) == HealthCheckResponse.SERVING


async def test_sends_and_repeated_sends_are_counted(harness: Harness) -> None:
    async def counts() -> list[str]:
        async with httpx.AsyncClient(base_url=harness.served.http) as http:
            text = (await http.get("/metrics")).text
        return [line for line in text.splitlines() if line.startswith("chatly_messaging_sends_total")]

    before = await counts()
    sent = await harness.send(ANN, user_id=BOB)
    await harness.send(ANN, user_id=BOB, client_message_id=sent.client_message_id)
    await harness.send(ANN, user_id=BOB, client_message_id=sent.client_message_id)

    def number(lines: list[str], outcome: str) -> float:
        return sum(float(line.split()[1]) for line in lines if f'outcome="{outcome}"' in line)

    after = await counts()
    assert number(after, "accepted") - number(before, "accepted") == 1
    assert number(after, "repeated") - number(before, "repeated") == 2
