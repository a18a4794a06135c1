"""Which messages sends made, as messaging asks before each new one: together, where many ask at once."""

import asyncio
from collections import deque
from uuid import UUID

from history.cassandra.known import load_sends
from history.chat_id import ChatId
from history.model import Send
from kernel.cassandra.session import CassandraSession

Place = tuple[ChatId, UUID]

_ASKING_AT_ONCE = 4
_MOST_TOGETHER = 64


class SentLookups:
    """Takes what is asked for while the event loop turns once, or while the look-ups before are on their way, together.

    So one send on its own is looked up at once, and many cost a request for every few of them.
    """

    def __init__(self, session: CassandraSession) -> None:
        self._session = session
        self._waiting: deque[tuple[Send, asyncio.Future[Place | None]]] = deque()
        self._asking: set[asyncio.Task[None]] = set()

    async def place(self, send: Send) -> Place | None:
        """Chat and id of the message that it made; None: no stored one."""
        answer: asyncio.Future[Place | None] = asyncio.get_running_loop().create_future()
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
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who asked
                for _, answer in some:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for send, answer in some:
                    if not answer.done():
                        answer.set_result(found.get(send))
