"""MessageReader, ChatReader and EventReader over Cassandra. Every query is by key."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from history.cassandra.access import chunks, gather_all
from history.cassandra.chat_rows import load_buckets, load_chat, load_chats_of, load_outlines
from history.cassandra.event_rows import by_bucket, load_events_after
from history.cassandra.log_rows import load_offsets
from history.cassandra.message_rows import COLUMNS, states_of
from history.cassandra.stored_facts import load_sends, load_sent_by
from history.cassandra.write_times import bucket_at, bucket_of
from history.chat_id import ChatId
from history.model import LogEvent, MessageState, Send
from history.ports import ChatHead, SentPage, Window
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId, from_time_key
from kernel.time import Clock

_TIME_UUID = 1
_FIRST = from_time_key(bytes(8) + b"\x80" + bytes(7))
_LAST = from_time_key(((1 << 60) - 1).to_bytes(8, "big") + b"\xbf" + b"\xff" * 7)
_BETWEEN = "WHERE chat_id = ? AND bucket = ? AND message_id > ? AND message_id < ?"
NEWEST = f"SELECT {COLUMNS} FROM messages {_BETWEEN} LIMIT ?"
_OLDEST = f"SELECT {COLUMNS} FROM messages {_BETWEEN} ORDER BY message_id ASC LIMIT ?"
_SOME = f"SELECT {COLUMNS} FROM messages WHERE chat_id = ? AND bucket = ? AND message_id IN ?"
_COUNTABLE = (
    "SELECT message_id, sender_id, deleted_for, deleted_for_everyone, withdrawn FROM messages"
    " WHERE chat_id = ? AND bucket = ? AND message_id > ?"
)
_MOST_AT_ONCE = 8
_REMEMBERED = 10_000
_CLOCKS_DIFFER_BY = timedelta(minutes=10)


class CassandraMessageReader:
    """MessageReader over the tables of messages and sends."""

    def __init__(self, *, session: CassandraSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._sent = SendLookups(session)
        # By chat: the newest bucket when last read, and the bucket that last filled a whole window.
        self._newest: dict[ChatId, int] = {}
        self._filled: dict[ChatId, int] = {}

    async def window(self, chat_id: ChatId, window: Window) -> Sequence[MessageState]:
        guess = self._guess(chat_id, window)
        if window.newest_first and (window.before or self._is_full(chat_id)):
            known = await self._parts(chat_id, guess, window)
            # No later bucket has messages of this window, so the result is complete if this bucket fills the window.
            if len(known[guess[0]]) == window.limit:
                return known[guess[0]][::-1]
            self._filled.pop(chat_id, None)
            buckets = await self._buckets(chat_id, window.after, window.before, newest_first=True)
        else:
            buckets, known = await asyncio.gather(
                self._buckets(chat_id, window.after, window.before, newest_first=window.newest_first),
                self._parts(chat_id, guess, window),
            )
        found = await self._walk(chat_id, buckets, known, window)
        if window.newest_first and buckets and len(known[buckets[0]]) == window.limit:
            self._filled[chat_id] = buckets[0]
        return found[::-1] if window.newest_first else found

    async def messages(self, chat_id: ChatId, ids: Collection[UUID]) -> Mapping[UUID, MessageState]:
        found = await gather_all(
            self._some(chat_id, bucket, part)
            for bucket, members in by_bucket(each for each in ids if each.version == _TIME_UUID).items()
            for part in chunks(members)
        )
        return {state.message_id: state for states in found for state in states}

    async def sent(self, sender_id: UserId, client_message_id: UUID) -> tuple[ChatId, UUID] | None:
        return await self._sent.find((sender_id, client_message_id))

    async def sent_by(self, sender_id: UserId, *, after: bytes, limit: int) -> SentPage:
        return await load_sent_by(self._session, sender_id, after=after, limit=limit)

    async def count_after(
        self, chat_id: ChatId, after: UUID | None, *, not_by: UserId, excluding: Collection[UUID], limit: int
    ) -> int:
        excluded, count = set(excluding), 0
        async for row in self._after(chat_id, after, limit):
            count += row["message_id"] not in excluded and _counts(row, not_by)
            if count == limit:
                break
        return count

    async def _walk(
        self, chat_id: ChatId, buckets: list[int], known: dict[int, list[MessageState]], window: Window
    ) -> list[MessageState]:
        """Return the messages of a window in the order of `buckets`.

        `known` has the messages of buckets that were read before.
        """
        found: list[MessageState] = []
        at_once = 1
        while buckets and len(found) < window.limit:
            # One bucket usually fills the window. In a quiet chat it does not, so the number of buckets read at once
            # doubles.
            some, buckets = buckets[:at_once], buckets[at_once:]
            known.update(await self._parts(chat_id, [each for each in some if each not in known], window))
            found.extend(state for each in some for state in known[each])
            at_once = min(2 * at_once, _MOST_AT_ONCE)
        return found[: window.limit]

    def _guess(self, chat_id: ChatId, window: Window) -> list[int]:
        """Return a list with the bucket in which the window probably begins, or an empty list.

        The caller can read this bucket before the list of all buckets is loaded.
        """
        if not window.newest_first:
            return []
        newest = bucket_of(window.before) if window.before else self._newest.get(chat_id)
        return [] if newest is None else [newest]

    def _is_full(self, chat_id: ChatId) -> bool:
        """Return whether today's bucket of the chat is known to fill a window.

        Later buckets cannot have messages yet.
        """
        newest = self._newest.get(chat_id)
        today = bucket_at(self._clock.now() + _CLOCKS_DIFFER_BY)
        return newest == today and self._filled.get(chat_id) == today

    async def _parts(self, chat_id: ChatId, buckets: Sequence[int], window: Window) -> dict[int, list[MessageState]]:
        parts = await gather_all(self._part(chat_id, each, window) for each in buckets)
        return dict(zip(buckets, parts, strict=True))

    async def _part(self, chat_id: ChatId, bucket: int, window: Window) -> list[MessageState]:
        """Return the messages of a window that are in one bucket, in the order of the window."""
        query = NEWEST if window.newest_first else _OLDEST
        after, before = window.after or _FIRST, window.before or _LAST
        found: list[MessageState] = []
        while True:
            wanted = window.limit - len(found)
            rows = await self._session.execute(query, (chat_id, bucket, after, before, wanted))
            found.extend(await self._with_content(chat_id, bucket, rows))
            if len(rows) < wanted or len(found) == window.limit:
                return found
            # Some rows have no content, such as a row with only an edit. Continue after the last row.
            edge = rows[-1]["message_id"]
            after, before = (after, edge) if window.newest_first else (edge, before)

    async def _with_content(self, chat_id: ChatId, bucket: int, rows: list[Row]) -> list[MessageState]:
        states = await states_of(self._session, chat_id, bucket, rows)
        return [state for state in states if state.content]

    async def _some(self, chat_id: ChatId, bucket: int, ids: Sequence[UUID]) -> list[MessageState]:
        rows = await self._session.execute(_SOME, (chat_id, bucket, ids))
        return await states_of(self._session, chat_id, bucket, rows)

    async def _after(self, chat_id: ChatId, after: UUID | None, limit: int) -> AsyncIterator[Row]:
        start = after or _FIRST
        for bucket in await self._buckets(chat_id, after, None, newest_first=False):
            async for row in self._session.stream(_COUNTABLE, (chat_id, bucket, start), page_size=limit + 1):
                yield row

    async def _buckets(
        self, chat_id: ChatId, after: UUID | None, before: UUID | None, *, newest_first: bool
    ) -> list[int]:
        """Return the buckets that have messages between two ids.

        Empty buckets are never queried, so a quiet chat costs as little as a busy one.
        """
        buckets = (await load_buckets(self._session, chat_id)).messages
        self._remember(chat_id, buckets)
        first, last = bucket_of(after or _FIRST), bucket_of(before or _LAST)
        return sorted((bucket for bucket in buckets if first <= bucket <= last), reverse=newest_first)

    def _remember(self, chat_id: ChatId, buckets: Collection[int]) -> None:
        if len(self._newest) >= _REMEMBERED:
            self._newest.clear()
            self._filled.clear()
        if buckets:
            self._newest[chat_id] = max(buckets)


def _counts(row: Row, user_id: UserId) -> bool:
    """Return whether somebody else sent the message and the user can see it."""
    gone = row["deleted_for_everyone"] or row["withdrawn"] or user_id in (row["deleted_for"] or ())
    return row["sender_id"] not in (None, user_id) and not gone


class CassandraChatReader:
    """ChatReader over the tables of chats and chats by user."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        if only is not None:
            return await load_outlines(self._session, ids, only)
        found = await gather_all(load_chat(self._session, chat_id) for chat_id in ids)
        return {head.state.chat_id: head for head in found if head}

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        return await load_chats_of(self._session, user_id)


class CassandraEventReader:
    """EventReader over the tables of events and of stored offsets."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[LogEvent]:
        buckets = (await load_buckets(self._session, chat_id)).events
        found: list[LogEvent] = []
        enough = False
        for bucket in sorted(bucket for bucket, last in buckets.items() if last > offset):
            found.extend(await load_events_after(self._session, chat_id, bucket, offset, limit))
            # Clocks of nodes differ, so offsets of adjacent buckets can interleave. Read one more bucket than needed.
            if enough:
                break
            enough = len(found) >= limit
        return sorted(found, key=lambda stored: stored.position.offset)[:limit]

    async def stored(self) -> Mapping[int, int]:
        return await load_offsets(self._session)


MessageRef = tuple[ChatId, UUID]

_ASKING_AT_ONCE = 4
_MOST_TOGETHER = 64


class SendLookups:
    """Looks up sends in groups, so that many sends share a request.

    A group has the sends of one turn of the event loop, or the sends that arrive while the maximum number of requests
    is in flight. A single send is looked up at once.
    """

    def __init__(self, session: CassandraSession) -> None:
        self._session = session
        self._waiting: deque[tuple[Send, asyncio.Future[MessageRef | None]]] = deque()
        self._asking: set[asyncio.Task[None]] = set()

    async def find(self, send: Send) -> MessageRef | None:
        """Return the chat and the id of the message that the send created, or None if the send is not stored."""
        answer: asyncio.Future[MessageRef | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((send, answer))
        if len(self._asking) < _ASKING_AT_ONCE:
            task = asyncio.create_task(self._ask())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await answer

    async def _ask(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
            try:
                found = await load_sends(self._session, {send for send, _ in some})
            except asyncio.CancelledError:
                for _, answer in some:
                    answer.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - every caller of this group gets the error
                for _, answer in some:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for send, answer in some:
                    if not answer.done():
                        answer.set_result(found.get(send))
