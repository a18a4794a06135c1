"""A peer that is cut off says nothing, not even that it is gone: its callers find out by themselves."""

import asyncio

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub

from kernel.rpc.client import open_channel
from tests.fakes import Mesh, running
from tests.rpc.kernel.services import a_service
from tests.rpc.kernel.silent_proxy import silent_proxy
from tests.waiting import eventually


async def test_calls_go_on_to_the_next_address_soon_after_the_first_one_fell_silent() -> None:
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
        began = asyncio.get_running_loop().time()

        async def is_answered() -> bool:
            try:
                await stub.GetJwks(auth_pb.GetJwksRequest(), timeout=2)
            except grpc.aio.AioRpcError:
                return False
            return True

        await eventually(is_answered, "another one answers", seconds=20)
        took = asyncio.get_running_loop().time() - began

    assert asked == ["first", "second"]
    assert took < 8
