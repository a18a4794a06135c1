"""Two nodes of a service act as one on the real engines, even when processes are killed."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import grpc
import psutil
import pytest
from chatly.media.v1 import media_service_pb2
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from mesh.services import SERVICES
from tests.e2e.commands.chatly import chatly
from tests.e2e.distributed.nodes import channels, hanging, is_back, kill
from tests.e2e.live.listener import Listener, listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people, rest
from tests.faults.crowd import crowd
from tests.faults.status_codes import UNREACHABLE
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

MESSAGES_PER_SECOND = 60


async def send(channel: grpc.aio.Channel, sender: Person, receiver: Person, text: str) -> str:
    """Return the message_id."""
    request = messaging.SendMessageRequest(
        chat_id=sender.chat_with(receiver), client_message_id=str(uuid4()), text=text
    )
    answer = await MessagingServiceStub(channel).SendMessage(request, metadata=sender.metadata, timeout=10)
    return answer.message.message_id


async def test_a_message_sent_on_one_node_is_received_on_the_other(mesh: Mesh) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with channels(mesh, "messaging") as (here, there), listening(there, bob) as of_bob:
        await of_bob.until_caught_up()

        message_id = await send(here, ann, bob, "hello")

        assert (await of_bob.next("message_created")).message_created.message_id == message_id
        request = messaging.ListMessagesRequest(chat_id=ann.chat_with(bob))
        page = await MessagingServiceStub(there).ListMessages(request, metadata=bob.metadata)
        assert [message.message_id for message in page.messages] == [message_id]


async def test_a_cursor_of_one_node_resumes_on_the_other(mesh: Mesh) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with channels(mesh, "messaging") as (here, there):
        async with listening(here, bob) as before:
            await before.until_caught_up()
            heard = await send(here, ann, bob, "heard")
            await before.next("message_created")
            cursor = before.cursor
        missed = [await send(here, ann, bob, f"missed {number}") for number in range(10)]

        async with listening(there, bob, cursor) as of_bob:
            replayed = [event.message_created.message_id for event in await of_bob.until_caught_up()]
            live = await send(here, ann, bob, "live")

            assert [message_id for message_id in replayed if message_id != heard] == missed
            assert (await of_bob.next("message_created")).message_created.message_id == live


async def test_doctor_checks_every_process_and_every_engine(mesh: Mesh) -> None:
    doctor = await chatly(mesh.environ, "doctor")

    assert doctor.exit_code == 0, doctor.output
    assert all(f"serving at {address}" in doctor.output for each in mesh.grpc_nodes.values() for address in each)
    assert doctor.output.count("reached at") == 4
    assert "CHATLY_KAFKA_REPLICATION is 1: one lost disk loses" in doctor.output
    assert "CHATLY_CASSANDRA_REPLICATION is 1: one lost disk loses" in doctor.output
    assert doctor.output.rstrip().endswith("All is well, apart from 2 accepted risks.")


async def test_an_ended_session_is_refused_on_every_node(mesh: Mesh) -> None:
    (ann,) = await people(mesh, "ann")
    async with channels(mesh, "messaging") as nodes:
        stubs = [MessagingServiceStub(node) for node in nodes]
        for stub in stubs:
            await stub.ListChats(messaging.ListChatsRequest(), metadata=ann.metadata)
        async with rest(mesh) as client:
            assert (await client.post("/api/auth/logout", json={}, headers=ann.headers)).status_code == 200

        async def refused(stub: MessagingServiceStub) -> bool:
            try:
                await stub.ListChats(messaging.ListChatsRequest(), metadata=ann.metadata)
            except grpc.aio.AioRpcError as error:
                return error.code() is grpc.StatusCode.UNAUTHENTICATED
            return False

        for stub in stubs:
            await eventually(lambda stub=stub: refused(stub), "the session has ended here too", seconds=5)


async def test_an_upload_begun_on_one_node_is_completed_on_the_other(mesh: Mesh) -> None:
    (ann,) = await people(mesh, "ann")
    content = b"%PDF-1.7\n" + b"x" * 200_000
    half = len(content) // 2
    async with channels(mesh, "media") as nodes:
        here, there = (MediaServiceStub(node) for node in nodes)
        start = media_service_pb2.UploadStart(
            file_name="plan.pdf", size_bytes=len(content), purpose=media_service_pb2.MEDIA_PURPOSE_MESSAGE
        )
        begun = await here.CreateUpload(media_service_pb2.CreateUploadRequest(start=start), metadata=ann.metadata)
        for stub, offset, data in ((here, 0, content[:half]), (there, half, content[half:])):
            part = media_service_pb2.UploadPartRequest(upload_id=begun.upload_id, offset=offset, data=data)
            await stub.UploadPart(part, metadata=ann.metadata)
        done = await there.CompleteUpload(
            media_service_pb2.CompleteUploadRequest(upload_id=begun.upload_id), metadata=ann.metadata
        )

        asked = media_service_pb2.DownloadRequest(media_id=done.media.media_id)
        chunks = [answer.data async for answer in here.Download(asked, metadata=ann.metadata)]

    assert b"".join(chunks) == content


async def test_subscribers_of_a_hung_node_are_moved_to_the_other(mesh: Mesh) -> None:
    ann, *listeners = await people(mesh, "ann", *(f"listener{number}" for number in range(12)))
    async with (
        grpc.aio.insecure_channel(mesh.edge) as edge,
        channels(mesh, "messaging") as (_, there),
        AsyncExitStack() as streams,
    ):
        heard = [await streams.enter_async_context(listening(edge, each)) for each in listeners]
        for each in heard:
            await each.until_caught_up()
        with hanging(mesh, "messaging-1"):
            sent = [await send(there, ann, each, "hello") for each in listeners]
            came = await asyncio.gather(
                *(_next_message(edge, person, of_it) for person, of_it in zip(listeners, heard, strict=True))
            )

    assert [message_id for message_id, _ in came] == sent
    # The edge had given some of the streams to each node.
    assert 0 < sum(resumed for _, resumed in came) < len(came)


async def _next_message(edge: grpc.aio.Channel, person: Person, stream: Listener) -> tuple[str, bool]:
    """Return its message_id, and whether the stream had to be resumed, which may happen once."""
    try:
        return (await stream.next("message_created")).message_created.message_id, False
    except grpc.aio.AioRpcError as error:
        if error.code() not in UNREACHABLE:
            raise
    async with listening(edge, person, stream.cursor) as resumed:
        return (await resumed.next("message_created")).message_created.message_id, True


@pytest.mark.parametrize("victim", ["messaging-2", "persister-1"])
async def test_a_node_killed_under_load_loses_doubles_and_disorders_nothing(mesh: Mesh, victim: str) -> None:
    async with crowd(mesh, messages_per_second=MESSAGES_PER_SECOND) as talkers:
        async with talkers.talking():
            await talkers.get_through(150)
            killed = kill(mesh, victim)
            await talkers.get_through(150)
            await is_back(mesh, victim, killed)
            await talkers.get_through(150)

        assert all(subscriber.resyncs == 0 for subscriber in talkers.subscribers)


async def test_when_the_command_is_killed_its_processes_die_with_it(mesh: Mesh) -> None:
    """The last test of the folder: it stops the mesh."""
    names = [f"{service}-{number}" for service in SERVICES for number in (1, 2)]
    processes = [psutil.Process(mesh.node_pid(name)) for name in names]

    await asyncio.to_thread(mesh.kill)

    await eventually(lambda: not any(process.is_running() for process in processes), "none is left")
