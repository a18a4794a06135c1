"""A mesh with a collector of traces and logs, and the trace of one message."""

from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.collector import Collector
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person

SEND = "chatly.messaging.v1.MessagingService/SendMessage"
ASK = "chatly.auth.v1.UserService/BatchGetBlocks"


def traced_settings(collector: Collector) -> dict[str, str]:
    """Return settings of a mesh that traces and logs everything."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "CHATLY_EDGE_TRACE_RATIO": "1",
        "CHATLY_LOG_LEVEL": "debug",
        "CHATLY_LOG_STYLE": "json",
    }


async def send(mesh: Mesh, sender: Person, receiver: Person, *metadata: tuple[str, str]) -> str:
    """Send through the edge; return the request id."""
    request = messaging.SendMessageRequest(
        chat_id=sender.chat_with(receiver), client_message_id=str(uuid4()), text="hello"
    )
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        call = MessagingServiceStub(channel).SendMessage(request, metadata=(*sender.metadata, *metadata), timeout=10)
        await call
        return str(dict(await call.initial_metadata())["x-request-id"])
