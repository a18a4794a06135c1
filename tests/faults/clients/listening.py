"""A device's subscription: it resumes from its cursor, drops repeats, and pages after a resync."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.live_pb2 import LiveEvent
from chatly.messaging.v1.message_pb2 import Message

from tests.faults.checker.recording import Kind
from tests.faults.clients.link import Link, Stubs
from tests.faults.clients.notes import Notes


class Listening:
    """One device's subscription, and the messages it received."""

    def __init__(self, link: Link, notes: Notes, chats: Sequence[str]) -> None:
        self._link = link
        self._notes = notes
        self._chats = chats
        self._cursor = ""
        self._events: set[str] = set()
        self._known: set[str] = set()
        self.newest: dict[str, list[str]] = defaultdict(list)
        """The last messages of each chat that are not deleted, by arrival."""

    async def run(self) -> None:
        while True:
            async for response in self._link.stream(self._subscribe):
                for event in response.events:
                    await self._take(event)
                # Stored after its events: the cursor means that they were handled.
                self._cursor = response.cursor or self._cursor
            self._notes.write(Kind.CUT)

    def _subscribe(self, stubs: Stubs) -> AsyncIterator[messaging.SubscribeResponse]:
        request = messaging.SubscribeRequest(cursor=self._cursor)
        return stubs.messaging.Subscribe(request, metadata=self._link.metadata)  # type: ignore[return-value]

    async def _take(self, event: LiveEvent) -> None:
        if event.event_id:
            if event.event_id not in self._events:
                self._events.add(event.event_id)
                self._lasting(event)
        elif event.HasField("caught_up"):
            self._notes.write(Kind.LIVE)
        elif event.HasField("resync"):
            self._notes.write(Kind.RESYNC)
            for chat_id in self._chats:
                await self._page(chat_id)

    def _lasting(self, event: LiveEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "message_created":
            self._hear(event.message_created)
        elif kind == "message_deleted" and (event.message_deleted.for_everyone or event.message_deleted.withdrawn):
            message = event.message_deleted.message_id
            withdrawn = event.message_deleted.withdrawn
            self._notes.write(Kind.WITHDRAWN if withdrawn else Kind.GONE, chat=event.chat_id, message=message)
            self.newest[event.chat_id] = [known for known in self.newest[event.chat_id] if known != message]
        elif kind == "reaction_changed":
            change = event.reaction_changed
            self._notes.write(
                Kind.REACTION,
                chat=event.chat_id,
                message=change.message_id,
                sender=change.user_id,
                emoji=change.emoji,
                present=change.present,
                event=event.event_id,
            )
        elif kind == "message_edited":
            edit = event.message_edited
            self._notes.write(
                Kind.EDIT, chat=event.chat_id, message=edit.message_id, text=edit.text, event=event.event_id
            )

    def _hear(self, message: Message) -> None:
        self._known.add(message.message_id)
        has_content = not message.deleted_for_everyone
        self._notes.write(
            Kind.HEARD,
            chat=message.chat_id,
            message=message.message_id,
            send=message.client_message_id,
            sender=message.sender_id,
            present=has_content,
        )
        if has_content:
            self.newest[message.chat_id] = [*self.newest[message.chat_id][-20:], message.message_id]

    async def _page(self, chat_id: str) -> None:
        """Page for messages of a chat that the device does not have."""
        request = messaging.ListMessagesRequest(
            chat_id=chat_id, page_size=200, direction=messaging.LIST_DIRECTION_FORWARD
        )
        while True:
            page = await self._link.call(lambda stubs: stubs.messaging.ListMessages, request)
            for message in page.messages:
                if message.message_id not in self._known:
                    self._hear(message)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
