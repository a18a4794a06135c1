"""The service as the mesh opens it, with SQLite files and contacts from messaging."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.presence.v1 import presence_service_pb2 as pb

from kernel.service import Service
from services.presence.wiring import open_presence
from tests.fakes import Mesh, a_platform, running
from tests.rpc.presence.harness import SETTINGS, Node
from tests.unit.presence.harness import a_user

ANN, BOB = a_user(), a_user()
Context = grpc.aio.ServicerContext[Any, Any]
MESSAGING = "chatly.messaging.v1.MessagingService"


async def friends(request: messaging.ListContactsRequest, context: Context) -> messaging.ListContactsResponse:
    return messaging.ListContactsResponse(user_ids=[BOB if request.user_id == ANN else ANN])


def messaging_service() -> Service:
    """Serve only ListContacts."""
    handler = grpc.unary_unary_rpc_method_handler(
        friends,
        request_deserializer=messaging.ListContactsRequest.FromString,
        response_serializer=messaging.ListContactsResponse.SerializeToString,
    )

    def mount(server: grpc.aio.Server) -> None:
        server.add_registered_method_handlers(MESSAGING, {"ListContacts": handler})

    return Service(name="messaging", grpc_services=[MESSAGING], mount=[mount])


@asynccontextmanager
async def presence_node(data_dir: Path, mesh: Mesh, addresses: dict[str, str]) -> AsyncIterator[Node]:
    async with (
        a_platform(data_dir=data_dir, mesh=mesh, addresses=addresses, name="presence") as platform,
        open_presence(SETTINGS, platform) as service,
        running(service, mesh=mesh) as served,
    ):
        yield Node(served)


async def test_contacts_come_from_messaging(tmp_path: Path) -> None:
    mesh = Mesh()
    async with (
        running(messaging_service(), mesh=mesh) as peer,
        presence_node(tmp_path, mesh, {"messaging": peer.server.address}) as node,
    ):
        ann = await node.connect(ANN)
        await node.connect(BOB)

        await ann.until_online(BOB)


async def test_status_and_last_seen_survive_a_restart(tmp_path: Path) -> None:
    mesh = Mesh()
    async with running(messaging_service(), mesh=mesh) as peer:
        open_node = partial(presence_node, tmp_path, mesh, {"messaging": peer.server.address})
        async with open_node() as node:
            await node.connect(ANN)
            before = await node.set_status(ANN, pb.CustomStatus(text="back on Monday"))

        async with open_node() as node:
            (ann,) = await node.get(ANN, caller=BOB)

    assert ann.status.text == "back on Monday"
    assert ann.availability == pb.AVAILABILITY_OFFLINE
    assert ann.HasField("last_seen_at")
    assert ann.version > before.version


async def test_clients_can_connect_while_messaging_is_unavailable(tmp_path: Path) -> None:
    async with presence_node(tmp_path, Mesh(), {}) as node:
        ann = await node.connect(ANN)

        assert set(ann.states) == {ANN}


async def test_users_with_open_streams_are_counted(tmp_path: Path) -> None:
    async with presence_node(tmp_path, Mesh(), {}) as node, httpx.AsyncClient() as client:
        await node.connect(ANN)
        await node.connect(ANN)

        metrics = (await client.get(f"{node.served.http}/metrics")).text
        assert "chatly_presence_online_users 1.0" in metrics
