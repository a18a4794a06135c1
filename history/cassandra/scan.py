"""StoreScan over Cassandra: reads tables by ranges of tokens."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence

from history.cassandra.access import chunks, gather_all
from history.cassandra.write_times import bucket_of
from history.chat_id import ChatId
from history.files_page import MessageRow, decode_after, files_page
from history.ports import FilesPage, StoredSend
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession
from kernel.ids import UserId

# A range of tokens is read by one coordinator. Small ranges keep its work, and the time of a request, small.
_RANGES = 64
_FIRST_TOKEN = -(1 << 63)
_LAST_TOKEN = (1 << 63) - 1
_PAGE = 1_000
_CHATS = (
    "SELECT DISTINCT chat_id FROM chats WHERE token(chat_id) >= ? AND token(chat_id) <= ?",
    "SELECT DISTINCT chat_id, bucket FROM messages WHERE token(chat_id, bucket) >= ? AND token(chat_id, bucket) <= ?",
    "SELECT DISTINCT chat_id, bucket FROM events WHERE token(chat_id, bucket) >= ? AND token(chat_id, bucket) <= ?",
    "SELECT chat_id FROM chats_by_user WHERE token(user_id) >= ? AND token(user_id) <= ?",
)
_SENDS = (
    "SELECT sender_id, client_message_id, chat_id, message_id FROM sends"
    " WHERE token(sender_id, shard) >= ? AND token(sender_id, shard) <= ?"
)
_LISTED = "SELECT user_id FROM chats_by_user WHERE user_id IN ? AND chat_id = ?"

_COLUMNS = "chat_id, message_id, sender_id, attachments, deleted_for_everyone, withdrawn"
_FIRST_PARTITIONS = f"SELECT {_COLUMNS} FROM messages WHERE token(chat_id, bucket) >= ? LIMIT ?"
_NEXT_PARTITIONS = f"SELECT {_COLUMNS} FROM messages WHERE token(chat_id, bucket) > token(?, ?) LIMIT ?"
# A partition has its newest message first.
_REST_OF_PARTITION = f"SELECT {_COLUMNS} FROM messages WHERE chat_id = ? AND bucket = ? AND message_id < ? LIMIT ?"


class CassandraStoreScan:
    """StoreScan by ranges of tokens, one range after another."""

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def chat_ids(self) -> AsyncIterator[Sequence[ChatId]]:
        for query in _CHATS:
            async for rows in self._pages(query):
                yield list({ChatId(row["chat_id"]) for row in rows})

    async def sends(self) -> AsyncIterator[Sequence[StoredSend]]:
        async for rows in self._pages(_SENDS):
            yield [_send(row) for row in rows]

    async def listed(self, chat_id: ChatId, users: Collection[UserId]) -> Collection[UserId]:
        found = await gather_all(self._session.execute(_LISTED, (some, chat_id)) for some in chunks(list(users)))
        return [UserId(row["user_id"]) for rows in found for row in rows]

    async def files(self, *, after: bytes, limit: int) -> FilesPage:
        return files_page([_message(row) for row in await self._messages(after, limit)], limit=limit)

    async def _messages(self, after: bytes, limit: int) -> list[Row]:
        """Return the rows of the next `limit` messages in the order of the partitions' tokens."""
        last = decode_after(after)
        if last is None:
            return await self._session.execute(_FIRST_PARTITIONS, (_FIRST_TOKEN, limit))
        chat_id, message_id = last
        partition = (chat_id, bucket_of(message_id))
        rows = await self._session.execute(_REST_OF_PARTITION, (*partition, message_id, limit))
        if missing := limit - len(rows):
            rows += await self._session.execute(_NEXT_PARTITIONS, (*partition, missing))
        return rows

    async def _pages(self, query: str) -> AsyncIterator[Sequence[Row]]:
        for first, last in _token_ranges():
            page: list[Row] = []
            async for row in self._session.stream(query, (first, last), page_size=_PAGE):
                page.append(row)
                if len(page) == _PAGE:
                    yield page
                    page = []
            if page:
                yield page


def _token_ranges() -> Iterator[tuple[int, int]]:
    step = (_LAST_TOKEN - _FIRST_TOKEN + 1) // _RANGES
    for number in range(_RANGES):
        first = _FIRST_TOKEN + number * step
        yield first, first + step - 1


def _send(row: Row) -> StoredSend:
    return StoredSend((UserId(row["sender_id"]), row["client_message_id"]), ChatId(row["chat_id"]), row["message_id"])


def _message(row: Row) -> MessageRow:
    removed = bool(row["deleted_for_everyone"] or row["withdrawn"])
    return MessageRow(row["chat_id"], row["message_id"], row["sender_id"], row["attachments"], removed)
