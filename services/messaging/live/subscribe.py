"""Subscribe: what was missed since a cursor, then `caught_up`, then live, in one stream without a gap."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Protocol

from history.channels import user_channel
from kernel.ids import UserId
from services.messaging.live.cursor import Cursor, decode, encode
from services.messaging.live.hub import Hub
from services.messaging.live.places import places_left
from services.messaging.live.ports import EventWire, ResyncCause, StreamWire
from services.messaging.live.reader import Join, Reader
from services.messaging.live.replays import Missed, Replays


class Wire(EventWire, StreamWire, Protocol):
    """Everything that a subscription may carry."""


class Subscribe:
    """One call is one stream.

    Why there is no gap: a stream first listens, so that from then on it gets everything that is stored later; then it
    asks how far the store has come, and replays up to there and beyond, tail included. Its cursor begins where the
    store was, and moves with the watermark that comes on the bus behind the events it covers.
    """

    def __init__(self, *, hub: Hub, replays: Replays, wire: Wire, log_id: str) -> None:
        self._hub = hub
        self._replays = replays
        self._wire = wire
        self._log_id = log_id
        self._encoded: tuple[Mapping[int, int], bytes] = ({}, wire.cursor(encode(Cursor(log_id, {}))))

    async def __call__(self, user_id: UserId, cursor: str) -> AsyncGenerator[bytes, None]:
        """Serialized SubscribeResponses; an empty cursor means from now on. Ends when the server drains.

        Raise INVALID_CURSOR; SLOW_READER; UNAVAILABLE when the past cannot be read, or the server is going away.
        """
        since = decode(cursor) if cursor else None
        reader = Reader(user_id, self._hub.pace)
        self._hub.admit(reader)
        try:
            async for data in self._begin(reader, since):
                yield data
            while not reader.outbox.finished:
                await reader.outbox.wait()
                if reader.outbox.gap or reader.joins:
                    async for data in self._mend(reader):
                        yield data
                if data := self._take(reader):
                    yield data
        finally:
            self._hub.dismiss(reader)

    async def _begin(self, reader: Reader, since: Cursor | None) -> AsyncIterator[bytes]:
        if since is not None and since.log_id == self._log_id:
            await self._hub.listen(reader, user_channel(reader.user_id))
            reader.cursor = since.offsets
            async for data in self._replay(reader):
                yield data
            if reader.outbox.closing:
                return
        else:
            await self._begin_now(reader)
            if since is not None:
                yield self._wire.resync(ResyncCause.OTHER_LOG) + self._cursor(reader.cursor)
        yield self._wire.caught_up(reader.replayed) + self._cursor(reader.cursor)

    async def _begin_now(self, reader: Reader) -> None:
        # Looked up before the stream listens: what happens from then on is told. What the store has but this node has
        # not heard of may still come by the bus, and is past, too.
        past = await self._replays.since(reader.user_id, self._hub.watermark.offsets)
        reader.note_told(past.events)
        await self._hub.listen(reader, user_channel(reader.user_id))
        await self._hub.settle(reader, (await self._replays.whereabouts(reader)).places)
        reader.cursor = await self._replays.stored()
        reader.outbox.holding = False

    async def _replay(self, reader: Reader) -> AsyncIterator[bytes]:
        """Tell everything since the reader's cursor, again for as long as its outbox loses something meanwhile."""
        outbox = reader.outbox
        outbox.holding = outbox.gap = True
        reader.replayed = 0
        while outbox.gap:
            outbox.gap = False
            # A chat that the user comes into from here on is not among those that are replayed: it is heard.
            whereabouts = await self._replays.whereabouts(reader)
            await self._hub.settle(reader, whereabouts.places)
            missed = await self._replays.since(reader.user_id, reader.cursor, chats=whereabouts.chats)
            if missed.too_many:
                yield self._wire.resync(ResyncCause.TOO_OLD) + self._cursor(missed.stored)
            else:
                async for data in self._replays.chunks(reader.user_id, missed.events):
                    yield data
                    if outbox.closing:
                        return
                reader.replayed += len(missed.events)
                await self._settle_with(reader, missed)
            reader.cursor = missed.stored
        outbox.holding = False

    async def _mend(self, reader: Reader) -> AsyncIterator[bytes]:
        """Tell what did not come live: what was lost, and the first of a group that the user has just come into."""
        if reader.outbox.gap and not reader.outbox.closing:
            async for data in self._replay(reader):
                yield data
        while reader.joins and not reader.outbox.closing:
            async for data in self._welcome(reader, reader.joins.pop(0)):
                yield data

    async def _welcome(self, reader: Reader, join: Join) -> AsyncIterator[bytes]:
        lately = await self._replays.around_join(reader.user_id, join, self._hub.watermark.offsets)
        if lately.too_many:
            reader.outbox.ask_for_replay()
        yield join.delivery.data
        since = [item for item in lately.events if item.position.offset > join.stored.position.offset]
        async for data in self._replays.chunks(reader.user_id, since):
            yield data
        await self._settle_with(reader, lately)

    async def _settle_with(self, reader: Reader, missed: Missed) -> None:
        """What was told need not come again; and of a group that the user has left, nothing comes after that."""
        reader.note_told(missed.events)
        left = places_left(reader.user_id, [item.event for item in missed.events])
        await self._hub.settle(reader, left)
        silent = left.keys() - reader.groups
        reader.joins[:] = [join for join in reader.joins if not reader.was_told(join.stored.event.event_id)]
        reader.outbox.sift(lambda item: item.chat_id not in silent and not reader.was_told(item.event_id))

    def _take(self, reader: Reader) -> bytes:
        data = reader.outbox.take()
        # Until a replay is through, what lies behind the cursor has not all been told.
        if not data or reader.outbox.holding or reader.outbox.gap or reader.joins:
            return data
        moved = reader.advance(self._hub.watermark.offsets)
        if not moved and not reader.cursor_due:
            return data
        reader.cursor_due = False
        return data + self._cursor(reader.cursor)

    def _cursor(self, offsets: Mapping[int, int]) -> bytes:
        # Nearly all streams of a node stand at the same place.
        if self._encoded[0] is not offsets:
            self._encoded = (offsets, self._wire.cursor(encode(Cursor(self._log_id, offsets))))
        return self._encoded[1]
