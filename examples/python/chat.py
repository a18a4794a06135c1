"""Chat operations for the scenario and the talk."""

import uuid

from chatly.messaging.v1 import message_pb2 as messages
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from client import Client


def direct_chat(one: str, other: str) -> str:
    """Returns the chat_id of two users. A 1:1 chat needs no creation."""
    return "_".join(sorted([one, other]))


def draft(chat_id: str, text: str, *media_ids: str) -> messaging.SendMessageRequest:
    """Returns a send with a new client_message_id. Sending the same one again creates no second message."""
    return messaging.SendMessageRequest(
        chat_id=chat_id, client_message_id=str(uuid.uuid4()), text=text, media_ids=media_ids
    )


async def send(client: Client, request: messaging.SendMessageRequest) -> messages.Message:
    """Returns the stored message, of this or an earlier attempt."""
    return (await client.call(client.messaging.SendMessage, request)).message


async def history(client: Client, chat_id: str) -> list[messages.Message]:
    """Returns every message of a chat, oldest first."""
    found: list[messages.Message] = []
    request = messaging.ListMessagesRequest(chat_id=chat_id, page_size=100, direction=messaging.LIST_DIRECTION_FORWARD)
    while True:
        page = await client.call(client.messaging.ListMessages, request)
        found.extend(page.messages)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token
