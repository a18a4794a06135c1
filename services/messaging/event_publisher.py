"""Creates and publishes events. Every event goes to the log, then to the hot tail, the chat states and the live bus."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from history.audience import channels_of, members_of, users_of
from history.codec import encode, pack_lasting, remember
from history.model import Change, ChatEvent, ChatState, LogEvent, MessageSent
from history.ports import HotTail
from kernel.bus.ports import BusMessage, LiveBus
from kernel.ids import HybridClock, UserId
from kernel.log.ports import EventLog
from kernel.telemetry import tracing
from kernel.telemetry.logs import logger
from kernel.telemetry.tracing import Kind
from kernel.time import Clock
from services.messaging.chat_states import ChatStates
from services.messaging.model import ChatAccess


class EventPublisher:
    """The only source of events, except for the persister, which appends withdrawals.

    An event in the log cannot be undone, so a failure of the hot tail or the bus is logged and counted, but not raised.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        states: ChatStates,
        tail: HotTail,
        bus: LiveBus,
        ids: HybridClock,
        clock: Clock,
        request_id: Callable[[], str],
        on_failure: Callable[[str], None],
    ) -> None:
        """`request_id` returns the id of the call in progress. `on_failure` is called with `tail` or `bus`, whichever
        did not take an event.
        """
        self._log = log
        self._states = states
        self._tail = tail
        self._bus = bus
        self._ids = ids
        self._clock = clock
        self._request_id = request_id
        self._on_failure = on_failure
        self._logger = logger("messaging")
        self._in_progress: set[asyncio.Task[None]] = set()

    def next_id(self, access: ChatAccess, *, after: Iterable[UUID | None] = ()) -> UUID:
        """Return an id later than the chat's newest known message and than all of `after`."""
        return self._ids.next(after=(access.state.last_message_id, *after))

    def new_event(
        self, access: ChatAccess, change: Change, *, event_id: UUID, audience: tuple[UserId, ...] = ()
    ) -> ChatEvent:
        """Return an event of the chat in `access`, caused by the user in `access`, with the present time."""
        return ChatEvent(
            event_id=event_id,
            chat_id=access.chat_id,
            actor_id=access.user_id,
            occurred_at=self._clock.now(),
            change=change,
            audience=audience,
            request_id=self._request_id(),
        )

    async def publish_change(self, access: ChatAccess, change: Change, *, after: Iterable[UUID | None]) -> ChatEvent:
        """Publish a new event as `publish` does, and return it. Its id is later than all ids in `after`.

        `after` must contain the ids of the events that this change may override. Of two changes of the same field, the
        one with the later id wins, so a change with an earlier id would have no effect.
        """
        event = self.new_event(access, change, event_id=self.next_id(access, after=after))
        await self.publish(event)
        return event

    async def publish(self, *events: ChatEvent) -> None:
        """Publish events of one chat. Return once the log has all of them, and the hot tail and the bus have taken them
        or failed.

        Raise UNAVAILABLE `LOG_UNAVAILABLE` if it is unknown whether the log has all of them. Publishing the same events
        again is safe.
        """
        if not events:
            return
        # The task continues if the caller disconnects, because an event that the log has must reach the other users.
        task = asyncio.create_task(self._publish_one(events[0]) if len(events) == 1 else self._publish_all(events))
        self._in_progress.add(task)
        task.add_done_callback(self._ended)
        await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait until all publications in progress have ended."""
        await asyncio.gather(*self._in_progress, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._in_progress.discard(task)
        if not task.cancelled():
            # Retrieve the exception. Otherwise asyncio logs it as never retrieved if the caller has disconnected.
            task.exception()

    async def _publish_all(self, events: Sequence[ChatEvent]) -> None:
        before = self._states.cached(events[0].chat_id)
        # A failure of one event does not stop the others.
        publications = (self._publish_one(event, notify_contacts=False) for event in events)
        results = await asyncio.gather(*publications, return_exceptions=True)
        published = [event for event, result in zip(events, results, strict=True) if not result]
        # Notify once for all events, because each member who joins changes the contacts of the whole group.
        if messages := self._contact_messages(published, before):
            await self._attempt("bus", self._bus.publish(messages))
        for result in results:
            if result:
                raise result

    async def _publish_one(self, event: ChatEvent, *, notify_contacts: bool = True) -> None:
        before = self._states.cached(event.chat_id)
        stored = await (self._append(event) if tracing.span_var.get() is None else self._append_traced(event))
        self._states.apply(stored.event)
        payload = pack_lasting(stored)
        remember(payload, stored)
        messages = [BusMessage(channel, payload) for channel in channels_of(event)]
        if notify_contacts:
            messages += self._contact_messages([event], before)
        # The task starts once `add` waits, so that Redis gets everything together, and the event before its receivers
        # can ask for it.
        publishing = asyncio.create_task(self._attempt("bus", self._bus.publish(messages)))
        await self._attempt("tail", self._tail.add(stored))
        await publishing

    async def _append(self, event: ChatEvent) -> LogEvent:
        value = encode(event)
        return LogEvent(await self._log.append(event.chat_id, value), event, value)

    async def _append_traced(self, event: ChatEvent) -> LogEvent:
        """Append within a span. The event carries the span, so that other nodes link their work on the event to it."""
        with tracing.covering("append", Kind.PRODUCER, request_id=event.request_id) as span:
            return await self._append(event if span is None else replace(event, traceparent=span.traceparent))

    def _contact_messages(self, events: Sequence[ChatEvent], before: ChatState | None) -> list[BusMessage]:
        """Return a message for each user whose contacts the events change.

        `before`: the cached state of the chat before the events, or None.
        """
        changed: set[UserId] = set()
        for event in events:
            if isinstance(event.change, MessageSent) and (before is None or event.actor_id not in before.writers):
                # The first message of a user makes the user's presence visible in this chat.
                changed.update(users_of(event))
            elif not event.chat_id.is_direct:
                # The audience of a group's event contains the users who join or leave by the event.
                changed.update(event.audience)
        if not changed:
            return []
        if not events[0].chat_id.is_direct and (state := self._states.cached(events[0].chat_id)):
            changed.update(members_of(state))
        return [BusMessage(contacts_channel(user_id), b"") for user_id in sorted(changed)]

    async def _attempt(self, part: str, step: Awaitable[object]) -> None:
        try:
            await step
        except Exception:
            self._logger.exception("a durable event is missing in the hot tail or on the bus", part=part)
            self._on_failure(part)


def contacts_channel(user_id: UserId) -> str:
    """Return the channel for empty messages that notify presence of a change in the user's contacts."""
    return f"contacts:{user_id}"
