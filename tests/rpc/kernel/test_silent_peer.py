"""A peer that is disconnected without a close: its callers detect it."""

import asyncio

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from kernel.grpc.client import open_channel
from tests.fakes import Mesh, running
from tests.rpc.kernel.harness import a_service, no_keys
from tests.rpc.kernel.silent_proxy import silent_proxy
from tests.waiting import eventually


async def test_a_client_that_pings_every_two_seconds_stays_connected_even_without_calls() -> None:
    options = [
        ("grpc.keepalive_time_ms", 1_500),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    async with (
        running(a_service("auth", GetJwks=no_keys)) as served,
        grpc.aio.insecure_channel(served.server.address, options) as channel,
    ):
        await AuthServiceStub(channel).GetJwks(auth_pb.GetJwksRequest())

        with pytest.raises(TimeoutError):
            # Three pings above the limit would close the connection.
            await asyncio.wait_for(channel.wait_for_state_change(grpc.ChannelConnectivity.READY), 8)


async def test_calls_use_the_next_address_soon_after_the_first_one_stops_responding() -> None:
    asked: list[str] = []

    def answering(name: str) -> object:
        async def answer(_: object, __: object) -> auth_pb.GetJwksResponse:
            asked.append(name)
            return auth_pb.GetJwksResponse()

        return answer

    mesh = Mesh()
    async with (
        running(a_service("auth", GetJwks=answering("first")), mesh=mesh) as first,  # type: ignore[arg-type]
        running(a_service("auth", GetJwks=answering("second")), mesh=mesh) as second,  # type: ignore[arg-type]
        silent_proxy(first.server.address) as proxy,
        open_channel(f"ipv4:{proxy.address},{second.server.address}", forward="none") as channel,
    ):
        stub = AuthServiceStub(channel)
        await stub.GetJwks(auth_pb.GetJwksRequest())
        proxy.fall_silent()

        async def is_answered() -> bool:
            try:
                await stub.GetJwks(auth_pb.GetJwksRequest(), timeout=2)
            except grpc.aio.AioRpcError:
                return False
            return True

        # By default, it takes a minute or more.
        await eventually(is_answered, "another one answers", seconds=20)

    assert (asked[0], asked[-1]) == ("first", "second")
