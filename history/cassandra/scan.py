"""StoreScan over Cassandra: reads tables by ranges of tokens."""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence

from history.cassandra.access import chunks, gather_all
from history.chat_id import ChatId
from history.ports import StoredSend
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
