"""Subscribe: sends the events after a cursor, then `caught_up`, then live events, in one stream without a gap."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Final, Protocol

from history.audience import user_channel
from kernel.grpc.responses import ResponseStream, SharedResponse
from kernel.ids import UserId
from services.messaging.live.cursor import Cursor, LogLineage, decode, encode
from services.messaging.live.encoding import Delivery, EventEncoder, ResyncCause, SignalEncoder
from services.messaging.live.hub import Hub
from services.messaging.live.memberships import memberships_ended
from services.messaging.live.replay import Replay, ReplayReader
from services.messaging.live.subscriber import Join, Phase, Subscriber

_data_of: Final = attrgetter("data")


class StreamEncoder(EventEncoder, SignalEncoder, Protocol):
    """Encodes everything that Subscribe sends."""


class Subscribe:
    """Serves each call as one stream.

    The stream has no gap. It first enters its channels, and from then on gets every event that is stored later. Then it
    reads the stored offsets and replays all earlier events after the cursor, unstored ones included. Its own cursor
    starts at these stored offsets and follows the watermark. The bus delivers a watermark after the events it covers.

    Events that arrive while the stream is live are pushed to the call, and its task sleeps. The task wakes up to
    replay, to end, and while the client takes less than it is sent.
    """

    def __init__(self, *, hub: Hub, replays: ReplayReader, encoder: StreamEncoder, log: LogLineage) -> None:
        self._hub = hub
        self._replays = replays
        self._encoder = encoder
        self._log = log
        self._encoded: tuple[Mapping[int, int], str, bytes] = ({}, "", b"")
        self._joined: tuple[Sequence[Delivery], bytes, SharedResponse] = ([], b"", SharedResponse(b""))

    async def __call__(self, user_id: UserId, cursor: str, responses: ResponseStream) -> AsyncGenerator[bytes, None]:
        """Yield or push serialized SubscribeResponses until the server drains. With an empty cursor, replay nothing.

        Raise INVALID_CURSOR or SLOW_READER; UNAVAILABLE if past events cannot be read or the server is shutting down.
        """
        since = decode(cursor) if cursor else None
        subscriber = Subscriber(user_id, self._hub.batcher)
        self._hub.admit(subscriber)
        try:
            async for data in self._start(subscriber, since):
                yield data
            subscriber.write_with(partial(self._push, subscriber, responses))
            while subscriber.phase is not Phase.CLOSED:
                await subscriber.wait()
                if subscriber.gap or subscriber.joins:
                    async for data in self._catch_up(subscriber):
                        yield data
                if response := self._take(subscriber):
                    yield response.data
        finally:
            self._hub.dismiss(subscriber)

    def _push(self, subscriber: Subscriber, responses: ResponseStream) -> bool:
        """Push the deliveries of the stream. Return False if they must be yielded."""
        if not responses.ready():
            return False
        if response := self._take(subscriber):
            responses.push(response)
        return True

    def _take(self, subscriber: Subscriber) -> SharedResponse | None:
        """Return the deliveries of the stream, with the cursor if it has moved. Remove them from its queue."""
        deliveries = subscriber.take()
        if not deliveries:
            return None
        cursor = self._cursor(subscriber.cursor) if subscriber.move_cursor(self._hub.watermark.offsets) else b""
        # The streams of a large group get the same deliveries at the same time.
        if self._joined[0] != deliveries or self._joined[1] != cursor:
            self._joined = (deliveries, cursor, SharedResponse(b"".join(map(_data_of, deliveries)) + cursor))
        return self._joined[2]

    async def _start(self, subscriber: Subscriber, since: Cursor | None) -> AsyncIterator[bytes]:
        if since is not None and await self._log.knows(since.log_id, since.offsets):
            await self._hub.enter(subscriber, user_channel(subscriber.user_id))
            async for data in self._replay(subscriber, since.offsets):
                yield data
            if subscriber.phase is Phase.DRAINING:
                return
        else:
            await self._start_now(subscriber)
            if since is not None:
                yield self._encoder.resync(ResyncCause.OTHER_LOG) + self._cursor(subscriber.cursor)
        yield self._encoder.caught_up(subscriber.replayed_count) + self._cursor(subscriber.cursor)

    async def _start_now(self, subscriber: Subscriber) -> None:
        # Read these events before the stream is on a channel. They precede the stream, but the bus may still deliver
        # them.
        past = await self._replays.since(subscriber.user_id, self._hub.watermark.offsets)
        subscriber.remember(past.events)
        await self._hub.enter(subscriber, user_channel(subscriber.user_id))
        await self._hub.set_memberships(subscriber, (await self._replays.memberships(subscriber)).groups)
        subscriber.go_live(await self._replays.stored())

    async def _replay(self, subscriber: Subscriber, since: Mapping[int, int] | None = None) -> AsyncIterator[bytes]:
        """Yield every event after `since`, or after the cursor if `since` is None.

        Repeat in rounds until the queue and the bus lose no event during a round.
        """
        subscriber.begin_replay(since)
        while subscriber.begin_round():
            # A chat that the user joins later is not part of this round: its events arrive on the user's channel.
            memberships = await self._replays.memberships(subscriber)
            await self._hub.set_memberships(subscriber, memberships.groups)
            replay = await self._replays.since(subscriber.user_id, subscriber.cursor, chats=memberships.chats)
            if replay.too_many:
                yield self._encoder.resync(ResyncCause.TOO_OLD) + self._cursor(replay.stored)
            else:
                async for data in self._replays.chunks(subscriber.user_id, replay.events):
                    yield data
                    if subscriber.phase is Phase.DRAINING:
                        return
                await self._drop_replayed(subscriber, replay)
            subscriber.end_round(replay.stored, replayed=0 if replay.too_many else len(replay.events))
        subscriber.go_live()

    async def _catch_up(self, subscriber: Subscriber) -> AsyncIterator[bytes]:
        """Yield the events that did not arrive live: lost events, and recent events of groups that the user joined."""
        if subscriber.gap and subscriber.phase is not Phase.DRAINING:
            async for data in self._replay(subscriber):
                yield data
        while subscriber.joins and subscriber.phase is not Phase.DRAINING:
            async for data in self._join(subscriber, subscriber.next_join()):
                yield data

    async def _join(self, subscriber: Subscriber, join: Join) -> AsyncIterator[bytes]:
        recent = await self._replays.around_join(subscriber.user_id, join, self._hub.watermark.offsets)
        if recent.too_many:
            subscriber.lose_events()
        yield join.delivery.data
        since = [item for item in recent.events if item.position.offset > join.stored.position.offset]
        async for data in self._replays.chunks(subscriber.user_id, since):
            yield data
        await self._drop_replayed(subscriber, recent)

    async def _drop_replayed(self, subscriber: Subscriber, replay: Replay) -> None:
        """Keep the stream from sending replayed events again, and from sending events of groups that the user left."""
        subscriber.remember(replay.events)
        ended = memberships_ended(subscriber.user_id, [item.event for item in replay.events])
        await self._hub.set_memberships(subscriber, ended)
        subscriber.drop_replayed(ended.keys() - subscriber.groups)

    def _cursor(self, offsets: Mapping[int, int]) -> bytes:
        # Keep the last encoded cursor, because nearly all streams of a node have the same cursor.
        identity = self._log.identity
        if self._encoded[0] is not offsets or self._encoded[1] != identity:
            self._encoded = (offsets, identity, self._encoder.cursor(encode(Cursor(identity, offsets))))
        return self._encoded[2]
