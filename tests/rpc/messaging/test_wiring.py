"""The service as a process sees it."""

from typing import Any

import httpx
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from kernel.errors import KernelReason, unavailable
from tests.rpc.messaging.town import ANN, BOB, Town


async def health(town: Town) -> int:
    stub: Any = HealthStub(town.served.channel)
    status: int = (await stub.Check(HealthCheckRequest())).status
    return status


async def test_it_serves_while_it_can_read_though_the_log_takes_nothing(town: Town) -> None:
    town.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "away")

    assert await health(town) == HealthCheckResponse.SERVING


async def test_sends_and_repeated_sends_are_counted(town: Town) -> None:
    async def counts() -> list[str]:
        async with httpx.AsyncClient(base_url=town.served.http) as http:
            text = (await http.get("/metrics")).text
        return [line for line in text.splitlines() if line.startswith("chatly_messaging_sends_total")]

    before = await counts()
    sent = await town.send(ANN, user_id=BOB)
    await town.send(ANN, user_id=BOB, client_message_id=sent.client_message_id)
    await town.send(ANN, user_id=BOB, client_message_id=sent.client_message_id)

    def number(lines: list[str], outcome: str) -> float:
        return sum(float(line.split()[1]) for line in lines if f'outcome="{outcome}"' in line)

    after = await counts()
    assert number(after, "accepted") - number(before, "accepted") == 1
    assert number(after, "repeated") - number(before, "repeated") == 2
