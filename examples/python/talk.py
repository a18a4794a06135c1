"""Chats with programs of any language: sends its lines and receives everybody else's, in order and once each."""

import asyncio

from chat import draft, history, send
from chatly.messaging.v1 import message_pb2 as messages
from client import Client, joined
from inbox import Inbox


async def talk(edge: str, name: str, chat_id: str, lines: int, expect: int) -> None:
    """Send `lines` messages and receive `expect` messages of others. Raise on a gap, a repeat, or a wrong order."""
    async with joined(edge, name) as client:
        inbox = Inbox(edge, client)
        inbox.connect()
        try:
            await asyncio.gather(speak(client, chat_id, lines), listen(client, inbox, chat_id, expect))
        finally:
            await inbox.disconnect()
    print("done", flush=True)


async def speak(client: Client, chat_id: str, lines: int) -> None:
    for number in range(1, lines + 1):
        await send(client, draft(chat_id, f"{client.name} {number}"))


async def listen(client: Client, inbox: Inbox, chat_id: str, expect: int) -> None:
    received = Received(client.user_id)
    while received.count < expect:
        event = await inbox.next()
        if event.HasField("message_created") and event.chat_id == chat_id:
            received.take(event.message_created)
        elif event.HasField("caught_up") or event.HasField("resync"):
            # Messages sent before the subscription, or too long ago to replay.
            for message in await history(client, chat_id):
                received.take(message)


class Received:
    """Records the messages of others. Each sender numbers their lines from 1."""

    def __init__(self, own_id: str) -> None:
        self.count = 0
        self._own_id = own_id
        self._message_ids: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, message: messages.Message) -> None:
        if message.sender_id == self._own_id or message.message_id in self._message_ids:
            return
        self._message_ids.add(message.message_id)
        expected = self._numbers.get(message.sender_id, 0) + 1
        if message.text.rpartition(" ")[2] != str(expected):
            raise AssertionError(f"expected line {expected} of this sender, received {message.text!r}")
        self._numbers[message.sender_id] = expected
        self.count += 1
        print(message.text, flush=True)
