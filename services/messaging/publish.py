"""The one way that every lasting change takes: event log, then this node's own view, the hot tail and the live bus."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from history.audience import members_of
from history.channels import channels_of
from history.codec import encode, pack_lasting, remember
from history.model import ChatEvent, ChatState, MessageSent, StoredEvent
from history.ports import HotTail
from kernel.bus.ports import BusMessage, LiveBus
from kernel.ids import UserId
from kernel.log.ports import EventLog
from kernel.telemetry import tracing
from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import Kind
from services.messaging.chat_states import ChatStates


class Publisher:
    """Journal over the log. Once the log has an event nothing undoes it: what fails after that is noted, not raised."""

    def __init__(
        self, *, log: EventLog, states: ChatStates, tail: HotTail, bus: LiveBus, on_failure: Callable[[str], None]
    ) -> None:
        """`on_failure`: called with the name of what failed after the log had the event (`tail`, `bus`)."""
        self._log = log
        self._states = states
        self._tail = tail
        self._bus = bus
        self._on_failure = on_failure
        self._notes = logger("messaging")
        self._running: set[asyncio.Task[None]] = set()

    async def record(self, *events: ChatEvent) -> None:
        if not events:
            return
        # A caller who goes away half-way must not keep an event that the log has from everybody else.
        task = asyncio.create_task(self._record_all(events))
        self._running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.shield(task)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Asked for here: where the caller has gone away nobody else does, and asyncio complains.
            task.exception()

    async def settle(self) -> None:
        """Wait for what has begun."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _record_all(self, events: Sequence[ChatEvent]) -> None:
        if len(events) == 1:
            await self._record(events[0])
            return
        before = self._states.known(events[0].chat_id)
        # Whatever becomes of one, the others go their whole way.
        records = (self._record(event, contacts=False) for event in events)
        outcomes = await asyncio.gather(*records, return_exceptions=True)
        recorded = [event for event, outcome in zip(events, outcomes, strict=True) if not outcome]
        # Once for all of them: those who have other contacts may be a whole group, however few have joined or left.
        await self._publish(self._contact_news(recorded, before))
        for outcome in outcomes:
            if outcome:
                raise outcome

    async def _record(self, event: ChatEvent, *, contacts: bool = True) -> None:
        """`contacts`: whether to tell presence of changed ones, too."""
        before = self._states.known(event.chat_id)
        with tracing.covering("append", Kind.PRODUCER, request_id=event.request_id) as appending:
            if appending is not None:
                event = replace(event, traceparent=appending.traceparent)
            value = encode(event)
            position = await self._log.append(event.chat_id, value)
        stored = StoredEvent(position, event, value)
        await self._attempt("tail", self._tail.add(stored))
        self._states.heard(event)
        payload = pack_lasting(stored)
        remember(payload, stored)
        news = [BusMessage(channel, payload) for channel in channels_of(event)]
        await self._publish(news + (self._contact_news([event], before) if contacts else []))

    def _contact_news(self, events: Sequence[ChatEvent], before: ChatState | None) -> list[BusMessage]:
        users = {user_id for event in events for user_id in _moved(event, before)}
        if users and not events[0].chat_id.is_direct:
            now = self._states.known(events[0].chat_id)
            users.update(members_of(now) if now else ())
        return [BusMessage(contacts_channel(user_id), b"") for user_id in sorted(users)]

    async def _publish(self, news: Sequence[BusMessage]) -> None:
        if news:
            await self._attempt("bus", self._bus.publish(news))

    async def _attempt(self, part: str, action: Awaitable[None]) -> None:
        try:
            await action
        except Exception:  # noqa: BLE001 - whatever it is, the event is durable and the caller must hear that
            self._notes.exception("a durable event could not be passed on", part=part)
            self._on_failure(part)


def contacts_channel(user_id: UserId) -> str:
    """Where presence hears, by an empty message, that somebody shares a chat with this user, or no more."""
    return f"contacts:{user_id}"


def _moved(event: ChatEvent, before: ChatState | None) -> Collection[UserId]:
    """Who has a contact more or less by it: the two of a new chat; who joins or leaves, as the audience names them."""
    if event.chat_id.is_direct:
        is_first = isinstance(event.change, MessageSent) and (before is None or before.last_message_id is None)
        return event.chat_id.members if is_first else ()
    return event.audience
