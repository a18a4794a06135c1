"""ChatReader and EventReader over Cassandra, by key."""

from collections.abc import Collection, Mapping, Sequence

from history.cassandra.access import together
from history.cassandra.chat_rows import load_buckets, load_chat, load_chats_of, load_outlines
from history.cassandra.event_rows import load_events_after
from history.cassandra.offsets import load_offsets
from history.chat_id import ChatId
from history.model import StoredEvent
from history.ports import ChatHead
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId


class CassandraChatReader:
    """ChatReader over the tables of chats and of each user's chats."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def heads(self, ids: Collection[ChatId], *, only: UserId | None = None) -> Mapping[ChatId, ChatHead]:
        if only is not None:
            return await load_outlines(self._session, ids, only)
        found = await together(load_chat(self._session, chat_id) for chat_id in ids)
        return {head.state.chat_id: head for head in found if head}

    async def chats_of(self, user_id: UserId) -> Collection[ChatId]:
        return await load_chats_of(self._session, user_id)


class CassandraEventReader:
    """EventReader over the tables of events and of stored offsets."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def events_after(self, chat_id: ChatId, offset: int, limit: int) -> Sequence[StoredEvent]:
        buckets = (await load_buckets(self._session, chat_id)).events
        found: list[StoredEvent] = []
        enough = False
        for bucket in sorted(bucket for bucket, last in buckets.items() if last > offset):
            found.extend(await load_events_after(self._session, chat_id, bucket, offset, limit))
            # Where two buckets meet, clocks that disagree mix their offsets: so one more is read than is needed.
            if enough:
                break
            enough = len(found) >= limit
        return sorted(found, key=lambda stored: stored.position.offset)[:limit]

    async def stored(self) -> Mapping[int, int]:
        return await load_offsets(self._session)
