"""A client that resumes with its newest cursor receives every event, whichever process dies in between."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from history.chat_id import ChatId
from history.model import ChatEvent, LogEvent, MessageSent
from kernel.ids import UserId
from services.messaging.live.memberships import ends_membership, memberships_set_by
from tests.unit.live.builders import a_user
from tests.unit.live.harness import Backend, Client, Node, a_backend, a_node
from tests.waiting import eventually

EVENTS = 80


class Chaos:
    """Ann and Eve write while Bob's stream, the persister, the bus and the node fail and return, driven by one seed."""

    def __init__(self, backend: Backend, random: Random) -> None:
        self.backend = backend
        self.random = random
        self.ann, self.bob, self.eve = a_user(), a_user(), a_user()
        self.for_bob: list[LogEvent] = []
        self.orphans: set[str] = set()
        self.in_club = True
        self.connections: list[Client] = []
        self.writing = True
        self.node: Node
        self._stack = AsyncExitStack()
        self._changing_node = asyncio.Lock()

    async def run(self) -> None:
        await self._start_node()
        self.team = await self.node.create_group(self.ann, self.bob, self.eve)
        self.club = await self.node.create_group(self.ann, self.bob, self.eve)
        first = await self._connect("").caught_up()
        background = [asyncio.create_task(self._until_written(step)) for step in (self._persist, self._break)]
        background.append(asyncio.create_task(self._reconnect(first)))
        await asyncio.gather(*(self._write(user) for user in (self.ann, self.eve)))
        self.writing = False
        await asyncio.gather(*background)
        while await self.backend.persist():
            pass
        last = self._connect(self.connections[-1].cursor)
        await last.caught_up()
        await eventually(lambda: self.missing() == set() or last.ended)
        await last.disconnect()
        await self._stack.aclose()

    def missing(self) -> set[str]:
        seen = {event_id for client in self.connections for event_id in client.ids}
        return {str(stored.event.event_id) for stored in self.for_bob} - seen

    def _connect(self, cursor: str) -> Client:
        self.connections.append(Client(self.node, self.bob, cursor))
        return self.connections[-1]

    async def _pause(self, most: int) -> None:
        for _ in range(self.random.randrange(most)):
            await asyncio.sleep(0)

    async def _until_written(self, step: Callable[[], Awaitable[None]]) -> None:
        while self.writing:
            await step()

    async def _write(self, user: UserId) -> None:
        for _ in range(EVENTS // 2):
            await self._pause(8)
            chat_id = self.random.choice([self.team, ChatId.direct(user, self.bob), self.club])
            async with self._changing_node:
                if chat_id == self.club:
                    await self._write_to_club(user)
                else:
                    self.for_bob.append(await self._send(chat_id, user))

    async def _send(self, chat_id: ChatId, user: UserId) -> LogEvent:
        event = self.backend.event(chat_id, user, MessageSent(uuid4(), "text"))
        if self.random.random() < 0.1:
            # Its node died right after the append: nobody receives it until it is stored.
            orphan = await self.backend.append(event)
            self.orphans.add(str(event.event_id))
            return orphan
        return await self.node.record(event)

    async def _write_to_club(self, user: UserId) -> None:
        """Send to a group that Bob leaves and rejoins."""
        if user == self.ann and self.random.random() < 0.4:
            change = self.node.remove if self.in_club else self.node.add
            self.in_club = not self.in_club
            await change(self.club, self.ann, self.bob)
        else:
            await self.node.send(self.club, user)

    async def _persist(self) -> None:
        await self._pause(120)
        await self.backend.persist(at_most=self.random.randrange(1, 30))

    async def _break(self) -> None:
        await self._pause(400)
        if self.random.random() < 0.5:
            await self.backend.overflow_bus()
        else:
            async with self._changing_node:
                await self._start_node()

    async def _start_node(self) -> None:
        """Kill the node, if there is one, and start another; clients reconnect on their own."""
        await self._stack.aclose()
        self.node = await self._stack.enter_async_context(a_node(self.backend))

    async def _reconnect(self, client: Client) -> None:
        while self.writing:
            await self._pause(60)
            await client.disconnect()
            await self._pause(20)
            async with self._changing_node:
                client = self._connect(client.cursor)
        await client.disconnect()


def replayed_out_of_order(client: Client, chaos: Chaos) -> list[str]:
    """Return replayed events that arrive first after a later event of their chat, for chats that Bob never left."""
    recorded = chaos.backend.recorded
    places = {str(stored.event.event_id): (stored.event.chat_id, stored.position.offset) for stored in recorded}
    newest: dict[str, int] = {}
    seen = {*chaos.orphans}
    wrong = []
    for event in client.events:
        if event.HasField("caught_up"):
            break
        chat_id, offset = places[event.event_id]
        if chat_id != chaos.club and event.event_id not in seen and offset < newest.get(chat_id, -1):
            wrong.append(event.event_id)
        newest[chat_id] = max(offset, newest.get(chat_id, -1))
        seen.add(event.event_id)
    return wrong


def received_while_out(client: Client, chat_id: ChatId, recorded: list[LogEvent]) -> list[int]:
    """Return the offsets of events that a stream sent after its user's removal and that happened after it."""
    log = {str(stored.event.event_id): stored for stored in recorded if stored.event.chat_id == chat_id}
    own = [
        item
        for item in log.values()
        if ends_membership(item.event, client.user) or _starts_membership(item.event, client.user)
    ]
    received: list[int] = []
    out_from = out_to = -1
    for event in client.events:
        if (stored := log.get(event.event_id)) is None:
            continue
        offset = stored.position.offset
        if ends_membership(stored.event, client.user):
            later = [item.position.offset for item in own if item.position.offset > offset]
            out_from, out_to = offset, min(later, default=1 << 62)
            received.clear()
        elif out_from < offset < out_to:
            received.append(offset)
        elif _starts_membership(stored.event, client.user):
            out_from = out_to = -1
            received.clear()
    return received


def _starts_membership(event: ChatEvent, user: UserId) -> bool:
    return user in memberships_set_by(event) and not ends_membership(event, user)


@pytest.mark.parametrize("seed", range(25))
async def test_a_resuming_subscriber_receives_everything(tmp_path: Path, seed: int) -> None:
    async with a_backend(tmp_path) as backend:
        chaos = Chaos(backend, Random(seed))
        await chaos.run()

    assert chaos.missing() == set()
    for client in chaos.connections:
        assert client.error is None
        assert replayed_out_of_order(client, chaos) == []
        assert received_while_out(client, chaos.club, backend.recorded) == []
