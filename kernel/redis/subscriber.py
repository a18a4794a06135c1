"""One connection that subscribes to channels of one shard and reconnects by itself."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from kernel.redis.pipeline import BACKOFF, describe, is_unreachable
from kernel.redis.protocol import RedisConnection
from kernel.retry import retry
from kernel.telemetry.logs import logger

_NAMES_AT_ONCE = 1_000
_CONFIRM_SECONDS = 1.0
_PINGS_PER_SILENCE = 3


class SubscriberConnection:
    """Receives the messages of channels, which are given by their names in Redis.

    After an interruption, it subscribes to the channels again and reports a gap.
    """

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[RedisConnection]],
        on_message: Callable[[str, bytes], None],
        on_gap: Callable[[], None],
        first: Collection[str],
        last: Collection[str],
        silence: float,
    ) -> None:
        """`connect` returns an open connection. `on_message` gets the name and the payload of each message. `on_gap` is
        called when all channels are subscribed again after an interruption.

        `first`: channels that are subscribed from the start. `last`: channels that are subscribed after all others when
        the connection was interrupted. `silence`: seconds without a response after which the connection is closed.
        """
        self._connect = connect
        self._on_message = on_message
        self._on_gap = on_gap
        self._last = frozenset(last)
        self._silence = silence
        self._channels = set(first)
        self._pending: dict[str, asyncio.Future[None]] = {}
        self._unconfirmed: set[str] = set()
        self._late: set[str] = set()
        """Names that Redis had not confirmed when `add` stopped waiting."""
        self._leaving: Counter[str] = Counter()
        self._connection: RedisConnection | None = None
        self._received = False
        self._disconnected = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._log = logger("bus")

    @property
    def disconnected(self) -> bool:
        """Whether messages may be missed now. If so, a gap will be reported later."""
        return self._disconnected

    async def add(self, names: Iterable[str], *, wait: bool = True) -> None:
        """Subscribe. Messages published after the return arrive, or a gap is reported.

        A gap is reported if Redis is unreachable or does not confirm within a second. Without `wait`, one is always
        reported.
        """
        names = list(names)
        new = [name for name in names if name not in self._channels]
        self._channels.update(new)
        self._send("SSUBSCRIBE", new)
        if self._disconnected:
            self._unconfirmed.update(new)
            return
        for name in new:
            self._pending[name] = asyncio.get_running_loop().create_future()
        waiting = {name: self._pending[name] for name in names if name in self._pending}
        if waiting:
            await asyncio.wait(waiting.values(), timeout=_CONFIRM_SECONDS if wait else 0)
            self._late.update(name for name, confirmed in waiting.items() if not confirmed.done())

    def remove(self, names: Iterable[str]) -> None:
        """Unsubscribe. Later messages of these channels are dropped."""
        removed = [name for name in names if name in self._channels]
        sent = self._send("SUNSUBSCRIBE", removed)
        self._channels.difference_update(removed)
        if sent:
            self._leaving.update(removed)
        for name in removed:
            self._confirm(name)

    def close(self) -> None:
        """Stop receiving."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Receive until closed."""
        self._task = asyncio.current_task()
        if not self._closed:
            await retry(self._receive, report=self._report, backoff=BACKOFF, is_temporary=is_unreachable)

    async def _receive(self) -> None:
        connection = await self._connect()
        try:
            connection.listen(self._on_responses)
            self._connection = connection
            self._leaving.clear()
            self._unconfirmed = set(self._channels)
            self._send("SSUBSCRIBE", sorted(self._channels, key=self._last.__contains__))
            raise await self._loss(connection)
        finally:
            self._connection = None
            connection.close()

    async def _loss(self, connection: RedisConnection) -> Exception:
        """Return the reason when the connection is closed, or has been silent for too long."""
        quiet = 0
        while quiet < _PINGS_PER_SILENCE:
            self._received = False
            # A missing response to the ping reveals a dead connection.
            connection.write([("PING",)])
            await asyncio.wait([connection.closed], timeout=self._silence / _PINGS_PER_SILENCE)
            if connection.closed.done():
                return connection.closed.result()
            quiet = 0 if self._received else quiet + 1
        return TimeoutError(f"no response within {self._silence:g} s")

    def _on_responses(self, responses: list[Any]) -> None:
        self._received = True
        for response in responses:
            match response:
                case [b"smessage", bytes(name), bytes(payload)]:
                    if (channel := name.decode()) in self._channels:
                        self._on_message(channel, payload)
                case [b"ssubscribe", bytes(name), _]:
                    self._confirm(name.decode())
                case [b"sunsubscribe", bytes(name), _]:
                    self._unsubscribed(name.decode())
                case Exception():
                    raise response

    def _send(self, command: str, names: list[str]) -> bool:
        if self._connection is None:
            return False
        starts = range(0, len(names), _NAMES_AT_ONCE)
        self._connection.write((command, *names[start : start + _NAMES_AT_ONCE]) for start in starts)
        return True

    def _confirm(self, name: str) -> None:
        if future := self._pending.pop(name, None):
            future.set_result(None)
        if name in self._late:
            self._late.discard(name)
            if not self._late and not self._disconnected:
                self._on_gap()
        if name in self._unconfirmed:
            self._unconfirmed.discard(name)
            if not self._unconfirmed and self._disconnected and self._connection is not None:
                self._disconnected = False
                self._log.info("subscribed to the live bus again", channels=len(self._channels))
                self._on_gap()

    def _unsubscribed(self, name: str) -> None:
        self._leaving[name] -= 1
        if self._leaving[name] < 0:
            raise ConnectionError("the cluster has moved channels to another node")

    def _report(self, error: Exception) -> None:
        if not self._disconnected:
            self._log.warning("the live bus is unreachable", error=describe(error))
        self._disconnected = True
        for future in self._pending.values():
            future.set_result(None)
        self._pending.clear()
