"""History as messaging reads it: store and hot tail, folded together. The caller checks access rights."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from history.audience import may_see, role_in
from history.chat_id import ChatId
from history.fold import apply_to_chat, deleted_by, fold_messages, message_of, redact, to_message, visible_message
from history.model import ChatEvent, ChatState, HiddenRange, LogEvent, Message, MessageSent, MessageState
from history.ports import ChatHead, ChatReader, EventReader, MessageReader, TailReader, Window
from history.visibility import Viewer, is_hidden, viewer_of, visible_windows
from kernel.ids import UserId, time_key, time_of
from kernel.time import Clock

UNREAD_LIMIT = 1_000
_BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class ChatOverview:
    """A chat as it appears in one member's chat list."""

    state: ChatState
    last_message: Message | None
    """The newest message that the member may see."""
    unread_count: int
    unread_after: UUID | None
    """The messages after this id are unread. None: all messages."""
    last_activity_at: datetime
    hidden: tuple[HiddenRange, ...] = ()
    """The messages that the member may not see, oldest first."""


@dataclass(frozen=True, slots=True)
class SentStates:
    """A page of the messages that one user has sent, sorted by chat and time within the page."""

    states: Sequence[MessageState]
    next_after: bytes
    """The key at which the next page starts. Empty on the last page."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Missed events of one user, sorted by partition and offset."""

    events: Sequence[LogEvent]
    too_many: bool
    """True if the replay left out events beyond the limit."""


class History:
    """Reads all acknowledged messages, chats and events, whether stored or not.

    Every method reads the tail before the store. The store then has every event that was trimmed before the read of the
    tail.
    """

    def __init__(
        self, *, messages: MessageReader, chats: ChatReader, events: EventReader, tail: TailReader, clock: Clock
    ) -> None:
        self._clock = clock
        self._messages = messages
        self._chats = chats
        self._events = events
        self._tail = tail

    async def message(self, chat_id: ChatId, message_id: UUID, *, viewer: Viewer) -> Message | None:
        """Return the message, or None if it is unknown or withdrawn, or the viewer may not see it or has deleted it for
        themselves.
        """
        state = await self.message_state(chat_id, message_id)
        return visible_message(state, viewer) if state else None

    async def message_state(self, chat_id: ChatId, message_id: UUID) -> MessageState | None:
        """Return the state of a message, or None if it has no events."""
        tail = await self._tail.events([chat_id])
        stored = await self._messages.messages(chat_id, [message_id])
        about = [item.event for item in tail.get(chat_id, ()) if message_of(item.event) == message_id]
        return {**stored, **fold_messages(stored, about)}.get(message_id)

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> Message | None:
        """Return the message that this send created, or None if there is none.

        A message that its sender has deleted is returned too.
        """
        tail = await self._tail.sent(sender_id, client_message_id)
        # The stored copy wins: it is earlier in log order, and the first send in log order is the message.
        stored = await self._messages.sent(sender_id, client_message_id)
        position = stored or (tail and (tail.event.chat_id, tail.event.event_id))
        state = await self.message_state(*position) if position else None
        return to_message(state) if state else None

    async def sent_by(self, sender_id: UserId, *, after: bytes, limit: int) -> SentStates:
        """Return a page of the messages that a user has sent in all chats, also in chats that the user has left.

        The first page, with an empty `after`, also has the messages of the tail. A message may be on two pages, and
        messages sent during the listing may be missing. Raise ValueError if `after` is malformed.
        """
        found: set[tuple[ChatId, UUID]] = set()
        if not after:
            tail = await self._tail.events(await self._tail.chats_of(sender_id))
            events = (item.event for some in tail.values() for item in some)
            found.update((event.chat_id, event.event_id) for event in events if _is_send_of(event, sender_id))
        page = await self._messages.sent_by(sender_id, after=after, limit=limit)
        found.update(page.messages)
        return SentStates(await self._states_in_chats(found), page.next_after)

    async def page(self, chat_id: ChatId, window: Window, *, viewer: Viewer) -> Sequence[Message]:
        """Return `window.limit` messages that the viewer may see, oldest first.

        Return fewer messages only if the window has no more. Hidden ranges are skipped without being read.
        """
        changed = await self._changed_messages(chat_id)
        found: list[Message] = []
        for part in visible_windows(window, viewer.hidden):
            rest: Window | None = part
            while rest and len(found) < window.limit:
                chunk = await self._messages.window(chat_id, rest)
                covered, rest = split(rest, chunk) if len(chunk) == rest.limit else (rest, None)
                states = {state.message_id: state for state in chunk}
                states.update((key, new) for key, new in changed.items() if key in states or is_within(key, covered))
                found.extend(visible_messages(states.values(), viewer, newest_first=window.newest_first))
        page = found[: window.limit]
        return page[::-1] if window.newest_first else page

    async def newest_of_tail(self, chat_id: ChatId, window: Window, *, viewer: Viewer) -> Sequence[Message]:
        """Return a page of messages from the tail alone, oldest first.

        This page is the fallback while the store is unreachable.
        """
        tail = await self._tail.events([chat_id])
        states = fold_messages({}, (item.event for item in tail.get(chat_id, ())))
        # Messages that were sent before the oldest event of the tail have no content here and are skipped.
        inside = [state for key, state in states.items() if is_within(key, window)]
        return visible_messages(inside, viewer, newest_first=True)[: window.limit][::-1]

    async def chat(self, chat_id: ChatId) -> ChatState | None:
        """Return the chat's state, or None if it has no events."""
        return (await self.chats([chat_id])).get(chat_id)

    async def chats(self, ids: Collection[ChatId]) -> Mapping[ChatId, ChatState]:
        """Return the states of the chats that have events."""
        return await self._chat_states(ids, only=None)

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        """Return every chat that a user is or was in, from store and tail, in no particular order."""
        return {*await self._tail.chats_of(user_id), *await self._chats.chats_of(user_id)}

    async def outlines(self, ids: Collection[ChatId], user_id: UserId) -> Mapping[ChatId, ChatState]:
        """Return the states of the chats that have events, with the membership of this user.

        In groups, memberships, read marks and writers of other users may be missing. The cost does not depend on the
        size of the groups.
        """
        return await self._chat_states(ids, only=user_id)

    async def outlines_of(self, user_id: UserId) -> Sequence[ChatState]:
        """Return the `outlines` of all chats that the user is in now, in no particular order."""
        known = await self.outlines(await self.chats_of(user_id), user_id)
        return [state for state in known.values() if role_in(state, user_id)]

    async def overview(self, state: ChatState, user_id: UserId) -> ChatOverview:
        """Return a chat as it appears in the chat list of one of its members. The chat may have no events."""
        viewer, mark = viewer_of(state, user_id), state.read_marks.get(user_id)
        newest = await self.page(state.chat_id, Window(limit=1), viewer=viewer)
        return ChatOverview(
            state=state,
            last_message=newest[0] if newest else None,
            unread_count=await self.unread(state, user_id, mark=mark),
            unread_after=reading_start(state, user_id, mark),
            last_activity_at=self.last_activity(state, user_id),
            hidden=viewer.hidden,
        )

    def last_activity(self, state: ChatState, user_id: UserId) -> datetime:
        """Return the time of the newest message, or of the chat's creation if there is no message.

        If the newest message is hidden from the user, return the time at which the user joined. The time is never in
        the future.
        """
        newest = state.last_message_id
        if newest and is_hidden(viewer_of(state, user_id).hidden, newest):
            newest = state.memberships[user_id].joined_id
        # The time in an id can be ahead of the clock, because its node's clock was wrong or because the id follows such
        # an id.
        latest = time_of(newest) if newest else state.created_at or _BEGINNING
        return min(latest, self._clock.now())

    async def unread(self, state: ChatState, user_id: UserId, *, mark: UUID | None) -> int:
        """Count the messages that others sent after the user's read mark and after the user joined.

        The count stops at UNREAD_LIMIT. No hidden message counts, because all of them are from before the user joined.
        """
        start = reading_start(state, user_id, mark)
        changed = await self._changed_messages(state.chat_id)
        fresh = sum(is_unread(item, user_id, after=start) for item in changed.values())
        stored = await self._messages.count_after(
            state.chat_id, start, not_by=user_id, excluding=changed.keys(), limit=UNREAD_LIMIT
        )
        return min(fresh + stored, UNREAD_LIMIT)

    async def missed(
        self, user_id: UserId, since: Mapping[int, int], *, chats: Collection[ChatId] | None = None, limit: int
    ) -> Replay:
        """Return up to `limit` events after `since` that the user may see.

        `since` maps each partition to an offset. A missing partition is read from its start. If `chats` is None, all
        chats that the user is or was in are read, else only those in `chats`.
        """
        ids = await self.chats_of(user_id) if chats is None else chats
        tail = await self._tail.events(ids)
        heads = await self._chats.heads(ids, only=user_id)
        stored = await asyncio.gather(*(self._events_after(head, since, limit + 1) for head in heads.values()))
        states = {key: _fold_chat(heads.get(key), tail.get(key, ())) for key in {*heads, *tail}}
        # The stored copy comes last and wins: it is redacted if the message was deleted.
        found = {item.event.event_id: item for events in (*tail.values(), *stored) for item in events}
        mine = [
            item
            for item in sorted(found.values(), key=_position)
            if item.position.offset > since.get(item.position.partition, -1)
            and may_see(item.event, user_id, states[item.event.chat_id])
        ]
        return Replay(_without_deleted(mine[:limit]), len(mine) > limit)

    async def _states_in_chats(self, messages: Collection[tuple[ChatId, UUID]]) -> list[MessageState]:
        """Return the states of messages of several chats, sorted by chat and time."""
        ids: dict[ChatId, list[UUID]] = {}
        for chat_id, message_id in sorted(messages, key=lambda each: (each[0], time_key(each[1]))):
            ids.setdefault(chat_id, []).append(message_id)
        tail = await self._tail.events(ids)
        stored = await asyncio.gather(*(self._messages.messages(chat_id, some) for chat_id, some in ids.items()))
        found: list[MessageState] = []
        for (chat_id, some), before in zip(ids.items(), stored, strict=True):
            about = [item.event for item in tail.get(chat_id, ()) if message_of(item.event) in some]
            states = {**before, **fold_messages(before, about)}
            found.extend(states[message_id] for message_id in some if message_id in states)
        return found

    async def _changed_messages(self, chat_id: ChatId) -> Mapping[UUID, MessageState]:
        """Return every message that the tail changes, folded with its stored state."""
        tail = await self._tail.events([chat_id])
        events = [item.event for item in tail.get(chat_id, ())]
        touched = {message_id for event in events if (message_id := message_of(event))}
        stored = await self._messages.messages(chat_id, touched) if touched else {}
        return fold_messages(stored, events)

    async def _chat_states(self, ids: Collection[ChatId], *, only: UserId | None) -> Mapping[ChatId, ChatState]:
        tail = await self._tail.events(ids)
        heads = await self._chats.heads(ids, only=only)
        return {key: _fold_chat(heads.get(key), tail.get(key, ())) for key in {*heads, *tail}}

    async def _events_after(self, head: ChatHead, since: Mapping[int, int], limit: int) -> Sequence[LogEvent]:
        start = since.get(head.position.partition, -1)
        if head.position.offset <= start:
            return ()
        return await self._events.events_after(head.state.chat_id, start, limit)


def _is_send_of(event: ChatEvent, sender_id: UserId) -> bool:
    return isinstance(event.change, MessageSent) and event.actor_id == sender_id


def _fold_chat(head: ChatHead | None, tail: Iterable[LogEvent]) -> ChatState:
    state = head.state if head else None
    for item in tail:
        state = apply_to_chat(state, item.event)
    if state is None:
        raise ValueError("a chat of which nothing is known")
    return state


def _position(item: LogEvent) -> tuple[int, int]:
    return item.position.partition, item.position.offset


def _without_deleted(events: Sequence[LogEvent]) -> Sequence[LogEvent]:
    """Redact the messages that an event of the same replay deletes for everyone."""
    deleted = {deleted_by(item.event) for item in events} - {None}
    return [redact(item) if message_of(item.event) in deleted else item for item in events]


def reading_start(state: ChatState, user_id: UserId, mark: UUID | None) -> UUID | None:
    """Return the id after which messages are unread.

    This id is the read mark, or the event by which the member joined if that event is later.
    """
    membership = state.memberships.get(user_id)
    if membership is None or (mark is not None and time_key(mark) > time_key(membership.joined_id)):
        return mark
    return membership.joined_id


def is_unread(state: MessageState, user_id: UserId, *, after: UUID | None) -> bool:
    """Return whether the message is unread for a user who has read everything up to `after`."""
    message = visible_message(state, Viewer(user_id))
    if message is None or message.deleted_for_everyone or message.sender_id == user_id:
        return False
    return after is None or time_key(message.message_id) > time_key(after)


def visible_messages(states: Iterable[MessageState], viewer: Viewer, *, newest_first: bool) -> list[Message]:
    """Return the messages that a viewer may see, ordered by id."""
    ordered = sorted(states, key=lambda state: time_key(state.message_id), reverse=newest_first)
    return [message for state in ordered if (message := visible_message(state, viewer))]


def is_within(message_id: UUID, window: Window) -> bool:
    """Return whether an id is inside the window."""
    key = time_key(message_id)
    above = window.after is None or key > time_key(window.after)
    return above and (window.before is None or key < time_key(window.before))


def split(window: Window, chunk: Sequence[MessageState]) -> tuple[Window, Window]:
    """Split a window after a full chunk. Return the part that the chunk covers, and the rest."""
    edge = chunk[0].message_id if window.newest_first else chunk[-1].message_id
    if window.newest_first:
        return replace(window, after=edge), replace(window, before=edge)
    return replace(window, before=edge), replace(window, after=edge)
