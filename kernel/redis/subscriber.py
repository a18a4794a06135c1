"""One connection that listens on one shard, for as long as it is wanted. What is heard is for others to read."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable

from redis.asyncio.connection import AbstractConnection

from kernel.redis.connection import hang_up
from kernel.redis.pipeline import BACKOFF, is_unreachable, why
from kernel.retry import retry
from kernel.telemetry.logs import logger

_NAMES_AT_ONCE = 1_000


class SubscriberConnection:
    """Hears channels, by Redis's names. Cut off, it connects again, hears them again, and says that some was missed."""

    def __init__(
        self,
        *,
        connect: Callable[[], Awaitable[AbstractConnection]],
        hear: Callable[[str, bytes], None],
        missed: Callable[[], None],
        first: Collection[str],
        last: Collection[str],
        silence: float,
    ) -> None:
        """`connect` gives an open connection; `hear` gets name and payload of each message. `missed`: from now on
        everything is heard again, after a time when it was not. `first` and `last`: channels to begin and to end with,
        whenever all are asked for again. `silence`: seconds without a word, though asked for one, after which the
        connection is given up.
        """
        self._connect = connect
        self._hear = hear
        self._missed = missed
        self._last = frozenset(last)
        self._silence = silence
        self._channels = set(first)
        self._pending: dict[str, asyncio.Future[None]] = {}
        self._unconfirmed: set[str] = set()
        self._leaving: Counter[str] = Counter()
        self._outgoing: asyncio.Queue[tuple[str, ...]] | None = None
        self._away = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._log = logger("bus")

    async def add(self, names: Iterable[str]) -> None:
        """On return everything published from now on is heard; while Redis is away: heard or missed."""
        names = list(names)
        new = [name for name in names if name not in self._channels]
        self._channels.update(new)
        self._ask("SSUBSCRIBE", new)
        if self._away:
            self._unconfirmed.update(new)
            return
        for name in new:
            self._pending[name] = asyncio.get_running_loop().create_future()
        waiting = [self._pending[name] for name in names if name in self._pending]
        if waiting:
            await asyncio.wait(waiting)

    def remove(self, names: Iterable[str]) -> None:
        """What comes for these from now on is nobody's business."""
        gone = [name for name in names if name in self._channels]
        asked = self._ask("SUNSUBSCRIBE", gone)
        self._channels.difference_update(gone)
        if asked:
            self._leaving.update(gone)
        for name in gone:
            self._confirm(name)

    def close(self) -> None:
        """Hear nothing any more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Listen until closed."""
        self._task = asyncio.current_task()
        if not self._closed:
            await retry(self._listen, report=self._cut_off, backoff=BACKOFF, is_temporary=is_unreachable)

    async def _listen(self) -> None:
        connection = await self._connect()
        try:
            self._outgoing = asyncio.Queue()
            self._leaving.clear()
            self._unconfirmed = set(self._channels)
            self._ask("SSUBSCRIBE", sorted(self._channels, key=self._last.__contains__))
            # Not a TaskGroup: up to Python 3.12 one that has failed keeps a cancellation to itself.
            halves = [
                asyncio.create_task(self._write(connection, self._outgoing)),
                asyncio.create_task(self._read(connection)),
            ]
            try:
                done, _ = await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for half in halves:
                    half.cancel()
                await asyncio.gather(*halves, return_exceptions=True)
            for half in done:
                half.result()
        finally:
            self._outgoing = None
            await hang_up(connection)

    async def _write(self, connection: AbstractConnection, outgoing: asyncio.Queue[tuple[str, ...]]) -> None:
        while True:
            try:
                async with asyncio.timeout(self._silence / 3):
                    command = await outgoing.get()
            except TimeoutError:
                # A connection that died without a word shows by the answer that does not come.
                command = ("PING",)
            await connection.send_command(*command)

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            match await connection.read_response(timeout=self._silence):
                case [b"smessage", bytes(name), bytes(payload)]:
                    if (channel := name.decode()) in self._channels:
                        self._hear(channel, payload)
                case [b"ssubscribe", bytes(name), _]:
                    self._confirm(name.decode())
                case [b"sunsubscribe", bytes(name), _]:
                    self._left(name.decode())
                case None:
                    raise TimeoutError("the connection has gone silent")

    def _ask(self, command: str, names: list[str]) -> bool:
        if self._outgoing is None:
            return False
        for start in range(0, len(names), _NAMES_AT_ONCE):
            self._outgoing.put_nowait((command, *names[start : start + _NAMES_AT_ONCE]))
        return True

    def _confirm(self, name: str) -> None:
        if future := self._pending.pop(name, None):
            future.set_result(None)
        if name in self._unconfirmed:
            self._unconfirmed.discard(name)
            if not self._unconfirmed and self._away and self._outgoing is not None:
                self._away = False
                self._log.info("the live bus is heard again", channels=len(self._channels))
                self._missed()

    def _left(self, name: str) -> None:
        self._leaving[name] -= 1
        if self._leaving[name] < 0:
            raise ConnectionError("the cluster has moved channels to another node")

    def _cut_off(self, error: Exception) -> None:
        if not self._away:
            self._log.warning("the live bus is not heard", error=why(error))
        self._away = True
        for future in self._pending.values():
            future.set_result(None)
        self._pending.clear()
