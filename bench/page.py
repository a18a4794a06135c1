"""Duration of reading a page of 50 messages from Cassandra, compared with the bare query by the same driver."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from statistics import quantiles
from uuid import uuid4

from cassandra.cluster import Cluster, Session

from bench.records import Records, people
from bench.report import Row, Section, compare
from bench.scale import Scale
from bench.sides.side import Result
from bench.sides.stage import Stage
from history.cassandra.reader import NEWEST
from history.cassandra.write_times import bucket_of
from history.chat_id import ChatId
from history.codec import decode_record
from history.open import HistoryStore, cassandra_history, cassandra_schema
from history.unstored.redis import RedisHotTail
from history.view import History
from kernel.bus.memory import MemoryBus
from kernel.ids import HybridClock, UserId, from_time_key
from kernel.redis.handle import RedisHandle
from kernel.time import SystemClock
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.chat_states import ChatStates
from services.messaging.list_messages import ListMessages
from services.messaging.model import Blocks, ChatRef, Listing
from tests.engines.cassandra import fresh_cassandra
from tests.engines.redis_installation import fresh_redis

_PAGE = 50
_MESSAGES = 1_000
_QUIET = timedelta(days=730)
_WARM_UP, _PAGES = 50, 200
_FIRST = from_time_key(bytes(8) + b"\x80" + bytes(7))

Read = Callable[[], Awaitable[object]]


async def measure(stage: Stage, scale: Scale) -> Section:
    """One round reads 200 pages of each chat from each side, one after the other."""
    engines = stage.engines()
    name = engines.fresh_name("page")
    host, _, port = engines.cassandra.partition(":")
    async with (
        fresh_cassandra(engines.cassandra, name, cassandra_schema()) as session,
        fresh_redis(f"redis://{engines.redis}", name) as redis,
    ):
        store = cassandra_history(session)
        chats = {"busy": await _chat(store, age=timedelta()), "old and quiet": await _chat(store, age=_QUIET)}
        with Cluster([host], port=int(port)) as cluster:
            bare = await asyncio.to_thread(cluster.connect, name)
            reads = {chat: _reads(bare, store, redis, *found) for chat, found in chats.items()}
            # The first round warms all sides up.
            raw = [await _round(reads) for _ in range(scale.rounds + 1)][1:]
    found = [result for results in raw for result in results]
    return Section("A page of 50 messages", [row for chat in chats for row in _rows(chat, found)], found)


async def _round(reads: Mapping[str, Mapping[str, Read]]) -> list[Result]:
    return [
        {**await _measured(read), "side": side, "chat": chat}
        for chat, sides in reads.items()
        for side, read in sides.items()
    ]


def _rows(chat: str, raw: list[Result]) -> list[Row]:
    found = [result for result in raw if result["chat"] == chat]
    return [
        *compare(f"p50, ms, {chat} chat", found, "p50", goal="at most ×2"),
        *compare(f"p99, ms, {chat} chat", found, "p99"),
        *compare(f"our CPU, µs, {chat} chat", found, "cpu_us"),
    ]


async def _chat(store: HistoryStore, *, age: timedelta) -> tuple[ChatId, int]:
    """A chat with messages, and the bucket of the newest message."""
    records, chat_id = Records(age=age), people()
    batch = []
    for batch in records.batches([chat_id], number=_MESSAGES // 500, size=500):
        await store.writer.apply(batch)
    return chat_id, bucket_of(decode_record(batch[-1]).event.event_id)


def _reads(bare: Session, store: HistoryStore, redis: RedisHandle, chat_id: ChatId, newest: int) -> dict[str, Read]:
    query = bare.prepare(NEWEST)
    last = from_time_key(((1 << 60) - 1).to_bytes(8, "big") + b"\xbf" + b"\xff" * 7)

    async def rows() -> object:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()
        bare.execute_async(query, (chat_id, newest, _FIRST, last, _PAGE)).add_callbacks(
            lambda found: loop.call_soon_threadsafe(answer.set_result, found),
            lambda error: loop.call_soon_threadsafe(answer.set_exception, error),
        )
        return await answer

    reader = chat_id.members[1]
    listing = Listing(chat=ChatRef(chat_id), page_size=_PAGE)
    known = _list_messages(store, redis)

    async def page() -> object:
        return await known(listing, viewer=reader)

    async def opening() -> object:
        return await _list_messages(store, redis)(listing, viewer=reader)

    return {"bare query": rows, "Chatly": page, "Chatly, the node's first look at the chat": opening}


def _list_messages(store: HistoryStore, redis: RedisHandle) -> ListMessages:
    """Return the use case of a new node, whose cache of chats is empty."""
    clock = SystemClock()
    history = History(
        messages=store.messages,
        chats=store.chats,
        events=store.events,
        tail=RedisHotTail(redis=redis, log_id=str(uuid4())),
        clock=clock,
    )
    states = ChatStates(history=history, bus=MemoryBus(), ids=HybridClock(clock=clock), clock=clock)
    return ListMessages(authorizer=ChatAuthorizer(states=states, directory=_Nobody()), history=history)


class _Nobody:
    """A directory that is never called."""

    async def blocks(self, user_ids: Collection[UserId]) -> Blocks:
        return {user_id: frozenset() for user_id in user_ids}


async def _measured(read: Read) -> Result:
    for _ in range(_WARM_UP):
        await read()
    took = []
    cpu = time.process_time()
    for _ in range(_PAGES):
        began = time.perf_counter()
        await read()
        took.append((time.perf_counter() - began) * 1000)
    cpu = time.process_time() - cpu
    cuts = quantiles(took, n=100)
    return {"p50": cuts[49], "p99": cuts[98], "cpu_us": cpu / _PAGES * 1e6}
