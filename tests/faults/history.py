"""Reads a whole chat for the fault tests."""

from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.message_pb2 import Message
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub


async def history(
    stub: MessagingServiceStub, metadata: tuple[tuple[str, str], ...], chat_id: str, *, seconds: float = 5.0
) -> list[Message]:
    """Return the chat as the owner of `metadata` reads it, oldest first; `seconds` per page."""
    found: list[Message] = []
    request = messaging.ListMessagesRequest(chat_id=chat_id, page_size=200, direction=messaging.LIST_DIRECTION_FORWARD)
    while True:
        page = await stub.ListMessages(request, metadata=metadata, timeout=seconds)
        found.extend(page.messages)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token
